/* SPDX-License-Identifier: Apache-2.0 */
#include "session_harness.h"

#include <stdio.h>
#include <string.h>

#include "test.h"

static void on_ready(void *arg)
{
    ((struct harness *)arg)->ready_count++;
}

static void on_draining(void *arg, bool too_many_pings)
{
    struct harness *harness = arg;
    harness->draining_count++;
    harness->too_many_pings = too_many_pings;
}

void harness_init(struct harness *harness, int64_t keepalive_time_ms)
{
    static const struct mrpc_client_session_events events = {.ready = on_ready, .draining = on_draining};
    const struct mrpc_client_session_config config = {
        .scheme = "http", .keepalive_time_ms = keepalive_time_ms, .keepalive_timeout_ms = 20000};
    *harness = (struct harness){.now_ms = 1000};
    raw_peer_init(&harness->peer);
    assert_int_equal(mrpc_client_session_new(&config, &events, harness, harness->now_ms, &harness->session), 0);
}

void harness_init_ready(struct harness *harness)
{
    harness_init(harness, 0);
    raw_settings(&harness->peer);
    raw_settings_ack(&harness->peer);
    harness_run(harness);
    assert_int_equal(harness->ready_count, 1);
}

void harness_fini(struct harness *harness)
{
    mrpc_client_session_free(harness->session);
    raw_peer_fini(&harness->peer);
}

static void deliver(struct harness *harness)
{
    struct raw_peer *peer = &harness->peer;
    size_t step = harness->chunk ? harness->chunk : peer->out_size;
    for (size_t at = 0; at < peer->out_size; at += step) {
        size_t size = peer->out_size - at < step ? peer->out_size - at : step;
        int error = mrpc_client_session_receive(harness->session, peer->out + at, size, harness->now_ms);
        if (error)
            harness->receive_error = error;
    }
    peer->out_size = 0;
}

void harness_run(struct harness *harness)
{
    struct mrpc_buffer out = {0};
    do {
        deliver(harness);
        mrpc_buffer_clear(&out, 0);
        assert_int_equal(mrpc_client_session_produce(harness->session, &out, 1 << 20), 0);
        if (mrpc_buffer_size(&out) > 0)
            raw_peer_receive(&harness->peer, mrpc_buffer_bytes(&out), mrpc_buffer_size(&out));
    } while (mrpc_buffer_size(&out) > 0 || harness->peer.out_size > 0);
    mrpc_buffer_fini(&out);
}

static void on_headers(struct mrpc_client_stream *stream)
{
    ((struct probe *)stream)->headers_count++;
}

static bool on_message(struct mrpc_client_stream *stream, const uint8_t *bytes, size_t size)
{
    struct probe *probe = (struct probe *)stream;
    assert_true(probe->message_count < MESSAGES_MAX);
    if (probe->message_count == 0)
        snprintf(probe->first_message, sizeof probe->first_message, "%.*s", (int)size, (const char *)bytes);
    probe->message_bytes[probe->message_count++] = size;
    return !probe->hold;
}

static size_t outgoing(struct mrpc_client_stream *stream, bool *last)
{
    struct probe *probe = (struct probe *)stream;
    *last = probe->half_closed;
    return probe->request_bytes - probe->taken;
}

static void take(struct mrpc_client_stream *stream, uint8_t *out, size_t size)
{
    struct probe *probe = (struct probe *)stream;
    memcpy(out, probe->request + probe->taken, size);
    probe->taken += size;
}

static void closed(struct mrpc_client_stream *stream, const struct mrpc_stream_end *end)
{
    struct probe *probe = (struct probe *)stream;
    assert_null(stream->session);
    probe->closed_count++;
    probe->end = *end;
    snprintf(probe->end_message, sizeof probe->end_message, "%s", end->message);
}

void probe_init(struct probe *probe)
{
    static const struct mrpc_client_stream_events events = {
        .headers = on_headers, .message = on_message, .outgoing = outgoing, .take = take, .closed = closed};
    *probe = (struct probe){.arena = mrpc_arena_new(1 << 20)};
    mrpc_client_stream_init(&probe->stream, &events, 4 << 20);
    probe->stream.arena = probe->arena;
}

void probe_fini(struct probe *probe)
{
    mrpc_client_stream_fini(&probe->stream);
    mrpc_arena_free(probe->arena);
}

void probe_open(struct probe *probe, struct harness *harness, const char *request)
{
    static const struct mrpc_request_field fields[] = {{"te", "trailers", 2, 8},
                                                       {"content-type", "application/grpc", 12, 16}};
    probe->request = request;
    probe->request_bytes = strlen(request);
    probe->half_closed = true;
    assert_int_equal(
        mrpc_client_session_open(harness->session, &probe->stream, "/test.Echo/Say", "localhost", fields, 2), 0);
}
