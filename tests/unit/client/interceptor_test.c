/* SPDX-License-Identifier: Apache-2.0 */
#include <mrpc/mrpc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attempt_script.h"
#include "client/frame_walk.h"
#include "echo_methods.h"
#include "test.h"

/* Interceptors of a channel: what they see, in which order, and what they may change. */

#define RETRY                                                                                                          \
    "{\"methodConfig\":[{\"name\":[{}],\"retryPolicy\":{\"maxAttempts\":3,\"initialBackoff\":\"0.001s\","              \
    "\"maxBackoff\":\"1s\",\"backoffMultiplier\":1,\"retryableStatusCodes\":[14]}}]}"
#define HEDGE                                                                                                          \
    "{\"methodConfig\":[{\"name\":[{}],\"hedgingPolicy\":{\"maxAttempts\":2,\"hedgingDelay\":\"0.01s\"}}]}"
#define SCRIPT(STEPS) {.steps = STEPS, .step_count = sizeof(STEPS) / sizeof((STEPS)[0])}

/* An interceptor that writes down what it sees. Its state is a counter, to see that it is zeroed and its own. */

struct diary {
    char text[1024];
    char letter;
    enum mrpc_code refuse;
    const struct mrpc_method *method;
    const char *key;
    int64_t timeout_ms;
    unsigned detached;
};

static struct diary *common; /* the diary that all letters of a test write into */

#define NO_VALUE (-1)

static void write_down(const struct diary *diary, const char *word, int value)
{
    char number[16] = "";
    size_t size = strlen(common->text);
    if (value != NO_VALUE)
        snprintf(number, sizeof number, "%d", value);
    snprintf(common->text + size, sizeof common->text - size, "%c:%s%s ", diary->letter, word, number);
}

static enum mrpc_code on_started(void *self, void *state, struct mrpc_client_start *start)
{
    struct diary *diary = self;
    assert_int_equal(*(int *)state, 0);
    *(int *)state = diary->letter;
    write_down(diary, "start", NO_VALUE);
    if (diary->method)
        start->method = diary->method;
    if (diary->timeout_ms)
        start->timeout_ms = diary->timeout_ms;
    if (diary->key)
        assert_int_equal(mrpc_metadata_add_text(start->metadata, diary->key, "added"), 0);
    start->refusal = "not today";
    return diary->refuse;
}

static void on_sent(void *self, void *state, const struct mrpc_client_message *message)
{
    assert_int_equal(message->bytes, message->wire_bytes);
    write_down(self, "sent", (int)message->wire_bytes);
}

static void on_received(void *self, void *state, const struct mrpc_client_message *message)
{
    assert_int_equal(message->bytes, message->wire_bytes);
    write_down(self, "received", (int)message->wire_bytes);
}

static void on_attempt_started(void *self, void *state, unsigned previous)
{
    write_down(self, "attempt", (int)previous);
}

static void on_attempt_ended(void *self, void *state, const struct mrpc_client_attempt_end *end)
{
    assert_true(end->duration_us >= 0);
    write_down(self, "ended", (int)end->code);
}

static void on_ended(void *self, void *state, const struct mrpc_client_end *end)
{
    assert_int_equal(*(int *)state, ((struct diary *)self)->letter);
    assert_non_null(end->message);
    write_down(self, "end", (int)end->code);
}

static void on_detached(void *self)
{
    ((struct diary *)self)->detached++;
}

static void on_submitted(void *self, void *state, const struct mrpc_client_message *message)
{
    assert_memory_equal(message->data, "\x0a\x05hello", 7);
    write_down(self, "submitted", (int)message->bytes);
}

static void on_half_closed(void *self, void *state)
{
    write_down(self, "closed", NO_VALUE);
}

static void on_headers(void *self, void *state, const struct mrpc_metadata *headers, const char *peer)
{
    assert_non_null(strstr(peer, "127.0.0.1:"));
    write_down(self, "headers", NO_VALUE);
}

static const struct mrpc_client_interceptor observer = {.struct_bytes = sizeof observer,
                                                        .name = "observer",
                                                        .state_bytes = sizeof(int),
                                                        .started = on_started,
                                                        .sent = on_sent,
                                                        .received = on_received,
                                                        .attempt_started = on_attempt_started,
                                                        .attempt_ended = on_attempt_ended,
                                                        .ended = on_ended,
                                                        .detached = on_detached,
                                                        .submitted = on_submitted,
                                                        .half_closed = on_half_closed,
                                                        .headers = on_headers};

