/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTCTL_DIAGRAM_DRAWING_H
#define MLTCTL_DIAGRAM_DRAWING_H

#include <mltrainer/diagram/v1/diagram.mrpc.h>

#include "cli.h"
#include "terminal_picture.h"

/** Fill @drawing from --spec, --format, --theme, --dpi, --scale and the view; *@spec holds the spec's text and is freed
 *  by the caller. Without --format the ending of @output decides. Returns 0, CLI_USAGE or CLI_FAILED. */
int diagram_drawing(const struct cli_arguments *arguments, const char *output, Mltrainer__Diagram__V1__Drawing *drawing,
                    uint8_t **spec);
/** Draw as PNG and show it on standard output, made smaller where the window is narrower (unless a scale is set).
 *  Returns
 *  0, or an exit code after saying why. */
int diagram_show(struct cli *cli, enum terminal_way way, Mltrainer__Diagram__V1__Drawing *drawing);

#endif
