/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>

/* The store: an ordered space of keys and values that outlives the process.
 *
 * Every batch that commits gets the next revision: one number, growing by 1, over the whole store. An entry remembers
 * the revision that last wrote it; comparing with that is how two writers find out about each other. A batch is atomic:
 * all of its conditions hold and all of it is applied, or nothing of it.
 *
 *     commit     asynchronous, in the order of the calls, many batches to one sync (group commit)
 *     reads      blocking; see every batch whose `done` has run
 *     changes    every key written or deleted after a revision, each with its last change: what a cache needs to catch
 *                up, not a history (who wants history writes it under keys of its own)
 *     leadership a lease with a fencing token: a batch that carries an old token fails, however late it comes
 *
 * Keys sort bytewise. By convention they are "module/kind/part/part", parts being identifiers, so a prefix that ends in
 * '/' selects whole parts. Codes are those of gRPC (mrpc/status.h); a struct fault says why.
 *
 * Two backends pass the same contract suite (tests/unit/store): SQLite (store/sqlite.h) and memory (store/memory.h).
 */

struct fault;
struct store;

enum {
    STORE_KEY_BYTES_MAX = 1024,
    STORE_VALUE_BYTES_MAX = 16 * 1024 * 1024,
    STORE_BATCH_BYTES_MAX = 64 * 1024 * 1024,
    STORE_RANGE_LIMIT_MAX = 10000,
};

/** Borrowed bytes. */
struct store_slice {
    const void *data;
    size_t bytes;
};

/** A slice of a NUL-terminated text, without the NUL. */
struct store_slice store_text(const char *text);

/** A batch under construction. Copies what it is given. A failed allocation or a broken limit sticks to the batch, and
 *  its commit fails with it (RESOURCE_EXHAUSTED, INVALID_ARGUMENT): builders need no check. NULL batches are accepted
 *  and fail likewise, so `store_batch_new()` needs none either. Thread: one at a time. */
struct store_batch;

/** What an operation expects of its key before the batch; else a mod revision. */
#define STORE_EXPECT_ANY INT64_C(-1)
#define STORE_EXPECT_ABSENT INT64_C(0)

struct store_batch *store_batch_new(void) MRPC_MUST_USE;
void store_batch_free(struct store_batch *batch);

/** @expected: STORE_EXPECT_ANY, STORE_EXPECT_ABSENT, or the revision of the entry that is being replaced. Conditions
 * are compared with the state before the batch; of several operations on one key the last wins. Deleting what is not
 * there is no error (unless expected otherwise). `require` only compares. */
void store_batch_put(struct store_batch *batch, struct store_slice key, struct store_slice value, int64_t expected);
void store_batch_delete(struct store_batch *batch, struct store_slice key, int64_t expected);
void store_batch_require(struct store_batch *batch, struct store_slice key, int64_t expected);

/** The batch holds only while @token is the current one of that leadership. */
void store_batch_fence(struct store_batch *batch, const char *leadership, uint64_t token);

/** How a commit ended. @code: 0; ABORTED (a condition failed: @conflict is its operation, counted from 0 in the order
 * of put/delete/require calls); FAILED_PRECONDITION (the fencing token is old); INVALID_ARGUMENT (a limit of this
 * header); RESOURCE_EXHAUSTED (disk full, or the file system read-only: so is the store until it can be written to;
 * or the queue is full; or no memory); UNAVAILABLE (locked by another process for 5 s, the store is closing, or its
 * files are not where they were opened); INTERNAL (input/output error: the batch is not durable); DATA_LOSS (a sync
 * failed or the file is corrupt: on_fatal follows). */
struct store_commit_result {
    int code;
    uint64_t revision; /* of this batch when code is 0 and it wrote something, else the store's */
    size_t conflict;
    const char *text; /* why; valid during the callback */
};

typedef void store_commit_done(void *arg, const struct store_commit_result *result);

/** Queue a batch. @done (may be NULL) runs exactly once, also for a batch that cannot be queued, on the store's commit
 *  thread, in the order of the calls, after the batch is on disk. It must not block and must not call into the store,
 * except store_commit(). Ownership: takes @batch. Thread: any, never blocks. */
void store_commit(struct store *store, struct store_batch *batch, store_commit_done *done, void *arg);

/** The blocking form: returns the code, *@revision (may be NULL) as above. Thread: any but a loop and the commit
 * thread. */
int store_commit_wait(struct store *store, struct store_batch *batch, uint64_t *revision, struct fault *fault);

/** One entry, or one change: a deletion has deleted set and an empty value. A NUL follows key and value. */
struct store_entry {
    struct store_slice key;
    struct store_slice value;
    uint64_t revision;
    bool deleted;
};

/** A result of a read. Zero it with STORE_LIST_INIT; release with store_list_fini() whatever the read returned. */
struct store_list {
    struct store_entry *entries;
    size_t count;
    bool more;         /* the limit cut it: go on after the last key (range) or revision (changes) */
    uint64_t revision; /* of the store when it was read */
    void *memory;      /* the backend's */
};
#define STORE_LIST_INIT                                                                                                \
    {                                                                                                                  \
        NULL, 0, false, 0, NULL                                                                                        \
    }
void store_list_fini(struct store_list *list);

