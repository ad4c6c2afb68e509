/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_FILE_H
#define MLT_EXECUTION_FILE_H

#include <stddef.h>

#include "fault/fault.h"

/* Content-addressed files: written under a temporary name, synced, renamed, the folder synced; never changed. A name
 * that is there is complete. Everything blocks: not on a loop. */

enum { FILE_PATH_BYTES = 4300 };

/** "FOLDER/NAMEENDING". Errors: INTERNAL when it is too long. */
int file_path(const char *folder, const char *name, const char *ending, char out[FILE_PATH_BYTES],
              struct fault *fault) MRPC_MUST_USE;
/** The whole file in malloc'ed memory. Errors: DATA_LOSS when it is not there, INTERNAL. */
int file_read(const char *path, void **bytes, size_t *size, struct fault *fault) MRPC_MUST_USE;

/** A new file FOLDER/.tmp-XXXXXX, for writing; its name into @path. Returns the descriptor, or -1 with @fault. */
int file_temporary(const char *folder, char path[FILE_PATH_BYTES], struct fault *fault) MRPC_MUST_USE;
/** All of it. Errors: RESOURCE_EXHAUSTED when the disk is full, INTERNAL. */
int file_write_all(int fd, const void *bytes, size_t size, struct fault *fault) MRPC_MUST_USE;
/** Sync @fd, rename @from to @to, sync the folder. Errors as above; a failed sync is INTERNAL and @to does not appear.
 */
int file_commit(int fd, const char *folder, const char *from, const char *to, struct fault *fault) MRPC_MUST_USE;
/** All of the above; nothing happens when @path is there. */
int file_write_durable(const char *folder, const char *path, const void *bytes, size_t size,
                       struct fault *fault) MRPC_MUST_USE;

/** Remove what a killed server left: FOLDER/.tmp-*. */
void file_sweep(const char *folder);
/** Lower-case hexadecimal digits and NUL. */
void file_hex(const unsigned char *bytes, size_t size, char *out);

#endif
