/* SPDX-License-Identifier: Apache-2.0 */
#include "client/subchannel.h"

#include <stdio.h>
#include <stdlib.h>

#include "channelz/card.h"
#include "client/channel_core.h"

#define PARKED INT64_MAX
/* A server that finds our PINGs too many even so has a fault of its own. */
#define KEEPALIVE_TIME_MAX_MS ((int64_t)24 * 60 * 60 * 1000)

static void set_state(struct mrpc_subchannel *subchannel, enum mrpc_connectivity state)
{
    if (subchannel->state == state)
        return;
    subchannel->state = state;
    mrpc_channelz_card_state(subchannel->card, state);
    if (subchannel->balancer)
        subchannel->balancer->class->changed(subchannel->balancer, subchannel);
}

static void note(struct mrpc_subchannel *subchannel, const char *why)
{
    snprintf(subchannel->why, sizeof subchannel->why, "%s", why);
}

/* The end of one. */

static void reap(struct mrpc_flusher *flusher)
{
    struct mrpc_subchannel *subchannel =
        (struct mrpc_subchannel *)((char *)flusher - offsetof(struct mrpc_subchannel, reaper));
    mrpc_channelz_card_free(subchannel->card);
    free(subchannel->draining);
    free(subchannel);
}

/* Its functions may be further up the stack: the memory stays until the end of the wake-up. */
static void let_go(struct mrpc_subchannel *subchannel)
{
    if (!subchannel->link)
        return;
    *subchannel->link = subchannel->next;
    if (subchannel->next)
        subchannel->next->link = subchannel->link;
    subchannel->link = NULL;
    mrpc_loop_flush_later(subchannel->channel->loop, &subchannel->reaper);
}

static void let_go_if_over(struct mrpc_subchannel *subchannel)
{
    if (subchannel->state == MRPC_SHUTDOWN && subchannel->draining_count == 0)
        let_go(subchannel);
}

/* Connections. */

static void stop_health(struct mrpc_subchannel *subchannel)
{
    mrpc_health_watch_stop(subchannel->health);
    subchannel->health = NULL;
}

/* The timer always has its slot in the heap. */
static void set_timer(struct mrpc_subchannel *subchannel, int64_t at_ms)
{
    int error = mrpc_loop_timer_set(subchannel->channel->loop, &subchannel->timer, at_ms);
    (void)error;
}

static void back_off(struct mrpc_subchannel *subchannel, int64_t until_ms)
{
    set_timer(subchannel, until_ms);
    set_state(subchannel, MRPC_TRANSIENT_FAILURE);
}

/* The wait is measured from the start of the attempt: one that took long has waited already. */
static void attempt_failed(struct mrpc_subchannel *subchannel, const char *why)
{
    subchannel->connection = NULL;
    note(subchannel, why);
    back_off(subchannel, subchannel->attempt_started_ms + mrpc_backoff_next_ms(&subchannel->backoff));
}

/* The connection that was ready takes no more calls. One that never carried any counts as a failed attempt: else a
 * server that closes at once would be called again without a pause. */
static void leave_ready(struct mrpc_subchannel *subchannel, const char *why)
{
    int64_t now_ms = mrpc_loop_time_ms(subchannel->channel->loop);
    stop_health(subchannel);
    subchannel->connection = NULL;
    note(subchannel, why);
    if (!subchannel->served) {
        int64_t until_ms = subchannel->attempt_started_ms + mrpc_backoff_next_ms(&subchannel->backoff);
        if (until_ms > now_ms) {
            back_off(subchannel, until_ms);
            return;
        }
    }
    set_state(subchannel, MRPC_IDLE);
}

static void on_timer(struct mrpc_timer *timer)
{
    struct mrpc_subchannel *subchannel =
        (struct mrpc_subchannel *)((char *)timer - offsetof(struct mrpc_subchannel, timer));
    set_timer(subchannel, PARKED);
    set_state(subchannel, MRPC_IDLE);
}

static void keep_draining(struct mrpc_subchannel *subchannel, struct mrpc_client_connection *connection)
{
    struct mrpc_client_connection **draining = realloc(
        subchannel->draining, (subchannel->draining_count + 1) * sizeof(struct mrpc_client_connection *));
    if (!draining) {
        mrpc_client_connection_close(connection, "out of memory");
        return;
    }
    subchannel->draining = draining;
    draining[subchannel->draining_count++] = connection;
}

