/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "client/balancer.h"
#include "client/channel_core.h"
#include "client/subchannel.h"

/* round_robin and weighted_round_robin: a connection to every address, calls over all that are READY and have room.
 *
 * READY when one is; CONNECTING while one may still become it for the first time; else TRANSIENT_FAILURE. One that has
 * failed counts as failed until it is READY again, however often it tries (gRFC A62, "sticky"). One that falls IDLE is
 * connected again at once. A subchannel at the server's MAX_CONCURRENT_STREAMS is passed over: the call waits only when
 * all of them are. */

struct ring {
    struct mrpc_balancer base; /* first */
    struct mrpc_subchannel **items;
    size_t count;
    size_t next; /* round robin: where the search begins */
};

/* The state of all. */

struct tally {
    bool ready, hopeful;
    const struct mrpc_subchannel *failed;
};

static struct tally count_states(const struct ring *self)
{
    struct tally tally = {0};
    for (size_t i = 0; i < self->count; i++) {
        const struct mrpc_subchannel *item = self->items[i];
        if (item->state == MRPC_READY)
            tally.ready = true;
        else if (item->failed)
            tally.failed = item;
        else
            tally.hopeful = true;
    }
    return tally;
}

static void tell_state(struct ring *self)
{
    struct tally tally = count_states(self);
    if (tally.ready)
        mrpc_channel_set_state(self->base.channel, MRPC_READY, NULL);
    else if (tally.hopeful)
        mrpc_channel_set_state(self->base.channel, MRPC_CONNECTING, NULL);
    else if (tally.failed)
        mrpc_channel_set_state(self->base.channel, MRPC_TRANSIENT_FAILURE, tally.failed->why);
}

static void changed(struct mrpc_balancer *balancer, struct mrpc_subchannel *subchannel)
{
    struct ring *self = (struct ring *)balancer;
    subchannel->credit = 0;
    switch (subchannel->state) {
    case MRPC_READY:
        subchannel->failed = false;
        break;
    case MRPC_TRANSIENT_FAILURE:
        subchannel->failed = true;
        mrpc_channel_resolve_now(self->base.channel);
        break;
    case MRPC_IDLE:
        mrpc_channel_resolve_now(self->base.channel);
        mrpc_subchannel_connect(subchannel);
        break;
    default:
        break;
    }
    tell_state(self);
}

static int update(struct mrpc_balancer *balancer, const struct mrpc_address_list *addresses)
{
    struct ring *self = (struct ring *)balancer;
    struct mrpc_subchannel **items = calloc(addresses->count, sizeof(struct mrpc_subchannel *));
    size_t count = 0;
    if (!items)
        return MRPC_ERR_NOMEM;
    while (count < addresses->count) {
        items[count] = mrpc_subchannel_acquire(self->base.channel, balancer, &addresses->items[count]);
        if (!items[count])
            break;
        count++;
    }
    if (count < addresses->count) {
        free(items);
        return MRPC_ERR_NOMEM;
    }
    if (!self->items) /* not all clients begin with the same server */
        self->next = (size_t)(self->base.channel->backoff.random >> 8);
    free(self->items);
    self->items = items;
    self->count = count;
    self->next %= count;
    for (size_t i = 0; i < count; i++)
        mrpc_subchannel_connect(items[i]);
    tell_state(self);
    return 0;
}

/* It is never IDLE once it has addresses. */
static void connect_now(struct mrpc_balancer *balancer)
{
}

static struct mrpc_subchannel *pick(struct mrpc_balancer *balancer)
{
    struct ring *self = (struct ring *)balancer;
    for (size_t i = 0; i < self->count; i++) {
        struct mrpc_subchannel *item = self->items[self->next];
        self->next = self->next + 1 < self->count ? self->next + 1 : 0;
        if (mrpc_subchannel_has_room(item))
            return item;
    }
    return NULL;
}

/* Smooth weighted round robin (nginx, 2012): each gains its weight, the richest is picked and pays the sum, so that
 * {5, 1, 1} gives a a b a c a a and not a a a a a b c. */
static struct mrpc_subchannel *pick_by_weight(struct mrpc_balancer *balancer)
{
    struct ring *self = (struct ring *)balancer;
    struct mrpc_subchannel *best = NULL;
    int64_t sum = 0;
    for (size_t i = 0; i < self->count; i++) {
        struct mrpc_subchannel *item = self->items[i];
        if (!mrpc_subchannel_has_room(item))
            continue;
        sum += item->address.weight;
        item->credit += item->address.weight;
        if (!best || item->credit > best->credit)
            best = item;
    }
    if (best)
        best->credit -= sum;
    return best;
}

static void ring_free(struct mrpc_balancer *balancer)
{
    struct ring *self = (struct ring *)balancer;
    free(self->items);
    free(self);
}

static int create(struct mrpc_channel *channel, const struct mrpc_balancer_class *class, struct mrpc_balancer **out)
{
    struct ring *self = calloc(1, sizeof *self);
    if (!self)
        return MRPC_ERR_NOMEM;
    self->base = (struct mrpc_balancer){.class = class, .channel = channel};
    *out = &self->base;
    return 0;
}

static int create_plain(struct mrpc_channel *channel, struct mrpc_balancer **out)
{
    return create(channel, &mrpc_round_robin, out);
}

static int create_weighted(struct mrpc_channel *channel, struct mrpc_balancer **out)
{
    return create(channel, &mrpc_weighted_round_robin, out);
}

const struct mrpc_balancer_class mrpc_round_robin = {
    .name = "round_robin",
    .watches_health = true,
    .create = create_plain,
    .free = ring_free,
    .update = update,
    .connect = connect_now,
    .changed = changed,
    .pick = pick,
};

const struct mrpc_balancer_class mrpc_weighted_round_robin = {
    .name = "weighted_round_robin",
    .watches_health = true,
    .create = create_weighted,
    .free = ring_free,
    .update = update,
    .connect = connect_now,
    .changed = changed,
    .pick = pick_by_weight,
};
