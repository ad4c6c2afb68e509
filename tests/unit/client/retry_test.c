/* SPDX-License-Identifier: Apache-2.0 */
#include <mrpc/channel.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attempt_script.h"
#include "client/retry_throttle.h"
#include "client/status_map.h"
#include "echo_methods.h"
#include "test.h"

/* Retries by service config. The names of the tests are rules of gRFC A6; checklist, client 7. */

#define POLICY(ATTEMPTS, INITIAL, MULTIPLIER)                                                                          \
    "{\"methodConfig\":[{\"name\":[{\"service\":\"test.Echo\"}],\"retryPolicy\":{\"maxAttempts\":" ATTEMPTS            \
    ",\"initialBackoff\":\"" INITIAL "\",\"maxBackoff\":\"1s\",\"backoffMultiplier\":" MULTIPLIER                      \
    ",\"retryableStatusCodes\":[\"UNAVAILABLE\"]}}]"
#define QUICK(ATTEMPTS) POLICY(ATTEMPTS, "0.001s", "1") "}"

static enum mrpc_code say(struct mrpc_channel *channel, int64_t timeout_ms, unsigned *attempts)
{
    const struct mrpc_call_options options = {.struct_bytes = sizeof options, .timeout_ms = timeout_ms};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    EchoText request = echo_text("hello");
    const ProtobufCMessage *response = mrpc_channel_unary(channel, &echo_say, &options, &request.base, &reply);
    enum mrpc_code code = reply.status.code;
    if (response)
        assert_string_equal(echo_value(response), "hello");
    if (attempts)
        *attempts = reply.attempts;
    mrpc_reply_fini(&reply);
    return code;
}

/* A server that waits for a connection would wait for ever for one that a deadline kept from being made. */
static void wait_until_ready(struct mrpc_channel *channel)
{
    enum mrpc_connectivity state = MRPC_IDLE;
    mrpc_channel_connect(channel);
    while (state != MRPC_READY)
        assert_int_equal(mrpc_channel_wait_state(channel, state, 60000, &state), 0);
}

/* One call; returns its code. */
static enum mrpc_code run(struct attempt_script *script, const char *config, int64_t timeout_ms, unsigned *attempts)
{
    struct scripted_server server = {.arg = script};
    scripted_server_start(&server, 1, attempt_script_run);
    struct mrpc_channel *channel = attempt_channel(&server, config);
    wait_until_ready(channel);
    enum mrpc_code code = say(channel, timeout_ms, attempts);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
    return code;
}

#define SCRIPT(STEPS) {.steps = STEPS, .step_count = sizeof(STEPS) / sizeof((STEPS)[0])}
#define UNAVAILABLE {ATTEMPT_FAIL, "14", NULL}

static void a_retryable_status_is_tried_again_and_the_server_told_how_often(void **state)
{
    static const struct attempt_step steps[] = {UNAVAILABLE, UNAVAILABLE, {ATTEMPT_ECHO, NULL, NULL}};
    struct attempt_script script = SCRIPT(steps);
    unsigned attempts;
    assert_int_equal(run(&script, QUICK("4"), 0, &attempts), MRPC_OK);
    assert_int_equal(attempts, 3);
    assert_int_equal(script.attempts, 3);
    assert_string_equal(script.previous[0], "");
    assert_string_equal(script.previous[1], "1");
    assert_string_equal(script.previous[2], "2");
    assert_int_equal(script.body_bytes[2], 5 + 7);
}

static void max_attempts_counts_the_first(void **state)
{
    static const struct attempt_step steps[] = {UNAVAILABLE, UNAVAILABLE};
    struct attempt_script script = SCRIPT(steps);
    unsigned attempts;
    assert_int_equal(run(&script, QUICK("2"), 0, &attempts), MRPC_UNAVAILABLE);
    assert_int_equal(attempts, 2);
    assert_int_equal(script.attempts, 2);
}

static void more_than_five_attempts_are_five(void **state)
{
    static const struct attempt_step steps[] = {UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, UNAVAILABLE};
    struct attempt_script script = SCRIPT(steps);
    assert_int_equal(run(&script, QUICK("100"), 0, NULL), MRPC_UNAVAILABLE);
    assert_int_equal(script.attempts, 5);
}

