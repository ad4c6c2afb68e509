/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite_backend.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* A copy by SQLite's own backup in one step: it holds one read transaction, so it is the state of one revision, and
 * writers go on in the write-ahead log meanwhile. */

static int create_target(const char *path, struct fault *fault)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0) {
        close(fd);
        return MRPC_OK;
    }
    if (errno == EEXIST)
        return fault_set(fault, MRPC_ALREADY_EXISTS, "backup: %s exists", path);
    int code = errno == ENOSPC   ? MRPC_RESOURCE_EXHAUSTED
               : errno == EACCES ? MRPC_PERMISSION_DENIED
                                 : MRPC_INVALID_ARGUMENT;
    return fault_set(fault, code, "backup: %s: %s", path, strerror(errno));
}

static int copy(sqlite3 *from, sqlite3 *to, struct fault *fault)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    int result = backup ? sqlite3_backup_step(backup, -1) : sqlite3_extended_errcode(to);
    if (backup)
        sqlite3_backup_finish(backup);
    if (result == SQLITE_DONE)
        return MRPC_OK;
    int code = sqlite_result_code(result);
    return fault_set(fault, code ? code : MRPC_INTERNAL, "backup: %s", sqlite3_errstr(result));
}

static int copy_to(struct sqlite_store *store, const char *path, struct fault *fault)
{
    sqlite3 *from = NULL, *to = NULL;
    int code = sqlite_connect_again(store, &from, fault);
    if (!code)
        code = sqlite_connect(path, SQLITE_OPEN_READWRITE, &to, fault);
    if (!code)
        code = copy(from, to, fault);
    if (!code) /* one file, without a log beside it */
        code = sqlite_run(to, "PRAGMA journal_mode = DELETE", "backup", fault);
    sqlite3_close(to);
    sqlite3_close(from);
    return code;
}

int sqlite_sync_file(const char *path, struct fault *fault)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int failed = fd < 0 || fsync(fd);
    int error = errno;
    if (fd >= 0)
        close(fd);
    return failed ? fault_set(fault, MRPC_INTERNAL, "store: cannot sync %s: %s", path, strerror(error)) : MRPC_OK;
}

int sqlite_backup(struct store *store, const char *path, struct fault *fault)
{
    struct fault own = FAULT_INIT;
    if (!fault)
        fault = &own;
    if (create_target(path, fault))
        return fault->code;
    int code = copy_to(sqlite_of(store), path, fault);
    if (!code)
        code = sqlite_sync_file(path, fault);
    if (code)
        unlink(path);
    return code;
}
