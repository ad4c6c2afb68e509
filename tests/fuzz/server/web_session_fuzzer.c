/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as an HTTP/1.1 client would send them, against a server session with test.Echo (by gRPC-Web and Connect) and some routes behind
 * it. The first byte chooses the sizes of the pieces in which they arrive (0: all at once) and, by its lowest bit, whether
 * the client takes what it is sent; the second when requests that handlers hold are answered. Whatever comes, every
 * request is answered once and destroyed once, what is kept stays bounded, and all that is said begins with "HTTP/1.1 ". */
#include <string.h>

#include <mrpc/web.h>

#include "echo_service.h"
#include "fuzzer.h"
#include "session/session.h"

enum { HELD_MAX = 256, BODY_MAX = 4096, AHEAD_MAX = 1 << 17 };

struct run {
    struct mrpc_server *server;
    struct mrpc_session_host *host;
    struct mrpc_session *session;
    struct echo_service echo;
    struct mrpc_web *held[HELD_MAX];
    size_t held_count;
    int64_t now_ms;
    bool deaf, spoke;
};

static void on_wake(void *arg)
{
}

static void on_output(void *arg)
{
}

static void give_back(void *self, struct mrpc_web *web)
{
    size_t size;
    const void *body = mrpc_web_body(web, &size);
    MUST(size <= BODY_MAX);
    MUST(mrpc_web_path(web)[0] == '/' || strcmp(mrpc_web_path(web), "*") == 0);
    (void)!mrpc_web_add_header(web, "x-query", mrpc_web_query(web));
    mrpc_web_respond(web, 200, mrpc_web_content_type(web), body, size);
}

static void hold(void *self, struct mrpc_web *web)
{
    struct run *run = self;
    if (run->held_count == HELD_MAX)
        mrpc_web_respond(web, 503, NULL, NULL, 0);
    else
        run->held[run->held_count++] = web;
}

static void in_parts(void *self, struct mrpc_web *web)
{
    mrpc_web_begin(web, 200, "text/plain");
    (void)!mrpc_web_send(web, "abc", 3);
    (void)!mrpc_web_send(web, "defg", 4);
    mrpc_web_end(web);
}

static void answer_held(struct run *run)
{
    while (run->held_count > 0)
        mrpc_web_respond(run->held[--run->held_count], 200, "text/plain", "late", 4);
}

static void add_route(struct run *run, const char *method, const char *path, bool prefix,
                      void (*handle)(void *self, struct mrpc_web *web))
{
    const struct mrpc_web_route route = {.struct_bytes = sizeof route, .method = method, .path = path, .prefix = prefix,
                                         .body_bytes = BODY_MAX, .timeout_ms = 5000, .handle = handle, .self = run};
    MUST(mrpc_server_add_route(run->server, &route) == 0);
}

static void open_session(struct run *run)
{
    static const char *const origins[] = {"https://pages.example"};
    struct mrpc_server_options options = {
        .struct_bytes = sizeof options,
        .limits = {.receive_message_bytes = 1 << 16, .connection_memory_bytes = 1 << 18, .send_message_bytes = 1 << 20}};
    const struct mrpc_web_options web = {.struct_bytes = sizeof web, .origins = origins, .origin_count = 1};
    MUST(mrpc_server_new(&options, &run->server) == 0);
    MUST(mrpc_server_set_web(run->server, &web) == 0);
    MUST(echo_service_add(&run->echo, run->server) == 0);
    add_route(run, NULL, "/echo", false, give_back);
    add_route(run, "GET", "/tree/", true, give_back);
    add_route(run, "GET", "/hold", false, hold);
    add_route(run, "GET", "/parts", false, in_parts);
    struct mrpc_session_host_options host = {.struct_bytes = sizeof host, .wake = on_wake};
    MUST(mrpc_session_host_new(run->server, &host, &run->host) == 0);
    struct mrpc_session_options session = {.struct_bytes = sizeof session, .peer = "fuzz", .output_ready = on_output,
                                           .protocol = MRPC_PROTOCOL_HTTP1};
    MUST(mrpc_session_new(run->host, &session, run->now_ms, &run->session) == 0);
}

static void take_output(struct run *run)
{
    struct iovec pieces[16];
    for (;;) {
        int count = mrpc_session_output(run->session, pieces, 16);
        MUST(run->session->output.pending_bytes <= SESSION_OUTPUT_HIGH_BYTES + (1 << 17));
        if (count == 0 || run->deaf)
            return;
        if (!run->spoke)
            MUST(pieces[0].iov_len >= 9 && memcmp(pieces[0].iov_base, "HTTP/1.1 ", 9) == 0);
        run->spoke = true;
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
    if (mode != 0 && state % mode == 0) {
        answer_held(run);
        echo_service_finish_held(&run->echo, (int)(state >> 8 & 1));
    }
    mrpc_session_host_process(run->host, run->now_ms);
    run->now_ms += state >> 20 & 0xff;
    mrpc_session_tick(run->session, run->now_ms);
    take_output(run);
}

static void receive(struct run *run, const uint8_t *bytes, size_t size, uint8_t seed, uint8_t mode)
{
    uint32_t state = seed;
    while (size > 0 && !mrpc_session_finished(run->session) && mrpc_session_want_read(run->session)) {
        state = state * 1664525 + 1013904223;
        size_t piece = seed > 1 ? 1 + (state >> 24) % seed : size;
        if (piece > size)
            piece = size;
        mrpc_session_receive(run->session, run->now_ms, bytes, piece);
        MUST(run->session->charged_bytes <= (1 << 18) + AHEAD_MAX);
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
    MUST(run->session->stream_count <= 1);
    mrpc_session_free(run->session);
    answer_held(run);
    echo_service_finish_held(&run->echo, 0);
    mrpc_session_host_process(run->host, run->now_ms);
    MUST(mrpc_session_host_calls(run->host) == 0);
    mrpc_session_host_free(run->host);
    mrpc_server_free(run->server);
    free(run);
    return 0;
}
