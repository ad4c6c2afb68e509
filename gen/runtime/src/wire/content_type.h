/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_WIRE_CONTENT_TYPE_H
#define MRPC_WIRE_CONTENT_TYPE_H

#include <stddef.h>

enum mrpc_content_type {
    MRPC_CONTENT_OTHER,   /* not gRPC at all: HTTP 415 */
    MRPC_CONTENT_PROTO,   /* application/grpc, application/grpc+proto */
    MRPC_CONTENT_JSON,    /* application/grpc+json */
    MRPC_CONTENT_UNKNOWN, /* application/grpc+anything else */
};

/** Media types compare without case; parameters must be name=value and are otherwise ignored. */
enum mrpc_content_type mrpc_content_type_parse(const char *text, size_t size);

#endif
