/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_SHELF_H
#define REGISTRY_SHELF_H

#include <stdbool.h>
#include <stddef.h>

#include <mrpc/attributes.h>

/* The slots of a service by id, in shelves of at most 64: inserting moves a few of them, and a view of the service
 * shares the shelves that have not changed with the view before. */

struct catalog_slot;
struct registry_run;

enum { SHELF_MAX = 64, SHELF_LOW = 16 };

struct catalog_shelf {
    size_t count;
    struct registry_run *shown; /* what is committed of it, for views; NULL: out of date */
    struct catalog_slot *slots[SHELF_MAX];
};

struct catalog_shelves {
    struct catalog_shelf **shelves; /* none is empty */
    size_t count;
    size_t capacity;
    size_t slot_count;
};

void shelves_fini(struct catalog_shelves *shelves);

struct catalog_slot *shelves_find(const struct catalog_shelves *shelves, const char *id);
/** Put one of a new id in its place. False when out of memory. */
bool shelves_add(struct catalog_shelves *shelves, struct catalog_slot *slot) MRPC_MUST_USE;
void shelves_remove(struct catalog_shelves *shelves, struct catalog_slot *slot);
/** What is committed of @slot has changed. */
void shelves_changed(struct catalog_slot *slot);

/** Bring what views share up to date. False when out of memory. */
bool shelves_show(struct catalog_shelves *shelves) MRPC_MUST_USE;

#endif
