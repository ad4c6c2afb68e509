/* SPDX-License-Identifier: Apache-2.0 */
#include "client/channel_core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "channelz/card.h"
#include "client/attempt.h"

static enum mrpc_connectivity state(const struct mrpc_channel *channel)
{
    return (enum mrpc_connectivity)atomic_load_explicit(&channel->state, memory_order_relaxed);
}

void mrpc_channel_settle_later(struct mrpc_channel *channel)
{
    mrpc_loop_flush_later(channel->loop, &channel->settler);
}

void mrpc_channel_set_state(struct mrpc_channel *channel, enum mrpc_connectivity connectivity, const char *why)
{
    if (why)
        snprintf(channel->last_error, sizeof channel->last_error, "%s", why);
    if (state(channel) == connectivity)
        return;
    atomic_store_explicit(&channel->state, (int)connectivity, memory_order_relaxed);
    mrpc_channelz_card_state(channel->card, connectivity);
    mrpc_channel_settle_later(channel);
}

/* What waits for a stream. */

static void enqueue(struct mrpc_channel *channel, struct mrpc_client_attempt *attempt)
{
    attempt->pending_next = NULL;
    attempt->pending_link = channel->pending_end;
    *channel->pending_end = attempt;
    channel->pending_end = &attempt->pending_next;
}

void mrpc_channel_withdraw(struct mrpc_channel *channel, struct mrpc_client_attempt *attempt)
{
    if (!attempt->pending_link)
        return;
    *attempt->pending_link = attempt->pending_next;
    if (attempt->pending_next)
        attempt->pending_next->pending_link = attempt->pending_link;
    else
        channel->pending_end = attempt->pending_link;
    attempt->pending_next = NULL;
    attempt->pending_link = NULL;
}

/* Ending a call runs the program's callback, which may free the channel: that empties the queue, and every link of it
 * reads NULL, so that the walk ends. The memory stays until the end of the wake-up. */
static void fail_pending(struct mrpc_channel *channel)
{
    struct mrpc_client_attempt **at = &channel->pending;
    struct mrpc_client_attempt *attempt;
    while ((attempt = *at)) {
        if (attempt->call->wait_for_ready)
            at = &attempt->pending_next;
        else
            mrpc_attempt_fail(attempt, MRPC_UNAVAILABLE, channel->last_error);
    }
}

static struct mrpc_subchannel *pick(struct mrpc_channel *channel)
{
    struct mrpc_balancer *balancer = channel->balancer;
    return balancer && state(channel) == MRPC_READY ? balancer->class->pick(balancer) : NULL;
}

/* Hedges of one call are best on servers of their own. gRFC A6. */
static struct mrpc_subchannel *pick_for(struct mrpc_channel *channel, const struct mrpc_client_attempt *attempt)
{
    struct mrpc_subchannel *first = pick(channel), *other = first;
    for (int i = 1; i < MRPC_ATTEMPTS_MAX && other && mrpc_retry_is_on(attempt, other->connection); i++)
        other = pick(channel);
    return other && !mrpc_retry_is_on(attempt, other->connection) ? other : first;
}

/* A connection that a call was kept from has served nobody. The subchannel's memory stays whatever a callback does. */
static void begin(struct mrpc_channel *channel, struct mrpc_subchannel *subchannel, struct mrpc_client_attempt *attempt)
{
    if (mrpc_attempt_begin(attempt, subchannel->connection, channel->authority))
        mrpc_subchannel_note_call(subchannel);
}

void mrpc_channel_place(struct mrpc_channel *channel, struct mrpc_client_attempt *attempt)
{
    /* who waits goes first */
    struct mrpc_subchannel *subchannel = channel->pending ? NULL : pick_for(channel, attempt);
    if (subchannel) {
        begin(channel, subchannel, attempt);
        return;
    }
    if (state(channel) == MRPC_TRANSIENT_FAILURE && !attempt->call->wait_for_ready) {
        mrpc_attempt_fail(attempt, MRPC_UNAVAILABLE, channel->last_error);
        return;
    }
    enqueue(channel, attempt);
    mrpc_channel_leave_idle(channel);
}

void mrpc_channel_has_room(struct mrpc_channel *channel)
{
    struct mrpc_subchannel *subchannel;
    while (channel->pending && (subchannel = pick_for(channel, channel->pending))) {
        struct mrpc_client_attempt *attempt = channel->pending;
        mrpc_channel_withdraw(channel, attempt);
        begin(channel, subchannel, attempt);
    }
}

