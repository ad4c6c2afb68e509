/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTCTL_FILES_H
#define MLTCTL_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** Read a whole file ("-": standard input) of at most @limit bytes. Ownership: *@out is the caller's, with a NUL
 *  behind.
 *  Returns 0, or CLI_FAILED after saying why. */
int files_read(const char *path, size_t limit, uint8_t **out, size_t *size);

/** A file that appears whole or not at all: written beside @path, renamed by files_commit(). "-" is standard output. */
struct files_output {
    const char *path;
    char *temporary;
    FILE *stream;
};
int files_begin(struct files_output *output, const char *path);
int files_commit(struct files_output *output);
void files_abandon(struct files_output *output);

#endif