/** Read one entry into @list (count 1). Errors: NOT_FOUND (no fault text), INTERNAL, DATA_LOSS, RESOURCE_EXHAUSTED.
 *  Thread: any that may block (thread pool, commit thread excluded). */
int store_get(struct store *store, struct store_slice key, struct store_list *list, struct fault *fault) MRPC_MUST_USE;

struct store_range {
    struct store_slice prefix; /* empty: everything */
    struct store_slice after;  /* start behind this key (a whole key); empty: at the beginning */
    uint32_t limit;            /* 1..10,000; 0 means 1,000 */
    bool descending;           /* from the end; `after` then means before */
    bool keys_only;            /* values stay empty */
};

/** Entries in key order, one consistent snapshot. Errors and thread as store_get(), but nothing found is an empty list.
 */
int store_range(struct store *store, const struct store_range *range, struct store_list *list,
                struct fault *fault) MRPC_MUST_USE;

/** Every key whose last write or deletion came after revision @since, in the order of revisions (a key that was deleted
 *  and written again may come twice; applying them in order is right). A revision is never cut in two: the limit is
 *  rounded up to a whole one. Errors: OUT_OF_RANGE when deletions after @since have been forgotten (the text names the
 *  oldest revision that works), INVALID_ARGUMENT when @since is in the future; else as store_get(). */
int store_changes(struct store *store, uint64_t since, uint32_t limit, struct store_list *list,
                  struct fault *fault) MRPC_MUST_USE;

/** Become or stay leader of @leadership for @ttl_ms from now. @holder identifies this process; the same holder renews
 *  and keeps its token, another one gets a greater token once the lease has run out. The lease's clock may be wrong
 *  without harm: it is the token that protects writes. Errors: ALREADY_EXISTS (somebody else leads), as commits.
 * Blocks. */
int store_lead(struct store *store, const char *leadership, const char *holder, uint32_t ttl_ms, uint64_t *token,
               struct fault *fault) MRPC_MUST_USE;
/** Give it up; FAILED_PRECONDITION when @token is not the current one. Blocks. */
int store_resign(struct store *store, const char *leadership, uint64_t token, struct fault *fault) MRPC_MUST_USE;

/** A consistent copy as a new file @path (0600; refused with ALREADY_EXISTS if it exists), made while the store goes
 * on. Blocks. The memory backend answers UNIMPLEMENTED. */
int store_backup(struct store *store, const char *path, struct fault *fault) MRPC_MUST_USE;

/** A copy on its way back. */
struct store_restoration {
    const char *path;        /* the copy, on the store's file system; taken on success, else the caller's to remove */
    const char *const *kept; /* prefixes, ending in '/', NULL-terminated: entries of the present content that stay,
                                or come in the place of the copy's */
    bool (*withdrawn)(void *arg); /* asked last, before there is no way back; NULL: it is not */
    void *arg;
};

/** Judge a copy that store_backup() made (ours, a schema that we know, whole, every row), and put it beside the store
 *  durably: the next opening begins with it. The store that is open goes on, and what it commits from now on is lost
 *  with it; it is kept beside the new one until the next restore. *@revision is the new content's, greater than any of
 *  the present. Blocks, in proportion to the copy. One at a time. Errors: INVALID_ARGUMENT (corrupt, cut short, no
 *  database), FAILED_PRECONDITION (another program's, of a newer version), CANCELLED (withdrawn), RESOURCE_EXHAUSTED,
 *  INTERNAL. The memory backend answers UNIMPLEMENTED. */
int store_restore(struct store *store, const struct store_restoration *restoration, uint64_t *revision,
                  struct fault *fault) MRPC_MUST_USE;

/** Why nothing can be changed now. The store goes on by itself when it is over: each commit is a probe. */
enum store_trouble {
    STORE_TROUBLE_NONE,
    STORE_TROUBLE_FULL,      /* the disk */
    STORE_TROUBLE_READ_ONLY, /* the file system */
    STORE_TROUBLE_GONE,      /* its files are not where they were opened: removed, replaced by others, unmounted */
};
/** In words; "" for none. Static. */
const char *store_trouble_text(enum store_trouble trouble);

/** Look whether the files are still where they were opened, which a commit does by itself. Thread: any but a loop;
 *  blocks on the file system. */
void store_look(struct store *store);

/** Numbers at this moment. Thread: any. */
struct store_stats {
    uint64_t revision;
    uint64_t commits; /* batches applied since open */
    uint64_t groups;  /* syncs that they took */
    uint64_t queued;  /* batches waiting now */
    uint64_t queued_bytes;
    uint64_t wal_bytes; /* write-ahead log now */
    uint64_t restored;  /* the revision with which the last restore began; 0: none */
    enum store_trouble trouble; /* as of the last attempt or look */
    bool read_only;             /* there is some */
};
void store_stats(const struct store *store, struct store_stats *out);

/** Write them as the store's part of the metrics page, piece by piece, in Prometheus' text format. Thread: any. Errors:
 *  what @write returned. */
int store_write_metrics(const struct store *store, int (*write)(void *arg, const char *text, size_t size),
                        void *arg) MRPC_MUST_USE;

/** Commit what is queued, then close and free. NULL is fine. Batches that come later do not: no call may run beside it.
 */
void store_close(struct store *store);

#endif
