/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INTEROP_CASES_H
#define INTEROP_CASES_H

#include <mrpc/mrpc.h>

#include <grpc/testing/test.mrpc.h>

/* The cases of gRPC's interop-test-descriptions and http2-interop-test-descriptions, and what they have in common. A
 * case returns when all that it asserts is so; else it has said why on stderr and ended the program with 1. */

struct soak_flags {
    int iterations, max_failures, max_latency_ms, timeout_s, min_time_ms_between, request_bytes, response_bytes,
        threads;
};

struct interop {
    struct mrpc_channel *channel;
    struct mrpc_channel_options options; /* for more channels to target */
    const char *target;
    struct mrpc_call_options call; /* of large_unary, client_streaming and ping_pong */
    struct soak_flags soak;
};

struct interop_case {
    const char *name;
    void (*run)(struct interop *self);
};

/* A table of cases each, ended by a name of NULL. */
extern const struct interop_case unary_cases[], streaming_cases[], compression_cases[], soak_cases[], http2_cases[],
    feature_cases[];

/** End the program unless @holds. */
void require(bool holds, const char *format, ...) MRPC_PRINTF(2, 3);
/** That a call ended with @code. */
void require_code(const struct mrpc_status *status, enum mrpc_code code);
/** That a payload is @size zeros. */
void require_zeros(const Grpc__Testing__Payload *payload, size_t size);

struct mrpc_channel *interop_open_channel(const struct interop *self);

/** A payload of zeros. */
Grpc__Testing__Payload zeros(size_t size);

#define LARGE_REQUEST_BYTES 271828
#define LARGE_RESPONSE_BYTES 314159

/** A SimpleRequest with what it points to; it must not be copied. */
struct simple_request {
    Grpc__Testing__SimpleRequest message;
    Grpc__Testing__Payload payload;
    Grpc__Testing__BoolValue truth; /* for expect_compressed or response_compressed */
};
/** That of large_unary. */
void simple_request_large(struct simple_request *request);

void run_large_unary(struct interop *self);

/** The metadata of custom_metadata, and that it came back. */
extern const struct mrpc_metadatum echoed_metadata[2];
void require_echoed(const struct mrpc_reply *reply);

/** A StreamingOutputCallRequest with what it points to; it must not be copied. */
struct output_request {
    Grpc__Testing__StreamingOutputCallRequest message;
    Grpc__Testing__Payload payload;
    Grpc__Testing__ResponseParameters parameters[4];
    Grpc__Testing__ResponseParameters *pointers[4];
    Grpc__Testing__BoolValue truths[4];
};
void output_request_init(struct output_request *request, size_t payload_bytes);
/** Ask for one more response. */
Grpc__Testing__ResponseParameters *output_request_ask(struct output_request *request, int size);

/** Half-close if that has not been done, and require how the call ended; then free it. */
void end_call(struct mrpc_client_call *call, enum mrpc_code code);

#endif
