/* SPDX-License-Identifier: Apache-2.0 */
#include "reactor.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

int64_t reactor_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int reactor_init(struct reactor *reactor)
{
    *reactor = (struct reactor){.epoll = epoll_create1(EPOLL_CLOEXEC)};
    return reactor->epoll < 0 ? -1 : 0;
}

void reactor_fini(struct reactor *reactor)
{
    close(reactor->epoll);
}

int reactor_add(struct reactor *reactor, struct source *source)
{
    struct epoll_event event = {.events = source->events, .data.ptr = source};
    return epoll_ctl(reactor->epoll, EPOLL_CTL_ADD, source->fd, &event);
}

int reactor_change(struct reactor *reactor, struct source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};
    if (source->events == events)
        return 0;
    source->events = events;
    return epoll_ctl(reactor->epoll, EPOLL_CTL_MOD, source->fd, &event);
}

void reactor_remove(struct reactor *reactor, struct source *source)
{
    (void)epoll_ctl(reactor->epoll, EPOLL_CTL_DEL, source->fd, NULL);
}

void reactor_timer_cancel(struct reactor *reactor, struct timer *timer)
{
    struct timer **at = &reactor->timers;
    if (!timer->set)
        return;
    while (*at != timer)
        at = &(*at)->next;
    *at = timer->next;
    timer->set = false;
}

void reactor_timer_set(struct reactor *reactor, struct timer *timer, int64_t at_ms)
{
    struct timer **at = &reactor->timers;
    reactor_timer_cancel(reactor, timer);
    while (*at && (*at)->at_ms <= at_ms)
        at = &(*at)->next;
    timer->next = *at;
    timer->at_ms = at_ms;
    timer->set = true;
    *at = timer;
}

static int timeout_ms(const struct reactor *reactor)
{
    if (!reactor->timers)
        return -1;
    int64_t left_ms = reactor->timers->at_ms - reactor_now_ms();
    return left_ms < 0 ? 0 : left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

static void run_timers(struct reactor *reactor)
{
    int64_t now_ms = reactor_now_ms(); /* once: a timer that sets itself anew waits for the next round */
    while (reactor->timers && reactor->timers->at_ms <= now_ms) {
        struct timer *timer = reactor->timers;
        reactor_timer_cancel(reactor, timer);
        timer->due(timer);
    }
}

/* One event at a time: so none is left over for a source that a callback has freed. */
int reactor_run(struct reactor *reactor)
{
    while (!reactor->stopped) {
        struct epoll_event event;
        int count = epoll_wait(reactor->epoll, &event, 1, timeout_ms(reactor));
        if (count < 0 && errno != EINTR)
            return -1;
        if (count == 1) {
            struct source *source = event.data.ptr;
            source->ready(source, event.events);
        }
        run_timers(reactor);
    }
    return 0;
}

void reactor_stop(struct reactor *reactor)
{
    reactor->stopped = true;
}
