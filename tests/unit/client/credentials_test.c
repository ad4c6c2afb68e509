/* SPDX-License-Identifier: Apache-2.0 */
#include <mrpc/channel.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "attempt_script.h"
#include "client/channel_core.h"
#include "client/subchannel.h"
#include "echo_methods.h"
#include "outside_server.h"
#include "test.h"

/* Per-call credentials. Checklist, client 8: only on secure channels. */

#define RETRY                                                                                                          \
    "{\"methodConfig\":[{\"name\":[{}],\"retryPolicy\":{\"maxAttempts\":3,\"initialBackoff\":\"0.001s\","              \
    "\"maxBackoff\":\"1s\",\"backoffMultiplier\":1,\"retryableStatusCodes\":[14]}}]}"

/* A giver of tokens. */
struct giver {
    const char *key;
    enum mrpc_code code;
    bool later; /* from another thread */
    bool never;
    unsigned asked;
    char audience[128];
    char method[64];
    pthread_t thread;
    struct mrpc_credentials_request *request;
};

static void answer(struct giver *giver, struct mrpc_credentials_request *request)
{
    char value[32];
    snprintf(value, sizeof value, "token-%u", giver->asked);
    if (giver->key)
        assert_int_equal(mrpc_credentials_add(request, giver->key, value, strlen(value)), 0);
    mrpc_credentials_finish(request, giver->code, "the key has expired");
}

static void *answer_later(void *arg)
{
    struct giver *giver = arg;
    answer(giver, giver->request);
    return NULL;
}

static void give(void *self, struct mrpc_credentials_request *request)
{
    struct giver *giver = self;
    giver->asked++;
    snprintf(giver->audience, sizeof giver->audience, "%s", mrpc_credentials_audience(request));
    snprintf(giver->method, sizeof giver->method, "%s", mrpc_credentials_method(request));
    giver->request = request;
    if (giver->later)
        assert_int_equal(pthread_create(&giver->thread, NULL, answer_later, giver), 0);
    else if (!giver->never)
        answer(giver, request);
}

static struct mrpc_call_credentials credentials_of(struct giver *giver)
{
    return (struct mrpc_call_credentials){
        .struct_bytes = sizeof(struct mrpc_call_credentials), .get = give, .self = giver};
}

static void echo_and_note(struct scripted_server *server, unsigned connection)
{
    scripted_hello(server);
    if (!scripted_wait(server, NGHTTP2_DATA, 1, NGHTTP2_FLAG_END_STREAM))
        return;
    snprintf(server->arg, 2048, "%s", raw_peer_find(server->peer, NGHTTP2_HEADERS, 1)->headers);
    scripted_echo(server, 1);
    scripted_wait_close(server);
}

static enum mrpc_code say(struct mrpc_channel *channel, const struct mrpc_call_options *options, char *text)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    EchoText request = echo_text("hello");
    mrpc_channel_unary(channel, &echo_say, options, &request.base, &reply);
    enum mrpc_code code = reply.status.code;
    if (text)
        snprintf(text, 128, "%s", reply.status.message ? reply.status.message : "");
    mrpc_reply_fini(&reply);
    return code;
}

/* One call that succeeds, with credentials of the channel and of the call; what the server saw. */
static void run(struct giver *of_channel, struct giver *of_call, char seen[2048])
{
    struct mrpc_call_credentials first = credentials_of(of_channel), second = credentials_of(of_call);
    struct scripted_server server = {.arg = seen};
    struct mrpc_channel *channel;
    seen[0] = '\0';
    scripted_server_start(&server, 1, echo_and_note);
    const struct mrpc_channel_options options = {
        .struct_bytes = sizeof options, .authority = "example.org", .credentials = of_channel->key ? &first : NULL};
    const struct mrpc_call_options call = {.struct_bytes = sizeof call, .credentials = of_call->key ? &second : NULL};
    assert_int_equal(mrpc_channel_new(server.target, &options, &channel), 0);
    assert_int_equal(say(channel, &call, NULL), MRPC_OK);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
}

static void a_callback_gives_the_calls_metadata(void **state)
{
    struct giver none = {0}, giver = {.key = "authorization"};
    char seen[2048];
    run(&none, &giver, seen);
    assert_int_equal(giver.asked, 1);
    assert_string_equal(giver.audience, "https://example.org/test.Echo");
    assert_string_equal(giver.method, "/test.Echo/Say");
    assert_non_null(strstr(seen, "authorization: token-1\n"));
}

static void it_may_come_later_from_another_thread(void **state)
{
    struct giver none = {0}, giver = {.key = "authorization", .later = true};
    char seen[2048];
    run(&giver, &none, seen);
    pthread_join(giver.thread, NULL);
    assert_non_null(strstr(seen, "authorization: token-1\n"));
}

static void those_of_channel_and_call_are_composed(void **state)
{
    struct giver of_channel = {.key = "authorization", .later = true}, of_call = {.key = "x-user-bin"};
    char seen[2048];
    run(&of_channel, &of_call, seen);
    pthread_join(of_channel.thread, NULL);
    assert_non_null(strstr(seen, "authorization: token-1\nx-user-bin: dG9rZW4tMQ\n"));
}

