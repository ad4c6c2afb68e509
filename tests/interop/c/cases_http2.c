/* SPDX-License-Identifier: Apache-2.0 */

/* The client's part of gRPC's http2-interop-test-descriptions; the server is tests/interop/http2_server.py. */

#include <semaphore.h>

#include "cases.h"

#define CONCURRENT 10

/* The server says GOAWAY in answer to the first call, which it serves; the second must find its way all the same. */
static void goaway(struct interop *self)
{
    run_large_unary(self);
    run_large_unary(self);
}

/* RST_STREAM(NO_ERROR), with no status before it: the HTTP/2 transport mapping makes that INTERNAL. */
static void reset(struct interop *self)
{
    struct simple_request request;
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    simple_request_large(&request);
    require(!grpc__testing__test_service__unary_call(self->channel, NULL, &request.message, &reply), "it succeeded");
    require_code(&reply.status, MRPC_INTERNAL);
    mrpc_reply_fini(&reply);
}

static void large_done(void *arg, const Grpc__Testing__SimpleResponse *response, const struct mrpc_reply *reply)
{
    require_code(&reply->status, MRPC_OK);
    require_zeros(response->payload, LARGE_RESPONSE_BYTES);
    sem_post(arg);
}

/* The first call brings the server's MAX_CONCURRENT_STREAMS of 1. */
static void max_streams(struct interop *self)
{
    struct simple_request request;
    sem_t done;
    run_large_unary(self);
    sem_init(&done, 0, 0);
    simple_request_large(&request);
    for (int i = 0; i < CONCURRENT; i++)
        grpc__testing__test_service__unary_call__async(self->channel, NULL, &request.message, large_done, &done);
    for (int i = 0; i < CONCURRENT; i++)
        sem_wait(&done);
    sem_destroy(&done);
}

const struct interop_case http2_cases[] = {
    {"goaway", goaway},
    {"rst_after_header", reset},
    {"rst_during_data", reset},
    {"rst_after_data", reset},
    {"ping", run_large_unary},
    {"max_streams", max_streams},
    {"data_frame_padding", run_large_unary},
    {"no_df_padding_sanity_test", run_large_unary},
    {NULL, NULL},
};
