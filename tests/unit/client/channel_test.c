/* SPDX-License-Identifier: Apache-2.0 */
#include <mrpc/channel.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "echo_methods.h"
#include "outside_server.h"
#include "scripted_server.h"
#include "test.h"

/* Channels and calls against a server on loopback that follows a script. */

static struct mrpc_channel *open_channel(const char *target)
{
    const struct mrpc_channel_options options = {
        .struct_bytes = sizeof options, .backoff_base_ms = 20, .backoff_max_ms = 100, .connect_timeout_ms = 5000};
    struct mrpc_channel *channel;
    assert_int_equal(mrpc_channel_new(target, &options, &channel), 0);
    return channel;
}

static const char *say(struct mrpc_channel *channel, const struct mrpc_call_options *options, const char *text,
                       struct mrpc_reply *reply)
{
    EchoText request = echo_text(text);
    const ProtobufCMessage *response = mrpc_channel_unary(channel, &echo_say, options, &request.base, reply);
    return response ? echo_value(response) : NULL;
}

static void assert_code(const struct mrpc_reply *reply, enum mrpc_code code)
{
    if (reply->status.code != code)
        print_message("%s: %s\n", mrpc_code_name(reply->status.code), reply->status.message);
    assert_int_equal(reply->status.code, code);
}

static void echo_once(struct scripted_server *server, unsigned connection)
{
    scripted_hello(server);
    assert_non_null(scripted_wait(server, NGHTTP2_DATA, 1, NGHTTP2_FLAG_END_STREAM));
    const struct raw_frame *headers = raw_peer_find(server->peer, NGHTTP2_HEADERS, 1);
    char *seen = server->arg;
    if (seen)
        snprintf(seen, 2048, "%s", headers->headers);
    scripted_echo(server, 1);
    scripted_wait_close(server);
}

static void a_blocking_unary_call_brings_the_response(void **state)
{
    struct scripted_server server = {0};
    scripted_server_start(&server, 1, echo_once);
    struct mrpc_channel *channel = open_channel(server.target);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    assert_int_equal(mrpc_channel_state(channel), MRPC_IDLE);
    assert_string_equal(say(channel, NULL, "hello", &reply), "hello");
    assert_code(&reply, MRPC_OK);
    assert_int_equal(mrpc_channel_state(channel), MRPC_READY);
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
}

static void request_headers_are_in_the_order_of_the_specification(void **state)
{
    char seen[2048] = "";
    struct scripted_server server = {.arg = seen};
    scripted_server_start(&server, 1, echo_once);
    const struct mrpc_channel_options options = {
        .struct_bytes = sizeof options, .user_agent = "tests/1", .authority = "example.org", .bearer_token = "secret"};
    struct mrpc_channel *channel;
    assert_int_equal(mrpc_channel_new(server.target, &options, &channel), 0);
    const struct mrpc_metadatum metadata[] = {{"k", "v", 1}, {"b-bin", "\0\1\377", 3}, {"k", "w", 1}};
    const struct mrpc_call_options call = {.struct_bytes = sizeof call,
                                           .timeout_ms = 90000000,
                                           .compress = true,
                                           .metadata = metadata,
                                           .metadata_count = 3};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    say(channel, &call, "hello", &reply);
    char expected[2048];
    snprintf(expected, sizeof expected,
             ":method: POST\n:scheme: http\n:path: /test.Echo/Say\n:authority: example.org\nte: trailers\n"
             "grpc-timeout: %%s\ncontent-type: application/grpc\ngrpc-encoding: gzip\n"
             "grpc-accept-encoding: identity,deflate,gzip\nuser-agent: tests/1 mrpc-c/0.1.0\n"
             "authorization: Bearer secret\nk: v\nb-bin: AAH/\nk: w\n");
    char *timeout = strstr(seen, "grpc-timeout: ") + 14;
    char value[16];
    snprintf(value, sizeof value, "%.*s", (int)strcspn(timeout, "\n"), timeout);
    char whole[2048];
    char *mark = strstr(expected, "%s");
    snprintf(whole, sizeof whole, "%.*s%s%s", (int)(mark - expected), expected, value, mark + 2);
    assert_string_equal(seen, whole);
    assert_int_equal(strlen(value), 9);
    assert_int_equal(value[8], 'm');
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
}

