/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_SESSION_OUTPUT_H
#define MRPC_SESSION_OUTPUT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <mrpc/attributes.h>

#include "base/buffer.h"

/** Outgoing message bytes, prefix included, shared by the stream that queues them and the output that is sending them.
 *  Small messages of a stream are appended to its last chunk. */
struct mrpc_chunk {
    struct mrpc_chunk *next;
    uint32_t references;         /* of one thread at a time: the sender's, then the loop's */
    struct mrpc_buffer bytes;    /* what the stream has not yet put into frames */
};

/** With one reference. NULL when out of memory. */
struct mrpc_chunk *mrpc_chunk_new(void) MRPC_MUST_USE;
void mrpc_chunk_unref(struct mrpc_chunk *chunk);

/** What a connection has to send: bytes of its own, and between them references to bytes in chunks, so that large
 *  payloads are not copied. */
struct session_output {
    struct mrpc_buffer bytes;
    struct mrpc_buffer *spare;      /* storage that outputs of one thread lend each other; NULL: there is none */
    struct output_reference {
        size_t before;              /* own bytes that precede it, counted from the buffer's start when it was empty */
        const uint8_t *data;
        size_t size;
        struct mrpc_chunk *chunk;
    } *references;
    size_t reference_first, reference_count, reference_capacity;
    size_t own_taken;               /* own bytes sent since the buffer was last empty */
    size_t pending_bytes;           /* all that is not yet sent */
};

void mrpc_output_fini(struct session_output *output);
/** Forget what is not sent. */
void mrpc_output_clear(struct session_output *output);

/** Room for @size own bytes, to be filled and committed. NULL when out of memory. */
uint8_t *mrpc_output_reserve(struct session_output *output, size_t size) MRPC_MUST_USE;
void mrpc_output_commit(struct session_output *output, size_t size);
int mrpc_output_append(struct session_output *output, const void *bytes, size_t size) MRPC_MUST_USE;
/** Refer to @size bytes at @data inside @chunk, taking a reference. Errors: MRPC_ERR_NOMEM. */
int mrpc_output_refer(struct session_output *output, const uint8_t *data, size_t size, struct mrpc_chunk *chunk)
    MRPC_MUST_USE;

int mrpc_output_pieces(const struct session_output *output, struct iovec *pieces, int max);
void mrpc_output_consume(struct session_output *output, size_t size);

#endif