static const struct mrpc_client_interceptor deaf = {.struct_bytes = sizeof deaf, .name = "deaf"};

static void add(struct mrpc_channel *channel, struct diary *diary)
{
    assert_int_equal(mrpc_channel_add_interceptor(channel, &observer, diary), 0);
}

static enum mrpc_code say(struct mrpc_channel *channel, const struct mrpc_call_options *options, const char **text)
{
    static char message[128];
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    EchoText request = echo_text("hello");
    mrpc_channel_unary(channel, &echo_say, options, &request.base, &reply);
    enum mrpc_code code = reply.status.code;
    snprintf(message, sizeof message, "%s", reply.status.message ? reply.status.message : "");
    if (text)
        *text = message;
    mrpc_reply_fini(&reply);
    return code;
}

/* @or: what may be seen as well, where two things are not ordered; NULL for nothing. */
static void assert_call(const struct attempt_step *steps, size_t count, const char *config, enum mrpc_code code,
                        const char *expected, const char *or)
{
    struct attempt_script script = {.steps = steps, .step_count = count};
    struct scripted_server server = {.arg = &script};
    struct diary diary = {.letter = 'a'};
    common = &diary;
    scripted_server_start(&server, 1, attempt_script_run);
    struct mrpc_channel *channel = attempt_channel(&server, config);
    assert_int_equal(mrpc_channel_add_interceptor(channel, &deaf, NULL), 0);
    add(channel, &diary);
    assert_int_equal(say(channel, NULL, NULL), code);
    assert_string_equal(diary.text, or && strcmp(diary.text, or) == 0 ? or : expected);
    mrpc_channel_free(channel);
    assert_int_equal(diary.detached, 1);
    scripted_server_join(&server);
}

static void a_call_is_seen_from_start_to_end(void **state)
{
    static const struct attempt_step steps[] = {{ATTEMPT_ECHO, NULL, NULL}};
    assert_call(steps, 1, NULL, MRPC_OK,
                "a:start a:submitted7 a:closed a:attempt0 a:sent7 a:headers a:received7 a:ended0 a:end0 ", NULL);
}

static void each_attempt_is_seen(void **state)
{
    static const struct attempt_step retried[] = {{ATTEMPT_FAIL, "14", NULL}, {ATTEMPT_ECHO, NULL, NULL}};
    assert_call(retried, 2, RETRY, MRPC_OK,
                "a:start a:submitted7 a:closed a:attempt0 a:sent7 a:ended14 a:attempt1 a:sent7 a:headers a:received7 "
                "a:ended0 a:end0 ", NULL);
    static const struct attempt_step hedged[] = {{ATTEMPT_IGNORE, NULL, NULL}, {ATTEMPT_ECHO, NULL, NULL}};
    assert_call(hedged, 2, HEDGE, MRPC_OK,
                "a:start a:submitted7 a:closed a:attempt0 a:sent7 a:attempt1 a:sent7 a:ended1 a:headers a:received7 "
                "a:ended0 a:end0 ",
                /* the connection came later than the hedge's time */
                "a:start a:submitted7 a:closed a:attempt0 a:attempt1 a:sent7 a:sent7 a:ended1 a:headers a:received7 "
                "a:ended0 a:end0 ");
    static const struct attempt_step refused[] = {{ATTEMPT_REFUSE, NULL, NULL}, {ATTEMPT_ECHO, NULL, NULL}};
    assert_call(refused, 2, NULL, MRPC_OK,
                "a:start a:submitted7 a:closed a:attempt0 a:sent7 a:sent7 a:headers a:received7 a:ended0 a:end0 ",
                NULL);
}

static void the_chain_runs_in_order_and_ends_in_reverse(void **state)
{
    struct diary a = {.letter = 'a'}, b = {.letter = 'b'};
    const struct mrpc_channel_options options = {.struct_bytes = sizeof options};
    struct mrpc_channel *channel;
    common = &a;
    assert_int_equal(mrpc_channel_new("127.0.0.1:1", &options, &channel), 0);
    add(channel, &a);
    add(channel, &b);
    assert_int_equal(say(channel, NULL, NULL), MRPC_UNAVAILABLE);
    assert_string_equal(a.text, "a:start b:start a:submitted7 b:submitted7 a:closed b:closed a:attempt0 b:attempt0 "
                                "a:ended14 b:ended14 b:end14 a:end14 ");
    mrpc_channel_free(channel);
}