static void fail_with_details(struct scripted_server *server, unsigned connection)
{
    const struct raw_field fields[] = {{":status", "200"},
                                       {"content-type", "application/grpc"},
                                       {"grpc-status", "9"},
                                       {"grpc-message", "not%20now"},
                                       {"grpc-status-details-bin", "CAk"},
                                       {"trace-bin", "/w"}};
    scripted_hello(server);
    assert_non_null(scripted_wait(server, NGHTTP2_DATA, 1, NGHTTP2_FLAG_END_STREAM));
    raw_headers(server->peer, 1, true, fields, 6);
    scripted_wait_close(server);
}

static void an_error_brings_message_details_and_metadata(void **state)
{
    struct scripted_server server = {0};
    scripted_server_start(&server, 1, fail_with_details);
    struct mrpc_channel *channel = open_channel(server.target);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    assert_null(say(channel, NULL, "hello", &reply));
    assert_code(&reply, MRPC_FAILED_PRECONDITION);
    assert_string_equal(reply.status.message, "not now");
    assert_int_equal(reply.status.details_bytes, 2);
    assert_memory_equal(mrpc_metadata_find(&reply.trailers, "trace-bin")->value, "\xff", 1);
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
}

/* Stream 1 is refused, or lies above GOAWAY's last id; the second attempt is served. */

static void refuse_then_echo(struct scripted_server *server, unsigned connection)
{
    scripted_hello(server);
    assert_non_null(scripted_wait(server, NGHTTP2_DATA, 1, NGHTTP2_FLAG_END_STREAM));
    raw_rst(server->peer, 1, NGHTTP2_REFUSED_STREAM);
    assert_non_null(scripted_wait(server, NGHTTP2_DATA, 3, NGHTTP2_FLAG_END_STREAM));
    scripted_echo(server, 3);
    scripted_wait_close(server);
}

static void a_refused_stream_is_sent_again(void **state)
{
    struct scripted_server server = {0};
    scripted_server_start(&server, 1, refuse_then_echo);
    struct mrpc_channel *channel = open_channel(server.target);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    assert_string_equal(say(channel, NULL, "hello", &reply), "hello");
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
}

static void refuse_always(struct scripted_server *server, unsigned connection)
{
    scripted_hello(server);
    for (int32_t id = 1; scripted_wait(server, NGHTTP2_DATA, id, NGHTTP2_FLAG_END_STREAM); id += 2) {
        raw_rst(server->peer, id, NGHTTP2_REFUSED_STREAM);
        *(int *)server->arg = id;
    }
}

static void a_server_that_always_refuses_is_believed_in_the_end(void **state)
{
    int last_id = 0;
    struct scripted_server server = {.arg = &last_id};
    scripted_server_start(&server, 1, refuse_always);
    struct mrpc_channel *channel = open_channel(server.target);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    assert_null(say(channel, NULL, "hello", &reply));
    assert_code(&reply, MRPC_UNAVAILABLE);
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
    assert_int_equal(last_id, 3); /* gRFC A6: one transparent retry */
}

/* Metadata that no attempt can carry is not tried for ever: over 64 KiB, or over what the server says it takes. */

static void allow_few_headers(struct scripted_server *server, unsigned connection)
{
    raw_setting(server->peer, NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 2000);
    raw_settings_ack(server->peer);
    assert_non_null(scripted_wait(server, NGHTTP2_DATA, 1, NGHTTP2_FLAG_END_STREAM));
    scripted_echo(server, 1);
    scripted_wait_close(server);
}

static enum mrpc_code say_with_metadata(struct mrpc_channel *channel, size_t value_bytes)
{
    char *value = malloc(value_bytes + 1);
    memset(value, 'v', value_bytes);
    const struct mrpc_metadatum metadata = {"k", value, value_bytes};
    const struct mrpc_call_options options = {
        .struct_bytes = sizeof options, .timeout_ms = 20000, .metadata = &metadata, .metadata_count = 1};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    say(channel, &options, "hello", &reply);
    enum mrpc_code code = reply.status.code;
    mrpc_reply_fini(&reply);
    free(value);
    return code;
}

