/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_VIEW_H
#define REGISTRY_VIEW_H

#include <stdatomic.h>
#include <stdint.h>

#include "events/snapshot.h"
#include "registry/instance.h"
#include "registry/load.h"
#include "registry/pick_set.h"
#include "registry/run.h"

/* What connection loops read: the whole registry at one revision, immutable. A change copies the pointers of
 * one service and of the list of services; instances are touched only where they, or their neighbours of the same run,
 * have changed. */

enum { REGISTRY_CURSORS = 64 };

struct xds_assignment;

/** What picks remember of a service, shared by all its views: how busy its instances are, and where its round-robins
 *  stand, one cursor a filter. A cursor is the incarnation of the instance that was picked last. Slot 0 belongs to the
 *  empty filter; when the others are taken, filters share. */
struct registry_cursors {
    _Atomic uint32_t references;
    struct load_table loads;
    struct registry_cursor {
        _Atomic uint64_t filter_hash; /* 0: free */
        _Atomic uint64_t position;
    } slots[REGISTRY_CURSORS];
};

struct registry_cursors *registry_cursors_new(void);
void registry_cursors_unref(struct registry_cursors *cursors);
struct registry_cursor *registry_cursors_find(struct registry_cursors *cursors, uint64_t filter_hash);

struct registry_service_view {
    _Atomic uint32_t references;
    char *namespace_name;
    char *name;
    int64_t revision; /* of its last change */
    struct registry_cursors *cursors;
    size_t serving_count; /* healthy, and in service */
    struct pick_sets pick_sets; /* made by readers as they need them */
    _Atomic(struct xds_assignment *) assignment; /* likewise, by xds/assignment.c; one malloc() */
    size_t healthy_count;
    size_t unhealthy_count;
    size_t unknown_count;
    size_t count;
    size_t run_count;
    struct registry_run **runs;                /* hold the instances, and are shared with other views */
    struct registry_instance **by_incarnation; /* `count` of them, for picks */
    struct registry_instance *instances[];     /* by id */
};

/** What a view of a service is made of; references are taken of cursors and runs, the rest is copied. */
struct registry_service_view_parts {
    const char *namespace_name;
    const char *name;
    int64_t revision;
    struct registry_cursors *cursors;
    struct registry_run *const *runs; /* by id */
    size_t run_count;
    struct registry_instance *const *by_incarnation; /* as many as are in the runs */
};

/** NULL when out of memory. */
struct registry_service_view *registry_service_view_new(const struct registry_service_view_parts *parts);
struct registry_service_view *registry_service_view_ref(struct registry_service_view *view);
void registry_service_view_unref(struct registry_service_view *view);
/** The instance of that id, or NULL. Borrowed. */
struct registry_instance *registry_service_view_find(const struct registry_service_view *view, const char *id);

struct registry_view {
    struct snapshot snapshot;
    uint64_t epoch;
    int64_t revision;
    size_t instance_count;
    size_t service_count;
    struct registry_service_view *services[]; /* by namespace, name */
};

/** Takes over the references in @services. NULL when out of memory (then they stay the caller's). */
struct registry_view *registry_view_new(uint64_t epoch, int64_t revision, struct registry_service_view *const *services,
                                        size_t count);
/** The index of the first service that is not less than (namespace, name). */
size_t registry_view_lower_bound(const struct registry_view *view, const char *namespace_name, const char *name);
/** Borrowed; NULL when there is none. */
struct registry_service_view *registry_view_find(const struct registry_view *view, const char *namespace_name,
                                                 const char *name);

#endif
