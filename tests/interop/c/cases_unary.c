/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cases.h"

static void empty_unary(struct interop *self)
{
    const Grpc__Testing__Empty request = GRPC__TESTING__EMPTY__INIT;
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const Grpc__Testing__Empty *response =
        grpc__testing__test_service__empty_call(self->channel, NULL, &request, &reply);
    require_code(&reply.status, MRPC_OK);
    require(response, "there is no response");
    mrpc_reply_fini(&reply);
}

void run_large_unary(struct interop *self)
{
    struct simple_request request;
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    simple_request_large(&request);
    const Grpc__Testing__SimpleResponse *response =
        grpc__testing__test_service__unary_call(self->channel, &self->call, &request.message, &reply);
    require_code(&reply.status, MRPC_OK);
    require_zeros(response->payload, LARGE_RESPONSE_BYTES);
    mrpc_reply_fini(&reply);
}

static void unary_metadata(struct interop *self, const struct mrpc_call_options *options)
{
    struct simple_request request;
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    simple_request_large(&request);
    const Grpc__Testing__SimpleResponse *response =
        grpc__testing__test_service__unary_call(self->channel, options, &request.message, &reply);
    require_code(&reply.status, MRPC_OK);
    require_zeros(response->payload, LARGE_RESPONSE_BYTES);
    require_echoed(&reply);
    mrpc_reply_fini(&reply);
}

static void duplex_metadata(struct interop *self, const struct mrpc_call_options *options)
{
    struct output_request request;
    struct mrpc_client_call *call;
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    output_request_init(&request, LARGE_REQUEST_BYTES);
    output_request_ask(&request, LARGE_RESPONSE_BYTES);
    int error = grpc__testing__test_service__full_duplex_call__start(self->channel, options, NULL, NULL, &call);
    require(error == 0, "start: %s", mrpc_error_text(error));
    error = grpc__testing__test_service__full_duplex_call__send(call, &request.message);
    require(error == 0, "send: %s", mrpc_error_text(error));
    require(mrpc_client_call_half_close(call) == 0, "half-close");
    const Grpc__Testing__StreamingOutputCallResponse *response =
        grpc__testing__test_service__full_duplex_call__recv(call);
    require(response, "there is no response");
    require_zeros(response->payload, LARGE_RESPONSE_BYTES);
    require(!grpc__testing__test_service__full_duplex_call__recv(call), "there is a second response");
    mrpc_client_call_finish(call, &reply);
    require_code(&reply.status, MRPC_OK);
    require_echoed(&reply);
    mrpc_reply_fini(&reply);
    mrpc_client_call_free(call);
}

static void custom_metadata(struct interop *self)
{
    const struct mrpc_call_options options = {
        .struct_bytes = sizeof options, .metadata = echoed_metadata, .metadata_count = 2};
    unary_metadata(self, &options);
    duplex_metadata(self, &options);
}

static void require_status(const struct mrpc_status *status, const Grpc__Testing__EchoStatus *expected)
{
    require_code(status, (enum mrpc_code)expected->code);
    require(status->message && strcmp(status->message, expected->message) == 0, "the message is \"%s\"",
            status->message ? status->message : "");
}

static void unary_status(struct interop *self, Grpc__Testing__EchoStatus *expected)
{
    Grpc__Testing__SimpleRequest request = GRPC__TESTING__SIMPLE_REQUEST__INIT;
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.response_status = expected;
    require(!grpc__testing__test_service__unary_call(self->channel, NULL, &request, &reply), "it succeeded");
    require_status(&reply.status, expected);
    mrpc_reply_fini(&reply);
}

static void duplex_status(struct interop *self, Grpc__Testing__EchoStatus *expected)
{
    struct output_request request;
    struct mrpc_client_call *call;
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    output_request_init(&request, 0);
    request.message.response_status = expected;
    int error = grpc__testing__test_service__full_duplex_call__start(self->channel, NULL, NULL, NULL, &call);
    require(error == 0, "start: %s", mrpc_error_text(error));
    error = grpc__testing__test_service__full_duplex_call__send(call, &request.message);
    require(error == 0, "send: %s", mrpc_error_text(error));
    (void)mrpc_client_call_half_close(call); /* the server may have ended the call by now */
    require(!grpc__testing__test_service__full_duplex_call__recv(call), "there is a response");
    mrpc_client_call_finish(call, &reply);
    require_status(&reply.status, expected);
    mrpc_reply_fini(&reply);
    mrpc_client_call_free(call);
}

static void status_code_and_message(struct interop *self)
{
    char text[] = "test status message";
    Grpc__Testing__EchoStatus status = GRPC__TESTING__ECHO_STATUS__INIT;
    status.code = MRPC_UNKNOWN;
    status.message = text;
    unary_status(self, &status);
    duplex_status(self, &status);
}

static void special_status_message(struct interop *self)
{
    char text[] = "\t\ntest with whitespace\r\nand Unicode BMP \xe2\x98\xba and non-BMP \xf0\x9f\x98\x88\t\n";
    Grpc__Testing__EchoStatus status = GRPC__TESTING__ECHO_STATUS__INIT;
    status.code = MRPC_UNKNOWN;
    status.message = text;
    unary_status(self, &status);
}

static void unimplemented_method(struct interop *self)
{
    const Grpc__Testing__Empty request = GRPC__TESTING__EMPTY__INIT;
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    (void)grpc__testing__test_service__unimplemented_call(self->channel, NULL, &request, &reply);
    require_code(&reply.status, MRPC_UNIMPLEMENTED);
    mrpc_reply_fini(&reply);
}

static void unimplemented_service(struct interop *self)
{
    const Grpc__Testing__Empty request = GRPC__TESTING__EMPTY__INIT;
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    (void)grpc__testing__unimplemented_service__unimplemented_call(self->channel, NULL, &request, &reply);
    require_code(&reply.status, MRPC_UNIMPLEMENTED);
    mrpc_reply_fini(&reply);
}

const struct interop_case unary_cases[] = {
    {"empty_unary", empty_unary},
    {"large_unary", run_large_unary},
    {"custom_metadata", custom_metadata},
    {"status_code_and_message", status_code_and_message},
    {"special_status_message", special_status_message},
    {"unimplemented_method", unimplemented_method},
    {"unimplemented_service", unimplemented_service},
    {NULL, NULL},
};
