/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_ORDER_H
#define REGISTRY_ORDER_H

#include <stdbool.h>
#include <stddef.h>

#include <mrpc/attributes.h>

/* What is committed of a service in the order of incarnations, which is the order of turns. Borrowed pointers. */

struct registry_instance;

struct catalog_order {
    struct registry_instance **instances;
    size_t count;
    size_t capacity;
    bool unsorted; /* while recovering */
};

void order_fini(struct catalog_order *order);

/** Room for @count in all. False when out of memory. */
bool order_reserve(struct catalog_order *order, size_t count) MRPC_MUST_USE;
/** @after takes the place of @before; either may be NULL. Room has been reserved. */
void order_replace(struct catalog_order *order, const struct registry_instance *before,
                   struct registry_instance *after);
/** Add without looking where; order_sort() must follow. */
void order_append(struct catalog_order *order, struct registry_instance *instance);
void order_sort(struct catalog_order *order);

#endif
