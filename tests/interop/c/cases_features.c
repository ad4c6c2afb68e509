/* SPDX-License-Identifier: Apache-2.0 */

/* Server features of gRPC's interop-test-descriptions that no case of theirs asserts; ours do, against our server. */

#include <string.h>
#include <time.h>

#include "cases.h"

#define INTERVAL_MS 30
#define RESPONSES 3

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Responses come as far apart as they were asked for; a server may be slower, not faster. */
static void observe_interval_us(struct interop *self)
{
    struct output_request request;
    struct mrpc_client_call *call;
    output_request_init(&request, 0);
    for (int i = 0; i < RESPONSES; i++)
        output_request_ask(&request, 100 + i)->interval_us = INTERVAL_MS * 1000;
    int64_t began_ms = now_ms();
    int error = grpc__testing__test_service__streaming_output_call__start(self->channel, NULL, &request.message, NULL,
                                                                          NULL, &call);
    require(error == 0, "start: %s", mrpc_error_text(error));
    for (int i = 0; i < RESPONSES; i++) {
        const Grpc__Testing__StreamingOutputCallResponse *response =
            grpc__testing__test_service__streaming_output_call__recv(call);
        require(response, "there are %d responses", i);
        require_zeros(response->payload, (size_t)(100 + i));
        int64_t took_ms = now_ms() - began_ms;
        require(took_ms >= (i + 1) * INTERVAL_MS, "response %d came after %lld ms", i, (long long)took_ms);
    }
    require(!grpc__testing__test_service__streaming_output_call__recv(call), "there is one more response");
    end_call(call, MRPC_OK);
}

/* The second response is a second away; the next call shows that the server has stood it. */
static void cancel_in_interval(struct interop *self)
{
    struct output_request request;
    struct mrpc_client_call *call;
    output_request_init(&request, 0);
    output_request_ask(&request, 1);
    output_request_ask(&request, 1)->interval_us = 1000 * 1000;
    int error = grpc__testing__test_service__full_duplex_call__start(self->channel, NULL, NULL, NULL, &call);
    require(error == 0, "start: %s", mrpc_error_text(error));
    error = grpc__testing__test_service__full_duplex_call__send(call, &request.message);
    require(error == 0, "send: %s", mrpc_error_text(error));
    require(grpc__testing__test_service__full_duplex_call__recv(call), "there is no response");
    mrpc_client_call_cancel(call);
    end_call(call, MRPC_CANCELLED);
    run_large_unary(self);
}

/* All requests are heard before the first is answered. */
static void half_duplex(struct interop *self)
{
    struct mrpc_client_call *call;
    int error = grpc__testing__test_service__half_duplex_call__start(self->channel, NULL, NULL, NULL, &call);
    require(error == 0, "start: %s", mrpc_error_text(error));
    for (int i = 0; i < RESPONSES; i++) {
        struct output_request request;
        output_request_init(&request, 10);
        output_request_ask(&request, 1000 * i);
        output_request_ask(&request, 1000 * i + 1);
        error = grpc__testing__test_service__half_duplex_call__send(call, &request.message);
        require(error == 0, "send: %s", mrpc_error_text(error));
    }
    require(mrpc_client_call_half_close(call) == 0, "half-close");
    for (int i = 0; i < 2 * RESPONSES; i++) {
        const Grpc__Testing__StreamingOutputCallResponse *response =
            grpc__testing__test_service__half_duplex_call__recv(call);
        require(response, "there are %d responses", i);
        require_zeros(response->payload, (size_t)(1000 * (i / 2) + i % 2));
    }
    require(!grpc__testing__test_service__half_duplex_call__recv(call), "there is one more response");
    end_call(call, MRPC_OK);
}

/* Without a proxy the answers differ, and say how long one might keep them. */
static void cacheable_headers(struct interop *self)
{
    char texts[2][32] = {"", ""};
    for (int i = 0; i < 2; i++) {
        const Grpc__Testing__SimpleRequest request = GRPC__TESTING__SIMPLE_REQUEST__INIT;
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        const Grpc__Testing__SimpleResponse *response =
            grpc__testing__test_service__cacheable_unary_call(self->channel, NULL, &request, &reply);
        require_code(&reply.status, MRPC_OK);
        require(response->payload && response->payload->body.len < sizeof texts[i], "the payload is no time");
        memcpy(texts[i], response->payload->body.data, response->payload->body.len);
        const struct mrpc_metadatum *header = mrpc_metadata_find(&reply.headers, "cache-control");
        require(header && strstr(header->value, "max-age=60"), "there is no cache-control: max-age=60");
        mrpc_reply_fini(&reply);
    }
    require(strcmp(texts[0], texts[1]) < 0, "%s is not followed by a later time but by %s", texts[0], texts[1]);
}

const struct interop_case feature_cases[] = {
    {"observe_interval_us", observe_interval_us},
    {"cancel_in_interval", cancel_in_interval},
    {"half_duplex", half_duplex},
    {"cacheable_headers", cacheable_headers},
    {NULL, NULL},
};
