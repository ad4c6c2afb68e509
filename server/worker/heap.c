/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/heap.h"

#include <malloc.h>

#define MIB (1024 * 1024)

void heap_keep_freed(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, 32 * MIB);
    (void)mallopt(M_TRIM_THRESHOLD, 64 * MIB);
}
