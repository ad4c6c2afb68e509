/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "client/loop.h"

/* The thread that drives the channels which were given no loop. It is shared by all of them, hence the one mutable
 * global of the client; it starts with the first such channel and ends after the last, so that a program that has
 * freed its channels is single-threaded again (and may fork). */

struct library_loop {
    struct mrpc_loop *loop;
    pthread_t thread;
    unsigned users;
    bool stop;   /* loop's thread */
    bool orphan; /* loop's thread: nobody joins, it releases itself */
    struct mrpc_task stop_task;
};

static pthread_mutex_t library_lock = PTHREAD_MUTEX_INITIALIZER;
static struct library_loop *library; /* guarded by library_lock, as is its users */

static void library_loop_free(struct library_loop *self)
{
    mrpc_loop_free(self->loop);
    free(self);
}

static void *library_thread(void *arg)
{
    struct library_loop *self = arg;
    while (!self->stop && mrpc_loop_turn(self->loop, -1) == 0)
        continue;
    if (self->orphan)
        library_loop_free(self);
    return NULL;
}

static void stop_run(struct mrpc_task *task)
{
    struct library_loop *self = (struct library_loop *)((char *)task - offsetof(struct library_loop, stop_task));
    self->stop = true;
}

/* Signals are the program's: the library's thread takes none. */
static int thread_start(struct library_loop *self)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&self->thread, NULL, library_thread, self);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        return MRPC_ERR_SYSTEM;
    pthread_setname_np(self->thread, "mrpc-client");
    return 0;
}

static int library_loop_new(struct library_loop **out)
{
    struct library_loop *self = calloc(1, sizeof *self);
    if (!self)
        return MRPC_ERR_NOMEM;
    self->stop_task.run = stop_run;
    int error = mrpc_loop_new(&self->loop);
    if (!error)
        error = thread_start(self);
    if (error) {
        library_loop_free(self);
        return error;
    }
    mrpc_loop_set_owner(self->loop, self->thread);
    *out = self;
    return 0;
}

int mrpc_library_loop_acquire(struct mrpc_loop **out)
{
    pthread_mutex_lock(&library_lock);
    int error = library ? 0 : library_loop_new(&library);
    if (!error) {
        library->users++;
        *out = library->loop;
    }
    pthread_mutex_unlock(&library_lock);
    return error;
}

static void stop_and_free(struct library_loop *self)
{
    if (pthread_equal(self->thread, pthread_self())) {
        /* The last channel is freed in a callback: the thread ends when it is back from it. */
        pthread_detach(self->thread);
        self->orphan = self->stop = true;
        return;
    }
    pthread_t thread = self->thread;
    mrpc_loop_post(self->loop, &self->stop_task);
    pthread_join(thread, NULL);
    library_loop_free(self);
}

void mrpc_library_loop_release(struct mrpc_loop *loop)
{
    struct library_loop *last = NULL;
    pthread_mutex_lock(&library_lock);
    if (library && library->loop == loop && --library->users == 0) {
        last = library;
        library = NULL;
    }
    pthread_mutex_unlock(&library_lock);
    if (last) /* not under the lock: a callback that is running may want it */
        stop_and_free(last);
}
