/* SPDX-License-Identifier: Apache-2.0 */

/* Each message is to come compressed or not as it was asked for; a server that does not look is found by a probe that
 * lies to it, which it must refuse. */

#include "cases.h"

static const struct mrpc_call_options compressed = {.struct_bytes = sizeof compressed, .compress = true};
/* A server that does not look at the flag waits for more of a stream. */
static const struct mrpc_call_options probing = {.struct_bytes = sizeof probing, .timeout_ms = 10 * 1000};

static void unary(struct interop *self, const struct mrpc_call_options *options, bool expect_compressed,
                  enum mrpc_code code)
{
    struct simple_request request;
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    simple_request_large(&request);
    request.truth.value = expect_compressed;
    request.message.expect_compressed = &request.truth;
    const Grpc__Testing__SimpleResponse *response =
        grpc__testing__test_service__unary_call(self->channel, options, &request.message, &reply);
    require_code(&reply.status, code);
    if (code == MRPC_OK)
        require_zeros(response->payload, LARGE_RESPONSE_BYTES);
    mrpc_reply_fini(&reply);
}

static void client_compressed_unary(struct interop *self)
{
    unary(self, NULL, true, MRPC_INVALID_ARGUMENT); /* the probe */
    unary(self, &compressed, true, MRPC_OK);
    unary(self, NULL, false, MRPC_OK);
}

static void server_compressed_unary(struct interop *self)
{
    for (int wanted = 1; wanted >= 0; wanted--) {
        struct simple_request request;
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        simple_request_large(&request);
        request.truth.value = wanted;
        request.message.response_compressed = &request.truth;
        const Grpc__Testing__SimpleResponse *response =
            grpc__testing__test_service__unary_call(self->channel, NULL, &request.message, &reply);
        require_code(&reply.status, MRPC_OK);
        require(reply.compressed == wanted, "the response came %s", reply.compressed ? "compressed" : "plain");
        require_zeros(response->payload, LARGE_RESPONSE_BYTES);
        mrpc_reply_fini(&reply);
    }
}

static void send_expecting(struct mrpc_client_call *call, size_t size, bool expect_compressed)
{
    Grpc__Testing__StreamingInputCallRequest request = GRPC__TESTING__STREAMING_INPUT_CALL_REQUEST__INIT;
    Grpc__Testing__BoolValue expected = GRPC__TESTING__BOOL_VALUE__INIT;
    Grpc__Testing__Payload payload = zeros(size);
    expected.value = expect_compressed;
    request.expect_compressed = &expected;
    request.payload = &payload;
    int error = grpc__testing__test_service__streaming_input_call__send(call, &request);
    require(error == 0, "send: %s", mrpc_error_text(error));
}

static void client_compressed_streaming(struct interop *self)
{
    struct mrpc_client_call *call;
    int error = grpc__testing__test_service__streaming_input_call__start(self->channel, &probing, NULL, NULL, &call);
    require(error == 0, "start: %s", mrpc_error_text(error));
    send_expecting(call, 27182, true); /* the probe */
    require(!grpc__testing__test_service__streaming_input_call__recv(call), "the probe got a response");
    end_call(call, MRPC_INVALID_ARGUMENT);

    error = grpc__testing__test_service__streaming_input_call__start(self->channel, &compressed, NULL, NULL, &call);
    require(error == 0, "start: %s", mrpc_error_text(error));
    send_expecting(call, 27182, true);
    require(mrpc_client_call_set_compression(call, false) == 0, "the second message cannot be spared");
    send_expecting(call, 45904, false);
    require(mrpc_client_call_half_close(call) == 0, "half-close");
    const Grpc__Testing__StreamingInputCallResponse *response =
        grpc__testing__test_service__streaming_input_call__recv(call);
    require(response, "there is no response");
    require(response->aggregated_payload_size == 73086, "the sum is %d", response->aggregated_payload_size);
    end_call(call, MRPC_OK);
}

static void server_compressed_streaming(struct interop *self)
{
    static const int sizes[] = {31415, 92653};
    struct output_request request;
    struct mrpc_client_call *call;
    output_request_init(&request, 0);
    for (int i = 0; i < 2; i++) {
        output_request_ask(&request, sizes[i])->compressed = &request.truths[i];
        request.truths[i].value = i == 0;
    }
    int error = grpc__testing__test_service__streaming_output_call__start(self->channel, NULL, &request.message, NULL,
                                                                          NULL, &call);
    require(error == 0, "start: %s", mrpc_error_text(error));
    for (int i = 0; i < 2; i++) {
        const Grpc__Testing__StreamingOutputCallResponse *response =
            grpc__testing__test_service__streaming_output_call__recv(call);
        require(response, "there are %d responses", i);
        bool came_compressed = mrpc_client_call_message_compressed(call);
        require(came_compressed == (i == 0), "response %d came %s", i, came_compressed ? "compressed" : "plain");
        require_zeros(response->payload, (size_t)sizes[i]);
    }
    require(!grpc__testing__test_service__streaming_output_call__recv(call), "there are more than 2 responses");
    end_call(call, MRPC_OK);
}

const struct interop_case compression_cases[] = {
    {"client_compressed_unary", client_compressed_unary},
    {"server_compressed_unary", server_compressed_unary},
    {"client_compressed_streaming", client_compressed_streaming},
    {"server_compressed_streaming", server_compressed_streaming},
    {NULL, NULL},
};
