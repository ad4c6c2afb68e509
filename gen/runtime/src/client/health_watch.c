/* SPDX-License-Identifier: Apache-2.0 */
#include "client/health_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <grpc/health/v1/health.mrpc.h>
#include <mrpc/codec.h>
#include <nghttp2/nghttp2.h>

#include "client/channel_core.h"
#include "client/subchannel.h"
#include "wire/encoding.h"
#include "wire/frame.h"

#define WATCH_PATH "/grpc.health.v1.Health/Watch"
#define RESPONSE_MAX_BYTES 1024
/* Metadata and status of one attempt, and its decoded messages until the next attempt. */
#define ARENA_MAX_BYTES (256 * 1024)
#define PARKED INT64_MAX

typedef Mrpc__Priv__Grpc__Health__V1__HealthCheckRequest HealthRequest;
typedef Mrpc__Priv__Grpc__Health__V1__HealthCheckResponse HealthResponse;

struct mrpc_health_watch {
    struct mrpc_client_stream stream; /* first: found from its events */
    struct mrpc_subchannel *subchannel;
    struct mrpc_loop *loop;
    struct mrpc_arena *arena;
    struct mrpc_arena *message_arena;
    struct mrpc_buffer request; /* framed */
    size_t taken_bytes;
    bool answered; /* the attempt has brought a message */
    int64_t started_ms;
    struct mrpc_backoff backoff;
    struct mrpc_timer timer; /* the next attempt; else parked, so that setting it cannot fail */
    struct mrpc_flusher reaper;
};

static void attempt(struct mrpc_health_watch *watch);

static void try_later(struct mrpc_health_watch *watch)
{
    int error = mrpc_loop_timer_set(watch->loop, &watch->timer,
                                    watch->started_ms + mrpc_backoff_next_ms(&watch->backoff));
    (void)error;
}

/* The stream's events. */

static void on_headers(struct mrpc_client_stream *stream)
{
}

static size_t outgoing(struct mrpc_client_stream *stream, bool *last)
{
    const struct mrpc_health_watch *watch = (struct mrpc_health_watch *)stream;
    *last = true;
    return mrpc_buffer_size(&watch->request) - watch->taken_bytes;
}

static void take(struct mrpc_client_stream *stream, uint8_t *out, size_t size)
{
    struct mrpc_health_watch *watch = (struct mrpc_health_watch *)stream;
    memcpy(out, mrpc_buffer_bytes(&watch->request) + watch->taken_bytes, size);
    watch->taken_bytes += size;
}

static bool says_serving(struct mrpc_health_watch *watch, const uint8_t *bytes, size_t size)
{
    ProtobufCMessage *message;
    mrpc_arena_reset(watch->message_arena);
    int error = mrpc_decode(&mrpc__priv__grpc__health__v1__health_check_response__info, bytes, size, NULL,
                            watch->message_arena, &message, NULL);
    return !error && ((HealthResponse *)message)->status == (int)MRPC_SERVING;
}

static bool on_message(struct mrpc_client_stream *stream, const uint8_t *bytes, size_t size)
{
    struct mrpc_health_watch *watch = (struct mrpc_health_watch *)stream;
    if (!watch->answered)
        mrpc_backoff_reset(&watch->backoff);
    watch->answered = true;
    mrpc_subchannel_note_call(watch->subchannel);
    mrpc_subchannel_set_health(watch->subchannel, says_serving(watch, bytes, size),
                               "the server says that it is not serving");
    return true;
}

static void on_closed(struct mrpc_client_stream *stream, const struct mrpc_stream_end *end)
{
    struct mrpc_health_watch *watch = (struct mrpc_health_watch *)stream;
    char why[256];
    if (end->code == MRPC_UNIMPLEMENTED) {
        mrpc_subchannel_note_call(watch->subchannel);
        mrpc_subchannel_set_health(watch->subchannel, true, NULL);
        return;
    }
    snprintf(why, sizeof why, "the watch of the server's health ended: %s: %.160s", mrpc_code_name(end->code),
             end->message);
    try_later(watch);
    mrpc_subchannel_set_health(watch->subchannel, false, why);
}

/* Attempts. */

