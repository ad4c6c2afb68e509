/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_BUS_H
#define MLT_BUS_H

#include <stddef.h>
#include <stdint.h>

#include "events/domain_loop.h"

/* The typed in-process bus: what happened, told to whoever subscribed, without either knowing the other.
 * An event is a plain struct, copied; each subscriber has a bounded queue on its own domain loop and loses (counted)
 * what does not fit: the bus informs, it never holds up its publisher. State travels by snapshots and the store. */

/** A topic is a constant of the module that publishes it: `const struct bus_topic registry_changed = {…}`. */
struct bus_topic {
    const char *name;     /* "registry.instance_changed" */
    size_t event_bytes;   /* sizeof the event struct */
};

struct bus;
struct bus_subscription;

int bus_new(struct bus **out) MRPC_MUST_USE;
/** After all subscriptions have been closed. */
void bus_free(struct bus *bus);

/** Have @callback called on @loop for each event of @topic, in order. At most @capacity events wait.
 *  Thread: any. Errors: MRPC_ERR_NOMEM, MRPC_ERR_INVALID (capacity 0). */
int bus_subscribe(struct bus *bus, const struct bus_topic *topic, struct domain_loop *loop, size_t capacity,
                  void (*callback)(void *arg, const void *event), void *arg, struct bus_subscription **out)
    MRPC_MUST_USE;
/** No callback begins after this returns. Thread: the subscriber's loop, or any once that loop has stopped. */
void bus_unsubscribe(struct bus_subscription *subscription);

/** Thread: any. Cost: a copy a subscriber. */
void bus_publish(struct bus *bus, const struct bus_topic *topic, const void *event);

/** Events that did not fit, of one subscription and of all. */
uint64_t bus_subscription_dropped(const struct bus_subscription *subscription);
uint64_t bus_dropped(const struct bus *bus);

#endif
