/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_SESSION_MEMORY_H
#define MRPC_SESSION_MEMORY_H

#include <nghttp2/nghttp2.h>

#include <mrpc/attributes.h>

#include "base/buffer.h"

#define SESSION_MEMORY_CLASSES 64

/** What the sessions of one thread lend each other, so that a call in steady state allocates nothing: the small blocks
 *  that nghttp2 takes and gives back with every stream, and the storage of an output, which a connection holds only
 *  while it has something to send. Thread: one at a time. Outlives its sessions. */
struct session_memory {
    nghttp2_mem h2;                                  /* for nghttp2_session_server_new3() and its like */
    struct free_block *free[SESSION_MEMORY_CLASSES];
    size_t free_bytes;
    struct mrpc_buffer spare_output;
};

void mrpc_session_memory_init(struct session_memory *memory);
void mrpc_session_memory_fini(struct session_memory *memory);

#endif
