/* SPDX-License-Identifier: Apache-2.0 */
#include <mrpc/channel.h>

#include <stdio.h>
#include <string.h>

#include "attempt_script.h"
#include "echo_methods.h"
#include "test.h"

/* Hedging by service config. The names of the tests are rules of gRFC A6; checklist, client 7. */

#define POLICY(ATTEMPTS, DELAY)                                                                                        \
    "{\"methodConfig\":[{\"name\":[{}],\"hedgingPolicy\":{\"maxAttempts\":" ATTEMPTS ",\"hedgingDelay\":\"" DELAY      \
    "\",\"nonFatalStatusCodes\":[\"UNAVAILABLE\",\"aborted\"]}}]"
#define HEDGED(ATTEMPTS, DELAY) POLICY(ATTEMPTS, DELAY) "}"
#define NEVER "1000s"
#define SCRIPT(STEPS) {.steps = STEPS, .step_count = sizeof(STEPS) / sizeof((STEPS)[0])}
#define UNAVAILABLE {ATTEMPT_FAIL, "14", NULL}
#define IGNORE {ATTEMPT_IGNORE, NULL, NULL}
#define ECHO {ATTEMPT_ECHO, NULL, NULL}

static enum mrpc_code say(struct mrpc_channel *channel, int64_t timeout_ms, struct mrpc_reply *reply)
{
    const struct mrpc_call_options options = {.struct_bytes = sizeof options, .timeout_ms = timeout_ms};
    EchoText request = echo_text("hello");
    const ProtobufCMessage *response = mrpc_channel_unary(channel, &echo_say, &options, &request.base, reply);
    if (response)
        assert_string_equal(echo_value(response), "hello");
    return reply->status.code;
}

static enum mrpc_code run(struct attempt_script *script, const char *config, int64_t timeout_ms, unsigned *attempts)
{
    struct scripted_server server = {.arg = script};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    scripted_server_start(&server, 1, attempt_script_run);
    struct mrpc_channel *channel = attempt_channel(&server, config);
    script->started_ms = attempt_clock_ms();
    enum mrpc_code code = say(channel, timeout_ms, &reply);
    if (attempts)
        *attempts = reply.attempts;
    if (code == MRPC_UNAVAILABLE)
        assert_string_equal(reply.status.message, "as scripted");
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
    return code;
}

static void after_the_delay_another_is_sent_and_the_first_answer_wins(void **state)
{
    static const struct attempt_step steps[] = {IGNORE, ECHO};
    struct attempt_script script = SCRIPT(steps);
    unsigned attempts;
    assert_int_equal(run(&script, HEDGED("2", "0.03s"), 0, &attempts), MRPC_OK);
    assert_int_equal(attempts, 2);
    assert_true(script.at_ms[1] - script.started_ms >= 28);
    assert_string_equal(script.previous[0], "");
    assert_string_equal(script.previous[1], "1");
    assert_int_equal(script.cancelled, 1);
}

static void the_first_attempt_may_win_too(void **state)
{
    static const struct attempt_step steps[] = {IGNORE, IGNORE, {ATTEMPT_ECHO_EARLIER, NULL, NULL}};
    struct attempt_script script = SCRIPT(steps);
    assert_int_equal(run(&script, HEDGED("3", "0.001s"), 0, NULL), MRPC_OK);
    assert_int_equal(script.attempts, 3);
    assert_int_equal(script.cancelled, 2);
}

static void an_answer_before_the_delay_needs_no_other(void **state)
{
    static const struct attempt_step steps[] = {ECHO};
    struct attempt_script script = SCRIPT(steps);
    unsigned attempts;
    assert_int_equal(run(&script, HEDGED("5", NEVER), 0, &attempts), MRPC_OK);
    assert_int_equal(attempts, 1);
    assert_int_equal(script.attempts, 1);
}

static void without_a_delay_all_are_sent_at_once(void **state)
{
    static const struct attempt_step steps[] = {IGNORE, IGNORE, IGNORE, ECHO};
    struct attempt_script script = SCRIPT(steps);
    assert_int_equal(run(&script, HEDGED("4", "0s"), 0, NULL), MRPC_OK);
    assert_int_equal(script.attempts, 4);
    assert_int_equal(script.cancelled, 3);
}

static void a_failure_that_is_not_fatal_brings_the_next_at_once(void **state)
{
    static const struct attempt_step steps[] = {UNAVAILABLE, {ATTEMPT_FAIL, "10", NULL}, ECHO};
    struct attempt_script script = SCRIPT(steps);
    assert_int_equal(run(&script, HEDGED("5", NEVER), 0, NULL), MRPC_OK);
    assert_int_equal(script.attempts, 3);
}

static void a_fatal_failure_cancels_the_others(void **state)
{
    static const struct attempt_step steps[] = {IGNORE, {ATTEMPT_FAIL, "3", NULL}};
    struct attempt_script script = SCRIPT(steps);
    assert_int_equal(run(&script, HEDGED("5", "0.8s"), 0, NULL), MRPC_INVALID_ARGUMENT);
    assert_int_equal(script.attempts, 2);
    assert_int_equal(script.cancelled, 1);
}