static void forget_draining(struct mrpc_subchannel *subchannel, const struct mrpc_client_connection *connection)
{
    for (size_t i = 0; i < subchannel->draining_count; i++)
        if (subchannel->draining[i] == connection)
            subchannel->draining[i--] = subchannel->draining[--subchannel->draining_count];
    let_go_if_over(subchannel);
}

static void connection_ready(void *arg, struct mrpc_client_connection *connection)
{
    struct mrpc_subchannel *subchannel = arg;
    const struct mrpc_lb_choice *choice = &subchannel->channel->lb_choice;
    subchannel->ready = true;
    if (!choice->watch_health || !subchannel->balancer->class->watches_health) {
        set_state(subchannel, MRPC_READY);
        return;
    }
    subchannel->health = mrpc_health_watch_start(subchannel, choice->health_service);
    if (subchannel->health)
        return;
    mrpc_client_connection_close(connection, "out of memory");
    attempt_failed(subchannel, "out of memory");
}

static void connection_draining(void *arg, struct mrpc_client_connection *connection, bool too_many_pings)
{
    struct mrpc_subchannel *subchannel = arg;
    struct mrpc_channel *channel = subchannel->channel;
    if (too_many_pings && channel->keepalive_time_ms < KEEPALIVE_TIME_MAX_MS) /* gRFC A8 */
        channel->keepalive_time_ms *= 2;
    if (connection != subchannel->connection || !subchannel->ready)
        return; /* while connecting: it will close */
    keep_draining(subchannel, connection);
    leave_ready(subchannel, "the server sent GOAWAY");
}

static void connection_room(void *arg, struct mrpc_client_connection *connection)
{
    struct mrpc_subchannel *subchannel = arg;
    if (connection == subchannel->connection)
        mrpc_channel_has_room(subchannel->channel);
}

static void connection_closed(void *arg, struct mrpc_client_connection *connection, const char *why)
{
    struct mrpc_subchannel *subchannel = arg;
    if (connection != subchannel->connection)
        forget_draining(subchannel, connection);
    else if (subchannel->ready)
        leave_ready(subchannel, why);
    else
        attempt_failed(subchannel, why);
}

static int open_connection(struct mrpc_subchannel *subchannel)
{
    static const struct mrpc_client_connection_events events = {
        .ready = connection_ready,
        .draining = connection_draining,
        .room = connection_room,
        .closed = connection_closed,
    };
    const struct mrpc_channel *channel = subchannel->channel;
    const struct mrpc_client_connection_config config = {
        .address = &subchannel->address,
        .tls = channel->tls,
        .server_name = subchannel->address.server_name[0] ? subchannel->address.server_name : channel->server_name,
        .connect_timeout_ms = channel->connect_timeout_ms,
        .session = {.scheme = channel->tls ? "https" : "http",
                    .keepalive_time_ms = channel->keepalive_time_ms,
                    .keepalive_timeout_ms = channel->keepalive_timeout_ms},
    };
    return mrpc_client_connection_open(channel->loop, &config, &events, subchannel, &subchannel->connection);
}

void mrpc_subchannel_connect(struct mrpc_subchannel *subchannel)
{
    if (subchannel->state != MRPC_IDLE)
        return;
    subchannel->attempt_started_ms = mrpc_loop_time_ms(subchannel->channel->loop);
    subchannel->ready = subchannel->served = false;
    int error = open_connection(subchannel);
    if (error)
        attempt_failed(subchannel, mrpc_error_text(error));
    else
        set_state(subchannel, MRPC_CONNECTING);
}

/* From the last on: one that closes is replaced by the last, which has been asked. Ending calls runs callbacks, which
 * may free the channel: then there are none left. */
void mrpc_subchannel_give_up_silent(struct mrpc_subchannel *subchannel, uint32_t silent_ms)
{
    for (size_t i = subchannel->draining_count; i-- > 0;)
        if (i < subchannel->draining_count)
            mrpc_client_connection_give_up_silent(subchannel->draining[i], silent_ms);
    if (subchannel->connection)
        mrpc_client_connection_give_up_silent(subchannel->connection, silent_ms);
}

/* Calls. */

