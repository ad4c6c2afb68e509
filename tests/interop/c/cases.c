/* SPDX-License-Identifier: Apache-2.0 */
#include "cases.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t nothing[1 << 20];

void require(bool holds, const char *format, ...)
{
    if (holds)
        return;
    va_list args;
    va_start(args, format);
    (void)fputs("FAILED: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    exit(1);
}

void require_code(const struct mrpc_status *status, enum mrpc_code code)
{
    require(status->code == code, "the call ended with %s (%s) instead of %s", mrpc_code_name(status->code),
            status->message ? status->message : "", mrpc_code_name(code));
}

void require_zeros(const Grpc__Testing__Payload *payload, size_t size)
{
    require(payload, "there is no payload");
    require(payload->body.len == size, "the payload is %zu bytes instead of %zu", payload->body.len, size);
    for (size_t i = 0; i < size; i++)
        require(payload->body.data[i] == 0, "byte %zu of the payload is not zero", i);
}

struct mrpc_channel *interop_open_channel(const struct interop *self)
{
    struct mrpc_channel *channel;
    int error = mrpc_channel_new(self->target, &self->options, &channel);
    require(error == 0, "%s: %s", self->target, mrpc_error_text(error));
    return channel;
}

Grpc__Testing__Payload zeros(size_t size)
{
    Grpc__Testing__Payload payload = GRPC__TESTING__PAYLOAD__INIT;
    require(size <= sizeof nothing, "a payload of %zu bytes is over %zu", size, sizeof nothing);
    payload.body = (ProtobufCBinaryData){.len = size, .data = nothing};
    return payload;
}

void simple_request_large(struct simple_request *request)
{
    grpc__testing__simple_request__init(&request->message);
    grpc__testing__bool_value__init(&request->truth);
    request->payload = zeros(LARGE_REQUEST_BYTES);
    request->message.payload = &request->payload;
    request->message.response_size = LARGE_RESPONSE_BYTES;
}

const struct mrpc_metadatum echoed_metadata[2] = {
    {"x-grpc-test-echo-initial", "test_initial_metadata_value", 27},
    {"x-grpc-test-echo-trailing-bin", "\xab\xab\xab", 3},
};

static void require_entry(const struct mrpc_metadata *list, const char *where, const struct mrpc_metadatum *expected)
{
    const struct mrpc_metadatum *entry = mrpc_metadata_find(list, expected->key);
    require(entry, "%s is not in the %s", expected->key, where);
    require(entry->value_bytes == expected->value_bytes &&
                memcmp(entry->value, expected->value, expected->value_bytes) == 0,
            "%s in the %s has come back as \"%s\"", expected->key, where, entry->value);
}

void require_echoed(const struct mrpc_reply *reply)
{
    require_entry(&reply->headers, "headers", &echoed_metadata[0]);
    require_entry(&reply->trailers, "trailers", &echoed_metadata[1]);
}

void output_request_init(struct output_request *request, size_t payload_bytes)
{
    *request = (struct output_request){.message = GRPC__TESTING__STREAMING_OUTPUT_CALL_REQUEST__INIT};
    request->message.response_parameters = request->pointers;
    if (payload_bytes == 0)
        return;
    request->payload = zeros(payload_bytes);
    request->message.payload = &request->payload;
}

Grpc__Testing__ResponseParameters *output_request_ask(struct output_request *request, int size)
{
    size_t at = request->message.n_response_parameters++;
    Grpc__Testing__ResponseParameters *parameters = &request->parameters[at];
    grpc__testing__response_parameters__init(parameters);
    grpc__testing__bool_value__init(&request->truths[at]);
    parameters->size = size;
    request->pointers[at] = parameters;
    return parameters;
}

void end_call(struct mrpc_client_call *call, enum mrpc_code code)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    mrpc_client_call_finish(call, &reply);
    require_code(&reply.status, code);
    mrpc_reply_fini(&reply);
    mrpc_client_call_free(call);
}
