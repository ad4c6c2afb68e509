/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_MAGLEV_H
#define MRPC_MAGLEV_H

#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>

MRPC_BEGIN_DECLS

/* Consistent hashing by look-up table: a key's slot names its instance; the table is filled by letting each instance
 * claim slots in an order of its own, in turns as its weight says. When one of n instances goes, its share of the keys
 * moves, and few others. Source: Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI
 * 2016, section 3.4; weights as Envoy's maglev has them. */

/* The table has a prime number of slots, at least 100 for each instance, so that shares differ by about a percent. Only
 * two sizes: with another size all keys move, which so happens once in a service's life, when it grows beyond 655
 * instances. Beyond 6,553 shares get coarser. */

/* Unless a function says otherwise: Thread: any; a table does not change once it is made. */

enum { MRPC_MAGLEV_SLOTS_AN_INSTANCE = 100, MRPC_MAGLEV_SLOTS = 65537, MRPC_MAGLEV_SLOTS_MAX = 655373 };

struct mrpc_maglev {
    uint32_t size;
    uint32_t *slots; /* indexes of members, in the same piece of memory */
};

struct mrpc_maglev_member {
    const char *name; /* alone decides the order of its claims */
    uint32_t weight;  /* at least 1 */
};

/** @count >= 1. The same members, in whatever order, claim the same slots. NULL when out of memory. Takes
 *  the longer the more members there are. Thread: any. Ownership: free(). */
MRPC_API struct mrpc_maglev *mrpc_maglev_new(const struct mrpc_maglev_member *members, size_t count);

/** 64 bits that hang on every bit of @bytes. */
MRPC_API uint64_t mrpc_maglev_hash(const void *bytes, size_t size, uint64_t seed);
/** The slot of a key. */
MRPC_API uint32_t mrpc_maglev_slot(const struct mrpc_maglev *table, const void *key, size_t key_bytes);

MRPC_END_DECLS

#endif
