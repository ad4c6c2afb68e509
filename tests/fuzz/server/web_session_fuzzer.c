/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as an HTTP/1.1 client would send them, against a server session with test.Echo (by gRPC-Web and Connect) and
 * some routes behind it (session_run.h). Every request is answered once, and all that is said begins with "HTTP/1.1
 * ". */
#include <string.h>

#include <mrpc/web.h>

#include "fuzzer.h"
#include "session_run.h"

enum { HELD_MAX = 256, BODY_MAX = 4096 };

struct web_run {
    struct session_run base; /* first */
    struct mrpc_web *held[HELD_MAX];
    size_t held_count;
    bool spoke;
};

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
    struct web_run *run = self;
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

static void finish_held(struct session_run *base)
{
    struct web_run *run = (struct web_run *)base;
    while (run->held_count > 0)
        mrpc_web_respond(run->held[--run->held_count], 200, "text/plain", "late", 4);
}

static void spoken(struct session_run *base, const struct iovec *first)
{
    struct web_run *run = (struct web_run *)base;
    if (!run->spoke)
        MUST(first->iov_len >= 9 && memcmp(first->iov_base, "HTTP/1.1 ", 9) == 0);
    run->spoke = true;
}

static void add_route(struct session_run *run, const char *method, const char *path, bool prefix,
                      void (*handle)(void *self, struct mrpc_web *web))
{
    const struct mrpc_web_route route = {.struct_bytes = sizeof route, .method = method, .path = path, .prefix = prefix,
                                         .body_bytes = BODY_MAX, .timeout_ms = 5000, .handle = handle, .self = run};
    MUST(mrpc_server_add_route(run->server, &route) == 0);
}

static void prepare(struct session_run *run)
{
    static const char *const origins[] = {"https://pages.example"};
    const struct mrpc_web_options web = {.struct_bytes = sizeof web, .origins = origins, .origin_count = 1};
    MUST(mrpc_server_set_web(run->server, &web) == 0);
    add_route(run, NULL, "/echo", false, give_back);
    add_route(run, "GET", "/tree/", true, give_back);
    add_route(run, "GET", "/hold", false, hold);
    add_route(run, "GET", "/parts", false, in_parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct web_run *run = calloc(1, sizeof *run);
    MUST(run != NULL);
    run->base.protocol = MRPC_PROTOCOL_HTTP1;
    run->base.prepare = prepare;
    run->base.spoken = spoken;
    run->base.finish_held = finish_held;
    session_run_play(&run->base, data, size);
    free(run);
    return 0;
}
