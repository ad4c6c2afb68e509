/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite_backend.h"

#include <signal.h>
#include <stdlib.h>

/* Copying the log back into the database, beside the commits: SQLite lets a passive checkpoint run while the log is
 * being written, so nobody who commits waits for it. Under a load that never pauses the log is never all copied and so
 * never begun anew; then, past a size, the thread copies until little is left, and the commit thread copies that
 * between two groups: the next group begins the log anew. The file keeps its length, because cutting it off is slow (50
 * ms for 64 MiB on ext4) and a log that is overwritten is synced faster than one that grows. Nothing here waits for
 * readers: while one needs the log as it was, it goes on growing. */

enum {
    COPY_PAGES = 4000,        /* that wait are copied */
    BEGIN_ANEW_PAGES = 12000, /* of a log that is to be begun anew: 48 MiB */
    FORCE_PAGES = 15000,      /* of one whose rest the commit thread copies however much it is */
    REST_PAGES = 250,         /* that it copies gladly */
};

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
    int tried_pages;  /* its length when the commit thread last copied the rest */
};

/* A checkpoint that cannot proceed (readers, full disk) is tried again after a later group; a failed sync of the
 * database file is as fatal as one of the log. Returns how many pages have been copied, -1 when it failed. */
static int checkpoint(struct sqlite_store *store, sqlite3 *database)
{
    int pages = 0, copied = 0;
    int result = sqlite3_wal_checkpoint_v2(database, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &copied);
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
        int copied = checkpoint(self->store, self->database);
        pthread_mutex_lock(&self->lock);
        self->busy = false;
        if (copied >= 0)
            self->copied_pages = copied;
    }
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

/* Holding the lock: whether the commit thread is to copy what is left. */
static bool takes_the_rest(struct sqlite_checkpointer *self, int log_pages)
{
    int rest = log_pages - self->copied_pages;
    if (log_pages < BEGIN_ANEW_PAGES || (rest > REST_PAGES && log_pages < FORCE_PAGES))
        return false;
    if (log_pages < self->tried_pages + REST_PAGES)
        return false; /* a reader was in the way just now */
    self->tried_pages = log_pages;
    return true;
}

void sqlite_checkpoint(struct sqlite_store *store, int log_pages)
{
    struct sqlite_checkpointer *self = store->checkpointer;
    pthread_mutex_lock(&self->lock);
    if (log_pages < self->copied_pages)
        self->copied_pages = 0; /* it has been begun anew */
    if (log_pages < self->tried_pages)
        self->tried_pages = 0;
    bool idle = !self->busy && !self->wanted;
    bool rest = idle && takes_the_rest(self, log_pages);
    int enough = log_pages >= BEGIN_ANEW_PAGES ? REST_PAGES : COPY_PAGES;
    if (idle && !rest && log_pages - self->copied_pages >= enough) {
        self->wanted = true;
        pthread_cond_signal(&self->wake);
    }
    pthread_mutex_unlock(&self->lock);
    if (rest)
        (void)checkpoint(store, store->writer);
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
    int code = sqlite_connect_again(store, &self->database, fault);
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
