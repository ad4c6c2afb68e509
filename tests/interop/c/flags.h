/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INTEROP_FLAGS_H
#define INTEROP_FLAGS_H

#include <stdbool.h>
#include <stddef.h>

/* Flags as gRPC's own interop programs take them: --name=value, --name value, -name=value; a bare --name is true. */

struct flag {
    const char *name;
    const char *help;
    /* One of these, holding the default. */
    const char **text;
    bool *truth;
    int *number;
};

/** Set what the arguments say. On a flag that is not there or a value that is none: the usage, and exit 2. --help: exit
 *  0. */
void flags_parse(const struct flag *flags, size_t count, int argc, char **argv);

#endif
