/* SPDX-License-Identifier: Apache-2.0 */
/* Z1: bytes as a client would send them, against a server session with test.Echo behind it. The first byte chooses the
 * sizes of the pieces in which they arrive (0: all at once) and, by its lowest bit, whether the client takes what it is
 * sent; the second when calls that handlers hold are finished or resumed. The preface is sent for it. Whatever comes,
 * every call is destroyed once, memory that is counted comes back to nothing, and the output stays bounded. */
#include <string.h>

#include "echo_service.h"
#include "fuzzer.h"
#include "session/session.h"

struct run {
    struct mrpc_server *server;
    struct mrpc_session_host *host;
    struct mrpc_session *session;
    struct echo_service echo;
    int64_t now_ms;
    bool deaf;
};

static void on_wake(void *arg)
{
}

static void on_output(void *arg)
{
}

static void open_session(struct run *run)
{
    struct mrpc_server_options options = {
        .struct_bytes = sizeof options,
        .limits = {.receive_message_bytes = 1 << 16, .connection_memory_bytes = 1 << 18, .send_message_bytes = 1 << 20}};
    MUST(mrpc_server_new(&options, &run->server) == 0);
    MUST(echo_service_add(&run->echo, run->server) == 0);
    struct mrpc_session_host_options host = {.struct_bytes = sizeof host, .wake = on_wake};
    MUST(mrpc_session_host_new(run->server, &host, &run->host) == 0);
    struct mrpc_session_options session = {.struct_bytes = sizeof session, .peer = "fuzz", .output_ready = on_output};
    MUST(mrpc_session_new(run->host, &session, run->now_ms, &run->session) == 0);
    mrpc_session_receive(run->session, run->now_ms, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
}

static void take_output(struct run *run)
{
    struct iovec pieces[16];
    for (;;) {
        int count = mrpc_session_output(run->session, pieces, 16);
        MUST(run->session->output.pending_bytes <= SESSION_OUTPUT_HIGH_BYTES + (1 << 17));
        if (count == 0 || run->deaf)
            return;
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

static void stir(struct run *run, uint32_t state, uint8_t mode)
{
    if (mode != 0 && state % mode == 0)
        echo_service_finish_held(&run->echo, (int)(state >> 8 & 1));
    mrpc_session_host_process(run->host, run->now_ms);
    run->now_ms += state >> 20 & 0xff;
    mrpc_session_tick(run->session, run->now_ms);
    take_output(run);
}

static void receive(struct run *run, const uint8_t *bytes, size_t size, uint8_t seed, uint8_t mode)
{
    uint32_t state = seed;
    while (size > 0 && !mrpc_session_finished(run->session)) {
        state = state * 1664525 + 1013904223;
        size_t piece = seed > 1 ? 1 + (state >> 24) % seed : size;
        if (piece > size)
            piece = size;
        mrpc_session_receive(run->session, run->now_ms, bytes, piece);
        MUST(run->session->charged_bytes <= (1 << 18) + (1 << 17));
        bytes += piece;
        size -= piece;
        stir(run, state, mode);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct run *run = calloc(1, sizeof *run);
    MUST(run != NULL);
    run->now_ms = 1000000;
    run->deaf = data[0] & 1;
    run->echo.answer_at_cancel = data[1] & 1;
    open_session(run);
    receive(run, data + 2, size - 2, data[0], data[1] >> 1);
    if (data[1] & 2)
        mrpc_session_drain(run->session, run->now_ms);
    take_output(run);
    MUST(!mrpc_session_finished(run->session) || run->session->stream_count == 0);
    mrpc_session_free(run->session);
    echo_service_finish_held(&run->echo, 0);
    mrpc_session_host_process(run->host, run->now_ms);
    MUST(mrpc_session_host_calls(run->host) == 0);
    mrpc_session_host_free(run->host);
    mrpc_server_free(run->server);
    free(run);
    return 0;
}