static void when_all_have_failed_the_call_has(void **state)
{
    static const struct attempt_step steps[] = {UNAVAILABLE, IGNORE, {ATTEMPT_FAIL_EARLIER, "10", NULL}};
    static const struct attempt_step last[] = {{ATTEMPT_FAIL, "10", NULL}, UNAVAILABLE};
    struct attempt_script script = SCRIPT(last);
    assert_int_equal(run(&script, HEDGED("2", NEVER), 0, NULL), MRPC_UNAVAILABLE);
    assert_int_equal(script.attempts, 2);
    struct attempt_script open = SCRIPT(steps);
    /* The third is under way: the call goes on. */
    assert_int_equal(run(&open, HEDGED("3", "0.001s"), 1000, NULL), MRPC_DEADLINE_EXCEEDED);
    assert_int_equal(open.attempts, 3);
}

static void pushback_may_say_never(void **state)
{
    static const struct attempt_step steps[] = {{ATTEMPT_FAIL, "14", "-1"}};
    struct attempt_script script = SCRIPT(steps);
    assert_int_equal(run(&script, HEDGED("5", "10s"), 0, NULL), MRPC_UNAVAILABLE);
    assert_int_equal(script.attempts, 1);
}

static void those_under_way_go_on_after_that(void **state)
{
    static const struct attempt_step steps[] = {IGNORE, {ATTEMPT_FAIL, "14", "-1"}, ECHO};
    struct attempt_script script = SCRIPT(steps);
    assert_int_equal(run(&script, HEDGED("3", "0.8s"), 2500, NULL), MRPC_DEADLINE_EXCEEDED);
    assert_int_equal(script.attempts, 2); /* the first is waited for, no third is sent */
}

static void pushback_says_when(void **state)
{
    static const struct attempt_step steps[] = {{ATTEMPT_FAIL, "14", "60"}, ECHO};
    struct attempt_script script = SCRIPT(steps);
    assert_int_equal(run(&script, HEDGED("5", NEVER), 0, NULL), MRPC_OK);
    assert_true(script.at_ms[1] - script.at_ms[0] >= 58);
}

static void the_deadline_is_that_of_all_attempts(void **state)
{
    static const struct attempt_step steps[] = {IGNORE, IGNORE};
    struct attempt_script script = SCRIPT(steps);
    assert_int_equal(run(&script, HEDGED("2", "0.01s"), 1000, NULL), MRPC_DEADLINE_EXCEEDED);
    assert_int_equal(script.cancelled, 2);
}

static void the_first_is_always_sent_and_throttling_stops_the_rest(void **state)
{
    static const struct attempt_step steps[] = {UNAVAILABLE, UNAVAILABLE};
    struct attempt_script script = SCRIPT(steps);
    struct scripted_server server = {.arg = &script};
    scripted_server_start(&server, 1, attempt_script_run);
    struct mrpc_channel *channel =
        attempt_channel(&server, POLICY("5", NEVER) ",\"retryThrottling\":{\"maxTokens\":2,\"tokenRatio\":0.1}}");
    for (int i = 0; i < 2; i++) { /* one token is left of two, then none */
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        assert_int_equal(say(channel, 0, &reply), MRPC_UNAVAILABLE);
        assert_string_equal(reply.status.message, "as scripted");
        assert_int_equal(reply.attempts, 1);
        mrpc_reply_fini(&reply);
    }
    mrpc_channel_free(channel);
    scripted_server_join(&server);
}

/* Streams: what the program sends goes to each of the attempts. */

static void every_attempt_gets_every_message(void **state)
{
    static const struct attempt_step steps[] = {IGNORE, IGNORE, ECHO};
    struct attempt_script script = SCRIPT(steps);
    struct scripted_server server = {.arg = &script};
    struct mrpc_client_call *call;
    scripted_server_start(&server, 1, attempt_script_run);
    struct mrpc_channel *channel = attempt_channel(&server, HEDGED("3", "0s"));
    assert_int_equal(mrpc_client_call_start(channel, &echo_chat, NULL, NULL, NULL, &call), 0);
    for (int i = 0; i < 3; i++) {
        EchoText message = echo_text("0123456789");
        assert_int_equal(mrpc_client_call_send(call, &message.base), 0);
    }
    assert_int_equal(mrpc_client_call_half_close(call), 0);
    for (int i = 0; i < 3; i++)
        assert_string_equal(echo_value(mrpc_client_call_recv(call)), "0123456789");
    assert_null(mrpc_client_call_recv(call));
    assert_int_equal(mrpc_client_call_finish(call, NULL), MRPC_OK);
    mrpc_client_call_free(call);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
    for (int i = 0; i < 3; i++)
        assert_int_equal(script.body_bytes[i], 3 * (5 + 12));
    assert_int_equal(script.cancelled, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_the_delay_another_is_sent_and_the_first_answer_wins),
        cmocka_unit_test(the_first_attempt_may_win_too),
        cmocka_unit_test(an_answer_before_the_delay_needs_no_other),
        cmocka_unit_test(without_a_delay_all_are_sent_at_once),
        cmocka_unit_test(a_failure_that_is_not_fatal_brings_the_next_at_once),
        cmocka_unit_test(a_fatal_failure_cancels_the_others),
        cmocka_unit_test(when_all_have_failed_the_call_has),
        cmocka_unit_test(pushback_may_say_never),
        cmocka_unit_test(those_under_way_go_on_after_that),
        cmocka_unit_test(pushback_says_when),
        cmocka_unit_test(the_deadline_is_that_of_all_attempts),
        cmocka_unit_test(the_first_is_always_sent_and_throttling_stops_the_rest),
        cmocka_unit_test(every_attempt_gets_every_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