static void the_first_that_refuses_ends_the_call(void **state)
{
    struct diary a = {.letter = 'a'}, b = {.letter = 'b', .refuse = MRPC_PERMISSION_DENIED}, c = {.letter = 'c'};
    struct mrpc_channel *channel;
    struct mrpc_client_call *call;
    const char *text;
    common = &a;
    assert_int_equal(mrpc_channel_new("127.0.0.1:1", NULL, &channel), 0);
    add(channel, &a);
    add(channel, &b);
    add(channel, &c);
    assert_int_equal(say(channel, NULL, &text), MRPC_PERMISSION_DENIED);
    assert_string_equal(text, "not today");
    assert_string_equal(a.text, "a:start b:start a:submitted7 b:submitted7 a:closed b:closed b:end7 a:end7 ");
    assert_int_equal(mrpc_channel_state(channel), MRPC_IDLE); /* nothing was sent, and nobody connected */
    assert_int_equal(mrpc_client_call_start(channel, &echo_chat, NULL, NULL, NULL, &call), 0);
    assert_null(mrpc_client_call_recv(call));
    assert_int_equal(mrpc_client_call_finish(call, NULL), MRPC_PERMISSION_DENIED);
    mrpc_client_call_free(call);
    mrpc_channel_free(channel);
}

/* What they may change. */

static void echo_and_note(struct scripted_server *server, unsigned connection)
{
    scripted_hello(server);
    assert_non_null(scripted_wait(server, NGHTTP2_DATA, 1, NGHTTP2_FLAG_END_STREAM));
    snprintf(server->arg, 2048, "%s", raw_peer_find(server->peer, NGHTTP2_HEADERS, 1)->headers);
    scripted_echo(server, 1);
    scripted_wait_close(server);
}

static void metadata_method_and_options_can_be_changed(void **state)
{
    static const struct mrpc_method other = ECHO_METHOD("Other", false, false);
    struct diary diary = {.letter = 'a', .method = &other, .key = "x-added", .timeout_ms = 1000000};
    char seen[2048] = "";
    struct scripted_server server = {.arg = seen};
    struct mrpc_channel *channel;
    common = &diary;
    scripted_server_start(&server, 1, echo_and_note);
    assert_int_equal(mrpc_channel_new(server.target, NULL, &channel), 0);
    add(channel, &diary);
    const struct mrpc_metadatum own = {"x-own", "v", 1};
    const struct mrpc_call_options options = {.struct_bytes = sizeof options, .metadata = &own, .metadata_count = 1};
    assert_int_equal(say(channel, &options, NULL), MRPC_OK);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
    assert_non_null(strstr(seen, ":path: /test.Echo/Other\n"));
    assert_non_null(strstr(seen, "grpc-timeout: "));
    assert_non_null(strstr(seen, "x-own: v\nx-added: added\n"));
}

static void a_method_of_another_kind_is_refused_and_the_end_is_told(void **state)
{
    struct diary diary = {.letter = 'a', .method = &echo_chat};
    struct mrpc_channel *channel;
    common = &diary;
    assert_int_equal(mrpc_channel_new("127.0.0.1:1", NULL, &channel), 0);
    add(channel, &diary);
    assert_int_equal(say(channel, NULL, NULL), MRPC_INTERNAL);
    assert_string_equal(diary.text, "a:start a:end13 ");
    mrpc_channel_free(channel);
}

static void a_chain_has_at_most_16(void **state)
{
    struct mrpc_client_interceptor broken = deaf;
    struct mrpc_channel *channel;
    assert_int_equal(mrpc_channel_new("127.0.0.1:1", NULL, &channel), 0);
    broken.struct_bytes = 1;
    assert_int_equal(mrpc_channel_add_interceptor(channel, &broken, NULL), MRPC_ERR_INVALID);
    broken.struct_bytes = sizeof broken + 1;
    assert_int_equal(mrpc_channel_add_interceptor(channel, &broken, NULL), MRPC_ERR_INVALID);
    for (int i = 0; i < 16; i++)
        assert_int_equal(mrpc_channel_add_interceptor(channel, &deaf, NULL), 0);
    assert_int_equal(mrpc_channel_add_interceptor(channel, &deaf, NULL), MRPC_ERR_LIMIT);
    mrpc_channel_free(channel);
}

