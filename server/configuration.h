/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_CONFIGURATION_H
#define MLT_CONFIGURATION_H

#include "admin/control.h"
#include "config/config.h"
#include "log/log.h"

/* The configuration's sources (file, environment, command line), to be read again while the server runs. */

struct configuration;

/** Reads them once, as what the server began with. @argv is borrowed. Errors: as command_line_read(). */
int configuration_new(int argc, char **argv, struct configuration **out, struct fault *fault) MRPC_MUST_USE;
void configuration_free(struct configuration *configuration);

/** Read them again, and go by what can change while the server runs. Thread: any; blocks. */
void configuration_reload(struct configuration *configuration, struct config *live, struct log *log,
                          struct admin_reload_result *out);

#endif