static void metadata_larger_than_the_server_takes_ends_the_call(void **state)
{
    struct scripted_server server = {0};
    scripted_server_start(&server, 1, allow_few_headers);
    struct mrpc_channel *channel = open_channel(server.target);
    assert_int_equal(say_with_metadata(channel, 2000), MRPC_RESOURCE_EXHAUSTED);
    assert_int_equal(say_with_metadata(channel, 1000), MRPC_OK);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
}

static void metadata_over_64_kib_ends_the_call(void **state)
{
    struct scripted_server server = {0};
    scripted_server_start(&server, 1, echo_once);
    struct mrpc_channel *channel = open_channel(server.target);
    assert_int_equal(say_with_metadata(channel, 65536), MRPC_RESOURCE_EXHAUSTED);
    assert_int_equal(say_with_metadata(channel, 1000), MRPC_OK); /* the connection has not suffered */
    mrpc_channel_free(channel);
    scripted_server_join(&server);
}

static void goaway_then_echo(struct scripted_server *server, unsigned connection)
{
    scripted_hello(server);
    assert_non_null(scripted_wait(server, NGHTTP2_DATA, 1, NGHTTP2_FLAG_END_STREAM));
    if (connection == 0)
        raw_goaway(server->peer, 0, NGHTTP2_NO_ERROR, "");
    else
        scripted_echo(server, 1);
    scripted_wait_close(server);
}

static void a_stream_above_goaway_is_sent_on_a_new_connection(void **state)
{
    struct scripted_server server = {0};
    scripted_server_start(&server, 2, goaway_then_echo);
    struct mrpc_channel *channel = open_channel(server.target);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    assert_string_equal(say(channel, NULL, "hello", &reply), "hello");
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
}

static void close_on_request(struct scripted_server *server, unsigned connection)
{
    scripted_hello(server);
    assert_non_null(scripted_wait(server, NGHTTP2_DATA, 1, NGHTTP2_FLAG_END_STREAM));
}

static void what_the_server_may_have_seen_is_not_sent_again(void **state)
{
    struct scripted_server server = {0};
    scripted_server_start(&server, 1, close_on_request);
    struct mrpc_channel *channel = open_channel(server.target);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    assert_null(say(channel, NULL, "hello", &reply));
    assert_code(&reply, MRPC_UNAVAILABLE);
    assert_non_null(strstr(reply.status.message, "closed by the server"));
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
}

static void answer_nothing(struct scripted_server *server, unsigned connection)
{
    scripted_hello(server);
    const struct raw_frame *reset = scripted_wait(server, NGHTTP2_RST_STREAM, 1, 0);
    if (server->arg && reset)
        *(uint32_t *)server->arg = raw_frame_error(reset);
    scripted_wait_close(server);
}

/* A server that waits for a connection would wait for ever for one that a deadline kept from being made. */
static void wait_until_ready(struct mrpc_channel *channel)
{
    enum mrpc_connectivity state = MRPC_IDLE;
    mrpc_channel_connect(channel);
    while (state != MRPC_READY)
        assert_int_equal(mrpc_channel_wait_state(channel, state, 60000, &state), 0);
}

static void a_deadline_ends_the_call_and_resets_the_stream(void **state)
{
    uint32_t code = 0;
    struct scripted_server server = {.arg = &code};
    scripted_server_start(&server, 1, answer_nothing);
    struct mrpc_channel *channel = open_channel(server.target);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const struct mrpc_call_options options = {.struct_bytes = sizeof options, .timeout_ms = 400};
    wait_until_ready(channel);
    assert_null(say(channel, &options, "hello", &reply));
    assert_code(&reply, MRPC_DEADLINE_EXCEEDED);
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
    assert_int_equal(code, NGHTTP2_CANCEL);
}

static void a_deadline_that_has_passed_sends_nothing(void **state)
{
    struct mrpc_channel *channel = open_channel("127.0.0.1:1");
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const struct mrpc_call_options options = {.struct_bytes = sizeof options, .timeout_ms = -5};
    assert_null(say(channel, &options, "hello", &reply));
    assert_code(&reply, MRPC_DEADLINE_EXCEEDED);
    assert_int_equal(mrpc_channel_state(channel), MRPC_IDLE);
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
}