static void other_statuses_are_not_tried_again(void **state)
{
    static const struct attempt_step steps[] = {{ATTEMPT_FAIL, "13", NULL}};
    struct attempt_script script = SCRIPT(steps);
    assert_int_equal(run(&script, QUICK("4"), 0, NULL), MRPC_INTERNAL);
    assert_int_equal(script.attempts, 1);
}

static void methods_without_a_policy_are_not_retried(void **state)
{
    static const struct attempt_step steps[] = {UNAVAILABLE};
    struct attempt_script script = SCRIPT(steps);
    static const char other[] = "{\"methodConfig\":[{\"name\":[{\"service\":\"test.Other\"}],\"retryPolicy\":{"
                                "\"maxAttempts\":4,\"initialBackoff\":\"0.001s\",\"maxBackoff\":\"1s\","
                                "\"backoffMultiplier\":1,\"retryableStatusCodes\":[14]}}]}";
    assert_int_equal(run(&script, other, 0, NULL), MRPC_UNAVAILABLE);
    assert_int_equal(script.attempts, 1);
}

static void the_backoff_grows_and_is_jittered_by_a_fifth(void **state)
{
    static const struct attempt_step steps[] = {UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, {ATTEMPT_ECHO, NULL, NULL}};
    struct attempt_script script = SCRIPT(steps);
    assert_int_equal(run(&script, POLICY("4", "0.02s", "2") "}", 0, NULL), MRPC_OK);
    for (int i = 0; i < 3; i++) /* 20, 40, 80 ms by 0.8 and more; the clocks of two threads are rounded */
        assert_true(script.at_ms[i + 1] - script.at_ms[i] >= (16 << i) - 2);
}

static void response_headers_commit_the_call(void **state)
{
    static const struct attempt_step steps[] = {{ATTEMPT_FAIL_LATE, "14", NULL}};
    struct attempt_script script = SCRIPT(steps);
    assert_int_equal(run(&script, QUICK("4"), 0, NULL), MRPC_UNAVAILABLE);
    assert_int_equal(script.attempts, 1);
}

static void pushback_says_when_and_resets_the_backoff(void **state)
{
    static const struct attempt_step steps[] = {
        UNAVAILABLE, {ATTEMPT_FAIL, "14", "60"}, UNAVAILABLE, {ATTEMPT_ECHO, NULL, NULL}};
    struct attempt_script script = SCRIPT(steps);
    static const char config[] = "{\"methodConfig\":[{\"name\":[{}],\"retryPolicy\":{\"maxAttempts\":4,"
                                 "\"initialBackoff\":\"0.01s\",\"maxBackoff\":\"1000s\",\"backoffMultiplier\":10000,"
                                 "\"retryableStatusCodes\":[14]}}]}";
    /* Without the reset the last wait would be 80 s and more. */
    assert_int_equal(run(&script, config, 30000, NULL), MRPC_OK);
    assert_true(script.at_ms[2] - script.at_ms[1] >= 58);
}

static void pushback_may_say_never(void **state)
{
    static const char *const never[] = {"-1", "-100000", "soon", "01", "", "99999999999", "2147483648", "1.5"};
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        const struct attempt_step steps[] = {{ATTEMPT_FAIL, "14", never[i]}};
        struct attempt_script script = SCRIPT(steps);
        assert_int_equal(run(&script, QUICK("4"), 0, NULL), MRPC_UNAVAILABLE);
        assert_int_equal(script.attempts, 1);
        assert_int_equal(mrpc_pushback_from_text(never[i], strlen(never[i])), -1);
    }
    assert_int_equal(mrpc_pushback_from_text("0", 1), 0);
    assert_int_equal(mrpc_pushback_from_text("2147483647", 10), INT32_MAX);
}

static void pushback_does_not_raise_max_attempts(void **state)
{
    static const struct attempt_step steps[] = {UNAVAILABLE, {ATTEMPT_FAIL, "14", "1"}};
    struct attempt_script script = SCRIPT(steps);
    assert_int_equal(run(&script, QUICK("2"), 0, NULL), MRPC_UNAVAILABLE);
    assert_int_equal(script.attempts, 2);
}

