/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_SESSION_HEADER_LIST_H
#define MRPC_SESSION_HEADER_LIST_H

#include <string.h>

#include "session/session.h"

/* Response headers on their way to the wire. Names and values are literals or live in the call's arena, which outlives
 * the stream: nghttp2 need not copy them. A peer that floods a connection with resets cannot outrun that either: the
 * arena goes after the stream is closed. */

#define NV_BORROWED (NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE)

struct header_list {
    nghttp2_nv *entries;
    size_t count;
};

static inline nghttp2_nv mrpc_nv(const char *name, const char *value, size_t value_bytes, uint8_t flags)
{
    return (nghttp2_nv){
        .name = (uint8_t *)(uintptr_t)name,
        .value = (uint8_t *)(uintptr_t)value,
        .namelen = strlen(name),
        .valuelen = value_bytes,
        .flags = flags,
    };
}

static inline void mrpc_header_add(struct header_list *list, const char *name, const char *value)
{
    list->entries[list->count++] = mrpc_nv(name, value, strlen(value), NV_BORROWED);
}

/** answer.c: what lets a page of a listed origin read the answer; up to ANSWER_CORS_HEADERS of them. */
#define ANSWER_CORS_HEADERS 3
void mrpc_header_add_cors(struct header_list *list, const struct mrpc_stream *stream);

#endif
