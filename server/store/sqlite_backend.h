/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_SQLITE_BACKEND_H
#define STORE_SQLITE_BACKEND_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include <sqlite3.h>

#include "fault/fault.h"
#include "store/backend.h"
#include "store/sqlite.h"

/* Inside the SQLite backend. sqlite_open.c: lock, checks, migrations; sqlite_commit.c: the writing connection, touched
 * by the commit thread alone; sqlite_checkpoint.c: copying the log back, beside it; sqlite_place.c: whether the folder
 * still holds what is open; sqlite_read.c: reading connections, lent to one caller at a time; sqlite_result.c: what a
 * result code of SQLite means; sqlite_restore.c, sqlite_adopt.c: a backup in the place of what is there; sqlite.c: the
 * life of it all. */

#define SQLITE_DATABASE_NAME "mltrainer.db"

enum { SQLITE_READERS_MAX = 4, SQLITE_BUSY_TIMEOUT_MS = 5000 };

enum sqlite_statement {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_REVISION_OF,
    SQL_PUT,
    SQL_DELETE,
    SQL_KEEP_DELETION,
    SQL_FIND_FORGETTABLE,
    SQL_FORGET_DELETIONS,
    SQL_SET_META,
    SQL_FIND_LEADERSHIP,
    SQL_SET_LEADERSHIP,
    SQL_COUNT,
};

struct sqlite_file_id {
    dev_t device;
    ino_t inode;
};

struct sqlite_store {
    struct store base;
    struct store_sqlite_options options;
    char *path;                   /* of the database */
    char *log_path;               /* of its write-ahead log */
    struct sqlite_file_id ids[2]; /* of the two, as they were opened */
    int lock_fd;

    /* The commit thread's. */
    sqlite3 *writer;
    sqlite3_stmt *statements[SQL_COUNT];
    uint64_t group_revision; /* as of the batches applied in the open transaction */
    uint64_t deletion_count;
    uint64_t restored; /* fixed once open */
    int wal_pages;
    _Atomic bool dead; /* after a fatal failure nothing is written any more */
    struct sqlite_checkpointer *checkpointer;

    pthread_mutex_t readers_lock;
    pthread_cond_t reader_free;
    struct sqlite_reader *readers; /* idle ones */
    unsigned reader_count;         /* open ones */

    _Atomic uint64_t revision; /* committed */
    _Atomic uint64_t wal_bytes;
    _Atomic int trouble; /* enum store_trouble */
};

static inline struct sqlite_store *sqlite_of(const struct store *store)
{
    return (struct sqlite_store *)(uintptr_t)store;
}

/** A gRPC code for a result (extended) of SQLite. */
int sqlite_result_code(int result);
/** True for those after which going on could lose what was acknowledged: a failed sync, a corrupt file. */
bool sqlite_result_fatal(int result);
/** True when the disk (or a quota) is full. */
bool sqlite_result_full(int result);

/** Lock the folder, check and migrate the database; leaves path, lock_fd and writer set. */
int sqlite_open_writer(struct sqlite_store *store, struct fault *fault) MRPC_MUST_USE;
/** Open one more connection with the settings that all of them share. */
int sqlite_connect(const char *path, int flags, sqlite3 **out, struct fault *fault) MRPC_MUST_USE;

/** Note where the files are, once they are open. */
int sqlite_note_place(struct sqlite_store *store, struct fault *fault) MRPC_MUST_USE;
/** Are they there still? Notes and tells the trouble, or its end. Thread: any. Blocks on the file system. Errors:
 *  UNAVAILABLE, with the path. */
int sqlite_check_place(struct sqlite_store *store, struct fault *fault) MRPC_MUST_USE;
void sqlite_look(struct store *store);
/** Note it, and tell when it is another than before. Thread: any. */
void sqlite_set_trouble(struct sqlite_store *store, enum store_trouble trouble);

/** Open one more connection to the store's own database, and to no other that stands in its place by now. */
int sqlite_connect_again(struct sqlite_store *store, sqlite3 **out, struct fault *fault) MRPC_MUST_USE;
/** Run constant SQL. */
int sqlite_run(sqlite3 *database, const char *sql, const char *what, struct fault *fault) MRPC_MUST_USE;
/** The one whole number that constant SQL gives. */
int sqlite_ask(sqlite3 *database, const char *sql, int64_t *out, struct fault *fault) MRPC_MUST_USE;

/** Is @database one of ours, and of a version that we know? @name is for the messages. Errors: FAILED_PRECONDITION,
 *  DATA_LOSS. */
int sqlite_check_ours(sqlite3 *database, const char *name, int64_t *version, struct fault *fault) MRPC_MUST_USE;
/** What one of SQLite's own checks (@pragma) says. Errors: DATA_LOSS. */
int sqlite_check_structure(sqlite3 *database, const char *name, const char *pragma, struct fault *fault) MRPC_MUST_USE;
/** From @version to the one that this program writes, each step in a transaction. */
int sqlite_migrate(sqlite3 *database, int64_t version, struct fault *fault) MRPC_MUST_USE;
int sqlite_sync_file(const char *path, struct fault *fault) MRPC_MUST_USE;
int sqlite_sync_folder(const char *folder, struct fault *fault) MRPC_MUST_USE;
/** Put a backup that waits in @folder into the store's place, or end a change that a kill interrupted. The folder is
 *  locked and nothing of it is open. */
int sqlite_adopt(const char *folder, struct fault *fault) MRPC_MUST_USE;

/** Guards a row against bits that flip on disk, which SQLite does not notice. */
int64_t sqlite_row_checksum(struct store_slice key, struct store_slice value, uint64_t revision);

int sqlite_prepare_writer(struct sqlite_store *store, struct fault *fault) MRPC_MUST_USE;
void sqlite_finish_writer(struct sqlite_store *store);
void sqlite_commit(struct store *store, struct store_batch *const *batches, size_t count);

/** A fatal failure: the process ends, unless on_fatal decides otherwise. Thread: commit or checkpoint. */
void sqlite_die(struct sqlite_store *store, const char *text);

int sqlite_start_checkpointer(struct sqlite_store *store, struct fault *fault) MRPC_MUST_USE;
/** Waits for a checkpoint that runs. */
void sqlite_stop_checkpointer(struct sqlite_store *store);
/** The log has that many pages now: have them copied when they are many. On the commit thread, after a commit. */
void sqlite_checkpoint(struct sqlite_store *store, int log_pages);

int sqlite_get(struct store *store, struct store_slice key, struct store_list *list, struct fault *fault);
int sqlite_range(struct store *store, const struct store_range *range, struct store_list *list, struct fault *fault);
int sqlite_changes(struct store *store, uint64_t since, uint32_t limit, struct store_list *list, struct fault *fault);
void sqlite_close_readers(struct sqlite_store *store);

int sqlite_backup(struct store *store, const char *path, struct fault *fault);
int sqlite_restore(struct store *store, const struct store_restoration *restoration, uint64_t *revision,
                   struct fault *fault);

#endif
