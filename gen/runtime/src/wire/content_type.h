/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_WIRE_CONTENT_TYPE_H
#define MRPC_WIRE_CONTENT_TYPE_H

#include <stddef.h>

enum mrpc_content_type {
    MRPC_CONTENT_OTHER,   /* not gRPC at all: HTTP 415 */
    MRPC_CONTENT_PROTO,   /* application/grpc, application/grpc+proto */
    MRPC_CONTENT_JSON,    /* application/grpc+json, application/json */
    MRPC_CONTENT_UNKNOWN, /* application/grpc+anything else */
};

/** How a stream carries what it carries. */
enum mrpc_dialect {
    MRPC_DIALECT_HTTP,     /* plain HTTP: no gRPC at all */
    MRPC_DIALECT_GRPC,     /* application/grpc: trailers are HTTP trailers */
    MRPC_DIALECT_WEB,      /* application/grpc-web: they are a frame with the flag 0x80 */
    MRPC_DIALECT_WEB_TEXT, /* application/grpc-web-text: the same in base64 */
    MRPC_DIALECT_CONNECT,  /* application/json, application/proto: one message without a frame, HTTP's own status */
    MRPC_DIALECT_CONNECT_STREAM, /* application/connect+json, +proto: gRPC's frames, the end in one with the flag 2 */
};

/** Media types compare without case; parameters must be name=value and are otherwise ignored. */
enum mrpc_content_type mrpc_content_type_parse(const char *text, size_t size);

/** The same for all dialects; *@dialect is MRPC_DIALECT_HTTP when it returns MRPC_CONTENT_OTHER. */
enum mrpc_content_type mrpc_content_type_parse_any(const char *text, size_t size, enum mrpc_dialect *dialect);

#endif