bool mrpc_subchannel_has_room(const struct mrpc_subchannel *subchannel)
{
    return subchannel->state == MRPC_READY &&
           mrpc_client_session_can_open(mrpc_client_connection_session(subchannel->connection));
}

void mrpc_subchannel_note_call(struct mrpc_subchannel *subchannel)
{
    if (!subchannel->served)
        mrpc_backoff_reset(&subchannel->backoff);
    subchannel->served = true;
}

void mrpc_subchannel_set_health(struct mrpc_subchannel *subchannel, bool serving, const char *why)
{
    if (!serving)
        note(subchannel, why);
    set_state(subchannel, serving ? MRPC_READY : MRPC_TRANSIENT_FAILURE);
}

/* Beginning and end. */

static bool is_for(const struct mrpc_subchannel *subchannel, const struct mrpc_address *address)
{
    return subchannel->state != MRPC_SHUTDOWN && subchannel->choice_number == subchannel->channel->choice_number &&
           mrpc_address_equal(&subchannel->address, address);
}

static struct mrpc_subchannel *subchannel_new(struct mrpc_channel *channel, const struct mrpc_address *address)
{
    struct mrpc_subchannel *subchannel = calloc(1, sizeof *subchannel);
    if (!subchannel)
        return NULL;
    subchannel->timer.fire = on_timer;
    if (mrpc_loop_timer_set(channel->loop, &subchannel->timer, PARKED) != 0) {
        free(subchannel);
        return NULL;
    }
    subchannel->channel = channel;
    subchannel->address = *address;
    if (channel->card)
        subchannel->card = mrpc_channelz_card_new(channel->card->id, address->text);
    subchannel->backoff = channel->backoff;
    subchannel->backoff.random ^= (uint64_t)(uintptr_t)subchannel;
    mrpc_backoff_reset(&subchannel->backoff);
    subchannel->choice_number = channel->choice_number;
    subchannel->reaper.run = reap;
    subchannel->next = channel->subchannels;
    if (subchannel->next)
        subchannel->next->link = &subchannel->next;
    subchannel->link = &channel->subchannels;
    channel->subchannels = subchannel;
    return subchannel;
}

struct mrpc_subchannel *mrpc_subchannel_acquire(struct mrpc_channel *channel, struct mrpc_balancer *balancer,
                                                const struct mrpc_address *address)
{
    struct mrpc_subchannel *subchannel = channel->subchannels;
    while (subchannel && !is_for(subchannel, address))
        subchannel = subchannel->next;
    if (!subchannel)
        subchannel = subchannel_new(channel, address);
    if (!subchannel)
        return NULL;
    subchannel->address.weight = address->weight;
    subchannel->balancer = balancer;
    subchannel->list_number = channel->list_number;
    return subchannel;
}

void mrpc_subchannel_retire(struct mrpc_subchannel *subchannel)
{
    struct mrpc_client_connection *connection = subchannel->connection;
    subchannel->balancer = NULL;
    subchannel->state = MRPC_SHUTDOWN;
    mrpc_channelz_card_state(subchannel->card, MRPC_SHUTDOWN);
    mrpc_loop_timer_cancel(subchannel->channel->loop, &subchannel->timer);
    stop_health(subchannel);
    subchannel->connection = NULL;
    if (connection && subchannel->ready) {
        keep_draining(subchannel, connection);
        mrpc_client_connection_drain(connection);
    } else if (connection) {
        mrpc_client_connection_close(connection, "its address is not used any more");
    }
    let_go_if_over(subchannel);
}

void mrpc_subchannel_close(struct mrpc_subchannel *subchannel, const char *why)
{
    struct mrpc_client_connection *connection = subchannel->connection;
    subchannel->balancer = NULL;
    subchannel->state = MRPC_SHUTDOWN;
    mrpc_channelz_card_state(subchannel->card, MRPC_SHUTDOWN);
    mrpc_loop_timer_cancel(subchannel->channel->loop, &subchannel->timer);
    stop_health(subchannel);
    subchannel->connection = NULL;
    if (connection)
        mrpc_client_connection_close(connection, why);
    while (subchannel->draining_count > 0)
        mrpc_client_connection_close(subchannel->draining[--subchannel->draining_count], why);
    let_go(subchannel);
}
