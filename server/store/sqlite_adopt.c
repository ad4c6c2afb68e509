/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite_backend.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One store takes another's place: a backup the present one's, and back again if nothing can start from it. The files:
 *
 *     mltrainer.db            the store
 *     mltrainer.db.restore    a backup that was judged and waits
 *     mltrainer.db.replaced   what was the store before, with its log; it stays until the next restore
 *     mltrainer.db.refused    a backup that nothing could start from
 *
 * Each step is a rename, and a kill between any two leaves a state from which the next opening goes on: while a backup
 * waits, the way is forwards; with a store missing and a replaced one there, backwards. A log never stands beside a
 * database that is not its own, which is why it moves before the store goes and comes before the store comes. */

struct files {
    char folder[4096], store[4200], store_log[4200], store_index[4200], restore[4200];
    char replaced[4200], replaced_log[4200], refused[4200], refused_log[4200];
};

static void name_files(struct files *files, const char *folder)
{
    snprintf(files->folder, sizeof files->folder, "%s", folder);
    snprintf(files->store, sizeof files->store, "%s/%s", folder, SQLITE_DATABASE_NAME);
    snprintf(files->store_log, sizeof files->store_log, "%s/%s-wal", folder, SQLITE_DATABASE_NAME);
    snprintf(files->store_index, sizeof files->store_index, "%s/%s-shm", folder, SQLITE_DATABASE_NAME);
    snprintf(files->restore, sizeof files->restore, "%s/%s.restore", folder, SQLITE_DATABASE_NAME);
    snprintf(files->replaced, sizeof files->replaced, "%s/%s.replaced", folder, SQLITE_DATABASE_NAME);
    snprintf(files->replaced_log, sizeof files->replaced_log, "%s/%s.replaced-wal", folder, SQLITE_DATABASE_NAME);
    snprintf(files->refused, sizeof files->refused, "%s/%s.refused", folder, SQLITE_DATABASE_NAME);
    snprintf(files->refused_log, sizeof files->refused_log, "%s/%s.refused-wal", folder, SQLITE_DATABASE_NAME);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* What is not there has been moved already. */
static int move(const char *from, const char *to, struct fault *fault)
{
    if (rename(from, to) == 0 || errno == ENOENT)
        return MRPC_OK;
    return fault_set(fault, MRPC_INTERNAL, "store: %s to %s: %s", from, to, strerror(errno));
}

static int forwards(const struct files *files, struct fault *fault)
{
    if (move(files->store_log, files->replaced_log, fault) || move(files->store, files->replaced, fault))
        return fault->code;
    unlink(files->store_index);
    if (sqlite_sync_folder(files->folder, fault) || move(files->restore, files->store, fault))
        return fault->code;
    return sqlite_sync_folder(files->folder, fault);
}

static int backwards(const struct files *files, struct fault *fault)
{
    if (move(files->replaced_log, files->store_log, fault) || sqlite_sync_folder(files->folder, fault) ||
        move(files->replaced, files->store, fault))
        return fault->code;
    return sqlite_sync_folder(files->folder, fault);
}

int sqlite_adopt(const char *folder, struct fault *fault)
{
    struct files files;
    name_files(&files, folder);
    if (exists(files.restore))
        return forwards(&files, fault);
    if (!exists(files.store) && exists(files.replaced))
        return backwards(&files, fault);
    return MRPC_OK;
}

bool store_sqlite_adopts(const char *directory)
{
    struct files files;
    name_files(&files, directory);
    return exists(files.restore);
}

int store_sqlite_take_back(const char *directory, struct fault *fault)
{
    struct files files;
    name_files(&files, directory);
    if (!exists(files.replaced))
        return fault_set(fault, MRPC_NOT_FOUND, "store: there is no %s", files.replaced);
    unlink(files.refused);
    unlink(files.refused_log);
    if (move(files.store_log, files.refused_log, fault) || move(files.store, files.refused, fault))
        return fault->code;
    unlink(files.store_index);
    if (sqlite_sync_folder(files.folder, fault))
        return fault->code;
    return backwards(&files, fault);
}
