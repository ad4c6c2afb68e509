/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_PART_H
#define REGISTRY_PART_H

#include "registry/message.h"

/* Instances of a service resemble each other: the same version, tags, checks, often the same metadata. What is equal is
 * kept once, for all instances of the registry. Parts are found by one thread, let go by any. */

enum registry_part_kind {
    PART_LABELS,   /* version, zone, tags, lease_ttl */
    PART_CHECKS,   /* checks */
    PART_METADATA, /* metadata */
    PART_KINDS,
};

struct registry_part;
struct registry_parts;

/** An empty set. NULL when out of memory. */
struct registry_parts *registry_parts_new(void);
/** The set lives until its last part has gone. */
void registry_parts_unref(struct registry_parts *parts);
/** How many there are. */
size_t registry_parts_count(struct registry_parts *parts);

/** The part of @message of that kind, a reference. NULL when out of memory. */
struct registry_part *registry_part_of(struct registry_parts *parts, enum registry_part_kind kind,
                                       const PB(Instance) * message);
void registry_part_unref(struct registry_part *part);
/** Point the fields of that part in @message to it. */
void registry_part_show(const struct registry_part *part, PB(Instance) * message);

#endif
