/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/catalog_index.h"

#include <stdlib.h>
#include <string.h>

#include "registry/identifier.h"

/* Sorted arrays of services and of slots, the list of those that are gone, and how much each owner has. */

static size_t find_service(const struct catalog *catalog, const char *namespace_name, const char *name, bool *found)
{
    size_t low = 0, high = catalog->count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(catalog->services[middle]->namespace_name, namespace_name);
        if (order == 0)
            order = strcmp(catalog->services[middle]->name, name);
        if (order == 0)
            *found = true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct catalog_slot *catalog_find(const struct catalog *catalog, const PB(InstanceKey) * key)
{
    bool found;
    size_t at = find_service(catalog, registry_namespace(key->namespace_), key->service, &found);
    if (!found)
        return NULL;
    return shelves_find(&catalog->services[at]->shelves, key->id);
}

/* --- making room -------------------------------------------------------------------------------------------------- */

static bool grow(void *array, size_t *capacity, size_t count)
{
    if (count < *capacity)
        return true;
    size_t wanted = *capacity ? *capacity * 2 : 4;
    void **grown = realloc(*(void **)array, wanted * sizeof *grown);
    if (!grown)
        return false;
    *(void **)array = grown;
    *capacity = wanted;
    return true;
}

static void service_free(struct catalog_service *service)
{
    if (!service)
        return;
    registry_service_view_unref(service->view);
    registry_cursors_unref(service->cursors);
    shelves_fini(&service->shelves);
    order_fini(&service->order);
    free(service->namespace_name);
    free(service->name);
    free(service);
}

static struct catalog_service *service_new(const char *namespace_name, const char *name)
{
    struct catalog_service *service = calloc(1, sizeof *service);
    if (!service)
        return NULL;
    service->namespace_name = strdup(namespace_name);
    service->name = strdup(name);
    service->cursors = registry_cursors_new();
    if (service->namespace_name && service->name && service->cursors)
        return service;
    service_free(service);
    return NULL;
}

static struct catalog_service *make_service(struct catalog *catalog, const char *namespace_name, const char *name)
{
    bool found;
    size_t at = find_service(catalog, namespace_name, name, &found);
    if (found)
        return catalog->services[at];
    if (!grow(&catalog->services, &catalog->capacity, catalog->count))
        return NULL;
    struct catalog_service *service = service_new(namespace_name, name);
    if (!service)
        return NULL;
    memmove(&catalog->services[at + 1], &catalog->services[at], (catalog->count - at) * sizeof service);
    catalog->services[at] = service;
    catalog->count++;
    return service;
}

static void drop_service_if_empty(struct catalog *catalog, struct catalog_service *service)
{
    if (service->shelves.slot_count)
        return;
    bool found;
    size_t at = find_service(catalog, service->namespace_name, service->name, &found);
    catalog->count--;
    memmove(&catalog->services[at], &catalog->services[at + 1], (catalog->count - at) * sizeof service);
    service_free(service);
}

struct catalog_slot *catalog_make_slot(struct catalog *catalog, const PB(InstanceKey) * key)
{
    struct catalog_service *service = make_service(catalog, registry_namespace(key->namespace_), key->service);
    if (!service)
        return NULL;
    struct catalog_slot *slot = shelves_find(&service->shelves, key->id);
    if (slot)
        return slot;
    slot = calloc(1, sizeof *slot + strlen(key->id) + 1);
    if (slot) {
        slot->service = service;
        strcpy(slot->id, key->id);
    }
    if (slot && order_reserve(&service->order, service->shelves.slot_count + 1) &&
        shelves_add(&service->shelves, slot))
        return slot;
    free(slot);
    drop_service_if_empty(catalog, service);
    return NULL;
}

void catalog_service_each(struct catalog_service *service, void (*visit)(void *arg, struct catalog_slot *slot),
                          void *arg)
{
    const struct catalog_shelves *shelves = &service->shelves;
    for (size_t i = 0; i < shelves->count; i++)
        for (size_t j = 0; j < shelves->shelves[i]->count; j++)
            visit(arg, shelves->shelves[i]->slots[j]);
}

void catalog_each(struct catalog *catalog, void (*visit)(void *arg, struct catalog_slot *slot), void *arg)
{
    for (size_t i = 0; i < catalog->count; i++)
        catalog_service_each(catalog->services[i], visit, arg);
}

void catalog_slot_free(struct catalog *catalog, struct catalog_slot *slot)
{
    struct catalog_service *service = slot->service;
    shelves_remove(&service->shelves, slot);
    registry_instance_unref(slot->committed);
    registry_instance_unref(slot->latest);
    free(slot);
    drop_service_if_empty(catalog, service);
}

/* --- those that are gone ------------------------------------------------------------------------------------------ */

void catalog_list_gone(struct catalog *catalog, struct catalog_slot *slot)
{
    if (slot->gone_listed)
        return;
    slot->gone_listed = true;
    slot->gone_newer = NULL;
    slot->gone_older = catalog->gone_newest;
    *(catalog->gone_newest ? &catalog->gone_newest->gone_newer : &catalog->gone_oldest) = slot;
    catalog->gone_newest = slot;
    catalog->gone_count++;
}

void catalog_unlist_gone(struct catalog *catalog, struct catalog_slot *slot)
{
    if (!slot->gone_listed)
        return;
    slot->gone_listed = false;
    *(slot->gone_older ? &slot->gone_older->gone_newer : &catalog->gone_oldest) = slot->gone_newer;
    *(slot->gone_newer ? &slot->gone_newer->gone_older : &catalog->gone_newest) = slot->gone_older;
    slot->gone_older = slot->gone_newer = NULL;
    catalog->gone_count--;
}

/* A slot without history that never came to be (its first change failed) is forgettable at once. */
struct catalog_slot *catalog_take_forgettable(struct catalog *catalog)
{
    struct catalog_slot *slot = catalog->gone_oldest;
    if (catalog->gone_count <= catalog->limits.gone_kept || slot->pending)
        return NULL;
    catalog_unlist_gone(catalog, slot);
    return slot;
}

/* --- owners ------------------------------------------------------------------------------------------------------- */

struct catalog_owner {
    char *name;
    size_t count;
};

static struct catalog_owner *find_owner(const struct catalog *catalog, const char *name)
{
    for (size_t i = 0; i < catalog->owner_count; i++)
        if (strcmp(catalog->owners[i].name, name) == 0)
            return &catalog->owners[i];
    return NULL;
}

size_t catalog_owned(const struct catalog *catalog, const char *owner)
{
    const struct catalog_owner *found = find_owner(catalog, owner);
    return found ? found->count : 0;
}

bool catalog_own(struct catalog *catalog, const char *owner)
{
    struct catalog_owner *found = find_owner(catalog, owner);
    if (!found) {
        struct catalog_owner *grown = realloc(catalog->owners, (catalog->owner_count + 1) * sizeof *grown);
        if (!grown)
            return false;
        catalog->owners = grown;
        char *name = strdup(owner);
        if (!name)
            return false;
        found = &grown[catalog->owner_count++];
        *found = (struct catalog_owner){name, 0};
    }
    found->count++;
    catalog->instance_count++;
    return true;
}

void catalog_disown(struct catalog *catalog, const char *owner)
{
    struct catalog_owner *found = find_owner(catalog, owner);
    catalog->instance_count--;
    if (!found || --found->count)
        return;
    free(found->name);
    *found = catalog->owners[--catalog->owner_count];
}

/* --- life --------------------------------------------------------------------------------------------------------- */

void catalog_init(struct catalog *catalog, const struct catalog_limits *limits)
{
    *catalog = (struct catalog){.limits = limits ? *limits : (struct catalog_limits){0}};
    if (!catalog->limits.instances)
        catalog->limits.instances = 200000;
    if (!catalog->limits.instances_an_owner)
        catalog->limits.instances_an_owner = 100000;
    if (!catalog->limits.gone_kept)
        catalog->limits.gone_kept = 10000;
}

void catalog_fini(struct catalog *catalog)
{
    while (catalog->count) {
        const struct catalog_shelves *shelves = &catalog->services[catalog->count - 1]->shelves;
        const struct catalog_shelf *last = shelves->shelves[shelves->count - 1];
        catalog_slot_free(catalog, last->slots[last->count - 1]);
    }
    for (size_t i = 0; i < catalog->owner_count; i++)
        free(catalog->owners[i].name);
    free(catalog->owners);
    free(catalog->services);
    registry_parts_unref(catalog->parts);
    *catalog = (struct catalog){0};
}
