/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include "store/store.h"

/* The embedded backend: one SQLite file, write-ahead log, synchronous=FULL, one commit thread. */

struct store_sqlite_options {
    const char *directory;   /* exists; gets mltrainer.db (0600, with -wal and -shm) and store.lock */
    uint32_t queue_bytes;    /* batches waiting to be committed; 0: 256 MiB */
    uint32_t deletions_kept; /* for store_changes(); 0: 100,000 */
    /** The store cannot go on (a failed sync, a corrupt file): exit, and recover from disk at the next start. On the
     *  commit thread, once, before the batches concerned are failed. NULL: a line on stderr and _exit(4). */
    void (*on_fatal)(void *arg, const char *text);
    /** Something keeps changes from being made, or no longer does (NONE). @path is the database. On any thread that
     *  uses the store. NULL: nobody is told. */
    void (*on_trouble)(void *arg, enum store_trouble trouble, const char *path);
    void *arg; /* of both */
};

/** Open, lock, check and migrate. The file is never re-created silently. Errors: ALREADY_EXISTS (another process holds
 *  it), DATA_LOSS (corrupt), FAILED_PRECONDITION (not ours: another program's, a newer version's, another user's, open
 * to others, a symbolic link, on a network file system), INTERNAL, RESOURCE_EXHAUSTED. Blocks. */
int store_sqlite_open(const struct store_sqlite_options *options, struct store **out,
                      struct fault *fault) MRPC_MUST_USE;

/** Does a backup wait in @directory, which the next opening adopts (store_restore())? */
bool store_sqlite_adopts(const char *directory);
/** Nothing could start from the backup that the last opening adopted: what was there before takes its place again,
 *  and the backup stays as mltrainer.db.refused. The store is closed. Errors: NOT_FOUND (nothing was replaced),
 *  INTERNAL. */
int store_sqlite_take_back(const char *directory, struct fault *fault) MRPC_MUST_USE;

#endif
