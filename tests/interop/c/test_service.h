/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INTEROP_TEST_SERVICE_H
#define INTEROP_TEST_SERVICE_H

#include <mrpc/server.h>

#include <grpc/testing/test.mrpc.h>

/* grpc.testing.TestService, with the server features of gRPC's interop-test-descriptions: compressed requests and
 * responses, echo of status and metadata, intervals between responses. */

/** Errors: as mrpc_server_add_service(). */
int test_service_add(struct mrpc_server *server) MRPC_MUST_USE;

/* What its calls share. */

/** Payloads of zeros, of at most so many bytes. */
#define TEST_PAYLOAD_MAX_BYTES (8 << 20)

/** Send back the metadata that the client asks for. */
void test_service_echo_metadata(struct mrpc_call *call);
/** 0, or INVALID_ARGUMENT when a message did not come as it was said to. */
int test_service_check_compressed(struct mrpc_call *call, const Grpc__Testing__BoolValue *expected);
/** 0, or the status that the client asks for. */
int test_service_echo_status(struct mrpc_call *call, const Grpc__Testing__EchoStatus *status);
/** A payload of @size zeros in @payload; INVALID_ARGUMENT for a type or size that is not served. */
int test_service_make_payload(struct mrpc_call *call, int type, int32_t size, Grpc__Testing__Payload *payload);

/* The calls that stream responses: test_streams.c. */
int test_output_call(void *self, struct mrpc_call *call, const Grpc__Testing__StreamingOutputCallRequest *request);
int test_duplex_open(void *self, struct mrpc_call *call);
int test_full_duplex_message(void *self, struct mrpc_call *call,
                             const Grpc__Testing__StreamingOutputCallRequest *request);
int test_half_duplex_message(void *self, struct mrpc_call *call,
                             const Grpc__Testing__StreamingOutputCallRequest *request);
int test_half_duplex_end(void *self, struct mrpc_call *call);

#endif