static void nobody_there_is_unavailable_at_once(void **state)
{
    struct mrpc_channel *channel = open_channel("127.0.0.1:1");
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    assert_null(say(channel, NULL, "hello", &reply));
    assert_code(&reply, MRPC_UNAVAILABLE);
    assert_string_equal(reply.status.message, "connect to 127.0.0.1:1: Connection refused");
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    channel = open_channel("unix:/nonexistent/socket");
    assert_null(say(channel, NULL, "hello", &reply));
    assert_code(&reply, MRPC_UNAVAILABLE);
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
}

static void wait_for_ready_waits_to_the_deadline(void **state)
{
    struct mrpc_channel *channel = open_channel("127.0.0.1:1");
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const struct mrpc_call_options options = {
        .struct_bytes = sizeof options, .timeout_ms = 100, .wait_for_ready = true};
    assert_null(say(channel, &options, "hello", &reply));
    assert_code(&reply, MRPC_DEADLINE_EXCEEDED);
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
}

static void the_next_address_is_tried(void **state)
{
    char target[128];
    struct scripted_server server = {0};
    scripted_server_start(&server, 1, echo_once);
    snprintf(target, sizeof target, "ipv4:127.0.0.1:1,%s", server.target);
    struct mrpc_channel *channel = open_channel(target);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    assert_string_equal(say(channel, NULL, "hello", &reply), "hello");
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
}

static void a_name_is_looked_up(void **state)
{
    char target[128];
    struct scripted_server server = {0};
    scripted_server_start(&server, 1, echo_once);
    snprintf(target, sizeof target, "dns:///localhost:%u", server.port);
    struct mrpc_channel *channel = open_channel(target);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    assert_string_equal(say(channel, NULL, "hello", &reply), "hello");
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
}

static void no_response(struct scripted_server *server, unsigned connection)
{
    scripted_hello(server);
    for (int32_t id = 1; scripted_wait(server, NGHTTP2_DATA, id, NGHTTP2_FLAG_END_STREAM); id += 2) {
        raw_ok_headers(server->peer, id);
        for (int i = 0; i < id - 1; i++)
            raw_message(server->peer, id, false, "\n\1x", 3);
        raw_trailers(server->peer, id, "0", NULL);
    }
}

static void a_unary_call_wants_exactly_one_response(void **state)
{
    struct scripted_server server = {0};
    scripted_server_start(&server, 1, no_response);
    struct mrpc_channel *channel = open_channel(server.target);
    for (int i = 0; i < 2; i++) { /* none, then two */
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        assert_null(say(channel, NULL, "hello", &reply));
        assert_code(&reply, MRPC_UNIMPLEMENTED);
        mrpc_reply_fini(&reply);
    }
    mrpc_channel_free(channel);
    scripted_server_join(&server);
}

static void undecodable(struct scripted_server *server, unsigned connection)
{
    scripted_hello(server);
    assert_non_null(scripted_wait(server, NGHTTP2_DATA, 1, NGHTTP2_FLAG_END_STREAM));
    raw_ok_headers(server->peer, 1);
    raw_message(server->peer, 1, false, "\n\5x", 3);
    raw_trailers(server->peer, 1, "0", NULL);
    scripted_wait_close(server);
}

static void a_response_that_cannot_be_decoded_is_internal(void **state)
{
    struct scripted_server server = {0};
    scripted_server_start(&server, 1, undecodable);
    struct mrpc_channel *channel = open_channel(server.target);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    assert_null(say(channel, NULL, "hello", &reply));
    assert_code(&reply, MRPC_INTERNAL);
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
}

static void what_cannot_be_sent_fails_before_it_is(void **state)
{
    const struct mrpc_channel_options options = {.struct_bytes = sizeof options, .send_message_bytes = 10};
    struct mrpc_channel *channel;
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    assert_int_equal(mrpc_channel_new("127.0.0.1:1", &options, &channel), 0);
    assert_null(say(channel, NULL, "\xff", &reply));
    assert_code(&reply, MRPC_INTERNAL);
    mrpc_reply_fini(&reply);
    assert_null(say(channel, NULL, "longer than ten bytes", &reply));
    assert_code(&reply, MRPC_RESOURCE_EXHAUSTED);
    mrpc_reply_fini(&reply);
    static const struct mrpc_metadatum bad[] = {
        {"Upper", "v", 1}, {"grpc-x", "v", 1}, {"a", "\n", 1}, {":path", "/", 1}};
    for (size_t i = 0; i < 4; i++) {
        const struct mrpc_call_options call = {.struct_bytes = sizeof call, .metadata = &bad[i], .metadata_count = 1};
        assert_null(say(channel, &call, "x", &reply));
        assert_code(&reply, MRPC_INTERNAL);
        mrpc_reply_fini(&reply);
    }
    mrpc_channel_free(channel);
}

