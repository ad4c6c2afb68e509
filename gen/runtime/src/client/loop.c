/* SPDX-License-Identifier: Apache-2.0 */
#include "client/loop.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "session/memory.h"

#define EVENTS_A_WAKEUP 64
#define NEVER INT64_MAX
/* Tasks that post tasks are run at once, but not for ever: sockets and timers get their turn. */
#define TASK_ROUNDS 16

struct mrpc_loop {
    int epoll_fd;
    int event_fd;
    int timer_fd;
    int64_t now_ms;
    int64_t ahead_ms; /* of the real clock */
    int64_t armed_ms; /* what the timerfd is set to; NEVER: disarmed */
    struct mrpc_timer_heap timers;
    struct mrpc_flusher *flushers;
    struct epoll_event events[EVENTS_A_WAKEUP];
    int event_next; /* the events of this wake-up that still wait, so that a removed watch is not called */
    int event_count;
    _Atomic(pthread_t) owner;
    struct session_memory session_memory;

    pthread_mutex_t lock; /* guards what follows */
    struct mrpc_task *tasks;
    struct mrpc_task **tasks_end;
    bool woken; /* the eventfd has been written since the tasks were last taken */
};

int64_t mrpc_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct session_memory *mrpc_loop_session_memory(struct mrpc_loop *loop)
{
    return &loop->session_memory;
}

int64_t mrpc_loop_time_ms(const struct mrpc_loop *loop)
{
    return loop->now_ms;
}

void mrpc_loop_set_owner(struct mrpc_loop *loop, pthread_t thread)
{
    atomic_store_explicit(&loop->owner, thread, memory_order_relaxed);
}

bool mrpc_loop_is_own_thread(const struct mrpc_loop *loop)
{
    return pthread_equal(atomic_load_explicit(&loop->owner, memory_order_relaxed), pthread_self());
}

int mrpc_loop_watch_add(struct mrpc_loop *loop, struct mrpc_watch *watch)
{
    struct epoll_event event = {.events = watch->events, .data.ptr = watch};
    return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) == 0 ? 0 : MRPC_ERR_SYSTEM;
}

int mrpc_loop_watch_change(struct mrpc_loop *loop, struct mrpc_watch *watch, uint32_t events)
{
    if (watch->events == events)
        return 0;
    struct epoll_event event = {.events = events, .data.ptr = watch};
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event) != 0)
        return MRPC_ERR_SYSTEM;
    watch->events = events;
    return 0;
}

void mrpc_loop_watch_remove(struct mrpc_loop *loop, struct mrpc_watch *watch)
{
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    for (int i = loop->event_next; i < loop->event_count; i++)
        if (loop->events[i].data.ptr == watch)
            loop->events[i].data.ptr = NULL;
}

int mrpc_loop_timer_set(struct mrpc_loop *loop, struct mrpc_timer *timer, int64_t at_ms)
{
    return mrpc_timer_heap_set(&loop->timers, timer, at_ms);
}

void mrpc_loop_timer_cancel(struct mrpc_loop *loop, struct mrpc_timer *timer)
{
    mrpc_timer_heap_remove(&loop->timers, timer);
}

void mrpc_loop_flush_later(struct mrpc_loop *loop, struct mrpc_flusher *flusher)
{
    if (flusher->link)
        return;
    flusher->next = loop->flushers;
    if (flusher->next)
        flusher->next->link = &flusher->next;
    flusher->link = &loop->flushers;
    loop->flushers = flusher;
}

void mrpc_loop_flush_cancel(struct mrpc_loop *loop, struct mrpc_flusher *flusher)
{
    if (!flusher->link)
        return;
    *flusher->link = flusher->next;
    if (flusher->next)
        flusher->next->link = flusher->link;
    flusher->link = NULL;
}

