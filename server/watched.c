/* SPDX-License-Identifier: Apache-2.0 */
#include "watched.h"

#include <stdlib.h>

#include "config/config.h"
#include "events/domain_loop.h"
#include "service_manager.h"
#include "watchdog/watchdog.h"

static void tell_alive(void)
{
    service_manager_notify("WATCHDOG=1");
}

static int create_watchdog(void *const *dependencies, void **out, struct fault *fault)
{
    const struct config *config = dependencies[0];
    const struct watchdog_options options = {
        .log = dependencies[1],
        .stall_ms = config_number(config, "watchdog"),
        .memory_bytes = config_number(config, "memory.limit"),
        .alive_ms = service_manager_watchdog_ms(),
        .alive = tell_alive,
    };
    struct watchdog *watchdog;
    if (watchdog_new(&options, &watchdog) != 0)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *out = watchdog;
    return 0;
}

static int start_watchdog(void *instance, struct fault *fault)
{
    return watchdog_start(instance) == 0 ? 0 : fault_set(fault, MRPC_INTERNAL, "watchdog: no thread");
}

static void stop_watchdog(void *instance)
{
    watchdog_stop(instance);
}

static void destroy_watchdog(void *instance)
{
    watchdog_free(instance);
}

static const char *const watchdog_needs[] = {"config", "log", NULL};

const struct component watchdog_component = {
    .name = "watchdog",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = watchdog_needs,
    .create = create_watchdog,
    .start = start_watchdog,
    .stop = stop_watchdog,
    .destroy = destroy_watchdog,
};

struct watched_loops {
    struct watchdog *watchdog;
    const struct component_list *loops;
};

static int create_loops(void *const *dependencies, void **out, struct fault *fault)
{
    struct watched_loops *watched = malloc(sizeof *watched);
    if (!watched)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *watched = (struct watched_loops){.watchdog = dependencies[0], .loops = dependencies[1]};
    *out = watched;
    return 0;
}

static int ask(void *arg, unsigned index, void (*answer)(void *beat), void *beat)
{
    return domain_loop_post(arg, answer, beat);
}

/* The loops go on until those that they belong to stop. */
static void stop_loops(void *instance)
{
    struct watched_loops *watched = instance;
    for (size_t i = 0; i < watched->loops->count; i++)
        watchdog_forget(watched->watchdog, watched->loops->objects[i]);
}

static int start_loops(void *instance, struct fault *fault)
{
    struct watched_loops *watched = instance;
    for (size_t i = 0; i < watched->loops->count; i++) {
        struct domain_loop *loop = watched->loops->objects[i];
        if (watchdog_watch(watched->watchdog, domain_loop_name(loop), ask, loop, 0) == 0)
            continue;
        stop_loops(watched);
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    return 0;
}

static const char *const loops_needs[] = {"watchdog", "loop[]", NULL};

const struct component watched_loops_component = {
    .name = "watched_loops",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = loops_needs,
    .create = create_loops,
    .start = start_loops,
    .stop = stop_loops,
    .destroy = free,
};
