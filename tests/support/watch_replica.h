/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WATCH_REPLICA_H
#define WATCH_REPLICA_H

#include <stdbool.h>
#include <stddef.h>

#include <mltrainer/registry/v1/registry.mrpc.h>

/* A copy of a registry as a watcher keeps it: instances by key, borrowed from whoever received them. */
struct watch_replica {
    const Mltrainer__Registry__V1__Instance **instances;
    size_t count;
    size_t capacity;
};

void watch_replica_fini(struct watch_replica *replica);
void watch_replica_clear(struct watch_replica *replica);
/** The index of the first key that is not less. */
size_t watch_replica_lower_bound(const struct watch_replica *replica, const Mltrainer__Registry__V1__InstanceKey *key);
const Mltrainer__Registry__V1__Instance *watch_replica_find(const struct watch_replica *replica,
                                                            const Mltrainer__Registry__V1__InstanceKey *key);
/** Add or replace. */
void watch_replica_put(struct watch_replica *replica, const Mltrainer__Registry__V1__Instance *instance);
void watch_replica_remove(struct watch_replica *replica, const Mltrainer__Registry__V1__InstanceKey *key);

/** By namespace, service, id. */
int watch_key_compare(const Mltrainer__Registry__V1__InstanceKey *a, const Mltrainer__Registry__V1__InstanceKey *b);
/** Alike to the byte. */
bool watch_instance_equal(const Mltrainer__Registry__V1__Instance *a, const Mltrainer__Registry__V1__Instance *b);

#endif
