/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUBPROCESS_H
#define PLUGIN_SUBPROCESS_H

#include "pool.h"

/** Run @program (a path, or a name to look for in PATH) with @input as its stdin and collect its stdout, both at once.
 *  stderr is ours. Returns the exit status (128 + the signal that ended it), or -1 with errno. */
int subprocess_run(struct pool *pool, const char *program, const uint8_t *input, size_t input_size, uint8_t **output,
                   size_t *output_size);

#endif
