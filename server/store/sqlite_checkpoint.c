/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite_backend.h"

#include <signal.h>
#include <stdlib.h>

/* Copying the log back into the database, beside the commits: SQLite lets a passive checkpoint run while the log is being
 * written, so nobody who commits waits for it. Under a load that never pauses the log is never all copied and so never
 * begun anew; then, past a size, the commit thread cuts it, which is short because most of it has been copied by then. */

/* Pages that wait to be copied; pages of the whole log. */
enum { CHECKPOINT_PAGES = 1000, TRUNCATE_PAGES = 16384 };

struct sqlite_checkpointer {
    struct sqlite_store *store;
    sqlite3 *database;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool wanted;
    bool busy;
    bool stopping;
    int copied_pages; /* of the log as it is now */
};

/* A checkpoint that cannot proceed (readers, full disk) is tried again after the next group; a failed sync of the
 * database file is as fatal as one of the log. Returns how many pages have been copied, -1 when it failed. */
static int checkpoint(struct sqlite_store *store, sqlite3 *database, int mode)
{
    int pages = 0, copied = 0;
    int result = sqlite3_wal_checkpoint_v2(database, NULL, mode, &pages, &copied);
    if (sqlite_result_fatal(result))
        sqlite_die(store, sqlite3_errmsg(database));
    return result == SQLITE_OK ? copied : -1;
}

static void *checkpoint_thread(void *arg)
{
    struct sqlite_checkpointer *self = arg;
    pthread_mutex_lock(&self->lock);
    for (;;) {
        while (!self->wanted && !self->stopping)
            pthread_cond_wait(&self->wake, &self->lock);
        if (self->stopping)
            break;
        self->wanted = false;
        self->busy = true;
        pthread_mutex_unlock(&self->lock);
        int copied = checkpoint(self->store, self->database, SQLITE_CHECKPOINT_PASSIVE);
        pthread_mutex_lock(&self->lock);
        self->busy = false;
        if (copied >= 0)
            self->copied_pages = copied;
    }
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

void sqlite_checkpoint(struct sqlite_store *store, int log_pages)
{
    struct sqlite_checkpointer *self = store->checkpointer;
    pthread_mutex_lock(&self->lock);
    if (log_pages < self->copied_pages)
        self->copied_pages = 0; /* it has been begun anew */
    bool idle = !self->busy && !self->wanted;
    bool cut = idle && log_pages >= TRUNCATE_PAGES;
    if (idle && !cut && log_pages - self->copied_pages >= CHECKPOINT_PAGES) {
        self->wanted = true;
        pthread_cond_signal(&self->wake);
    }
    pthread_mutex_unlock(&self->lock);
    if (cut)
        (void)checkpoint(store, store->writer, SQLITE_CHECKPOINT_TRUNCATE);
}

/* Signals belong to main: a thread of the store must not be the one that takes them. */
static int start_thread(struct sqlite_checkpointer *self)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&self->thread, NULL, checkpoint_thread, self);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!error)
        pthread_setname_np(self->thread, "store-checkpt");
    return error;
}

int sqlite_start_checkpointer(struct sqlite_store *store, struct fault *fault)
{
    struct sqlite_checkpointer *self = calloc(1, sizeof *self);
    if (!self)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "store: no memory");
    self->store = store;
    int code = sqlite_connect(store->path, SQLITE_OPEN_READWRITE, &self->database, fault);
    if (code) {
        free(self);
        return code;
    }
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->wake, NULL);
    if (start_thread(self)) {
        sqlite3_close(self->database);
        free(self);
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "store: no thread");
    }
    store->checkpointer = self;
    return MRPC_OK;
}

void sqlite_stop_checkpointer(struct sqlite_store *store)
{
    struct sqlite_checkpointer *self = store->checkpointer;
    if (!self)
        return;
    pthread_mutex_lock(&self->lock);
    self->stopping = true;
    pthread_cond_signal(&self->wake);
    pthread_mutex_unlock(&self->lock);
    pthread_join(self->thread, NULL);
    sqlite3_close(self->database);
    pthread_cond_destroy(&self->wake);
    pthread_mutex_destroy(&self->lock);
    free(self);
    store->checkpointer = NULL;
}
