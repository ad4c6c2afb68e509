/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_TEXT_FILE_H
#define MLT_TEXT_FILE_H

#include <stddef.h>

#include <mrpc/attributes.h>

struct fault;

/** A whole file that a person writes, of at most @most bytes. *@out is of malloc() and has a NUL behind it. Blocks.
 *  Errors: NOT_FOUND (it cannot be opened), INVALID_ARGUMENT (it cannot be read, it is longer), each "PATH: …". */
int text_read_file(const char *path, size_t most, char **out, size_t *size, struct fault *fault) MRPC_MUST_USE;

#endif
