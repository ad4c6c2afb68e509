/* SPDX-License-Identifier: Apache-2.0 */

/* What the binary log says of a channel's calls. gRFC A16; where that is silent, as grpc-go does. */

#include <mrpc/binary_log.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <grpc/binlog/v1/binarylog.mrpc.h>

#include <mrpc/channel.h>
#include <mrpc/codec.h>

#include "attempt_script.h"
#include "echo_methods.h"
#include "test.h"

typedef Grpc__Binarylog__V1__GrpcLogEntry Entry;

enum {
    CLIENT_HEADER = 1,
    SERVER_HEADER,
    CLIENT_MESSAGE,
    SERVER_MESSAGE,
    HALF_CLOSE,
    TRAILER,
    CANCEL,
    ENTRIES_MAX = 32
};

#define RETRY                                                                                                          \
    "{\"methodConfig\":[{\"name\":[{}],\"retryPolicy\":{\"maxAttempts\":3,\"initialBackoff\":\"0.001s\","              \
    "\"maxBackoff\":\"1s\",\"backoffMultiplier\":1,\"retryableStatusCodes\":[14]}}]}"

/* A channel to a server that follows a script, and what its calls have left. Entries come from the thread that makes
 * the call and from the loop, one after the other; they are read when the channel is gone. */
struct logged {
    struct attempt_script script;
    struct scripted_server server;
    struct mrpc_channel *channel;
    struct mrpc_binary_log *log;
    struct mrpc_arena *arena;
    const Entry *entries[ENTRIES_MAX];
    size_t count;
};

static void take(void *arg, const void *bytes, size_t size)
{
    struct logged *logged = arg;
    ProtobufCMessage *message;
    assert_true(logged->count < ENTRIES_MAX);
    assert_int_equal(mrpc_decode(&grpc__binarylog__v1__grpc_log_entry__info, bytes, size, NULL, logged->arena, &message,
                                 NULL), 0);
    logged->entries[logged->count++] = (const Entry *)message;
}

static struct logged *open_log(const char *filter, const struct attempt_step *steps, size_t step_count)
{
    struct logged *logged = calloc(1, sizeof *logged);
    logged->script = (struct attempt_script){.steps = steps, .step_count = step_count};
    logged->server.arg = &logged->script;
    logged->arena = mrpc_arena_new(0);
    scripted_server_start(&logged->server, 1, attempt_script_run);
    logged->channel = attempt_channel(&logged->server, RETRY);
    const struct mrpc_binary_log_options options = {
        .struct_bytes = sizeof options, .filter = filter, .write = take, .arg = logged};
    assert_int_equal(mrpc_binary_log_new(&options, &logged->log, NULL, 0), 0);
    assert_int_equal(mrpc_binary_log_add_to_channel(logged->log, logged->channel), 0);
    return logged;
}

static void end_calls(struct logged *logged)
{
    mrpc_channel_free(logged->channel);
    scripted_server_join(&logged->server);
}

static void close_log(struct logged *logged)
{
    mrpc_binary_log_free(logged->log);
    mrpc_arena_free(logged->arena);
    free(logged);
}

static enum mrpc_code say(struct logged *logged, const struct mrpc_call_options *options)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    EchoText request = echo_text("hello");
    mrpc_channel_unary(logged->channel, &echo_say, options, &request.base, &reply);
    enum mrpc_code code = reply.status.code;
    mrpc_reply_fini(&reply);
    return code;
}

static void expect_types(const struct logged *logged, const int *types, size_t count)
{
    assert_int_equal(logged->count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(logged->entries[i]->type, types[i]);
        assert_int_equal(logged->entries[i]->sequence_id_within_call, i + 1);
        assert_int_equal(logged->entries[i]->call_id, logged->entries[0]->call_id);
        assert_int_equal(logged->entries[i]->logger, 1);
    }
}

static void expect_peer(const struct logged *logged, const Entry *entry)
{
    char text[128];
    assert_non_null(entry->peer);
    snprintf(text, sizeof text, "%s:%u", entry->peer->address, entry->peer->ip_port);
    assert_non_null(strstr(logged->server.target, text));
}

static const int unary_types[] = {CLIENT_HEADER, CLIENT_MESSAGE, HALF_CLOSE, SERVER_HEADER, SERVER_MESSAGE, TRAILER};

static void a_call_is_logged_once_however_many_attempts_it_takes(void **state)
{
    static const struct attempt_step steps[] = {{ATTEMPT_FAIL, "14", NULL}, {ATTEMPT_ECHO, NULL, NULL}};
    struct logged *logged = open_log("test.Echo/*", steps, 2);
    const struct mrpc_metadatum metadata[] = {{"x-one", "1", 1}, {"authorization", "secret", 6}};
    const struct mrpc_call_options options = {
        .struct_bytes = sizeof options, .timeout_ms = 60000, .metadata = metadata, .metadata_count = 2};
    assert_int_equal(say(logged, &options), MRPC_OK);
    end_calls(logged);
    assert_int_equal(logged->script.attempts, 2);
    expect_types(logged, unary_types, 6);
    const Entry *first = logged->entries[0];
    assert_string_equal(first->client_header->method_name, "/test.Echo/Say");
    assert_non_null(strstr(logged->server.target, first->client_header->authority));
    assert_int_equal(first->client_header->timeout->seconds, 60);
    assert_int_equal(first->client_header->metadata->n_entry, 2);
    assert_memory_equal(first->client_header->metadata->entry[0]->value.data, "1", 1);
    assert_int_equal(first->client_header->metadata->entry[1]->value.len, 0);
    assert_null(first->peer);
    assert_memory_equal(logged->entries[1]->message->data.data, "\x0a\x05hello", 7);
    expect_peer(logged, logged->entries[3]);
    assert_memory_equal(logged->entries[4]->message->data.data, "\x0a\x05hello", 7);
    assert_null(logged->entries[5]->peer);
    close_log(logged);
}

