/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/request_header.h"

#include <stdbool.h>
#include <string.h>

/* With a literal the compiler compares words: the length is known to it. */
static inline bool is(const char *name, const char *text)
{
    return memcmp(name, text, strlen(text)) == 0;
}

static enum header_name pseudo(const char *name, size_t size)
{
    switch (size) {
    case 5:
        return is(name, ":path") ? HEADER_PATH : HEADER_PSEUDO;
    case 7:
        if (is(name, ":method"))
            return HEADER_METHOD;
        return is(name, ":scheme") ? HEADER_SCHEME : HEADER_PSEUDO;
    case 10:
        return is(name, ":authority") ? HEADER_AUTHORITY : HEADER_PSEUDO;
    default:
        return HEADER_PSEUDO;
    }
}

static enum header_name grpc(const char *name, size_t size)
{
    switch (size) {
    case 12:
        return is(name, "grpc-timeout") ? HEADER_GRPC_TIMEOUT : HEADER_GRPC;
    case 13:
        return is(name, "grpc-encoding") ? HEADER_GRPC_ENCODING : HEADER_GRPC;
    case 20:
        return is(name, "grpc-accept-encoding") ? HEADER_GRPC_ACCEPT_ENCODING : HEADER_GRPC;
    default:
        return HEADER_GRPC;
    }
}

static enum header_name regular(const char *name, size_t size)
{
    switch (size) {
    case 2:
        return is(name, "te") ? HEADER_TE : HEADER_OTHER;
    case 4:
        return is(name, "host") ? HEADER_HOST : HEADER_OTHER;
    case 6:
        return is(name, "origin") ? HEADER_ORIGIN : HEADER_OTHER;
    case 7:
        if (is(name, "trailer"))
            return HEADER_TRAILER;
        return is(name, "upgrade") ? HEADER_OF_CONNECTION : HEADER_OTHER;
    case 10:
        return is(name, "connection") || is(name, "keep-alive") ? HEADER_OF_CONNECTION : HEADER_OTHER;
    case 12:
        return is(name, "content-type") ? HEADER_CONTENT_TYPE : HEADER_OTHER;
    case 14:
        return is(name, "content-length") ? HEADER_CONTENT_LENGTH : HEADER_OTHER;
    case 16:
        return is(name, "proxy-connection") ? HEADER_OF_CONNECTION : HEADER_OTHER;
    case 17:
        return is(name, "transfer-encoding") ? HEADER_OF_CONNECTION : HEADER_OTHER;
    default:
        return HEADER_OTHER;
    }
}

enum header_name mrpc_header_name(const char *name, size_t size)
{
    if (size > 0 && name[0] == ':')
        return pseudo(name, size);
    if (size >= 5 && is(name, "grpc-"))
        return grpc(name, size);
    return regular(name, size);
}