void mrpc_channel_enlist(struct mrpc_channel *channel, struct mrpc_client_call *call)
{
    pthread_mutex_lock(&channel->lock);
    call->all_next = channel->all;
    if (call->all_next)
        call->all_next->all_link = &call->all_next;
    call->all_link = &channel->all;
    channel->all = call;
    pthread_mutex_unlock(&channel->lock);
    mrpc_channelz_card_call_started(channel->card);
}

void mrpc_channel_forget(struct mrpc_channel *channel, struct mrpc_client_call *call)
{
    pthread_mutex_lock(&channel->lock);
    *call->all_link = call->all_next;
    if (call->all_next)
        call->all_next->all_link = call->all_link;
    pthread_mutex_unlock(&channel->lock);
    mrpc_channelz_card_call_ended(channel->card, (int)call->status.code);
}

/* The state. */

static void settle(struct mrpc_flusher *flusher)
{
    struct mrpc_channel *channel = (struct mrpc_channel *)((char *)flusher - offsetof(struct mrpc_channel, settler));
    if (state(channel) == MRPC_TRANSIENT_FAILURE)
        fail_pending(channel);
    if (channel->pending)
        mrpc_channel_leave_idle(channel);
    mrpc_channel_has_room(channel);
    mrpc_state_hub_tell(channel->hub, state(channel));
}

/* Addresses. */

/* What the newest addresses did not name, and no balancer will. */
static void retire_others(struct mrpc_channel *channel)
{
    struct mrpc_subchannel *next;
    for (struct mrpc_subchannel *at = channel->subchannels; at; at = next) {
        next = at->next;
        if (at->list_number != channel->list_number && at->state != MRPC_SHUTDOWN)
            mrpc_subchannel_retire(at);
    }
}

/* What failed here, not at the server or the resolver, is tried again. */
static void try_later(struct mrpc_channel *channel, const char *why)
{
    if (!channel->balancer)
        mrpc_channel_set_state(channel, MRPC_TRANSIENT_FAILURE, why);
    if (mrpc_loop_timer_set(channel->loop, &channel->timer,
                            mrpc_loop_time_ms(channel->loop) + mrpc_backoff_next_ms(&channel->backoff)) == 0)
        return;
    if (!channel->balancer)
        mrpc_channel_set_state(channel, MRPC_IDLE, NULL); /* the next call tries again */
}

/* Errors: MRPC_ERR_NOMEM: all stays as it was. */
static int use_addresses(struct mrpc_channel *channel, struct mrpc_balancer *balancer)
{
    channel->list_number++;
    int error = balancer->class->update(balancer, &channel->addresses);
    if (!error)
        retire_others(channel);
    return error;
}

static void begin_balancing(struct mrpc_channel *channel)
{
    struct mrpc_balancer *before = channel->balancer, *balancer;
    int error = mrpc_balancer_class_of(channel->lb_choice.balancing)->create(channel, &balancer);
    if (!error) {
        channel->balancer = balancer;
        error = use_addresses(channel, balancer);
    }
    if (!error) {
        if (before)
            before->class->free(before);
        return;
    }
    if (channel->balancer != before)
        channel->balancer->class->free(channel->balancer);
    channel->balancer = before;
    try_later(channel, mrpc_error_text(error));
}

static void balance(struct mrpc_channel *channel)
{
    struct mrpc_balancer *balancer = channel->balancer;
    mrpc_loop_timer_cancel(channel->loop, &channel->timer);
    if (!balancer)
        mrpc_channel_set_state(channel, MRPC_CONNECTING, NULL);
    if (!balancer || balancer->class != mrpc_balancer_class_of(channel->lb_choice.balancing))
        begin_balancing(channel);
    else if (use_addresses(channel, balancer) != 0)
        try_later(channel, NULL);
}

static void resolved(void *arg, struct mrpc_address_list *addresses, char *service_config)
{
    struct mrpc_channel *channel = arg;
    char why[sizeof channel->last_error];
    bool usable = mrpc_channel_take_config(channel, service_config, why, sizeof why);
    free(service_config);
    if (!usable) {
        mrpc_address_list_fini(addresses);
        mrpc_channel_set_state(channel, MRPC_TRANSIENT_FAILURE, why);
        return;
    }
    mrpc_address_list_fini(&channel->addresses);
    channel->addresses = *addresses;
    balance(channel);
}

static void resolution_failed(void *arg, const char *why)
{
    struct mrpc_channel *channel = arg;
    if (!channel->balancer)
        mrpc_channel_set_state(channel, MRPC_TRANSIENT_FAILURE, why);
}

void mrpc_channel_resolve_now(struct mrpc_channel *channel)
{
    if (channel->resolution && channel->resolver.resolve_now)
        channel->resolver.resolve_now(channel->resolution);
}