static void wake(struct mrpc_loop *loop)
{
    uint64_t one = 1;
    /* The counter cannot overflow: it is written once between two reads. */
    while (write(loop->event_fd, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

void mrpc_loop_post(struct mrpc_loop *loop, struct mrpc_task *task)
{
    task->next = NULL;
    pthread_mutex_lock(&loop->lock);
    *loop->tasks_end = task;
    loop->tasks_end = &task->next;
    /* Under the lock: once the task is taken the loop may be freed by whoever waited for it. */
    if (!loop->woken)
        wake(loop);
    loop->woken = true;
    pthread_mutex_unlock(&loop->lock);
}

static struct mrpc_task *take_tasks(struct mrpc_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    struct mrpc_task *tasks = loop->tasks;
    loop->tasks = NULL;
    loop->tasks_end = &loop->tasks;
    if (loop->woken) {
        uint64_t count;
        (void)!read(loop->event_fd, &count, sizeof count);
        loop->woken = false;
    }
    pthread_mutex_unlock(&loop->lock);
    return tasks;
}

static void run_tasks(struct mrpc_loop *loop)
{
    for (int round = 0; round < TASK_ROUNDS; round++) {
        struct mrpc_task *task = take_tasks(loop);
        if (!task)
            return;
        while (task) {
            struct mrpc_task *next = task->next;
            task->run(task);
            task = next;
        }
    }
}

static void run_timers(struct mrpc_loop *loop)
{
    struct mrpc_timer *timer;
    while ((timer = mrpc_timer_heap_first(&loop->timers)) && timer->at_ms <= loop->now_ms) {
        mrpc_timer_heap_remove(&loop->timers, timer);
        timer->fire(timer);
    }
}

static void run_flushers(struct mrpc_loop *loop)
{
    while (loop->flushers) {
        struct mrpc_flusher *flusher = loop->flushers;
        mrpc_loop_flush_cancel(loop, flusher);
        flusher->run(flusher);
    }
}

static void arm_timer(struct mrpc_loop *loop)
{
    struct mrpc_timer *first = mrpc_timer_heap_first(&loop->timers);
    int64_t at_ms = first ? first->at_ms : NEVER;
    /* Later than armed is left alone: one spurious wake-up is cheaper than a system call for each finished call. */
    if (at_ms >= loop->armed_ms)
        return;
    /* An all-zero value would disarm it. */
    int64_t real_ms = at_ms - loop->ahead_ms;
    struct itimerspec spec = {.it_value = {.tv_sec = real_ms / 1000, .tv_nsec = real_ms % 1000 * 1000000 + 1}};
    if (timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) == 0)
        loop->armed_ms = at_ms;
}

void mrpc_loop_advance(struct mrpc_loop *loop, int64_t ms)
{
    loop->ahead_ms += ms;
    loop->now_ms += ms;
    loop->armed_ms = NEVER;
    arm_timer(loop);
}

static void handle_event(struct mrpc_loop *loop, const struct epoll_event *event)
{
    struct mrpc_watch *watch = event->data.ptr;
    if (watch)
        watch->ready(watch, event->events);
}

static void timer_fd_read(struct mrpc_loop *loop)
{
    uint64_t expirations;
    if (read(loop->timer_fd, &expirations, sizeof expirations) == sizeof expirations)
        loop->armed_ms = NEVER;
}

int mrpc_loop_turn(struct mrpc_loop *loop, int timeout_ms)
{
    int count = epoll_wait(loop->epoll_fd, loop->events, EVENTS_A_WAKEUP, timeout_ms);
    if (count < 0 && errno != EINTR)
        return MRPC_ERR_SYSTEM;
    mrpc_loop_set_owner(loop, pthread_self());
    loop->now_ms = mrpc_clock_ms() + loop->ahead_ms;
    loop->event_count = count > 0 ? count : 0;
    if (loop->armed_ms <= loop->now_ms)
        timer_fd_read(loop);
    for (loop->event_next = 0; loop->event_next < loop->event_count;)
        handle_event(loop, &loop->events[loop->event_next++]);
    loop->event_count = 0;
    run_tasks(loop);
    run_timers(loop);
    run_flushers(loop);
    arm_timer(loop);
    return 0;
}

int mrpc_loop_process(struct mrpc_loop *loop)
{
    return mrpc_loop_turn(loop, 0);
}

int mrpc_loop_fd(const struct mrpc_loop *loop)
{
    return loop->epoll_fd;
}

int mrpc_loop_timeout_ms(const struct mrpc_loop *loop)
{
    struct mrpc_timer *first = mrpc_timer_heap_first(&loop->timers);
    if (!first || first->at_ms == NEVER)
        return -1;
    int64_t left_ms = first->at_ms - loop->ahead_ms - mrpc_clock_ms();
    if (left_ms < 0)
        return 0;
    return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

/* The eventfd and the timerfd only make the epoll descriptor readable: their watches carry no function. */
static int watch_quietly(struct mrpc_loop *loop, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static int open_descriptors(struct mrpc_loop *loop)
{
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (loop->epoll_fd < 0 || loop->event_fd < 0 || loop->timer_fd < 0)
        return MRPC_ERR_SYSTEM;
    if (watch_quietly(loop, loop->event_fd) != 0 || watch_quietly(loop, loop->timer_fd) != 0)
        return MRPC_ERR_SYSTEM;
    return 0;
}

static void close_descriptor(int fd)
{
    if (fd >= 0)
        close(fd);
}

int mrpc_loop_new(struct mrpc_loop **out)
{
    struct mrpc_loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return MRPC_ERR_NOMEM;
    loop->epoll_fd = loop->event_fd = loop->timer_fd = -1;
    loop->armed_ms = NEVER;
    mrpc_session_memory_init(&loop->session_memory);
    loop->tasks_end = &loop->tasks;
    loop->now_ms = mrpc_clock_ms();
    atomic_store(&loop->owner, pthread_self());
    pthread_mutex_init(&loop->lock, NULL);
    int error = open_descriptors(loop);
    if (error) {
        mrpc_loop_free(loop);
        return error;
    }
    *out = loop;
    return 0;
}

void mrpc_loop_free(struct mrpc_loop *loop)
{
    if (!loop)
        return;
    /* What is left only lets go of its owners. */
    run_tasks(loop);
    run_flushers(loop);
    mrpc_timer_heap_fini(&loop->timers);
    mrpc_session_memory_fini(&loop->session_memory);
    close_descriptor(loop->epoll_fd);
    close_descriptor(loop->event_fd);
    close_descriptor(loop->timer_fd);
    pthread_mutex_destroy(&loop->lock);
    free(loop);
}