/* A loop that the program drives. */

struct outcome {
    unsigned done_count;
    enum mrpc_code code;
    char text[64];
    struct mrpc_channel *channel;
    bool free_channel;
};

static void note_outcome(void *arg, const ProtobufCMessage *response, const struct mrpc_reply *reply)
{
    struct outcome *outcome = arg;
    outcome->done_count++;
    outcome->code = reply->status.code;
    if (response)
        snprintf(outcome->text, sizeof outcome->text, "%s", echo_value(response));
    struct mrpc_reply inner = MRPC_REPLY_INIT;
    assert_null(say(outcome->channel, NULL, "in callback", &inner));
    assert_code(&inner, MRPC_INTERNAL);
    mrpc_reply_fini(&inner);
    if (outcome->free_channel)
        mrpc_channel_free(outcome->channel);
}

static void drive(struct mrpc_loop *loop, const struct outcome *outcome)
{
    while (outcome->done_count == 0) {
        struct pollfd fd = {.fd = mrpc_loop_fd(loop), .events = POLLIN};
        /* No timeout: the descriptor alone must tell. */
        assert_int_equal(poll(&fd, 1, 10000), 1);
        assert_int_equal(mrpc_loop_process(loop), 0);
    }
}

static struct mrpc_channel *open_on(struct mrpc_loop *loop, const char *target)
{
    const struct mrpc_channel_options options = {.struct_bytes = sizeof options, .loop = loop};
    struct mrpc_channel *channel;
    assert_int_equal(mrpc_channel_new(target, &options, &channel), 0);
    return channel;
}

static void a_program_drives_the_loop_by_its_descriptor(void **state)
{
    struct scripted_server server = {0};
    struct mrpc_loop *loop;
    scripted_server_start(&server, 1, echo_once);
    assert_int_equal(mrpc_loop_new(&loop), 0);
    struct outcome outcome = {.channel = open_on(loop, server.target)};
    EchoText request = echo_text("driven");
    mrpc_channel_unary_async(outcome.channel, &echo_say, NULL, &request.base, note_outcome, &outcome);
    drive(loop, &outcome);
    assert_int_equal(outcome.done_count, 1);
    assert_string_equal(outcome.text, "driven");
    mrpc_channel_free(outcome.channel);
    mrpc_loop_free(loop);
    scripted_server_join(&server);
}

static void a_timer_makes_the_descriptor_readable(void **state)
{
    struct scripted_server server = {0};
    struct mrpc_loop *loop;
    scripted_server_start(&server, 1, answer_nothing);
    assert_int_equal(mrpc_loop_new(&loop), 0);
    struct outcome outcome = {.channel = open_on(loop, server.target)};
    EchoText request = echo_text("late");
    const struct mrpc_call_options options = {.struct_bytes = sizeof options, .timeout_ms = 300};
    assert_int_equal(mrpc_loop_timeout_ms(loop), -1);
    mrpc_channel_unary_async(outcome.channel, &echo_say, &options, &request.base, note_outcome, &outcome);
    assert_int_equal(mrpc_loop_process(loop), 0);
    assert_in_range(mrpc_loop_timeout_ms(loop), 0, 300);
    drive(loop, &outcome);
    assert_int_equal(outcome.code, MRPC_DEADLINE_EXCEEDED);
    mrpc_channel_free(outcome.channel);
    mrpc_loop_free(loop);
    scripted_server_join(&server);
}

