/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/view.h"

#include <stdlib.h>
#include <string.h>

struct registry_cursors *registry_cursors_new(void)
{
    struct registry_cursors *cursors = calloc(1, sizeof *cursors);
    if (!cursors)
        return NULL;
    atomic_init(&cursors->references, 1);
    load_table_init(&cursors->loads);
    return cursors;
}

void registry_cursors_unref(struct registry_cursors *cursors)
{
    if (!cursors || atomic_fetch_sub(&cursors->references, 1) != 1)
        return;
    load_table_fini(&cursors->loads);
    free(cursors);
}

struct registry_cursor *registry_cursors_find(struct registry_cursors *cursors, uint64_t filter_hash)
{
    if (filter_hash == 0)
        return &cursors->slots[0];
    size_t start = (size_t)(filter_hash % (REGISTRY_CURSORS - 1));
    for (size_t i = 0; i < REGISTRY_CURSORS - 1; i++) {
        struct registry_cursor *cursor = &cursors->slots[1 + (start + i) % (REGISTRY_CURSORS - 1)];
        uint64_t held = atomic_load_explicit(&cursor->filter_hash, memory_order_relaxed);
        if (held == filter_hash ||
            (held == 0 &&
             (atomic_compare_exchange_strong(&cursor->filter_hash, &held, filter_hash) || held == filter_hash)))
            return cursor;
    }
    return &cursors->slots[1 + start];
}

static void take_run(struct registry_service_view *view, struct registry_run *run)
{
    memcpy(view->instances + view->count, run->instances, run->count * sizeof *run->instances);
    view->count += run->count;
    view->serving_count += run->health.serving;
    view->healthy_count += run->health.healthy;
    view->unhealthy_count += run->health.unhealthy;
    view->unknown_count += run->health.unknown;
    view->runs[view->run_count++] = registry_run_ref(run);
}

/* Behind the struct: instances by id, by incarnation, runs, names. */
struct registry_service_view *registry_service_view_new(const struct registry_service_view_parts *parts)
{
    size_t count = 0, namespace_bytes = strlen(parts->namespace_name) + 1, name_bytes = strlen(parts->name) + 1;
    for (size_t i = 0; i < parts->run_count; i++)
        count += parts->runs[i]->count;
    struct registry_service_view *view =
        malloc(sizeof *view + (2 * count + parts->run_count) * sizeof(void *) + namespace_bytes + name_bytes);
    if (!view)
        return NULL;
    memset(view, 0, sizeof *view);
    atomic_init(&view->references, 1);
    view->revision = parts->revision;
    view->by_incarnation = view->instances + count;
    view->runs = (struct registry_run **)(view->by_incarnation + count);
    view->namespace_name = (char *)(view->runs + parts->run_count);
    view->name = view->namespace_name + namespace_bytes;
    memcpy(view->namespace_name, parts->namespace_name, namespace_bytes);
    memcpy(view->name, parts->name, name_bytes);
    view->cursors = parts->cursors;
    atomic_fetch_add(&parts->cursors->references, 1);
    for (size_t i = 0; i < parts->run_count; i++)
        take_run(view, parts->runs[i]);
    if (count)
        memcpy(view->by_incarnation, parts->by_incarnation, count * sizeof *view->by_incarnation);
    return view;
}

struct registry_service_view *registry_service_view_ref(struct registry_service_view *view)
{
    if (view)
        atomic_fetch_add_explicit(&view->references, 1, memory_order_relaxed);
    return view;
}

void registry_service_view_unref(struct registry_service_view *view)
{
    if (!view || atomic_fetch_sub_explicit(&view->references, 1, memory_order_acq_rel) != 1)
        return;
    pick_sets_fini(&view->pick_sets);
    for (size_t i = 0; i < view->run_count; i++)
        registry_run_unref(view->runs[i]);
    registry_cursors_unref(view->cursors);
    free(atomic_load_explicit(&view->assignment, memory_order_relaxed));
    free(view);
}

struct registry_instance *registry_service_view_find(const struct registry_service_view *view, const char *id)
{
    size_t low = 0, high = view->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(view->instances[middle]->message->key->id, id);
        if (order == 0)
            return view->instances[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void free_view(struct snapshot *snapshot)
{
    struct registry_view *view = (struct registry_view *)snapshot;
    for (size_t i = 0; i < view->service_count; i++)
        registry_service_view_unref(view->services[i]);
    free(view);
}

struct registry_view *registry_view_new(uint64_t epoch, int64_t revision, struct registry_service_view *const *services,
                                        size_t count)
{
    struct registry_view *view = calloc(1, sizeof *view + count * sizeof *view->services);
    if (!view)
        return NULL;
    snapshot_init(&view->snapshot, free_view);
    view->epoch = epoch;
    view->revision = revision;
    view->service_count = count;
    for (size_t i = 0; i < count; i++) {
        view->services[i] = services[i];
        view->instance_count += services[i]->count;
    }
    return view;
}

size_t registry_view_lower_bound(const struct registry_view *view, const char *namespace_name, const char *name)
{
    size_t low = 0, high = view->service_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(view->services[middle]->namespace_name, namespace_name);
        if (order == 0)
            order = strcmp(view->services[middle]->name, name);
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct registry_service_view *registry_view_find(const struct registry_view *view, const char *namespace_name,
                                                 const char *name)
{
    size_t at = registry_view_lower_bound(view, namespace_name, name);
    if (at == view->service_count || strcmp(view->services[at]->namespace_name, namespace_name) != 0 ||
        strcmp(view->services[at]->name, name) != 0)
        return NULL;
    return view->services[at];
}
