/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_API_H
#define MLT_EXECUTION_API_H

#include <mltrainer/execution/v1/execution.mrpc.h>
#include <mrpc/mrpc.h>

#include "fault/fault.h"

/* The service's messages under names that fit on a line: API(Job), API_INFO(job), API_INIT(job, &message). */
#define API(type) Mltrainer__Execution__V1__##type
#define API_INFO(type) (&mltrainer__execution__v1__##type##__info)
#define API_INIT(type, message) mltrainer__execution__v1__##type##__init(message)

/** A message of the arena, initialised; NULL when memory or the budget is out.
 *  API_NEW(arena, Job, job) is a Mltrainer__Execution__V1__Job *. */
#define API_NEW(arena, type, name)                                                                                     \
    ((API(type) *)api_message_new((arena), API_INFO(name), (void (*)(void *))mltrainer__execution__v1__##name##__init))
void *api_message_new(struct mrpc_arena *arena, const struct mrpc_message_info *info, void (*init)(void *message));

/** Encoded bytes of a message, to be stored. */
struct api_bytes {
    uint8_t *data; /* malloc'ed */
    size_t size;
};
/** Errors: RESOURCE_EXHAUSTED, INTERNAL for what cannot be encoded. */
int api_encode(const struct mrpc_message_info *info, const void *message, struct api_bytes *out,
               struct fault *fault) MRPC_MUST_USE;
/** Errors: DATA_LOSS. */
int api_decode(const struct mrpc_message_info *info, const void *bytes, size_t size, struct mrpc_arena *arena,
               void *out, struct fault *fault) MRPC_MUST_USE;

/** Wall clock to and from messages, in ms since 1970. NULL when memory is out; 0 for a missing one. */
Google__Protobuf__Timestamp *api_timestamp(struct mrpc_arena *arena, int64_t ms);
int64_t api_timestamp_ms(const Google__Protobuf__Timestamp *timestamp);
Google__Protobuf__Duration *api_duration(struct mrpc_arena *arena, int64_t us);
/** Saturates; 0 for a missing one. */
int64_t api_duration_ms(const Google__Protobuf__Duration *duration);
/** CLOCK_REALTIME in ms. */
int64_t api_now_ms(void);
/** CLOCK_MONOTONIC in us: for durations. */
int64_t api_clock_us(void);

/** A page also ends when what it holds has more than this many encoded bytes: an answer must fit into a message. */
enum { API_PAGE_BYTES = 4 * 1024 * 1024 };

/** A page of a list: offset and size, checked. Tokens are decimal offsets or keys of the list's own making.
 *  Errors: INVALID_ARGUMENT naming page_size. */
int api_page_size(int32_t page_size, size_t *out, struct fault *fault) MRPC_MUST_USE;

/** [A-Za-z0-9._-]{1,128}. Errors: INVALID_ARGUMENT naming @field. */
int api_identifier(const char *text, const char *field, struct fault *fault) MRPC_MUST_USE;

#endif
