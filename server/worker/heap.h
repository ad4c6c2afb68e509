/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WORKER_HEAP_H
#define WORKER_HEAP_H

/** Keep up to 64 MiB of what is freed for the next task, from the first one on; before any thread starts. Fresh pages
 *  cost more than an indicator does that is computed into them: a fault and a page of zeros for every 512 numbers. The
 *  C library comes to the same bounds by itself once a block of 32 MiB has been freed, and goes to and fro until then.
 *  Source: mallopt(3), M_MMAP_THRESHOLD and M_TRIM_THRESHOLD. */
void heap_keep_freed(void);

#endif
