/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_FILE_H
#define MLT_EXECUTION_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
/** Have the disk begin with what was written to @fd from @offset on, so that a later sync finds little left. A hint. */
void file_begin_sync(int fd, uint64_t offset, uint64_t bytes);
/** Sync @fd, rename @from to @to, sync the folder. Errors as above; a failed sync is INTERNAL and @to does not appear.
 */
int file_commit(int fd, const char *folder, const char *from, const char *to, struct fault *fault) MRPC_MUST_USE;
/** All of the above; when @path is there it is only marked as changed now. */
int file_write_durable(const char *folder, const char *path, const void *bytes, size_t size,
                       struct fault *fault) MRPC_MUST_USE;

bool file_is_temporary(const char *name);
/** Uploads that can be resumed begin with this; they outlive the server. */
extern const char file_staged_prefix[];
bool file_is_staged(const char *name);

struct file_removed {
    size_t count;
    uint64_t bytes;
    bool more; /* @most was reached */
};
/** Remove the files of @folder whose last change (of content, name or being found by file_write_durable()) lies before
 *  what @before(arg, name) says, in ms since 1970; INT64_MIN: none of that name. At most @most of them. Excludes
 *  file_commit() and file_write_durable() of the same folder, one file at a time. */
struct file_removed file_remove_older(const char *folder, int64_t (*before)(void *arg, const char *name), void *arg,
                                      size_t most);
/** Hold those off; close() the descriptor to go on. -1 when it cannot be. */
int file_lock(const char *folder);

/** Remove what a killed server left: FOLDER/.tmp-*. */
void file_sweep(const char *folder);
/** Lower-case hexadecimal digits and NUL. */
void file_hex(const unsigned char *bytes, size_t size, char *out);

#endif
