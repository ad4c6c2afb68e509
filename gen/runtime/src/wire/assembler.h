/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_WIRE_ASSEMBLER_H
#define MRPC_WIRE_ASSEMBLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>
#include <mrpc/status.h>

#include "base/buffer.h"
#include "wire/encoding.h"

/** gRPC's length-prefixed messages out of DATA bytes that are split anywhere: flag (1 byte), length (4, big endian),
 *  message. Memory follows the bytes received, never the length announced. Thread: one at a time.
 *  Source: gRPC PROTOCOL-HTTP2, "Length-Prefixed-Message". */
struct mrpc_assembler {
    size_t limit_bytes;          /* of a message, compressed and not; the header alone is enough to refuse */
    enum mrpc_encoding encoding; /* of the peer's grpc-encoding header; IDENTITY when there was none */
    enum mrpc_code code;         /* after a failure: what the call ends with */
    const char *reason;          /* after a failure: static text */

    uint8_t prefix[5];
    unsigned prefix_bytes;
    bool handed_out; /* body holds a message that the caller has seen */
    struct mrpc_buffer body;
    struct mrpc_buffer inflated;
};

/** @encoding may be set later, before the first feed. */
void mrpc_assembler_init(struct mrpc_assembler *assembler, size_t limit_bytes, enum mrpc_encoding encoding);
void mrpc_assembler_fini(struct mrpc_assembler *assembler);

/** Take bytes from *@bytes, moving *@bytes and *@size, until a message is whole or nothing is left:
 *
 *      while ((got = mrpc_assembler_feed(&assembler, &bytes, &size, &message, &message_bytes)) > 0)
 *          …use message…
 *
 *  Returns 1 with a message, 0 when it needs more bytes, or an error, which then stays: MRPC_ERR_LIMIT
 *  (RESOURCE_EXHAUSTED), MRPC_ERR_MALFORMED (INTERNAL), MRPC_ERR_NOMEM (RESOURCE_EXHAUSTED); see code and reason.
 *  Ownership: *@message is borrowed until the next feed or fini, or until the bytes that were fed go, whichever is
 *  first: a message that lies whole in them is not copied. It is not NULL even when *@message_bytes is 0. */
int mrpc_assembler_feed(struct mrpc_assembler *assembler, const uint8_t **bytes, size_t *size, const uint8_t **message,
                        size_t *message_bytes) MRPC_MUST_USE;

/** The message that was handed out last is of no more use: give its storage back. */
void mrpc_assembler_forget(struct mrpc_assembler *assembler);

/** True between messages: the only place where END_STREAM may come. False after a failure. */
bool mrpc_assembler_at_boundary(const struct mrpc_assembler *assembler);

/** What the message that was handed out last took on the wire, compressed or not, without its prefix. */
size_t mrpc_assembler_wire_bytes(const struct mrpc_assembler *assembler);

/** Whether the message that was handed out last came compressed. */
bool mrpc_assembler_compressed(const struct mrpc_assembler *assembler);

/** Bytes of storage held, for a connection's budget. */
size_t mrpc_assembler_held_bytes(const struct mrpc_assembler *assembler);

#endif
