/* SPDX-License-Identifier: Apache-2.0 */
#include "test_service.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ECHO_HEADER "x-grpc-test-echo-initial"
#define ECHO_TRAILER "x-grpc-test-echo-trailing-bin"

/* Pages that nobody has written to cost nothing. */
static uint8_t zeros[TEST_PAYLOAD_MAX_BYTES];

void test_service_echo_metadata(struct mrpc_call *call)
{
    const struct mrpc_metadata *metadata = mrpc_call_request_metadata(call);
    const struct mrpc_metadatum *header = mrpc_metadata_find(metadata, ECHO_HEADER);
    const struct mrpc_metadatum *trailer = mrpc_metadata_find(metadata, ECHO_TRAILER);
    /* What is over the limit of response metadata is left out. */
    if (header)
        (void)mrpc_call_add_header(call, ECHO_HEADER, header->value, header->value_bytes);
    if (trailer)
        (void)mrpc_call_add_trailer(call, ECHO_TRAILER, trailer->value, trailer->value_bytes);
}

int test_service_check_compressed(struct mrpc_call *call, const Grpc__Testing__BoolValue *expected)
{
    if (!expected || mrpc_call_message_compressed(call) == (expected->value != 0))
        return MRPC_OK;
    return mrpc_call_fail(call, MRPC_INVALID_ARGUMENT, "the message is %scompressed",
                          expected->value ? "not " : "");
}

int test_service_echo_status(struct mrpc_call *call, const Grpc__Testing__EchoStatus *status)
{
    if (!status || status->code == MRPC_OK)
        return MRPC_OK;
    if (status->code < 0 || status->code > MRPC_UNAUTHENTICATED)
        return mrpc_call_fail_field(call, "response_status.code", "%d is not in 0..16", status->code);
    return mrpc_call_fail(call, (enum mrpc_code)status->code, "%s", status->message);
}

int test_service_make_payload(struct mrpc_call *call, int type, int32_t size, Grpc__Testing__Payload *payload)
{
    if (type != GRPC__TESTING__PAYLOAD_TYPE__COMPRESSABLE)
        return mrpc_call_fail_field(call, "response_type", "%d is not served", type);
    if (size < 0 || size > TEST_PAYLOAD_MAX_BYTES)
        return mrpc_call_fail_field(call, "size", "%d is not in 0..%d", size, TEST_PAYLOAD_MAX_BYTES);
    grpc__testing__payload__init(payload);
    payload->body = (ProtobufCBinaryData){.len = (size_t)size, .data = zeros};
    return MRPC_OK;
}

static int empty_call(void *self, struct mrpc_call *call, const Grpc__Testing__Empty *request,
                      Grpc__Testing__Empty *response)
{
    return MRPC_OK;
}

/* Who answers, and who has asked, if the client wants to know. */
static void fill_names(struct mrpc_call *call, const Grpc__Testing__SimpleRequest *request,
                       Grpc__Testing__SimpleResponse *response)
{
    char host[HOST_NAME_MAX + 1] = "";
    if (request->fill_username)
        response->username = (char *)(uintptr_t)mrpc_call_identity(call)->name;
    if (!request->fill_server_id || gethostname(host, sizeof host) != 0)
        return;
    char *id = mrpc_arena_printf(mrpc_call_arena(call), "%s:%d", host, (int)getpid());
    if (id)
        response->server_id = id;
}

static int unary_call(void *self, struct mrpc_call *call, const Grpc__Testing__SimpleRequest *request,
                      Grpc__Testing__SimpleResponse *response)
{
    test_service_echo_metadata(call);
    int code = test_service_check_compressed(call, request->expect_compressed);
    if (!code)
        code = test_service_echo_status(call, request->response_status);
    if (code)
        return code;
    response->payload = mrpc_arena_alloc(mrpc_call_arena(call), sizeof *response->payload);
    if (!response->payload)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    code = test_service_make_payload(call, request->response_type, request->response_size, response->payload);
    if (code)
        return code;
    /* A client that accepts no encoding gets it plain, which is what it wants. */
    if (request->response_compressed)
        (void)mrpc_call_set_compression(call, request->response_compressed->value);
    fill_names(call, request, response);
    return MRPC_OK;
}

static int cacheable_unary_call(void *self, struct mrpc_call *call, const Grpc__Testing__SimpleRequest *request,
                                Grpc__Testing__SimpleResponse *response)
{
    struct mrpc_arena *arena = mrpc_call_arena(call);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    response->payload = mrpc_arena_alloc(arena, sizeof *response->payload);
    char *text = mrpc_arena_printf(arena, "%lld%09ld", (long long)now.tv_sec, now.tv_nsec);
    if (!response->payload || !text)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    grpc__testing__payload__init(response->payload);
    response->payload->body = (ProtobufCBinaryData){.len = strlen(text), .data = (uint8_t *)text};
    static const char cache_control[] = "max-age=60, public";
    return mrpc_call_add_header(call, "cache-control", cache_control, sizeof cache_control - 1) ? MRPC_INTERNAL
                                                                                                : MRPC_OK;
}

static int input_open(void *self, struct mrpc_call *call)
{
    Grpc__Testing__StreamingInputCallResponse *sum = mrpc_arena_alloc(mrpc_call_arena(call), sizeof *sum);
    if (!sum)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    grpc__testing__streaming_input_call_response__init(sum);
    mrpc_call_set_data(call, sum, NULL);
    test_service_echo_metadata(call);
    return MRPC_OK;
}

static int input_message(void *self, struct mrpc_call *call, const Grpc__Testing__StreamingInputCallRequest *request)
{
    Grpc__Testing__StreamingInputCallResponse *sum = mrpc_call_data(call);
    int code = test_service_check_compressed(call, request->expect_compressed);
    if (code || !request->payload)
        return code;
    if (request->payload->body.len > (size_t)(INT32_MAX - sum->aggregated_payload_size))
        return mrpc_call_fail(call, MRPC_OUT_OF_RANGE, "the sum of the payloads is over %d", INT32_MAX);
    sum->aggregated_payload_size += (int32_t)request->payload->body.len;
    return MRPC_OK;
}

static int input_end(void *self, struct mrpc_call *call)
{
    Grpc__Testing__StreamingInputCallResponse *sum = mrpc_call_data(call);
    mrpc_call_finish(call, MRPC_OK, &sum->base);
    return MRPC_PENDING;
}

int test_service_add(struct mrpc_server *server)
{
    static const struct grpc__testing__test_service__handlers handlers = {
        .empty_call = empty_call,
        .unary_call = unary_call,
        .cacheable_unary_call = cacheable_unary_call,
        .streaming_output_call = test_output_call,
        .streaming_input_call = {.open = input_open, .message = input_message, .half_close = input_end},
        .full_duplex_call = {.open = test_duplex_open, .message = test_full_duplex_message},
        .half_duplex_call = {.open = test_duplex_open,
                             .message = test_half_duplex_message,
                             .half_close = test_half_duplex_end},
    };
    return grpc__testing__test_service__add_to_server(server, &handlers, NULL);
}
