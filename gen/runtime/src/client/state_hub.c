/* SPDX-License-Identifier: Apache-2.0 */
#include "client/state_hub.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define NOTHING (-1)

struct mrpc_state_watch {
    struct mrpc_state_hub *hub; /* a reference */
    const struct mrpc_loop *loop;
    void (*changed)(void *arg, enum mrpc_connectivity state);
    void *arg;

    /* Under the hub's lock. */
    struct mrpc_state_watch *next;
    struct mrpc_state_watch **link;
    int told;
    unsigned running; /* how often @changed is on the loop's stack */
    bool abandoned;   /* freed by @changed itself: the teller releases it */
};

struct mrpc_state_hub {
    pthread_mutex_t lock; /* guards all */
    pthread_cond_t changed; /* the state, or that a watch has stopped running */
    unsigned refs;
    enum mrpc_connectivity state;
    struct mrpc_state_watch *watches;
};

int mrpc_state_hub_new(struct mrpc_state_hub **out)
{
    struct mrpc_state_hub *hub = calloc(1, sizeof *hub);
    pthread_condattr_t attributes;
    if (!hub)
        return MRPC_ERR_NOMEM;
    hub->refs = 1;
    hub->state = MRPC_IDLE;
    pthread_mutex_init(&hub->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&hub->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    *out = hub;
    return 0;
}

/* Lock: held, and released. */
static void unlock_and_unref(struct mrpc_state_hub *hub)
{
    bool last = --hub->refs == 0;
    pthread_mutex_unlock(&hub->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&hub->lock);
    pthread_cond_destroy(&hub->changed);
    free(hub);
}

void mrpc_state_hub_release(struct mrpc_state_hub *hub)
{
    if (!hub)
        return;
    pthread_mutex_lock(&hub->lock);
    unlock_and_unref(hub);
}

/* Telling. */

static struct mrpc_state_watch *find_untold(struct mrpc_state_hub *hub)
{
    struct mrpc_state_watch *watch = hub->watches;
    while (watch && watch->told == (int)hub->state)
        watch = watch->next;
    return watch;
}

/* Lock: held, but not while the program's function runs. */
static void tell_one(struct mrpc_state_hub *hub, struct mrpc_state_watch *watch)
{
    enum mrpc_connectivity state = hub->state;
    watch->told = (int)state;
    watch->running++;
    pthread_mutex_unlock(&hub->lock);
    watch->changed(watch->arg, state);
    pthread_mutex_lock(&hub->lock);
    watch->running--;
    pthread_cond_broadcast(&hub->changed);
    if (watch->abandoned && watch->running == 0) {
        hub->refs--; /* never the last: tell() has one */
        free(watch);
    }
}

void mrpc_state_hub_tell(struct mrpc_state_hub *hub, enum mrpc_connectivity state)
{
    struct mrpc_state_watch *watch;
    pthread_mutex_lock(&hub->lock);
    hub->refs++;
    hub->state = state;
    pthread_cond_broadcast(&hub->changed);
    /* From the beginning each time: what was told may have changed the list, or the state. */
    while ((watch = find_untold(hub)))
        tell_one(hub, watch);
    unlock_and_unref(hub);
}

/* Waiting. */

static struct timespec time_in(int64_t timeout_ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += timeout_ms / 1000;
    at.tv_nsec += timeout_ms % 1000 * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

int mrpc_state_hub_wait(struct mrpc_state_hub *hub, enum mrpc_connectivity last, int64_t timeout_ms,
                        enum mrpc_connectivity *state)
{
    struct timespec until = time_in(timeout_ms > 0 ? timeout_ms : 0);
    bool late = false;
    pthread_mutex_lock(&hub->lock);
    hub->refs++;
    while (hub->state == last && !late)
        late = (timeout_ms < 0 ? pthread_cond_wait(&hub->changed, &hub->lock)
                               : pthread_cond_timedwait(&hub->changed, &hub->lock, &until)) == ETIMEDOUT;
    bool differs = hub->state != last;
    if (differs)
        *state = hub->state;
    unlock_and_unref(hub);
    return differs ? 0 : MRPC_ERR_AGAIN;
}

/* Watching. */

int mrpc_state_hub_watch(struct mrpc_state_hub *hub, const struct mrpc_loop *loop,
                         void (*changed)(void *arg, enum mrpc_connectivity state), void *arg,
                         struct mrpc_state_watch **out)
{
    struct mrpc_state_watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return MRPC_ERR_NOMEM;
    *watch = (struct mrpc_state_watch){.hub = hub, .loop = loop, .changed = changed, .arg = arg, .told = NOTHING};
    *out = watch; /* before the loop can see it: @changed may free it */
    pthread_mutex_lock(&hub->lock);
    hub->refs++;
    watch->next = hub->watches;
    if (watch->next)
        watch->next->link = &watch->next;
    watch->link = &hub->watches;
    hub->watches = watch;
    pthread_mutex_unlock(&hub->lock);
    return 0;
}

void mrpc_state_watch_free(struct mrpc_state_watch *watch)
{
    if (!watch)
        return;
    struct mrpc_state_hub *hub = watch->hub;
    pthread_mutex_lock(&hub->lock);
    *watch->link = watch->next;
    if (watch->next)
        watch->next->link = watch->link;
    if (watch->running > 0 && mrpc_loop_is_own_thread(watch->loop)) {
        watch->abandoned = true;
        pthread_mutex_unlock(&hub->lock);
        return;
    }
    while (watch->running > 0)
        pthread_cond_wait(&hub->changed, &hub->lock);
    free(watch);
    unlock_and_unref(hub);
}
