/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_WIRE_ENCODING_H
#define MRPC_WIRE_ENCODING_H

#include <stdbool.h>
#include <stddef.h>

/** Message encodings, as bits so that a set of them is an unsigned. */
enum mrpc_encoding {
    MRPC_ENCODING_IDENTITY = 1 << 0,
    MRPC_ENCODING_GZIP = 1 << 1,
    MRPC_ENCODING_DEFLATE = 1 << 2, /* zlib's format, RFC 1950 */
    MRPC_ENCODING_UNKNOWN = 0,      /* answered with UNIMPLEMENTED and grpc-accept-encoding */
};

/** What we accept, the value of our grpc-accept-encoding. */
#define MRPC_ACCEPT_ENCODING "identity,deflate,gzip"

/** "gzip", "deflate", "identity". */
const char *mrpc_encoding_name(enum mrpc_encoding encoding);

/** Of a grpc-encoding header; MRPC_ENCODING_UNKNOWN for any other name. */
enum mrpc_encoding mrpc_encoding_parse(const char *text, size_t size);

/** The set in a grpc-accept-encoding header, names that we do not know left out; identity is always in it. */
unsigned mrpc_accept_encoding_parse(const char *text, size_t size);

#endif
