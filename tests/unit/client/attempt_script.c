/* SPDX-License-Identifier: Apache-2.0 */
#include "attempt_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "test.h"

int64_t attempt_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void note(struct scripted_server *server, int32_t id, size_t index)
{
    struct attempt_script *script = server->arg;
    const struct raw_frame *headers = raw_peer_find(server->peer, NGHTTP2_HEADERS, id);
    const char *previous = raw_frame_header(headers, "grpc-previous-rpc-attempts");
    script->at_ms[index] = attempt_clock_ms();
    snprintf(script->previous[index], sizeof script->previous[index], "%s", previous ? previous : "");
    free(scripted_body(server, id, &script->body_bytes[index]));
}

static void fail_stream(struct scripted_server *server, int32_t id, const struct attempt_step *step)
{
    const struct raw_field fields[] = {{":status", "200"},
                                       {"content-type", "application/grpc"},
                                       {"grpc-status", step->status},
                                       {"grpc-message", "as scripted"},
                                       {"grpc-retry-pushback-ms", step->pushback}};
    raw_headers(server->peer, id, true, fields, step->pushback ? 5 : 4);
}

static void react(struct scripted_server *server, int32_t id, const struct attempt_step *step)
{
    switch (step->reaction) {
    case ATTEMPT_ECHO:
        scripted_echo(server, id);
        break;
    case ATTEMPT_FAIL:
        fail_stream(server, id, step);
        break;
    case ATTEMPT_FAIL_LATE:
        raw_ok_headers(server->peer, id);
        raw_trailers(server->peer, id, step->status, NULL);
        break;
    case ATTEMPT_REFUSE:
        raw_rst(server->peer, id, NGHTTP2_REFUSED_STREAM);
        break;
    case ATTEMPT_IGNORE:
        break;
    case ATTEMPT_ECHO_EARLIER:
        scripted_echo(server, id - 2);
        break;
    case ATTEMPT_FAIL_EARLIER:
        fail_stream(server, id - 2, step);
        break;
    }
    scripted_flush(server);
}

void attempt_script_run(struct scripted_server *server, unsigned connection)
{
    struct attempt_script *script = server->arg;
    int32_t id = 1;
    scripted_hello(server);
    for (size_t i = 0; i < script->step_count; i++, id += 2) {
        if (!scripted_wait(server, NGHTTP2_DATA, id, NGHTTP2_FLAG_END_STREAM))
            break;
        note(server, id, i);
        react(server, id, &script->steps[i]);
    }
    scripted_wait_close(server);
    script->attempts = raw_peer_count(server->peer, NGHTTP2_HEADERS, -1);
    for (size_t i = 0; i < server->peer->frame_count; i++) {
        const struct raw_frame *frame = &server->peer->frames[i];
        script->cancelled += frame->type == NGHTTP2_RST_STREAM && raw_frame_error(frame) == NGHTTP2_CANCEL;
    }
}

struct mrpc_channel *attempt_channel(const struct scripted_server *server, const char *config)
{
    const struct mrpc_channel_options options = {
        .struct_bytes = sizeof options, .backoff_base_ms = 20, .backoff_max_ms = 100, .service_config = config};
    struct mrpc_channel *channel;
    assert_int_equal(mrpc_channel_new(server->target, &options, &channel), 0);
    return channel;
}
