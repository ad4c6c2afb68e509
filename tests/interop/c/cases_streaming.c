/* SPDX-License-Identifier: Apache-2.0 */
#include "cases.h"

static const int request_sizes[] = {27182, 8, 1828, 45904};
static const int response_sizes[] = {31415, 9, 2653, 58979};
#define SIZES 4

static struct mrpc_client_call *start_duplex(struct interop *self, const struct mrpc_call_options *options)
{
    struct mrpc_client_call *call;
    int error = grpc__testing__test_service__full_duplex_call__start(self->channel, options, NULL, NULL, &call);
    require(error == 0, "start: %s", mrpc_error_text(error));
    return call;
}

static struct mrpc_client_call *start_input(struct interop *self)
{
    struct mrpc_client_call *call;
    int error = grpc__testing__test_service__streaming_input_call__start(self->channel, &self->call, NULL, NULL, &call);
    require(error == 0, "start: %s", mrpc_error_text(error));
    return call;
}

static void client_streaming(struct interop *self)
{
    struct mrpc_client_call *call = start_input(self);
    for (int i = 0; i < SIZES; i++) {
        Grpc__Testing__StreamingInputCallRequest request = GRPC__TESTING__STREAMING_INPUT_CALL_REQUEST__INIT;
        Grpc__Testing__Payload payload = zeros((size_t)request_sizes[i]);
        request.payload = &payload;
        int error = grpc__testing__test_service__streaming_input_call__send(call, &request);
        require(error == 0, "send: %s", mrpc_error_text(error));
    }
    require(mrpc_client_call_half_close(call) == 0, "half-close");
    const Grpc__Testing__StreamingInputCallResponse *response =
        grpc__testing__test_service__streaming_input_call__recv(call);
    require(response, "there is no response");
    require(response->aggregated_payload_size == 74922, "the sum is %d", response->aggregated_payload_size);
    end_call(call, MRPC_OK);
}

static void server_streaming(struct interop *self)
{
    struct output_request request;
    struct mrpc_client_call *call;
    output_request_init(&request, 0);
    for (int i = 0; i < SIZES; i++)
        output_request_ask(&request, response_sizes[i]);
    int error = grpc__testing__test_service__streaming_output_call__start(self->channel, NULL, &request.message, NULL,
                                                                          NULL, &call);
    require(error == 0, "start: %s", mrpc_error_text(error));
    for (int i = 0; i < SIZES; i++) {
        const Grpc__Testing__StreamingOutputCallResponse *response =
            grpc__testing__test_service__streaming_output_call__recv(call);
        require(response, "there are %d responses", i);
        require_zeros(response->payload, (size_t)response_sizes[i]);
    }
    require(!grpc__testing__test_service__streaming_output_call__recv(call), "there are more than %d responses", SIZES);
    end_call(call, MRPC_OK);
}

static void send_and_receive(struct mrpc_client_call *call, int request_bytes, int response_bytes)
{
    struct output_request request;
    output_request_init(&request, (size_t)request_bytes);
    output_request_ask(&request, response_bytes);
    int error = grpc__testing__test_service__full_duplex_call__send(call, &request.message);
    require(error == 0, "send: %s", mrpc_error_text(error));
    const Grpc__Testing__StreamingOutputCallResponse *response =
        grpc__testing__test_service__full_duplex_call__recv(call);
    require(response, "there is no response of %d bytes", response_bytes);
    require_zeros(response->payload, (size_t)response_bytes);
}

static void ping_pong(struct interop *self)
{
    struct mrpc_client_call *call = start_duplex(self, &self->call);
    for (int i = 0; i < SIZES; i++)
        send_and_receive(call, request_sizes[i], response_sizes[i]);
    require(mrpc_client_call_half_close(call) == 0, "half-close");
    require(!grpc__testing__test_service__full_duplex_call__recv(call), "there are more than %d responses", SIZES);
    end_call(call, MRPC_OK);
}

static void empty_stream(struct interop *self)
{
    struct mrpc_client_call *call = start_duplex(self, NULL);
    require(mrpc_client_call_half_close(call) == 0, "half-close");
    require(!grpc__testing__test_service__full_duplex_call__recv(call), "there is a response");
    end_call(call, MRPC_OK);
}

static void cancel_after_begin(struct interop *self)
{
    struct mrpc_client_call *call = start_input(self);
    mrpc_client_call_cancel(call);
    end_call(call, MRPC_CANCELLED);
}

static void cancel_after_first_response(struct interop *self)
{
    struct mrpc_client_call *call = start_duplex(self, NULL);
    send_and_receive(call, request_sizes[0], response_sizes[0]);
    mrpc_client_call_cancel(call);
    end_call(call, MRPC_CANCELLED);
}

static void timeout_on_sleeping_server(struct interop *self)
{
    const struct mrpc_call_options options = {.struct_bytes = sizeof options, .timeout_ms = 1};
    struct mrpc_client_call *call = start_duplex(self, &options);
    struct output_request request;
    output_request_init(&request, 27182);
    int error = grpc__testing__test_service__full_duplex_call__send(call, &request.message);
    require(error == 0 || error == MRPC_ERR_DONE, "send: %s", mrpc_error_text(error)); /* it may be over already */
    require(!grpc__testing__test_service__full_duplex_call__recv(call), "there is a response");
    end_call(call, MRPC_DEADLINE_EXCEEDED);
}

const struct interop_case streaming_cases[] = {
    {"client_streaming", client_streaming},
    {"server_streaming", server_streaming},
    {"ping_pong", ping_pong},
    {"empty_stream", empty_stream},
    {"cancel_after_begin", cancel_after_begin},
    {"cancel_after_first_response", cancel_after_first_response},
    {"timeout_on_sleeping_server", timeout_on_sleeping_server},
    {NULL, NULL},
};
