/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite_backend.h"

#include <stdio.h>
#include <sys/stat.h>

/* Whether the folder still holds what is open. A folder that was removed, replaced by a copy or unmounted does not:
 * what is written then goes to files that nobody will find at the next start, and SQLite, which has them open, notices
 * nothing in write-ahead mode. So their places are compared with what stands there before every group (two system
 * calls, a microsecond each), before a further connection is opened, and by whoever calls store_look(). Nothing is half
 * done then, so a folder that is put back is written to again. */

static int look_at(const char *path, struct sqlite_file_id *out)
{
    struct stat status;
    if (stat(path, &status))
        return -1;
    *out = (struct sqlite_file_id){.device = status.st_dev, .inode = status.st_ino};
    return 0;
}

static bool look(const struct sqlite_store *store, struct sqlite_file_id ids[2])
{
    return look_at(store->path, &ids[0]) == 0 && look_at(store->log_path, &ids[1]) == 0;
}

int sqlite_note_place(struct sqlite_store *store, struct fault *fault)
{
    if (asprintf(&store->log_path, "%s-wal", store->path) < 0) {
        store->log_path = NULL;
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "store: no memory");
    }
    if (!look(store, store->ids))
        return fault_set(fault, MRPC_INTERNAL, "store: %s: the database or its log has gone", store->path);
    return MRPC_OK;
}

static bool same(struct sqlite_file_id a, struct sqlite_file_id b)
{
    return a.device == b.device && a.inode == b.inode;
}

static void tell_trouble(struct sqlite_store *store, enum store_trouble trouble)
{
    if (store->options.on_trouble)
        store->options.on_trouble(store->options.arg, trouble, store->path);
}

static bool in_place(struct sqlite_store *store)
{
    struct sqlite_file_id now[2];
    bool there = look(store, now) && same(now[0], store->ids[0]) && same(now[1], store->ids[1]);
    int gone = STORE_TROUBLE_GONE;
    if (!there)
        sqlite_set_trouble(store, STORE_TROUBLE_GONE);
    else if (atomic_compare_exchange_strong(&store->trouble, &gone, STORE_TROUBLE_NONE))
        tell_trouble(store, STORE_TROUBLE_NONE);
    return there;
}

int sqlite_check_place(struct sqlite_store *store, struct fault *fault)
{
    if (in_place(store))
        return MRPC_OK;
    return fault_set(fault, MRPC_UNAVAILABLE, "store: %s: %s", store->path, store_trouble_text(STORE_TROUBLE_GONE));
}

void sqlite_look(struct store *store)
{
    (void)in_place(sqlite_of(store));
}

void sqlite_set_trouble(struct sqlite_store *store, enum store_trouble trouble)
{
    if (atomic_exchange(&store->trouble, (int)trouble) != (int)trouble)
        tell_trouble(store, trouble);
}