static void each_attempt_asks_anew(void **state)
{
    static const struct attempt_step steps[] = {{ATTEMPT_FAIL, "14", NULL}, {ATTEMPT_ECHO, NULL, NULL}};
    struct attempt_script script = {.steps = steps, .step_count = 2};
    struct scripted_server server = {.arg = &script};
    struct giver giver = {.key = "authorization"};
    struct mrpc_call_credentials credentials = credentials_of(&giver);
    const struct mrpc_call_options options = {.struct_bytes = sizeof options, .credentials = &credentials};
    scripted_server_start(&server, 1, attempt_script_run);
    struct mrpc_channel *channel = attempt_channel(&server, RETRY);
    assert_int_equal(say(channel, &options, NULL), MRPC_OK);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
    assert_int_equal(giver.asked, 2);
}

static void a_failure_ends_the_call_and_some_codes_are_internal(void **state)
{
    static const enum mrpc_code codes[][2] = {{MRPC_UNAUTHENTICATED, MRPC_UNAUTHENTICATED},
                                              {MRPC_UNAVAILABLE, MRPC_UNAVAILABLE},
                                              {MRPC_NOT_FOUND, MRPC_INTERNAL}, /* gRFC A54 */
                                              {MRPC_DATA_LOSS, MRPC_INTERNAL}};
    struct mrpc_channel *channel;
    assert_int_equal(mrpc_channel_new("127.0.0.1:1", NULL, &channel), 0);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct giver giver = {.code = codes[i][0]};
        struct mrpc_call_credentials credentials = credentials_of(&giver);
        const struct mrpc_call_options options = {.struct_bytes = sizeof options, .credentials = &credentials};
        char text[128];
        assert_int_equal(say(channel, &options, text), codes[i][1]);
        assert_string_equal(text, "the key has expired");
    }
    assert_int_equal(mrpc_channel_state(channel), MRPC_IDLE); /* nobody tried to connect */
    mrpc_channel_free(channel);
}

static void the_deadline_runs_meanwhile_and_an_answer_may_come_after_the_end(void **state)
{
    struct giver giver = {.key = "authorization", .never = true};
    struct mrpc_call_credentials credentials = credentials_of(&giver);
    const struct mrpc_call_options options = {
        .struct_bytes = sizeof options, .timeout_ms = 50, .credentials = &credentials};
    struct mrpc_channel *channel;
    assert_int_equal(mrpc_channel_new("127.0.0.1:1", NULL, &channel), 0);
    assert_int_equal(say(channel, &options, NULL), MRPC_DEADLINE_EXCEEDED);
    mrpc_channel_free(channel);
    answer(&giver, giver.request);
}

static void what_may_not_be_sent_is_refused(void **state)
{
    struct giver giver = {.key = "authorization", .never = true};
    struct mrpc_call_credentials credentials = credentials_of(&giver);
    const struct mrpc_call_options options = {
        .struct_bytes = sizeof options, .timeout_ms = 50, .credentials = &credentials};
    struct mrpc_channel *channel;
    assert_int_equal(mrpc_channel_new("127.0.0.1:1", NULL, &channel), 0);
    assert_int_equal(say(channel, &options, NULL), MRPC_DEADLINE_EXCEEDED);
    assert_int_equal(mrpc_credentials_add(giver.request, "grpc-x", "v", 1), MRPC_ERR_INVALID);
    assert_int_equal(mrpc_credentials_add(giver.request, "a", "\n", 1), MRPC_ERR_INVALID);
    for (int i = 0; i < 32; i++)
        assert_int_equal(mrpc_credentials_add(giver.request, "a", "v", 1), 0);
    assert_int_equal(mrpc_credentials_add(giver.request, "a", "v", 1), MRPC_ERR_LIMIT);
    mrpc_credentials_finish(giver.request, MRPC_OK, NULL);
    mrpc_channel_free(channel);
}

static void on_a_connection_that_is_not_secure_the_call_is_unauthenticated(void **state)
{
    char target[OUTSIDE_TARGET_BYTES];
    struct scripted_server server;
    if (!outside_server_start(&server, target))
        skip();
    struct giver giver = {.key = "authorization"};
    struct mrpc_call_credentials credentials = credentials_of(&giver);
    const struct mrpc_call_options options = {.struct_bytes = sizeof options, .credentials = &credentials};
    struct mrpc_channel *channel;
    assert_int_equal(mrpc_channel_new(target, NULL, &channel), 0);
    assert_int_equal(say(channel, &options, NULL), MRPC_UNAUTHENTICATED);
    assert_false(channel->subchannels->served); /* so the connection's end still counts as a failed attempt */
    mrpc_channel_free(channel);
    scripted_server_join(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_callback_gives_the_calls_metadata),
        cmocka_unit_test(it_may_come_later_from_another_thread),
        cmocka_unit_test(those_of_channel_and_call_are_composed),
        cmocka_unit_test(each_attempt_asks_anew),
        cmocka_unit_test(a_failure_ends_the_call_and_some_codes_are_internal),
        cmocka_unit_test(the_deadline_runs_meanwhile_and_an_answer_may_come_after_the_end),
        cmocka_unit_test(what_may_not_be_sent_is_refused),
        cmocka_unit_test(on_a_connection_that_is_not_secure_the_call_is_unauthenticated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
