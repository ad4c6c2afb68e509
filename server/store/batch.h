/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_BATCH_H
#define STORE_BATCH_H

#include "store/store.h"
#include "trace/trace.h"

/* What a batch is to a backend. Keys and values lie one behind the other in one buffer, addressed by offset because it
 * moves while it grows. */

enum store_operation_kind { STORE_PUT, STORE_DELETE, STORE_REQUIRE };

struct store_operation {
    enum store_operation_kind kind;
    int64_t expected;
    size_t key_at;
    size_t key_bytes;
    size_t value_at;
    size_t value_bytes;
};

/** Leadership changes travel through the commit queue as batches of their own. */
enum store_lead_kind { STORE_LEAD_NONE, STORE_LEAD_ACQUIRE, STORE_LEAD_RESIGN };

enum { STORE_NAME_BYTES_MAX = 128, STORE_RESULT_TEXT_BYTES = 240 };

struct store_batch {
    struct store_operation *operations;
    size_t operation_count;
    size_t operation_capacity;
    unsigned char *buffer;
    size_t buffer_bytes;
    size_t buffer_capacity;
    int broken; /* the code that stuck while it was built */

    char fence[STORE_NAME_BYTES_MAX + 1]; /* leadership; "" without one. Also the name of a lead or resign */
    uint64_t fence_token;
    enum store_lead_kind lead;
    char holder[STORE_NAME_BYTES_MAX + 1];
    uint32_t lead_ttl_ms;
    uint64_t lead_token; /* the result of an acquire */

    /* The commit queue's. */
    struct store_batch *next;
    store_commit_done *done;
    void *arg;
    struct trace_place trace;
    struct store_commit_result result;
    char text[STORE_RESULT_TEXT_BYTES];
    bool reserve; /* one of the queue's own, for when memory is out */
};

struct store_slice store_batch_key(const struct store_batch *batch, const struct store_operation *operation);
struct store_slice store_batch_value(const struct store_batch *batch, const struct store_operation *operation);
/** Memory that the batch holds, for the queue's budget. */
size_t store_batch_memory_bytes(const struct store_batch *batch);
/** True when the batch changes entries, and so takes a revision. */
bool store_batch_writes(const struct store_batch *batch);
/** Set the result. Returns @code. */
int store_batch_fail(struct store_batch *batch, int code, const char *format, ...) MRPC_PRINTF(3, 4);
/** Release what the batch holds, not the struct. */
void store_batch_fini(struct store_batch *batch);

/** memcmp order, shorter first. */
int store_slice_compare(struct store_slice a, struct store_slice b);
bool store_slice_has_prefix(struct store_slice slice, struct store_slice prefix);

#endif