static void start_resolver(struct mrpc_channel *channel)
{
    static const struct mrpc_listener_events events = {.resolved = resolved, .failed = resolution_failed};
    mrpc_channel_set_state(channel, MRPC_CONNECTING, NULL);
    int error = mrpc_listener_new(channel->loop, &events, channel, &channel->listener);
    if (error) {
        try_later(channel, mrpc_error_text(error));
        return;
    }
    channel->resolution = channel->resolver.start(channel->resolver_arg, channel->target_text, channel->listener);
    if (channel->resolution)
        return;
    mrpc_resolver_listener_release(channel->listener); /* the resolver's */
    mrpc_listener_stop(channel->listener);
    channel->listener = NULL;
    try_later(channel, "the resolver could not start");
}

static void on_timer(struct mrpc_timer *timer)
{
    struct mrpc_channel *channel = (struct mrpc_channel *)((char *)timer - offsetof(struct mrpc_channel, timer));
    if (channel->listener)
        balance(channel);
    else
        start_resolver(channel);
}

void mrpc_channel_leave_idle(struct mrpc_channel *channel)
{
    if (state(channel) != MRPC_IDLE)
        return;
    if (!channel->listener)
        start_resolver(channel);
    else if (channel->balancer)
        channel->balancer->class->connect(channel->balancer);
    else if (channel->addresses.count > 0)
        balance(channel);
}

/* What a callback lets go of stays, with its link to the next, until the end of the wake-up. */
void mrpc_channel_drop_silent(struct mrpc_channel *channel, uint32_t silent_ms)
{
    struct mrpc_subchannel *next;
    for (struct mrpc_subchannel *at = channel->subchannels; at; at = next) {
        next = at->next;
        mrpc_subchannel_give_up_silent(at, silent_ms);
    }
}

/* Balancing. */

const struct mrpc_balancer_class *mrpc_balancer_class_of(enum mrpc_balancing balancing)
{
    switch (balancing) {
    case MRPC_PICK_FIRST:
        return &mrpc_pick_first;
    case MRPC_ROUND_ROBIN:
        return &mrpc_round_robin;
    case MRPC_WEIGHTED_ROUND_ROBIN:
        return &mrpc_weighted_round_robin;
    }
    return &mrpc_pick_first;
}

static bool same_health(const struct mrpc_lb_choice *a, const struct mrpc_lb_choice *b)
{
    bool watch_a = a->watch_health && mrpc_balancer_class_of(a->balancing)->watches_health;
    bool watch_b = b->watch_health && mrpc_balancer_class_of(b->balancing)->watches_health;
    return watch_a == watch_b && (!watch_a || strcmp(a->health_service, b->health_service) == 0);
}

void mrpc_channel_choose_balancer(struct mrpc_channel *channel, const struct mrpc_lb_choice *choice)
{
    bool same = choice->balancing == channel->lb_choice.balancing;
    bool keep = same_health(choice, &channel->lb_choice);
    channel->lb_choice = *choice;
    if (!channel->balancer || (same && keep))
        return;
    if (!keep) /* a connection is watched from its beginning, or not at all */
        channel->choice_number++;
    begin_balancing(channel);
}

/* The end. */

static struct mrpc_client_call *any_open_call(struct mrpc_channel *channel)
{
    pthread_mutex_lock(&channel->lock);
    struct mrpc_client_call *call = channel->all;
    pthread_mutex_unlock(&channel->lock);
    return call;
}

static void stop_resolver(struct mrpc_channel *channel)
{
    void *resolution = channel->resolution;
    struct mrpc_resolver_listener *listener = channel->listener;
    channel->resolution = NULL;
    channel->listener = NULL;
    mrpc_listener_stop(listener);
    if (resolution)
        channel->resolver.stop(resolution);
}

void mrpc_channel_shut(struct mrpc_channel *channel)
{
    struct mrpc_client_call *call;
    struct mrpc_balancer *balancer = channel->balancer;
    atomic_store_explicit(&channel->state, MRPC_SHUTDOWN, memory_order_relaxed);
    mrpc_loop_timer_cancel(channel->loop, &channel->timer);
    mrpc_loop_flush_cancel(channel->loop, &channel->settler);
    stop_resolver(channel);
    while ((call = any_open_call(channel)))
        mrpc_call_core_end(call, MRPC_CANCELLED, "the channel was freed");
    channel->balancer = NULL;
    if (balancer)
        balancer->class->free(balancer);
    while (channel->subchannels)
        mrpc_subchannel_close(channel->subchannels, "the channel was freed");
    mrpc_state_hub_tell(channel->hub, MRPC_SHUTDOWN);
}

void mrpc_channel_core_init(struct mrpc_channel *channel)
{
    channel->timer.fire = on_timer;
    channel->settler.run = settle;
    channel->pending_end = &channel->pending;
}