static size_t make_fields(const struct mrpc_channel *channel, const struct mrpc_client_connection *connection,
                          struct mrpc_request_field *fields)
{
    const char *const pairs[][2] = {
        {"te", "trailers"},
        {"content-type", "application/grpc"},
        {"grpc-accept-encoding", MRPC_ACCEPT_ENCODING},
        {"user-agent", channel->user_agent},
        {"authorization", mrpc_client_connection_is_private(connection) ? channel->authorization : NULL},
    };
    size_t count = 0;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (pairs[i][1])
            fields[count++] = (struct mrpc_request_field){.name = pairs[i][0],
                                                          .value = pairs[i][1],
                                                          .name_bytes = strlen(pairs[i][0]),
                                                          .value_bytes = strlen(pairs[i][1])};
    return count;
}

static void attempt(struct mrpc_health_watch *watch)
{
    struct mrpc_request_field fields[5];
    const struct mrpc_channel *channel = watch->subchannel->channel;
    struct mrpc_client_connection *connection = watch->subchannel->connection;
    size_t field_count = make_fields(channel, connection, fields);
    watch->started_ms = mrpc_loop_time_ms(watch->loop);
    watch->answered = false;
    watch->taken_bytes = 0;
    mrpc_arena_reset(watch->arena);
    int error = mrpc_client_session_open(mrpc_client_connection_session(connection), &watch->stream, WATCH_PATH,
                                         channel->authority, fields, field_count);
    if (error) /* as many streams as the server allows, or no memory */
        try_later(watch);
    else
        mrpc_client_connection_touch(connection);
}

static void on_timer(struct mrpc_timer *timer)
{
    struct mrpc_health_watch *watch =
        (struct mrpc_health_watch *)((char *)timer - offsetof(struct mrpc_health_watch, timer));
    int error = mrpc_loop_timer_set(watch->loop, &watch->timer, PARKED);
    (void)error;
    attempt(watch);
}

/* Beginning and end. */

static void watch_free(struct mrpc_health_watch *watch)
{
    mrpc_client_stream_fini(&watch->stream);
    mrpc_buffer_fini(&watch->request);
    mrpc_arena_free(watch->arena);
    mrpc_arena_free(watch->message_arena);
    free(watch);
}

static void reap(struct mrpc_flusher *flusher)
{
    watch_free((struct mrpc_health_watch *)((char *)flusher - offsetof(struct mrpc_health_watch, reaper)));
}

static int prepare(struct mrpc_health_watch *watch, const char *service)
{
    HealthRequest request;
    mrpc__priv__grpc__health__v1__health_check_request__init(&request);
    request.service = (char *)service;
    watch->arena = mrpc_arena_new(ARENA_MAX_BYTES);
    watch->message_arena = mrpc_arena_new(ARENA_MAX_BYTES);
    watch->stream.arena = watch->arena;
    if (!watch->arena || !watch->message_arena)
        return MRPC_ERR_NOMEM;
    return mrpc_frame_message(&mrpc__priv__grpc__health__v1__health_check_request__info, &request.base,
                              MRPC_ENCODING_IDENTITY, 0, &watch->request, NULL);
}

struct mrpc_health_watch *mrpc_health_watch_start(struct mrpc_subchannel *subchannel, const char *service)
{
    static const struct mrpc_client_stream_events events = {
        .headers = on_headers, .message = on_message, .outgoing = outgoing, .take = take, .closed = on_closed};
    struct mrpc_health_watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return NULL;
    mrpc_client_stream_init(&watch->stream, &events, RESPONSE_MAX_BYTES);
    watch->subchannel = subchannel;
    watch->loop = subchannel->channel->loop;
    watch->backoff = subchannel->channel->backoff;
    watch->backoff.random ^= (uint64_t)(uintptr_t)watch;
    mrpc_backoff_reset(&watch->backoff);
    watch->timer.fire = on_timer;
    watch->reaper.run = reap;
    if (prepare(watch, service) != 0 || mrpc_loop_timer_set(watch->loop, &watch->timer, PARKED) != 0) {
        watch_free(watch);
        return NULL;
    }
    attempt(watch);
    return watch;
}

void mrpc_health_watch_stop(struct mrpc_health_watch *watch)
{
    if (!watch)
        return;
    mrpc_client_stream_cancel(&watch->stream, NGHTTP2_CANCEL);
    mrpc_loop_timer_cancel(watch->loop, &watch->timer);
    mrpc_loop_flush_later(watch->loop, &watch->reaper);
}
