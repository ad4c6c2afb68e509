/* SPDX-License-Identifier: Apache-2.0 */
#include "session_run.h"

#include <string.h>

#include "fuzzer.h"

#define CONNECTION_MEMORY_BYTES (1 << 18)
/* What a session may have beyond its limits: input that it was handed in one piece, output that a frame ends in. */
#define BEYOND_BYTES (1 << 17)

static void on_wake(void *arg)
{
}

static void on_output(void *arg)
{
}

static void open_session(struct session_run *run)
{
    struct mrpc_server_options options = {.struct_bytes = sizeof options,
                                          .limits = {.receive_message_bytes = 1 << 16,
                                                     .connection_memory_bytes = CONNECTION_MEMORY_BYTES,
                                                     .send_message_bytes = 1 << 20}};
    MUST(mrpc_server_new(&options, &run->server) == 0);
    MUST(echo_service_add(&run->echo, run->server) == 0);
    if (run->prepare != NULL)
        run->prepare(run);
    struct mrpc_session_host_options host = {.struct_bytes = sizeof host, .wake = on_wake};
    MUST(mrpc_session_host_new(run->server, &host, &run->host) == 0);
    struct mrpc_session_options session = {
        .struct_bytes = sizeof session, .peer = "fuzz", .output_ready = on_output, .protocol = run->protocol};
    MUST(mrpc_session_new(run->host, &session, run->now_ms, &run->session) == 0);
    if (run->protocol != MRPC_PROTOCOL_HTTP1)
        mrpc_session_receive(run->session, run->now_ms, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
}

static void finish_held(struct session_run *run, int code)
{
    if (run->finish_held != NULL)
        run->finish_held(run);
    echo_service_finish_held(&run->echo, code);
}

static void take_output(struct session_run *run)
{
    struct iovec pieces[16];
    for (;;) {
        int count = mrpc_session_output(run->session, pieces, 16);
        MUST(run->session->output.pending_bytes <= SESSION_OUTPUT_HIGH_BYTES + BEYOND_BYTES);
        if (count == 0 || run->deaf)
            return;
        if (run->spoken != NULL)
            run->spoken(run, &pieces[0]);
        size_t size = 0;
        volatile uint8_t sum = 0;
        for (int i = 0; i < count; i++) {
            for (size_t k = 0; k < pieces[i].iov_len; k += 64)
                sum = (uint8_t)(sum + ((const uint8_t *)pieces[i].iov_base)[k]);
            size += pieces[i].iov_len;
        }
        mrpc_session_consume(run->session, run->now_ms, size);
    }
}

static void stir(struct session_run *run, uint32_t state, uint8_t mode)
{
    if (mode != 0 && state % mode == 0)
        finish_held(run, (int)(state >> 8 & 1));
    mrpc_session_host_process(run->host, run->now_ms);
    run->now_ms += state >> 20 & 0xff;
    mrpc_session_tick(run->session, run->now_ms);
    take_output(run);
}

/* A peer of HTTP/1.1 that sends ahead is not read from. */
static bool goes_on(const struct session_run *run)
{
    bool reads = run->protocol != MRPC_PROTOCOL_HTTP1 || mrpc_session_want_read(run->session);
    return reads && !mrpc_session_finished(run->session);
}

static void receive(struct session_run *run, const uint8_t *bytes, size_t size, uint8_t seed, uint8_t mode)
{
    uint32_t state = seed;
    while (size > 0 && goes_on(run)) {
        state = state * 1664525 + 1013904223;
        size_t piece = seed > 1 ? 1 + (state >> 24) % seed : size;
        if (piece > size)
            piece = size;
        mrpc_session_receive(run->session, run->now_ms, bytes, piece);
        MUST(run->session->charged_bytes <= CONNECTION_MEMORY_BYTES + BEYOND_BYTES);
        bytes += piece;
        size -= piece;
        stir(run, state, mode);
    }
}

void session_run_play(struct session_run *run, const uint8_t *data, size_t size)
{
    if (size < 2)
        return;
    run->now_ms = 1000000;
    run->deaf = data[0] & 1;
    run->echo.answer_at_cancel = data[1] & 1;
    open_session(run);
    receive(run, data + 2, size - 2, data[0], data[1] >> 1);
    if (data[1] & 2)
        mrpc_session_drain(run->session, run->now_ms);
    take_output(run);
    MUST(!mrpc_session_finished(run->session) || run->session->stream_count == 0);
    MUST(run->protocol != MRPC_PROTOCOL_HTTP1 || run->session->stream_count <= 1);
    mrpc_session_free(run->session);
    finish_held(run, 0);
    mrpc_session_host_process(run->host, run->now_ms);
    MUST(mrpc_session_host_calls(run->host) == 0);
    mrpc_session_host_free(run->host);
    mrpc_server_free(run->server);
}
