/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_WIRE_PATH_H
#define MRPC_WIRE_PATH_H

#include <stddef.h>

#include <mrpc/attributes.h>

/** ":path" of a call, split. Borrowed from the text; not NUL-terminated. */
struct mrpc_path {
    const char *service; /* "helloworld.Greeter" */
    size_t service_bytes;
    const char *method; /* "SayHello" */
    size_t method_bytes;
};

/** "/service/method", split at the last '/'. Bytes are taken as they are, nothing is decoded or normalised, so that
 *  routing and authorization see the same. Errors: MRPC_ERR_MALFORMED when the leading '/', service or method is
 *  missing, or a byte is outside 0x21..0x7e; the answer is then UNIMPLEMENTED. */
int mrpc_path_split(const char *path, size_t size, struct mrpc_path *out) MRPC_MUST_USE;

#endif
