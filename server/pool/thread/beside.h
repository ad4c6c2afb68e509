/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_POOL_BESIDE_H
#define MLT_POOL_BESIDE_H

#include "pool/thread/thread_pool.h"

/* Two halves of a piece of work at the same time: one here, one on another thread of the pool if one is free.
 *
 *     half = beside_begin(pool, work, arg);  ... the other half ...  beside_join(half);
 *
 * Nobody waits for a thread: what no thread has begun until the join is done there. So it may be used on the pool's own
 * threads, all of them at once. */

struct beside;

/** work(@arg) runs once until beside_join() returns. NULL: neither memory nor room in the queue; the caller does it
 *  himself. Ownership: @arg borrowed. Thread: any. */
struct beside *beside_begin(struct thread_pool *pool, void (*work)(void *arg), void *arg) MRPC_MUST_USE;
/** It has run, here or there. Frees @half. Thread: one that may block. */
void beside_join(struct beside *half);

#endif
