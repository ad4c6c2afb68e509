/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "client/balancer.h"
#include "client/channel_core.h"
#include "client/subchannel.h"

/* pick_first: one connection, to the first address that answers.
 *
 * Connecting is a pass over the addresses (RFC 8305 "Happy Eyeballs", gRFC A61): families alternate, the next address
 * is tried when one before it has failed or 250 ms after the last was, and the first that is ready wins; the others are
 * given up. When all have failed the state is TRANSIENT_FAILURE, and stays so while each address is tried again after
 * its own backoff (gRFC A62). When the chosen connection ends the state is IDLE until there is a call. */

#define ATTEMPT_DELAY_MS 250

struct pick_first {
    struct mrpc_balancer base; /* first */
    struct mrpc_address_list addresses;
    struct mrpc_subchannel **items; /* to each of them, while connecting */
    size_t count;
    size_t next; /* of the pass: the first that was not tried; count: all were */
    size_t failures; /* since addresses were last asked for */
    struct mrpc_subchannel *selected;
    struct mrpc_timer timer; /* when the next is tried */
};

static void try_next(struct pick_first *self);

static void set_state(struct pick_first *self, enum mrpc_connectivity state, const char *why)
{
    mrpc_channel_set_state(self->base.channel, state, why);
}

static void retire_all_but(struct pick_first *self, const struct mrpc_subchannel *kept)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->items[i] != kept)
            mrpc_subchannel_retire(self->items[i]);
    self->count = self->next = 0;
}

static void rest(struct pick_first *self)
{
    mrpc_loop_timer_cancel(self->base.channel->loop, &self->timer);
}

static void select_it(struct pick_first *self, struct mrpc_subchannel *subchannel)
{
    rest(self);
    self->selected = subchannel;
    retire_all_but(self, subchannel);
    set_state(self, MRPC_READY, NULL);
}

/* The pass is over: whoever's backoff ends now tries again by itself. */
static void all_failed(struct pick_first *self, const char *why)
{
    rest(self);
    self->failures = 0;
    set_state(self, MRPC_TRANSIENT_FAILURE, why);
    mrpc_channel_resolve_now(self->base.channel);
    for (size_t i = 0; i < self->count; i++)
        mrpc_subchannel_connect(self->items[i]);
}

static const char *failed_at_all(const struct pick_first *self)
{
    if (self->next < self->count)
        return NULL;
    for (size_t i = 0; i < self->count; i++)
        if (!self->items[i]->failed)
            return NULL;
    return self->items[self->count - 1]->why;
}

static void wait_or_give_up(struct pick_first *self)
{
    const char *why = failed_at_all(self);
    if (why) {
        all_failed(self, why);
        return;
    }
    /* The heap grows by one slot a channel; without it the next address waits for a failure of this one. */
    if (self->next < self->count &&
        mrpc_loop_timer_set(self->base.channel->loop, &self->timer,
                            mrpc_loop_time_ms(self->base.channel->loop) + ATTEMPT_DELAY_MS) != 0)
        return;
}

static void try_next(struct pick_first *self)
{
    while (self->next < self->count) {
        struct mrpc_subchannel *subchannel = self->items[self->next++];
        if (subchannel->state == MRPC_TRANSIENT_FAILURE) { /* its backoff is not over */
            subchannel->failed = true;
            continue;
        }
        mrpc_subchannel_connect(subchannel);
        if (subchannel->state == MRPC_CONNECTING)
            break;
    }
    wait_or_give_up(self);
}

static void on_timer(struct mrpc_timer *timer)
{
    try_next((struct pick_first *)((char *)timer - offsetof(struct pick_first, timer)));
}

/* Of the addresses that are not new the subchannels, and with them backoffs, are kept. */
static int acquire_all(struct pick_first *self)
{
    struct mrpc_channel *channel = self->base.channel;
    struct mrpc_subchannel **items = calloc(self->addresses.count, sizeof(struct mrpc_subchannel *));
    if (!items)
        return MRPC_ERR_NOMEM;
    size_t count = 0;
    while (count < self->addresses.count) {
        items[count] = mrpc_subchannel_acquire(channel, &self->base, &self->addresses.items[count]);
        if (!items[count])
            break;
        items[count++]->failed = false;
    }
    free(self->items);
    self->items = items;
    self->count = count;
    self->next = 0;
    return count == self->addresses.count ? 0 : MRPC_ERR_NOMEM;
}

