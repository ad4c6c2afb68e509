/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "config/config.h"
#include "registry/registry.h"
#include "registry/service.h"

/* The items of a list as a NULL-terminated array; NULL when out of memory. */
static const char **list_of(const struct config *config, const char *name)
{
    size_t count = config_list_count(config, name);
    const char **items = calloc(count + 1, sizeof *items);
    for (size_t i = 0; items && i < count; i++)
        items[i] = config_list_item(config, name, i);
    return items;
}

static int create(void *const *dependencies, void **out, struct fault *fault)
{
    const struct config *config = dependencies[0];
    const char **addresses = list_of(config, "listen"), **targets = list_of(config, "registry.check_targets");
    struct registry_options options = {
        .log = dependencies[1],
        .bus = dependencies[2],
        .store = dependencies[3],
        .threads = dependencies[4],
        .own_addresses = addresses,
        .check_targets = targets,
        .without_protection = !config_switch(config, "registry.protection"),
        .limits.instances_an_owner = (size_t)config_number(config, "registry.instance_quota"),
        .limits.gone_kept = (size_t)config_number(config, "retention.tombstones"),
    };
    struct registry *registry;
    int code = addresses && targets ? registry_new(&options, &registry, fault)
                                    : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "registry: no memory");
    free(addresses);
    free(targets);
    if (!code)
        *out = registry;
    return code;
}

static int start(void *instance, struct fault *fault)
{
    return registry_start(instance, fault);
}

static void stop(void *instance)
{
    registry_stop(instance);
}

static void destroy(void *instance)
{
    registry_free(instance);
}

static const char *const dependencies[] = {"config", "log", "bus", "store", "thread_pool", NULL};

const struct component registry_component = {
    .name = "registry",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = dependencies,
    .create = create,
    .start = start,
    .stop = stop,
    .destroy = destroy,
};

static int give_registry(void *const *needs, void **out, struct fault *fault)
{
    *out = registry_loop(needs[0]);
    return 0;
}

static const char *const watched_needs[] = {"registry", NULL};

const struct component registry_watched_component = {
    .name = "registry_loop",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = watched_needs,
    .create = give_registry,
    .provides = "loop",
    .key = "registry",
};

static int give_registry_read(void *const *needs, void **out, struct fault *fault)
{
    *out = registry_reading_loop(needs[0]);
    return 0;
}

const struct component registry_read_watched_component = {
    .name = "registry_read_loop",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = watched_needs,
    .create = give_registry_read,
    .provides = "loop",
    .key = "registry-read",
};
