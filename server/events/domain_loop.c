/* SPDX-License-Identifier: Apache-2.0 */
#include "events/domain_loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include <mrpc/error.h>

#include "log/stack.h"

struct domain_loop {
    struct event_base *base;
    struct event *wake;
    int wake_fd;
    pthread_t thread;
    bool started;
    char name[16];

    pthread_mutex_t lock; /* guards what follows; nothing is called out under it */
    struct domain_task *first;
    struct domain_task **last;
    bool closed;
};

static _Thread_local const struct domain_loop *current;

static struct domain_task *take_all(struct domain_loop *loop, bool *closed)
{
    pthread_mutex_lock(&loop->lock);
    struct domain_task *tasks = loop->first;
    loop->first = NULL;
    loop->last = &loop->first;
    *closed = loop->closed;
    pthread_mutex_unlock(&loop->lock);
    return tasks;
}

static void run_queued(evutil_socket_t fd, short what, void *arg)
{
    struct domain_loop *loop = arg;
    uint64_t count;
    if (read(fd, &count, sizeof count) < 0 && errno != EAGAIN)
        return;
    bool closed;
    struct domain_task *task = take_all(loop, &closed);
    while (task) {
        struct domain_task *next = task->next;
        struct trace_place left = task->trace; /* the task may be gone once it has run */
        trace_arrive(&left, loop->name, SCENE_ICON_QUEUE, "");
        task->run(task);
        trace_depart_from(&left);
        task = next ? next : take_all(loop, &closed);
    }
    if (closed)
        event_base_loopbreak(loop->base);
}

static void wake(struct domain_loop *loop)
{
    uint64_t one = 1;
    ssize_t done;
    do
        done = write(loop->wake_fd, &one, sizeof one);
    while (done < 0 && errno == EINTR);
}

int domain_loop_post_task(struct domain_loop *loop, struct domain_task *task)
{
    task->next = NULL;
    task->trace = trace_leave();
    pthread_mutex_lock(&loop->lock);
    if (loop->closed && !domain_loop_is_current(loop)) {
        pthread_mutex_unlock(&loop->lock);
        return MRPC_ERR_CLOSED;
    }
    bool was_empty = !loop->first;
    *loop->last = task;
    loop->last = &task->next;
    if (was_empty)
        wake(loop); /* under the lock: once it is let go of, the task may run and be the loop's last */
    pthread_mutex_unlock(&loop->lock);
    return 0;
}

struct posted {
    struct domain_task task;
    void (*run)(void *arg);
    void *arg;
};

static void run_posted(struct domain_task *task)
{
    struct posted posted = *(struct posted *)task;
    free(task);
    posted.run(posted.arg);
}

int domain_loop_post(struct domain_loop *loop, void (*task)(void *arg), void *arg)
{
    struct posted *posted = malloc(sizeof *posted);
    if (!posted)
        return MRPC_ERR_NOMEM;
    *posted = (struct posted){.task.run = run_posted, .run = task, .arg = arg};
    int error = domain_loop_post_task(loop, &posted->task);
    if (error)
        free(posted);
    return error;
}

int domain_loop_new(const char *name, struct domain_loop **out)
{
    struct domain_loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return MRPC_ERR_NOMEM;
    loop->last = &loop->first;
    snprintf(loop->name, sizeof loop->name, "%s", name);
    pthread_mutex_init(&loop->lock, NULL);
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    loop->base = event_base_new();
    if (loop->base && loop->wake_fd >= 0)
        loop->wake = event_new(loop->base, loop->wake_fd, EV_READ | EV_PERSIST, run_queued, loop);
    if (!loop->wake || event_add(loop->wake, NULL) != 0) {
        domain_loop_free(loop);
        return MRPC_ERR_SYSTEM;
    }
    *out = loop;
    return 0;
}

/* Signals belong to the main thread, but for the watchdog's question. */
static void block_signals(void)
{
    sigset_t all;
    sigfillset(&all);
    sigdelset(&all, stack_signal());
    pthread_sigmask(SIG_BLOCK, &all, NULL);
}

static void *run_loop(void *arg)
{
    struct domain_loop *loop = arg;
    current = loop;
    block_signals();
    pthread_setname_np(pthread_self(), loop->name);
    event_base_dispatch(loop->base);
    return NULL;
}

int domain_loop_start(struct domain_loop *loop)
{
    if (pthread_create(&loop->thread, NULL, run_loop, loop) != 0)
        return MRPC_ERR_SYSTEM;
    loop->started = true;
    return 0;
}

void domain_loop_stop(struct domain_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    loop->closed = true;
    pthread_mutex_unlock(&loop->lock);
    wake(loop);
    if (loop->started) {
        pthread_join(loop->thread, NULL);
        loop->started = false;
        return;
    }
    current = loop;
    run_queued(loop->wake_fd, 0, loop); /* never started: what is queued still runs, here */
    current = NULL;
}

void domain_loop_free(struct domain_loop *loop)
{
    if (!loop)
        return;
    if (loop->started)
        domain_loop_stop(loop);
    pthread_mutex_lock(&loop->lock); /* who has posted the last task has let go of it now */
    pthread_mutex_unlock(&loop->lock);
    if (loop->wake)
        event_free(loop->wake);
    if (loop->base)
        event_base_free(loop->base);
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
    pthread_mutex_destroy(&loop->lock);
    free(loop);
}

const char *domain_loop_name(const struct domain_loop *loop)
{
    return loop->name;
}

struct event_base *domain_loop_base(struct domain_loop *loop)
{
    return loop->base;
}

int64_t domain_loop_now_ms(const struct domain_loop *loop)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool domain_loop_is_current(const struct domain_loop *loop)
{
    return current == loop;
}
