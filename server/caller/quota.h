/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_CALLER_QUOTA_H
#define MLT_CALLER_QUOTA_H

#include <stdint.h>

#include "fault/fault.h"

/* How much of something each owner has, and that none has more than so much: bytes of datasets, jobs, open streams. Who
 * is at his limit takes nothing from others. An owner is in memory while he has any. Thread: any. */

struct quota;

/** @key of the configuration and @noun ("jobs that have not ended") are constants that errors name; @limit 0: none.
 *  NULL when out of memory. */
struct quota *quota_new(const char *key, const char *noun, uint64_t limit) MRPC_MUST_USE;
void quota_free(struct quota *quota);

/** Errors: RESOURCE_EXHAUSTED over the limit, with RetryInfo if @retry_ms is above 0, and when out of memory. */
int quota_take(struct quota *quota, const char *owner, uint64_t amount, int64_t retry_ms,
               struct fault *fault) MRPC_MUST_USE;
/** Whether quota_take() would give so much. Errors: as quota_take(). */
int quota_check(struct quota *quota, const char *owner, uint64_t amount, int64_t retry_ms,
                struct fault *fault) MRPC_MUST_USE;
/** What is there already, over the limit or not. Errors: RESOURCE_EXHAUSTED when out of memory. */
int quota_count(struct quota *quota, const char *owner, uint64_t amount, struct fault *fault) MRPC_MUST_USE;
void quota_give(struct quota *quota, const char *owner, uint64_t amount);
uint64_t quota_used(struct quota *quota, const char *owner);
/** How often somebody was refused. */
uint64_t quota_refused(const struct quota *quota);

#endif
