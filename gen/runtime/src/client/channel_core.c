/* SPDX-License-Identifier: Apache-2.0 */
#include "client/channel_core.h"

#include <stdio.h>
#include <stdlib.h>

static void connect_now(struct mrpc_channel *channel);

static enum mrpc_connectivity state(const struct mrpc_channel *channel)
{
    return (enum mrpc_connectivity)atomic_load_explicit(&channel->state, memory_order_relaxed);
}

static void set_state(struct mrpc_channel *channel, enum mrpc_connectivity connectivity)
{
    atomic_store_explicit(&channel->state, (int)connectivity, memory_order_relaxed);
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

void mrpc_channel_place(struct mrpc_channel *channel, struct mrpc_client_attempt *attempt)
{
    if (state(channel) == MRPC_TRANSIENT_FAILURE && !attempt->call->wait_for_ready) {
        mrpc_attempt_fail(attempt, MRPC_UNAVAILABLE, channel->last_error);
        return;
    }
    enqueue(channel, attempt);
    if (state(channel) == MRPC_READY)
        mrpc_client_connection_touch(channel->connection);
    else if (state(channel) == MRPC_IDLE)
        connect_now(channel);
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
}

void mrpc_channel_forget(struct mrpc_channel *channel, struct mrpc_client_call *call)
{
    pthread_mutex_lock(&channel->lock);
    *call->all_link = call->all_next;
    if (call->all_next)
        call->all_next->all_link = call->all_link;
    pthread_mutex_unlock(&channel->lock);
}

/* Connecting. */

static void set_timer(struct mrpc_channel *channel, int64_t at_ms)
{
    /* The heap grows by one slot a channel; without it the channel would wait for the next call. */
    if (mrpc_loop_timer_set(channel->loop, &channel->timer, at_ms) != 0)
        set_state(channel, MRPC_IDLE);
}

/* The wait is measured from the start of the attempt: one that took long has waited already. */
static void all_failed(struct mrpc_channel *channel)
{
    set_state(channel, MRPC_TRANSIENT_FAILURE);
    set_timer(channel, channel->attempt_started_ms + mrpc_backoff_next_ms(&channel->backoff));
    fail_pending(channel);
}

static void note(struct mrpc_channel *channel, const char *why)
{
    snprintf(channel->last_error, sizeof channel->last_error, "%s", why);
}

static void connection_ready(void *arg, struct mrpc_client_connection *connection)
{
    struct mrpc_channel *channel = arg;
    set_state(channel, MRPC_READY);
    channel->connection_served = false;
}

static void connection_room(void *arg, struct mrpc_client_connection *connection)
{
    struct mrpc_channel *channel = arg;
    while (channel->connection == connection && channel->pending &&
           mrpc_client_session_can_open(mrpc_client_connection_session(connection))) {
        struct mrpc_client_attempt *attempt = channel->pending;
        mrpc_channel_withdraw(channel, attempt);
        if (!channel->connection_served)
            mrpc_backoff_reset(&channel->backoff);
        channel->connection_served = true;
        mrpc_attempt_begin(attempt, connection, channel->authority);
    }
}

/* The connection that was ready takes no more calls. One that never carried any counts as a failed attempt: else a
 * server that closes at once would be called again without a pause. */
static void leave_ready(struct mrpc_channel *channel)
{
    channel->connection = NULL;
    set_state(channel, MRPC_IDLE);
    if (!channel->pending)
        return;
    if (channel->connection_served)
        connect_now(channel);
    else
        all_failed(channel);
}

static void keep_draining(struct mrpc_channel *channel, struct mrpc_client_connection *connection)
{
    struct mrpc_client_connection **draining =
        realloc(channel->draining, (channel->draining_count + 1) * sizeof(struct mrpc_client_connection *));
    if (!draining) {
        mrpc_client_connection_close(connection, "out of memory");
        return;
    }
    channel->draining = draining;
    draining[channel->draining_count++] = connection;
}

static void connection_draining(void *arg, struct mrpc_client_connection *connection, bool too_many_pings)
{
    struct mrpc_channel *channel = arg;
    if (too_many_pings) /* gRFC A8 */
        channel->keepalive_time_ms *= 2;
    if (connection != channel->connection || state(channel) != MRPC_READY)
        return; /* while connecting: it will close */
    note(channel, "the server sent GOAWAY");
    keep_draining(channel, connection);
    leave_ready(channel);
}

static void forget_draining(struct mrpc_channel *channel, const struct mrpc_client_connection *connection)
{
    for (size_t i = 0; i < channel->draining_count; i++)
        if (channel->draining[i] == connection)
            channel->draining[i--] = channel->draining[--channel->draining_count];
}

static void try_next(struct mrpc_channel *channel);

static void connection_closed(void *arg, struct mrpc_client_connection *connection, const char *why)
{
    struct mrpc_channel *channel = arg;
    if (connection != channel->connection) {
        forget_draining(channel, connection);
        return;
    }
    note(channel, why);
    if (state(channel) == MRPC_READY) {
        leave_ready(channel);
        return;
    }
    channel->connection = NULL;
    try_next(channel);
}

static void try_next(struct mrpc_channel *channel)
{
    static const struct mrpc_client_connection_events events = {
        .ready = connection_ready,
        .draining = connection_draining,
        .room = connection_room,
        .closed = connection_closed,
    };
    if (channel->address_next == channel->addresses.count) {
        all_failed(channel);
        return;
    }
    const struct mrpc_client_connection_config config = {
        .address = &channel->addresses.items[channel->address_next++],
        .tls = channel->tls,
        .server_name = channel->server_name,
        .connect_timeout_ms = channel->connect_timeout_ms,
        .session = {.scheme = channel->tls ? "https" : "http",
                    .keepalive_time_ms = channel->keepalive_time_ms,
                    .keepalive_timeout_ms = channel->keepalive_timeout_ms},
    };
    int error = mrpc_client_connection_open(channel->loop, &config, &events, channel, &channel->connection);
    if (error) {
        note(channel, mrpc_error_text(error));
        all_failed(channel);
    }
}

static void use_addresses(struct mrpc_channel *channel, struct mrpc_address_list *addresses)
{
    mrpc_address_list_fini(&channel->addresses);
    channel->addresses = *addresses;
    *addresses = (struct mrpc_address_list){0};
    channel->address_next = 0;
    try_next(channel);
}

static void resolved(void *arg, struct mrpc_address_list *addresses, const char *why)
{
    struct mrpc_channel *channel = arg;
    channel->resolution = NULL;
    mrpc_loop_timer_cancel(channel->loop, &channel->timer);
    if (why) {
        note(channel, why);
        all_failed(channel);
        return;
    }
    use_addresses(channel, addresses);
}

static void look_up(struct mrpc_channel *channel)
{
    int error = mrpc_resolve_start(channel->loop, &channel->target, resolved, channel, &channel->resolution);
    if (error) {
        note(channel, mrpc_error_text(error));
        all_failed(channel);
        return;
    }
    set_timer(channel, channel->attempt_started_ms + channel->connect_timeout_ms);
}

static void connect_now(struct mrpc_channel *channel)
{
    struct mrpc_address_list addresses = {0};
    set_state(channel, MRPC_CONNECTING);
    channel->attempt_started_ms = mrpc_loop_time_ms(channel->loop);
    int error = mrpc_address_list_from_target(&channel->target, &addresses);
    if (error == MRPC_ERR_AGAIN) {
        look_up(channel);
        return;
    }
    if (error) {
        note(channel, mrpc_error_text(error));
        all_failed(channel);
        return;
    }
    use_addresses(channel, &addresses);
}

static void on_timer(struct mrpc_timer *timer)
{
    struct mrpc_channel *channel = (struct mrpc_channel *)((char *)timer - offsetof(struct mrpc_channel, timer));
    if (channel->resolution) {
        mrpc_resolve_cancel(channel->resolution);
        channel->resolution = NULL;
        snprintf(channel->last_error, sizeof channel->last_error, "resolve %.200s: timed out", channel->target.host);
        all_failed(channel);
        return;
    }
    if (channel->pending)
        connect_now(channel);
    else
        set_state(channel, MRPC_IDLE);
}

/* The end. */

static struct mrpc_client_call *any_open_call(struct mrpc_channel *channel)
{
    pthread_mutex_lock(&channel->lock);
    struct mrpc_client_call *call = channel->all;
    pthread_mutex_unlock(&channel->lock);
    return call;
}

void mrpc_channel_shut(struct mrpc_channel *channel)
{
    struct mrpc_client_call *call;
    set_state(channel, MRPC_SHUTDOWN);
    mrpc_loop_timer_cancel(channel->loop, &channel->timer);
    mrpc_resolve_cancel(channel->resolution);
    channel->resolution = NULL;
    while ((call = any_open_call(channel)))
        mrpc_call_core_end(call, MRPC_CANCELLED, "the channel was freed");
    struct mrpc_client_connection *connection = channel->connection;
    channel->connection = NULL;
    if (connection)
        mrpc_client_connection_close(connection, "the channel was freed");
    while (channel->draining_count > 0)
        mrpc_client_connection_close(channel->draining[--channel->draining_count], "the channel was freed");
}

void mrpc_channel_core_init(struct mrpc_channel *channel)
{
    channel->timer.fire = on_timer;
    channel->pending_end = &channel->pending;
}