static void the_deadline_is_that_of_all_attempts(void **state)
{
    static const struct attempt_step steps[] = {{ATTEMPT_FAIL, "14", "100000"}};
    struct attempt_script script = SCRIPT(steps);
    assert_int_equal(run(&script, QUICK("4"), 1000, NULL), MRPC_DEADLINE_EXCEEDED);
    assert_int_equal(script.attempts, 1);
}

static void a_refused_stream_is_not_counted_as_an_attempt(void **state)
{
    static const struct attempt_step steps[] = {
        {ATTEMPT_REFUSE, NULL, NULL}, UNAVAILABLE, {ATTEMPT_ECHO, NULL, NULL}};
    struct attempt_script script = SCRIPT(steps);
    unsigned attempts;
    assert_int_equal(run(&script, QUICK("2"), 0, &attempts), MRPC_OK);
    assert_int_equal(attempts, 2);
    assert_string_equal(script.previous[1], "");
    assert_string_equal(script.previous[2], "1");
}

static void the_second_refusal_is_the_policys_matter(void **state)
{
    static const struct attempt_step steps[] = {
        {ATTEMPT_REFUSE, NULL, NULL}, {ATTEMPT_REFUSE, NULL, NULL}, {ATTEMPT_REFUSE, NULL, NULL}};
    struct attempt_script script = SCRIPT(steps);
    assert_int_equal(run(&script, QUICK("2"), 0, NULL), MRPC_UNAVAILABLE);
    assert_int_equal(script.attempts, 3);
    struct attempt_script plain = SCRIPT(steps);
    assert_int_equal(run(&plain, "{}", 0, NULL), MRPC_UNAVAILABLE);
    assert_int_equal(plain.attempts, 2);
}

static void failing_to_connect_is_the_policys_matter(void **state)
{
    const struct mrpc_channel_options options = {
        .struct_bytes = sizeof options, .backoff_base_ms = 1, .backoff_max_ms = 1, .service_config = QUICK("3")};
    struct mrpc_channel *channel;
    unsigned attempts;
    assert_int_equal(mrpc_channel_new("127.0.0.1:1", &options, &channel), 0);
    assert_int_equal(say(channel, 0, &attempts), MRPC_UNAVAILABLE);
    assert_int_equal(attempts, 3);
    mrpc_channel_free(channel);
}

static void retries_can_be_disabled(void **state)
{
    static const struct attempt_step steps[] = {UNAVAILABLE};
    struct attempt_script script = SCRIPT(steps);
    struct scripted_server server = {.arg = &script};
    struct mrpc_channel *channel;
    scripted_server_start(&server, 1, attempt_script_run);
    const struct mrpc_channel_options options = {
        .struct_bytes = sizeof options, .service_config = QUICK("4"), .no_retries = true};
    assert_int_equal(mrpc_channel_new(server.target, &options, &channel), 0);
    assert_int_equal(say(channel, 0, NULL), MRPC_UNAVAILABLE);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
    assert_int_equal(script.attempts, 1);
}

/* Throttling. */

static void no_retries_with_half_of_the_tokens_gone(void **state)
{
    /* 4 tokens: 3 after the first failure, which is over 2; 2 after the second, which is not. */
    static const struct attempt_step steps[] = {UNAVAILABLE, UNAVAILABLE, UNAVAILABLE};
    struct attempt_script script = SCRIPT(steps);
    struct scripted_server server = {.arg = &script};
    scripted_server_start(&server, 1, attempt_script_run);
    struct mrpc_channel *channel = attempt_channel(
        &server, POLICY("4", "0.001s", "1") ",\"retryThrottling\":{\"maxTokens\":4,\"tokenRatio\":1}}");
    unsigned attempts;
    assert_int_equal(say(channel, 0, &attempts), MRPC_UNAVAILABLE);
    assert_int_equal(attempts, 2);
    assert_int_equal(say(channel, 0, &attempts), MRPC_UNAVAILABLE);
    assert_int_equal(attempts, 1);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
}

