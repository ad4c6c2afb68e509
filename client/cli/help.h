/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTCTL_HELP_H
#define MLTCTL_HELP_H

#include <stdbool.h>
#include <stdio.h>

#include "cli.h"

/* Help and completion, all from the table of commands. The functions return the program's exit code. */

/** The noun that @word is, or of which it is one: "pipeline" is "pipelines". NULL: none. Static. */
const char *help_find_noun(const char *word);
/** Say that there is none, and which is near. */
int help_no_such_noun(const char *noun);
int help_no_such_verb(const char *noun, const char *verb);
int help_all(FILE *out, bool asked);
int help_noun(const char *noun, bool asked);
int help_command(const struct cli_command *command);
/** Print a completion script for "bash", "zsh" or "fish". */
int help_completion(const char *shell);

/** What every command takes, ended by one without a name. */
extern const struct cli_option help_global_options[];

#endif