static void begin_pass(struct pick_first *self)
{
    rest(self);
    self->selected = NULL;
    if (acquire_all(self) != 0) {
        self->count = self->next = 0;
        set_state(self, MRPC_IDLE, "out of memory"); /* the next call tries again */
        return;
    }
    for (size_t i = 0; i < self->count; i++)
        if (self->items[i]->state == MRPC_READY) {
            select_it(self, self->items[i]);
            return;
        }
    if (mrpc_channel_state(self->base.channel) != MRPC_TRANSIENT_FAILURE)
        set_state(self, MRPC_CONNECTING, NULL);
    try_next(self);
}

/* What the channel calls. */

static void changed_selected(struct pick_first *self, struct mrpc_subchannel *subchannel)
{
    self->selected = NULL;
    mrpc_channel_resolve_now(self->base.channel);
    if (subchannel->state == MRPC_IDLE)
        set_state(self, MRPC_IDLE, subchannel->why);
    else
        begin_pass(self);
}

static void changed(struct mrpc_balancer *balancer, struct mrpc_subchannel *subchannel)
{
    struct pick_first *self = (struct pick_first *)balancer;
    if (subchannel == self->selected) {
        changed_selected(self, subchannel);
        return;
    }
    bool in_pass = self->next < self->count || !failed_at_all(self);
    switch (subchannel->state) {
    case MRPC_READY:
        select_it(self, subchannel);
        return;
    case MRPC_TRANSIENT_FAILURE:
        subchannel->failed = true;
        if (in_pass)
            try_next(self);
        else if (++self->failures % self->count == 0)
            all_failed(self, subchannel->why);
        return;
    case MRPC_IDLE:
        if (!in_pass)
            mrpc_subchannel_connect(subchannel);
        return;
    default:
        return;
    }
}

static int update(struct mrpc_balancer *balancer, const struct mrpc_address_list *addresses)
{
    struct pick_first *self = (struct pick_first *)balancer;
    struct mrpc_address_list copy;
    int error = mrpc_address_list_copy(addresses, &copy);
    if (error)
        return error;
    mrpc_address_list_interleave(&copy);
    mrpc_address_list_fini(&self->addresses);
    self->addresses = copy;
    if (mrpc_channel_state(self->base.channel) != MRPC_IDLE)
        begin_pass(self);
    return 0; /* IDLE: the new list is for the next call */
}

static void connect_now(struct mrpc_balancer *balancer)
{
    struct pick_first *self = (struct pick_first *)balancer;
    if (!self->selected && self->count == 0 && self->addresses.count > 0)
        begin_pass(self);
}

static struct mrpc_subchannel *pick(struct mrpc_balancer *balancer)
{
    const struct pick_first *self = (const struct pick_first *)balancer;
    return self->selected && mrpc_subchannel_has_room(self->selected) ? self->selected : NULL;
}

static void pick_first_free(struct mrpc_balancer *balancer)
{
    struct pick_first *self = (struct pick_first *)balancer;
    rest(self);
    mrpc_address_list_fini(&self->addresses);
    free(self->items);
    free(self);
}

static int create(struct mrpc_channel *channel, struct mrpc_balancer **out)
{
    struct pick_first *self = calloc(1, sizeof *self);
    if (!self)
        return MRPC_ERR_NOMEM;
    self->base = (struct mrpc_balancer){.class = &mrpc_pick_first, .channel = channel};
    self->timer.fire = on_timer;
    *out = &self->base;
    return 0;
}

const struct mrpc_balancer_class mrpc_pick_first = {
    .name = "pick_first",
    .create = create,
    .free = pick_first_free,
    .update = update,
    .connect = connect_now,
    .changed = changed,
    .pick = pick,
};
