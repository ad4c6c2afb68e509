/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_COMMAND_LINE_H
#define MLT_COMMAND_LINE_H

#include <stdbool.h>

#include "config/config.h"

struct command_line {
    enum { COMMAND_LINE_NOTHING, COMMAND_LINE_HELP, COMMAND_LINE_VERSION } show;
    bool check;
    bool print_graph;
    bool graph_json;
};

/** Read file, environment and flags into @config, in this order of precedence from the lowest. Errors: codes with the
 *  flag, variable or line named. */
int command_line_read(int argc, char **argv, struct config *config, struct command_line *out, struct fault *fault)
    MRPC_MUST_USE;
/** Print what was asked for on stdout. */
void command_line_show(int what);

#endif