/* Those that come with the library. gRFC A66: metrics. */

static const struct mrpc_metric_point *find_point(const struct mrpc_metrics_snapshot *snapshot, const char *name,
                                                  const char *status)
{
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct mrpc_metric_point *point = &snapshot->points[i];
        bool same = status ? point->status && strcmp(point->status, status) == 0 : true;
        if (strcmp(point->metric->name, name) == 0 && same)
            return point;
    }
    return NULL;
}

static void attempts_and_calls_are_counted_with_the_names_of_A66(void **state)
{
    static const struct attempt_step steps[] = {{ATTEMPT_FAIL, "14", NULL}, {ATTEMPT_ECHO, NULL, NULL}};
    struct attempt_script script = SCRIPT(steps);
    struct scripted_server server = {.arg = &script};
    struct mrpc_metrics *metrics;
    struct mrpc_metrics_snapshot *snapshot;
    scripted_server_start(&server, 1, attempt_script_run);
    struct mrpc_channel *channel = attempt_channel(&server, RETRY);
    assert_int_equal(mrpc_metrics_new(NULL, &metrics), 0);
    assert_int_equal(mrpc_metrics_add_to_channel(metrics, channel), 0);
    assert_int_equal(say(channel, NULL, NULL), MRPC_OK);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
    assert_int_equal(mrpc_metrics_snapshot(metrics, &snapshot), 0);
    const struct mrpc_metric_point *started = find_point(snapshot, "grpc.client.attempt.started", NULL);
    assert_int_equal(started->count, 2);
    assert_string_equal(started->method, "test.Echo/Say");
    assert_string_equal(started->target, server.target);
    assert_int_equal(find_point(snapshot, "grpc.client.attempt.duration", "UNAVAILABLE")->count, 1);
    assert_int_equal(find_point(snapshot, "grpc.client.attempt.duration", "OK")->count, 1);
    static const char sent[] = "grpc.client.attempt.sent_total_compressed_message_size";
    static const char received[] = "grpc.client.attempt.rcvd_total_compressed_message_size";
    assert_true(find_point(snapshot, sent, "OK")->sum == 7);
    assert_true(find_point(snapshot, received, "OK")->sum == 7);
    assert_true(find_point(snapshot, received, "UNAVAILABLE")->sum == 0);
    assert_int_equal(find_point(snapshot, "grpc.client.call.duration", "OK")->count, 1);
    assert_null(find_point(snapshot, "grpc.client.call.duration", "UNAVAILABLE"));
    mrpc_metrics_snapshot_free(snapshot);
    mrpc_metrics_free(metrics);
}

/* The walk over sent bytes, whole and byte by byte. */
static void messages_are_found_however_the_bytes_are_cut(void **state)
{
    static const uint8_t bytes[] = {0, 0, 0, 0, 2, 'a', 'b', 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 'c'};
    static const size_t expected[] = {2, 0, 1};
    for (size_t chunk = 1; chunk <= sizeof bytes; chunk++) {
        struct mrpc_frame_walk walk = {0};
        size_t found = 0, message_bytes;
        bool compressed;
        for (size_t at = 0; at < sizeof bytes; at += chunk) {
            const uint8_t *part = bytes + at;
            size_t size = sizeof bytes - at < chunk ? sizeof bytes - at : chunk;
            while (mrpc_frame_walk(&walk, &part, &size, &message_bytes, &compressed)) {
                assert_true(found < 3);
                assert_int_equal(message_bytes, expected[found]);
                assert_int_equal(compressed, found == 1);
                found++;
            }
        }
        assert_int_equal(found, 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_seen_from_start_to_end),
        cmocka_unit_test(each_attempt_is_seen),
        cmocka_unit_test(the_chain_runs_in_order_and_ends_in_reverse),
        cmocka_unit_test(the_first_that_refuses_ends_the_call),
        cmocka_unit_test(metadata_method_and_options_can_be_changed),
        cmocka_unit_test(a_method_of_another_kind_is_refused_and_the_end_is_told),
        cmocka_unit_test(a_chain_has_at_most_16),
        cmocka_unit_test(attempts_and_calls_are_counted_with_the_names_of_A66),
        cmocka_unit_test(messages_are_found_however_the_bytes_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
