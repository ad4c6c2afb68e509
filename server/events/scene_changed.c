/* SPDX-License-Identifier: Apache-2.0 */
#include "events/scene_changed.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>
#include <mrpc/error.h>

const struct bus_topic scene_source_changed = {"scene.source_changed", sizeof(struct scene_source_event)};

struct scene_notifier {
    struct domain_task task; /* first, for the cast in on_touched() */
    struct bus *bus;
    struct domain_loop *loop;
    struct event *pause; /* pending: told a moment ago, the next telling waits for it */
    void (*before)(void *arg);
    void *arg;
    char source[129];
    _Atomic uint64_t touched;
    _Atomic bool posted;
    _Atomic bool pausing; /* the pause is pending: at its end it looks at `touched` by itself */
    uint64_t told; /* the loop's */
};

static void tell(struct scene_notifier *notifier)
{
    static const struct timeval interval = {.tv_usec = SCENE_NOTIFIER_INTERVAL_MS * 1000};
    uint64_t touched = atomic_load(&notifier->touched);
    if (touched == notifier->told)
        return;
    struct scene_source_event event = {.changes = touched - notifier->told};
    snprintf(event.source, sizeof event.source, "%s", notifier->source);
    notifier->told = touched;
    atomic_store(&notifier->pausing, event_add(notifier->pause, &interval) == 0);
    if (notifier->before)
        notifier->before(notifier->arg);
    if (notifier->bus)
        bus_publish(notifier->bus, &scene_source_changed, &event);
}

/* Cleared first: who touches and still sees it set has touched before tell() looks. */
static void on_pause_over(evutil_socket_t fd, short what, void *arg)
{
    struct scene_notifier *notifier = arg;
    atomic_store(&notifier->pausing, false);
    tell(notifier);
}

/* Cleared first: a touch that comes from here on posts again, one that came before is in `touched`. */
static void on_touched(struct domain_task *task)
{
    struct scene_notifier *notifier = (struct scene_notifier *)task;
    atomic_store(&notifier->posted, false);
    if (!evtimer_pending(notifier->pause, NULL))
        tell(notifier);
}

int scene_notifier_new(struct bus *bus, struct domain_loop *loop, const char *source, void (*before)(void *arg),
                       void *arg, struct scene_notifier **out)
{
    struct scene_notifier *notifier = calloc(1, sizeof *notifier);
    if (!notifier)
        return MRPC_ERR_NOMEM;
    notifier->task.run = on_touched;
    notifier->bus = bus;
    notifier->before = before;
    notifier->arg = arg;
    notifier->loop = loop;
    notifier->pause = evtimer_new(domain_loop_base(loop), on_pause_over, notifier);
    snprintf(notifier->source, sizeof notifier->source, "%s", source);
    if (!notifier->pause) {
        free(notifier);
        return MRPC_ERR_NOMEM;
    }
    *out = notifier;
    return 0;
}

void scene_notifier_free(struct scene_notifier *notifier)
{
    if (!notifier)
        return;
    event_free(notifier->pause);
    free(notifier);
}

void scene_notifier_touch(struct scene_notifier *notifier)
{
    if (!notifier->bus && !notifier->before)
        return;
    atomic_fetch_add(&notifier->touched, 1);
    if (atomic_load(&notifier->pausing))
        return; /* the loop need not wake up for what it will see anyway */
    if (!atomic_exchange(&notifier->posted, true) && domain_loop_post_task(notifier->loop, &notifier->task))
        atomic_store(&notifier->posted, false); /* the loop has stopped: nobody draws any more */
}