static void what_is_compressed_is_logged_as_it_was(void **state)
{
    static const struct attempt_step steps[] = {{ATTEMPT_ECHO, NULL, NULL}};
    struct logged *logged = open_log("*{m:3}", steps, 1);
    const struct mrpc_call_options options = {.struct_bytes = sizeof options, .compress = true};
    (void)say(logged, &options);
    end_calls(logged);
    assert_int_equal(logged->entries[1]->type, CLIENT_MESSAGE);
    assert_int_equal(logged->entries[1]->message->length, 7);
    assert_int_equal(logged->entries[1]->message->data.len, 3);
    assert_memory_equal(logged->entries[1]->message->data.data, "\x0a\x05h", 3);
    assert_true(logged->entries[1]->payload_truncated);
    close_log(logged);
}

static void a_status_without_headers_tells_the_peer(void **state)
{
    static const struct attempt_step steps[] = {{ATTEMPT_FAIL, "5", NULL}};
    static const int types[] = {CLIENT_HEADER, CLIENT_MESSAGE, HALF_CLOSE, TRAILER};
    struct logged *logged = open_log("*", steps, 1);
    assert_int_equal(say(logged, NULL), MRPC_NOT_FOUND);
    end_calls(logged);
    expect_types(logged, types, 4);
    assert_int_equal(logged->entries[3]->trailer->status_code, MRPC_NOT_FOUND);
    expect_peer(logged, logged->entries[3]);
    close_log(logged);
}

static void what_its_own_side_gives_up_ends_with_cancel(void **state)
{
    static const struct attempt_step steps[] = {{ATTEMPT_IGNORE, NULL, NULL}};
    static const int types[] = {CLIENT_HEADER, CLIENT_MESSAGE, HALF_CLOSE, CANCEL};
    struct logged *logged = open_log("*", steps, 1);
    const struct mrpc_call_options options = {.struct_bytes = sizeof options, .timeout_ms = 50};
    assert_int_equal(say(logged, &options), MRPC_DEADLINE_EXCEEDED);
    end_calls(logged);
    expect_types(logged, types, 4);
    close_log(logged);
}

static void a_streams_messages_are_logged_as_they_are_given(void **state)
{
    static const struct attempt_step steps[] = {{ATTEMPT_ECHO, NULL, NULL}};
    struct logged *logged = open_log("*", steps, 1);
    struct mrpc_client_call *call;
    EchoText one = echo_text("one"), two = echo_text("second");
    assert_int_equal(mrpc_client_call_start(logged->channel, &echo_join, NULL, NULL, NULL, &call), 0);
    assert_int_equal(mrpc_client_call_send(call, &one.base), 0);
    assert_int_equal(mrpc_client_call_send(call, &two.base), 0);
    assert_int_equal(mrpc_client_call_half_close(call), 0);
    assert_int_equal(mrpc_client_call_finish(call, NULL), MRPC_OK);
    mrpc_client_call_free(call);
    end_calls(logged);
    assert_true(logged->count >= 5);
    assert_int_equal(logged->entries[1]->type, CLIENT_MESSAGE);
    assert_int_equal(logged->entries[1]->message->length, 5);
    assert_int_equal(logged->entries[2]->type, CLIENT_MESSAGE);
    assert_int_equal(logged->entries[2]->message->length, 8);
    assert_int_equal(logged->entries[3]->type, HALF_CLOSE);
    assert_int_equal(logged->entries[logged->count - 1]->type, TRAILER);
    close_log(logged);
}

static void the_environment_has_the_filter_if_the_program_has_none(void **state)
{
    static const struct attempt_step steps[] = {{ATTEMPT_ECHO, NULL, NULL}};
    static const struct {
        const char *value;
        size_t entries;
    } cases[] = {{"test.Echo/Say", 6}, {"test.Echo/Join", 0}, {"", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(setenv("GRPC_BINARY_LOG_FILTER", cases[i].value, 1), 0);
        struct logged *logged = open_log(NULL, steps, 1);
        assert_int_equal(say(logged, NULL), MRPC_OK);
        end_calls(logged);
        assert_int_equal(logged->count, cases[i].entries);
        close_log(logged);
    }
    struct mrpc_binary_log *log;
    char why[128] = "";
    const struct mrpc_binary_log_options options = {.struct_bytes = sizeof options, .write = take};
    assert_int_equal(setenv("GRPC_BINARY_LOG_FILTER", "nonsense", 1), 0);
    assert_int_equal(mrpc_binary_log_new(&options, &log, why, sizeof why), MRPC_ERR_INVALID);
    assert_non_null(strstr(why, "Service/Method"));
    assert_int_equal(unsetenv("GRPC_BINARY_LOG_FILTER"), 0);
    struct logged *logged = open_log(NULL, steps, 1);
    assert_int_equal(say(logged, NULL), MRPC_OK);
    end_calls(logged);
    assert_int_equal(logged->count, 0);
    close_log(logged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_logged_once_however_many_attempts_it_takes),
        cmocka_unit_test(what_is_compressed_is_logged_as_it_was),
        cmocka_unit_test(a_status_without_headers_tells_the_peer),
        cmocka_unit_test(what_its_own_side_gives_up_ends_with_cancel),
        cmocka_unit_test(a_streams_messages_are_logged_as_they_are_given),
        cmocka_unit_test(the_environment_has_the_filter_if_the_program_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