static void successes_give_tokens_back_and_other_failures_take_none(void **state)
{
    static const struct attempt_step steps[] = {UNAVAILABLE,
                                                UNAVAILABLE,
                                                {ATTEMPT_FAIL, "3", NULL},
                                                {ATTEMPT_ECHO, NULL, NULL},
                                                {ATTEMPT_ECHO, NULL, NULL},
                                                UNAVAILABLE,
                                                {ATTEMPT_ECHO, NULL, NULL}};
    static const enum mrpc_code codes[] = {MRPC_UNAVAILABLE, MRPC_INVALID_ARGUMENT, MRPC_OK, MRPC_OK, MRPC_OK};
    struct attempt_script script = SCRIPT(steps);
    struct scripted_server server = {.arg = &script};
    scripted_server_start(&server, 1, attempt_script_run);
    struct mrpc_channel *channel = attempt_channel(
        &server, POLICY("4", "0.001s", "1") ",\"retryThrottling\":{\"maxTokens\":4,\"tokenRatio\":1}}");
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        assert_int_equal(say(channel, 0, NULL), codes[i]);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
    assert_int_equal(script.attempts, 7);
}

/* A server that sheds everything: faults.md has the offered load settle below 1.2 times the calls. */

#define STORM_CALLS 500

static void shed_everything(struct scripted_server *server, unsigned connection)
{
    static const struct raw_field fields[] = {
        {":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "14"}};
    size_t *attempts = server->arg;
    scripted_hello(server);
    for (int32_t id = 1; scripted_wait(server, NGHTTP2_DATA, id, NGHTTP2_FLAG_END_STREAM); id += 2) {
        raw_headers(server->peer, id, true, fields, 3);
        ++*attempts;
    }
}

static void G25_a_retry_storm_settles(void **state)
{
    size_t attempts = 0;
    struct scripted_server server = {.arg = &attempts};
    scripted_server_start(&server, 1, shed_everything);
    struct mrpc_channel *channel = attempt_channel(
        &server, POLICY("5", "0.001s", "1") ",\"retryThrottling\":{\"maxTokens\":10,\"tokenRatio\":0.1}}");
    for (int i = 0; i < STORM_CALLS; i++)
        assert_int_equal(say(channel, 0, NULL), MRPC_UNAVAILABLE);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
    assert_in_range(attempts, STORM_CALLS + 1, STORM_CALLS * 12 / 10);
}

static void the_bucket(void **state)
{
    struct mrpc_retry_throttle throttle = {0};
    for (int i = 0; i < 10; i++)
        mrpc_retry_throttle_failed(&throttle);
    assert_true(mrpc_retry_throttle_allows(&throttle)); /* no throttling */
    mrpc_retry_throttle_set(&throttle, (struct mrpc_retry_throttling){10000, 100});
    for (int i = 0; i < 5; i++) {
        assert_true(mrpc_retry_throttle_allows(&throttle));
        mrpc_retry_throttle_failed(&throttle);
    }
    assert_false(mrpc_retry_throttle_allows(&throttle));
    mrpc_retry_throttle_succeeded(&throttle);
    assert_true(mrpc_retry_throttle_allows(&throttle));
    assert_int_equal(throttle.millitokens, 5100);
    mrpc_retry_throttle_set(&throttle, (struct mrpc_retry_throttling){20000, 100});
    assert_int_equal(throttle.millitokens, 10200);
    for (int i = 0; i < 100; i++)
        mrpc_retry_throttle_failed(&throttle);
    assert_int_equal(throttle.millitokens, 0);
    for (int i = 0; i < 1000; i++)
        mrpc_retry_throttle_succeeded(&throttle);
    assert_int_equal(throttle.millitokens, 20000);
}

/* Streams. */

static int send_text(struct mrpc_client_call *call, const char *text)
{
    EchoText message = echo_text(text);
    return mrpc_client_call_send(call, &message.base);
}

static enum mrpc_code join_three(const struct scripted_server *server, size_t retry_buffer_bytes)
{
    const struct mrpc_channel_options options = {.struct_bytes = sizeof options,
                                                 .service_config = QUICK("4"),
                                                 .retry_buffer_bytes = retry_buffer_bytes};
    struct mrpc_channel *channel;
    struct mrpc_client_call *call;
    assert_int_equal(mrpc_channel_new(server->target, &options, &channel), 0);
    assert_int_equal(mrpc_client_call_start(channel, &echo_join, NULL, NULL, NULL, &call), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(send_text(call, "0123456789"), 0);
    assert_int_equal(mrpc_client_call_half_close(call), 0);
    int code = mrpc_client_call_finish(call, NULL);
    mrpc_client_call_free(call);
    mrpc_channel_free(channel);
    return (enum mrpc_code)code;
}

static void the_messages_of_a_stream_are_sent_again(void **state)
{
    static const struct attempt_step steps[] = {UNAVAILABLE, {ATTEMPT_ECHO, NULL, NULL}};
    struct attempt_script script = SCRIPT(steps);
    struct scripted_server server = {.arg = &script};
    scripted_server_start(&server, 1, attempt_script_run);
    assert_int_equal(join_three(&server, 0), MRPC_OK);
    scripted_server_join(&server);
    assert_int_equal(script.body_bytes[0], 3 * (5 + 12));
    assert_int_equal(script.body_bytes[1], 3 * (5 + 12));
}

static void a_stream_that_outgrows_the_buffer_is_committed(void **state)
{
    static const struct attempt_step steps[] = {UNAVAILABLE};
    struct attempt_script script = SCRIPT(steps);
    struct scripted_server server = {.arg = &script};
    scripted_server_start(&server, 1, attempt_script_run);
    assert_int_equal(join_three(&server, 3 * (5 + 12) - 1), MRPC_UNAVAILABLE);
    scripted_server_join(&server);
    assert_int_equal(script.attempts, 1);
}

/* A6: memory of retries is bounded a channel, too; what counts is what is kept, not how often. */

static enum mrpc_code say_often(size_t retry_buffers_bytes, struct attempt_script *script, int calls)
{
    struct scripted_server server = {.arg = script};
    const struct mrpc_channel_options options = {.struct_bytes = sizeof options,
                                                 .service_config = QUICK("2"),
                                                 .retry_buffers_bytes = retry_buffers_bytes};
    struct mrpc_channel *channel;
    enum mrpc_code code = MRPC_OK;
    scripted_server_start(&server, 1, attempt_script_run);
    assert_int_equal(mrpc_channel_new(server.target, &options, &channel), 0);
    for (int i = 0; i < calls && code == MRPC_OK; i++)
        code = say(channel, 0, NULL);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
    return code;
}

static void what_goes_beyond_the_channels_buffers_is_not_tried_again(void **state)
{
    static const struct attempt_step steps[] = {UNAVAILABLE, {ATTEMPT_ECHO, NULL, NULL}, UNAVAILABLE,
                                                {ATTEMPT_ECHO, NULL, NULL}};
    struct attempt_script script = SCRIPT(steps), again = SCRIPT(steps);
    assert_int_equal(say_often(5 + 7 - 1, &script, 1), MRPC_UNAVAILABLE);
    assert_int_equal(script.attempts, 1);
    assert_int_equal(say_often(5 + 7, &again, 2), MRPC_OK); /* the first gives back what it kept */
    assert_int_equal(again.attempts, 4);
}

/* The other fields of methodConfig. */

static void the_configs_timeout_ends_the_call(void **state)
{
    static const struct attempt_step steps[] = {{ATTEMPT_IGNORE, NULL, NULL}, {ATTEMPT_IGNORE, NULL, NULL}};
    static const char config[] = "{\"methodConfig\":[{\"name\":[{}],\"timeout\":\"0.05s\"}]}";
    struct attempt_script script = SCRIPT(steps);
    assert_int_equal(run(&script, config, 0, NULL), MRPC_DEADLINE_EXCEEDED);
    assert_int_equal(run(&script, config, 1000000, NULL), MRPC_DEADLINE_EXCEEDED); /* the smaller counts */
}

static void the_configs_limits_of_messages_hold(void **state)
{
    static const struct attempt_step steps[] = {{ATTEMPT_ECHO, NULL, NULL}};
    struct attempt_script script = SCRIPT(steps);
    static const char small_response[] = "{\"methodConfig\":[{\"name\":[{}],\"maxResponseMessageBytes\":6}]}";
    static const char fits[] = "{\"methodConfig\":[{\"name\":[{}],\"maxRequestMessageBytes\":7}]}";
    assert_int_equal(run(&script, small_response, 0, NULL), MRPC_RESOURCE_EXHAUSTED);
    assert_int_equal(run(&script, fits, 0, NULL), MRPC_OK);
    static const char *const too_small[] = {"{\"methodConfig\":[{\"name\":[{}],\"maxRequestMessageBytes\":6}]}",
                                            "{\"methodConfig\":[{\"name\":[{}],\"maxRequestMessageBytes\":0}]}"};
    for (int i = 0; i < 2; i++) {
        const struct mrpc_channel_options options = {.struct_bytes = sizeof options, .service_config = too_small[i]};
        struct mrpc_channel *channel;
        assert_int_equal(mrpc_channel_new("127.0.0.1:1", &options, &channel), 0);
        assert_int_equal(say(channel, 0, NULL), MRPC_RESOURCE_EXHAUSTED);
        mrpc_channel_free(channel);
    }
}

static void the_config_may_make_calls_wait_for_ready(void **state)
{
    static const char config[] = "{\"methodConfig\":[{\"name\":[{}],\"waitForReady\":true}]}";
    const struct mrpc_channel_options options = {.struct_bytes = sizeof options, .service_config = config};
    struct mrpc_channel *channel;
    assert_int_equal(mrpc_channel_new("127.0.0.1:1", &options, &channel), 0);
    assert_int_equal(say(channel, 100, NULL), MRPC_DEADLINE_EXCEEDED); /* not UNAVAILABLE at once */
    mrpc_channel_free(channel);
}

static void a_channel_refuses_a_config_that_is_none(void **state)
{
    const struct mrpc_channel_options options = {.struct_bytes = sizeof options,
                                                 .service_config = "{\"methodConfig\":1}"};
    struct mrpc_channel *channel = NULL;
    assert_int_equal(mrpc_channel_new("127.0.0.1:1", &options, &channel), MRPC_ERR_INVALID);
    assert_null(channel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_retryable_status_is_tried_again_and_the_server_told_how_often),
        cmocka_unit_test(max_attempts_counts_the_first),
        cmocka_unit_test(more_than_five_attempts_are_five),
        cmocka_unit_test(other_statuses_are_not_tried_again),
        cmocka_unit_test(methods_without_a_policy_are_not_retried),
        cmocka_unit_test(the_backoff_grows_and_is_jittered_by_a_fifth),
        cmocka_unit_test(response_headers_commit_the_call),
        cmocka_unit_test(pushback_says_when_and_resets_the_backoff),
        cmocka_unit_test(pushback_may_say_never),
        cmocka_unit_test(pushback_does_not_raise_max_attempts),
        cmocka_unit_test(the_deadline_is_that_of_all_attempts),
        cmocka_unit_test(a_refused_stream_is_not_counted_as_an_attempt),
        cmocka_unit_test(the_second_refusal_is_the_policys_matter),
        cmocka_unit_test(failing_to_connect_is_the_policys_matter),
        cmocka_unit_test(retries_can_be_disabled),
        cmocka_unit_test(no_retries_with_half_of_the_tokens_gone),
        cmocka_unit_test(successes_give_tokens_back_and_other_failures_take_none),
        cmocka_unit_test(G25_a_retry_storm_settles),
        cmocka_unit_test(the_bucket),
        cmocka_unit_test(the_messages_of_a_stream_are_sent_again),
        cmocka_unit_test(a_stream_that_outgrows_the_buffer_is_committed),
        cmocka_unit_test(what_goes_beyond_the_channels_buffers_is_not_tried_again),
        cmocka_unit_test(the_configs_timeout_ends_the_call),
        cmocka_unit_test(the_configs_limits_of_messages_hold),
        cmocka_unit_test(the_config_may_make_calls_wait_for_ready),
        cmocka_unit_test(a_channel_refuses_a_config_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
