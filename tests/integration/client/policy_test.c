/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "echo_service.h"
#include "test.h"

/* Call policies against the real server: retries, and what a server's call passes on to the calls that it makes. */

static void the_servers_errors_are_retried(void **state)
{
    static const char config[] = "{\"methodConfig\":[{"
                                 "\"name\":[{\"service\":\"test.echo.v1.Echo\",\"method\":\"Say\"}],"
                                 "\"retryPolicy\":{\"maxAttempts\":3,\"initialBackoff\":\"0.001s\","
                                 "\"maxBackoff\":\"0.01s\",\"backoffMultiplier\":2,"
                                 "\"retryableStatusCodes\":[\"UNAVAILABLE\"]}}]}";
    static const unsigned attempts[] = {3, 1};
    static const enum mrpc_code codes[] = {MRPC_UNAVAILABLE, MRPC_ABORTED};
    const struct mrpc_channel_options options = {.struct_bytes = sizeof options, .service_config = config};
    struct echo_server server;
    struct mrpc_channel *channel;
    echo_server_start(&server, "127.0.0.1:0", NULL, 0);
    assert_int_equal(mrpc_channel_new(server.bound, &options, &channel), 0);
    for (int i = 0; i < 2; i++) {
        Test__Echo__V1__SayRequest request = TEST__ECHO__V1__SAY_REQUEST__INIT;
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        request.fail = (int32_t)codes[i];
        assert_null(test__echo__v1__echo__say(channel, NULL, &request, &reply));
        assert_int_equal(reply.status.code, codes[i]);
        assert_int_equal(reply.attempts, attempts[i]);
        mrpc_reply_fini(&reply);
    }
    mrpc_channel_free(channel);
    echo_server_stop(&server);
}

/* A server in front that asks one behind it, whose answer says what came with the question. */

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int say_what_came(void *self, struct mrpc_call *call, const Test__Echo__V1__SayRequest *request,
                         Test__Echo__V1__SayResponse *response)
{
    const struct mrpc_metadatum *trace = mrpc_metadata_find(mrpc_call_request_metadata(call), "traceparent");
    response->text = mrpc_arena_strdup(mrpc_call_arena(call), trace ? trace->value : "none");
    response->deadline_left_ms = mrpc_call_deadline_ms(call) - now_ms();
    return response->text ? MRPC_OK : MRPC_RESOURCE_EXHAUSTED;
}

static void pass_answer(void *arg, const ProtobufCMessage *response, const struct mrpc_reply *reply)
{
    struct mrpc_call *call = arg;
    ProtobufCMessage *copy = NULL;
    const struct mrpc_message_info *info = &test__echo__v1__say_response__info;
    if (response)
        assert_int_equal(mrpc_message_copy(info, response, mrpc_call_arena(call), &copy), 0);
    mrpc_call_finish(call, (int)reply->status.code, copy);
}

static int ask_behind(void *self, struct mrpc_call *call, const Test__Echo__V1__SayRequest *request,
                      Test__Echo__V1__SayResponse *response)
{
    const struct mrpc_call_options options = {.struct_bytes = sizeof options, .timeout_ms = 3600000, .parent = call};
    mrpc_channel_unary_async(self, &test__echo__v1__echo__service.methods[0], &options, &request->base, pass_answer,
                             call);
    return MRPC_PENDING;
}

static void serve(struct echo_server *self, const struct test__echo__v1__echo__handlers *handlers, void *arg,
                  struct mrpc_tracing *tracing)
{
    const struct mrpc_server_options options = {.struct_bytes = sizeof options};
    assert_int_equal(mrpc_server_new(&options, &self->server), 0);
    if (tracing)
        assert_int_equal(mrpc_tracing_add_to_server(tracing, self->server), 0);
    assert_int_equal(test__echo__v1__echo__add_to_server(self->server, handlers, arg), 0);
    assert_int_equal(mrpc_server_listen(self->server, "127.0.0.1:0", NULL, &self->bound), 0);
    assert_int_equal(mrpc_server_start(self->server), 0);
}

static void deadline_and_trace_are_passed_on(void **state)
{
    static const struct test__echo__v1__echo__handlers front_handlers = {.say = ask_behind};
    static const struct test__echo__v1__echo__handlers behind_handlers = {.say = say_what_came};
    static const char trace[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    struct echo_server front, behind;
    struct mrpc_channel *to_behind, *channel;
    struct mrpc_tracing *tracing;
    assert_int_equal(mrpc_tracing_new(&tracing), 0);
    serve(&behind, &behind_handlers, NULL, NULL);
    assert_int_equal(mrpc_channel_new(behind.bound, NULL, &to_behind), 0);
    assert_int_equal(mrpc_channel_add_interceptor(to_behind, &mrpc_propagation, NULL), 0);
    serve(&front, &front_handlers, to_behind, tracing);
    assert_int_equal(mrpc_channel_new(front.bound, NULL, &channel), 0);

    const struct mrpc_metadatum metadata = {"traceparent", trace, strlen(trace)};
    const struct mrpc_call_options options = {
        .struct_bytes = sizeof options, .timeout_ms = 60000, .metadata = &metadata, .metadata_count = 1};
    Test__Echo__V1__SayRequest request = TEST__ECHO__V1__SAY_REQUEST__INIT;
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const Test__Echo__V1__SayResponse *response = test__echo__v1__echo__say(channel, &options, &request, &reply);
    assert_int_equal(reply.status.code, MRPC_OK);
    assert_in_range(response->deadline_left_ms, 1, 60000); /* not the hour that the front asked for */
    assert_memory_equal(response->text, trace, 36);        /* the same trace */
    assert_memory_not_equal(response->text + 36, trace + 36, 16); /* the front's span */
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    echo_server_stop(&front);
    mrpc_channel_free(to_behind);
    echo_server_stop(&behind);
    mrpc_tracing_free(tracing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_servers_errors_are_retried),
        cmocka_unit_test(deadline_and_trace_are_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