static void a_channel_may_be_freed_in_a_callback(void **state)
{
    struct scripted_server server = {0};
    struct mrpc_loop *loop;
    scripted_server_start(&server, 1, echo_once);
    assert_int_equal(mrpc_loop_new(&loop), 0);
    struct outcome outcome = {.channel = open_on(loop, server.target), .free_channel = true};
    EchoText request = echo_text("last");
    mrpc_channel_unary_async(outcome.channel, &echo_say, NULL, &request.base, note_outcome, &outcome);
    drive(loop, &outcome);
    assert_string_equal(outcome.text, "last");
    mrpc_loop_free(loop);
    scripted_server_join(&server);
}

static void freeing_the_channel_ends_open_calls_cancelled(void **state)
{
    struct mrpc_loop *loop;
    assert_int_equal(mrpc_loop_new(&loop), 0);
    struct outcome outcome = {.channel = open_on(loop, "127.0.0.1:1")};
    EchoText request = echo_text("never");
    mrpc_channel_unary_async(outcome.channel, &echo_say, NULL, &request.base, note_outcome, &outcome);
    mrpc_channel_free(outcome.channel);
    assert_int_equal(outcome.done_count, 1);
    assert_int_equal(outcome.code, MRPC_CANCELLED);
    assert_int_equal(mrpc_loop_process(loop), 0);
    assert_int_equal(outcome.done_count, 1);
    mrpc_loop_free(loop);
}

static void a_token_does_not_travel_in_clear_text(void **state)
{
    char target[OUTSIDE_TARGET_BYTES];
    struct scripted_server server;
    if (!outside_server_start(&server, target))
        skip();
    const struct mrpc_channel_options options = {.struct_bytes = sizeof options, .bearer_token = "secret"};
    struct mrpc_channel *channel;
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    assert_int_equal(mrpc_channel_new(target, &options, &channel), 0);
    assert_null(say(channel, NULL, "hello", &reply));
    assert_code(&reply, MRPC_UNAUTHENTICATED);
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
}

static void bad_options_are_refused(void **state)
{
    struct mrpc_channel *channel;
    const struct mrpc_channel_options bad[] = {{.struct_bytes = sizeof bad[0], .authority = ""},
                                               {.struct_bytes = sizeof bad[0], .user_agent = "a\nb"},
                                               {.struct_bytes = sizeof bad[0], .bearer_token = "\xff"}};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(mrpc_channel_new("127.0.0.1:1", &bad[i], &channel), MRPC_ERR_INVALID);
    assert_int_equal(mrpc_channel_new("http://x", NULL, &channel), MRPC_ERR_ADDRESS);
    assert_int_equal(mrpc_channel_new(NULL, NULL, &channel), MRPC_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blocking_unary_call_brings_the_response),
        cmocka_unit_test(request_headers_are_in_the_order_of_the_specification),
        cmocka_unit_test(an_error_brings_message_details_and_metadata),
        cmocka_unit_test(a_refused_stream_is_sent_again),
        cmocka_unit_test(a_server_that_always_refuses_is_believed_in_the_end),
        cmocka_unit_test(metadata_larger_than_the_server_takes_ends_the_call),
        cmocka_unit_test(metadata_over_64_kib_ends_the_call),
        cmocka_unit_test(a_stream_above_goaway_is_sent_on_a_new_connection),
        cmocka_unit_test(what_the_server_may_have_seen_is_not_sent_again),
        cmocka_unit_test(a_deadline_ends_the_call_and_resets_the_stream),
        cmocka_unit_test(a_deadline_that_has_passed_sends_nothing),
        cmocka_unit_test(nobody_there_is_unavailable_at_once),
        cmocka_unit_test(wait_for_ready_waits_to_the_deadline),
        cmocka_unit_test(the_next_address_is_tried),
        cmocka_unit_test(a_name_is_looked_up),
        cmocka_unit_test(a_unary_call_wants_exactly_one_response),
        cmocka_unit_test(a_response_that_cannot_be_decoded_is_internal),
        cmocka_unit_test(what_cannot_be_sent_fails_before_it_is),
        cmocka_unit_test(a_program_drives_the_loop_by_its_descriptor),
        cmocka_unit_test(a_timer_makes_the_descriptor_readable),
        cmocka_unit_test(a_channel_may_be_freed_in_a_callback),
        cmocka_unit_test(freeing_the_channel_ends_open_calls_cancelled),
        cmocka_unit_test(a_token_does_not_travel_in_clear_text),
        cmocka_unit_test(bad_options_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
