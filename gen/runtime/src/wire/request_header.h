/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_WIRE_REQUEST_HEADER_H
#define MRPC_WIRE_REQUEST_HEADER_H

#include <stddef.h>

/** The names of request headers that mean something to HTTP or to gRPC; each name is compared once and then known. */
enum header_name {
    HEADER_OTHER,            /* a program's own, not necessarily a legal one */
    HEADER_METHOD,
    HEADER_SCHEME,
    HEADER_AUTHORITY,
    HEADER_PATH,
    HEADER_PSEUDO,           /* any other that begins with ':' */
    HEADER_HOST,
    HEADER_ORIGIN,
    HEADER_CONTENT_TYPE,
    HEADER_CONTENT_LENGTH,
    HEADER_TE,
    HEADER_TRAILER,
    HEADER_OF_CONNECTION,    /* connection, keep-alive, proxy-connection, transfer-encoding, upgrade */
    HEADER_GRPC_TIMEOUT,
    HEADER_GRPC_ENCODING,
    HEADER_GRPC_ACCEPT_ENCODING,
    HEADER_GRPC,             /* any other that begins with "grpc-", not necessarily a legal one */
};

/** As it came, borrowed from whoever has decoded it. */
struct request_header {
    enum header_name known;
    const char *name;        /* in lower case, as HTTP/2 has it, if it is legal */
    size_t name_bytes;
    const char *value;
    size_t value_bytes;
};

enum header_name mrpc_header_name(const char *name, size_t size);

#endif
