/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_CATALOG_INDEX_H
#define REGISTRY_CATALOG_INDEX_H

#include "registry/catalog.h"

/* Inside the catalog: where slots are kept (catalog_index.c) for those who decide (catalog.c). */

/** The slot of a key, made if needed; NULL when out of memory. */
struct catalog_slot *catalog_make_slot(struct catalog *catalog, const PB(InstanceKey) * key);
void catalog_list_gone(struct catalog *catalog, struct catalog_slot *slot);
void catalog_unlist_gone(struct catalog *catalog, struct catalog_slot *slot);
/** How many instances @owner has; one more; one less. */
size_t catalog_owned(const struct catalog *catalog, const char *owner);
bool catalog_own(struct catalog *catalog, const char *owner) MRPC_MUST_USE;
void catalog_disown(struct catalog *catalog, const char *owner);

#endif
