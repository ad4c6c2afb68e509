/* SPDX-License-Identifier: Apache-2.0 */
#include "events/bus.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/error.h>

struct bus {
    pthread_mutex_t lock; /* guards the list; callbacks run outside it, on their loops */
    struct bus_subscription *subscriptions;
    _Atomic uint64_t dropped;
};

/* Freed when both the subscriber and a delivery under way have let go: task first, for the cast in deliver(). */
struct bus_subscription {
    struct domain_task task;
    struct bus *bus;
    const struct bus_topic *topic;
    struct domain_loop *loop;
    void (*callback)(void *arg, const void *event);
    void *arg;
    struct bus_subscription *next;
    _Atomic uint64_t dropped;

    pthread_mutex_t lock; /* guards the ring and the two flags */
    unsigned char *ring;
    size_t capacity, head, count;
    bool delivering; /* the task is posted or running */
    bool closed;
};

int bus_new(struct bus **out)
{
    struct bus *bus = calloc(1, sizeof *bus);
    if (!bus)
        return MRPC_ERR_NOMEM;
    pthread_mutex_init(&bus->lock, NULL);
    *out = bus;
    return 0;
}

void bus_free(struct bus *bus)
{
    if (!bus)
        return;
    pthread_mutex_destroy(&bus->lock);
    free(bus);
}

static void subscription_free(struct bus_subscription *subscription)
{
    pthread_mutex_destroy(&subscription->lock);
    free(subscription->ring);
    free(subscription);
}

/* Take one event out of the ring; false ends the delivery. */
static bool take(struct bus_subscription *subscription, void *event)
{
    size_t bytes = subscription->topic->event_bytes;
    pthread_mutex_lock(&subscription->lock);
    bool any = subscription->count > 0 && !subscription->closed;
    if (any) {
        memcpy(event, subscription->ring + subscription->head * bytes, bytes);
        subscription->head = (subscription->head + 1) % subscription->capacity;
        subscription->count--;
    } else {
        subscription->delivering = false;
    }
    pthread_mutex_unlock(&subscription->lock);
    return any;
}

static bool is_closed(struct bus_subscription *subscription)
{
    pthread_mutex_lock(&subscription->lock);
    bool closed = subscription->closed;
    pthread_mutex_unlock(&subscription->lock);
    return closed;
}

static void deliver(struct domain_task *task)
{
    struct bus_subscription *subscription = (struct bus_subscription *)task;
    _Alignas(max_align_t) unsigned char event[512];
    bool closed = is_closed(subscription);
    while (!closed && take(subscription, event)) {
        subscription->callback(subscription->arg, event);
        closed = is_closed(subscription);
    }
    if (closed)
        subscription_free(subscription);
}

int bus_subscribe(struct bus *bus, const struct bus_topic *topic, struct domain_loop *loop, size_t capacity,
                  void (*callback)(void *arg, const void *event), void *arg, struct bus_subscription **out)
{
    if (capacity == 0 || topic->event_bytes == 0 || topic->event_bytes > 512)
        return MRPC_ERR_INVALID;
    struct bus_subscription *subscription = calloc(1, sizeof *subscription);
    unsigned char *ring = calloc(capacity, topic->event_bytes);
    if (!subscription || !ring) {
        free(subscription);
        free(ring);
        return MRPC_ERR_NOMEM;
    }
    *subscription = (struct bus_subscription){.task.run = deliver, .bus = bus, .topic = topic, .loop = loop,
                                              .callback = callback, .arg = arg, .ring = ring, .capacity = capacity};
    pthread_mutex_init(&subscription->lock, NULL);
    pthread_mutex_lock(&bus->lock);
    subscription->next = bus->subscriptions;
    bus->subscriptions = subscription;
    pthread_mutex_unlock(&bus->lock);
    *out = subscription;
    return 0;
}

static void unlink_subscription(struct bus_subscription *subscription)
{
    struct bus *bus = subscription->bus;
    pthread_mutex_lock(&bus->lock);
    struct bus_subscription **link = &bus->subscriptions;
    while (*link && *link != subscription)
        link = &(*link)->next;
    if (*link)
        *link = subscription->next;
    pthread_mutex_unlock(&bus->lock);
}

void bus_unsubscribe(struct bus_subscription *subscription)
{
    if (!subscription)
        return;
    unlink_subscription(subscription);
    pthread_mutex_lock(&subscription->lock);
    subscription->closed = true;
    bool delivering = subscription->delivering;
    pthread_mutex_unlock(&subscription->lock);
    if (!delivering)
        subscription_free(subscription);
}

/* True when the ring was idle, so that a delivery must be posted. */
static bool put(struct bus_subscription *subscription, const void *event)
{
    size_t bytes = subscription->topic->event_bytes;
    pthread_mutex_lock(&subscription->lock);
    bool fits = subscription->count < subscription->capacity;
    if (fits) {
        size_t at = (subscription->head + subscription->count++) % subscription->capacity;
        memcpy(subscription->ring + at * bytes, event, bytes);
    }
    bool post = fits && !subscription->delivering;
    if (post)
        subscription->delivering = true;
    pthread_mutex_unlock(&subscription->lock);
    if (!fits) {
        atomic_fetch_add(&subscription->dropped, 1);
        atomic_fetch_add(&subscription->bus->dropped, 1);
    }
    return post;
}

void bus_publish(struct bus *bus, const struct bus_topic *topic, const void *event)
{
    pthread_mutex_lock(&bus->lock);
    for (struct bus_subscription *s = bus->subscriptions; s; s = s->next) {
        if (s->topic != topic || !put(s, event))
            continue;
        if (domain_loop_post_task(s->loop, &s->task) != 0) {
            pthread_mutex_lock(&s->lock);
            s->delivering = false;
            pthread_mutex_unlock(&s->lock);
        }
    }
    pthread_mutex_unlock(&bus->lock);
}

uint64_t bus_subscription_dropped(const struct bus_subscription *subscription)
{
    return atomic_load(&subscription->dropped);
}

uint64_t bus_dropped(const struct bus *bus)
{
    return atomic_load(&bus->dropped);
}
