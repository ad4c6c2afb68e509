/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "execution/service.h"

/* Looking at plugins: the catalog is listed without running plugin code, then a worker loads each plugin and tells what
 * is in it. Whatever happens to the worker happens to that plugin alone. */

struct probe {
    struct execution *engine;
    uint64_t generation; /* of the catalog that it is about */
    char *family;
};

static const char *text(struct mrpc_arena *arena, const char *from)
{
    const char *copy = mrpc_arena_strdup(arena, from ? from : "");
    return copy ? copy : "";
}

static void describe(struct catalog_plugin *plugin, const struct process_description *from, struct mrpc_arena *arena)
{
    struct catalog_algorithm *algorithms = mrpc_arena_calloc(arena, from->algorithm_count + 1, sizeof *algorithms);
    for (size_t i = 0; algorithms && i < from->algorithm_count; i++)
        algorithms[i] = (struct catalog_algorithm){text(arena, from->algorithms[i].id), from->algorithms[i].operations};
    plugin->state = CATALOG_PLUGIN_READY;
    plugin->reason = "";
    plugin->version = text(arena, from->version);
    plugin->description = text(arena, from->description);
    plugin->licence = text(arena, from->licence);
    plugin->engine = text(arena, from->engine);
    plugin->abi_major = from->abi_major;
    plugin->abi_minor = from->abi_minor;
    plugin->algorithms = algorithms;
    plugin->algorithm_count = algorithms ? from->algorithm_count : 0;
}

static void judge(struct catalog_plugin *plugin, const struct process_result *result, struct mrpc_arena *arena)
{
    if (!result->fault.code && result->description && strcmp(result->description->family, plugin->family) == 0)
        return describe(plugin, result->description, arena);
    plugin->state = CATALOG_PLUGIN_REFUSED;
    plugin->reason = result->fault.code ? text(arena, result->fault.text) : "the file holds another family";
}

static void publish_catalog(struct execution *engine, struct catalog *catalog)
{
    snapshot_publish(&engine->catalog, &catalog->snapshot);
    warm_models_forget(&engine->warm);
}

static void publish(struct probe *probe, const struct catalog *catalog, const struct process_result *result)
{
    struct mrpc_arena *arena = mrpc_arena_new(0);
    struct catalog_plugin *plugins =
        arena ? mrpc_arena_memdup(arena, catalog->plugins, catalog->plugin_count * sizeof *plugins) : NULL;
    for (size_t i = 0; plugins && i < catalog->plugin_count; i++)
        if (strcmp(plugins[i].family, probe->family) == 0) {
            judge(&plugins[i], result, arena);
            if (plugins[i].state == CATALOG_PLUGIN_REFUSED)
                log_warn(probe->engine->log, "execution", "plugin %s cannot be used: %s", probe->family,
                         plugins[i].reason);
        }
    struct catalog *next = plugins ? catalog_with_plugins(catalog, plugins) : NULL;
    if (next)
        publish_catalog(probe->engine, next);
    mrpc_arena_free(arena);
}

static void probe_free(struct probe *probe)
{
    free(probe->family);
    free(probe);
}

static void probed(void *arg, uint64_t ticket, struct process_result *result)
{
    struct probe *probe = arg;
    struct catalog *catalog = execution_catalog(probe->engine);
    if (catalog->generation == probe->generation && result->fault.code != MRPC_UNAVAILABLE)
        publish(probe, catalog, result);
    snapshot_release(&catalog->snapshot);
    execution_touch(probe->engine);
    atomic_fetch_sub(&probe->engine->probes, 1);
    probe_free(probe);
}

static void start(struct execution *engine, const struct catalog *catalog, const struct catalog_plugin *plugin)
{
    struct probe *probe = calloc(1, sizeof *probe);
    if (!probe)
        return;
    *probe = (struct probe){engine, catalog->generation, strdup(plugin->family)};
    struct process_task task = {.operation = PROCESS_DESCRIBE,
                                .plugin_path = plugin->path,
                                .isolation = "",
                                .reply_loop = engine->loop,
                                .on_done = probed,
                                .arg = probe};
    struct fault fault = FAULT_INIT;
    uint64_t ticket;
    atomic_fetch_add(&engine->probes, 1);
    if (!probe->family || process_pool_submit(engine->processes, &task, &ticket, &fault)) {
        log_warn(engine->log, "execution", "plugin %s was not probed: %s", plugin->family, fault.text);
        atomic_fetch_sub(&engine->probes, 1);
        probe_free(probe);
    }
}

void execution_probe_plugins(struct execution *engine)
{
    struct catalog *catalog = execution_catalog(engine);
    for (size_t i = 0; i < catalog->plugin_count; i++)
        if (catalog->plugins[i].state == CATALOG_PLUGIN_PROBING)
            start(engine, catalog, &catalog->plugins[i]);
    snapshot_release(&catalog->snapshot);
}

struct reload {
    struct execution *engine;
    struct catalog *catalog;
};

static void publish_reload(void *arg)
{
    struct reload reload = *(struct reload *)arg;
    free(arg);
    struct catalog *now = execution_catalog(reload.engine);
    bool newer = reload.catalog->generation > now->generation;
    snapshot_release(&now->snapshot);
    if (!newer) { /* read before what is there: two reloads at once */
        snapshot_release(&reload.catalog->snapshot);
        return;
    }
    publish_catalog(reload.engine, reload.catalog);
    execution_probe_plugins(reload.engine);
}

int execution_reload(struct execution *engine, struct fault *fault)
{
    struct catalog *next;
    uint64_t generation = atomic_fetch_add(&engine->generation, 1) + 1; /* before reading: the later reader wins */
    int code = catalog_read(engine->models_folder, engine->plugins_folder, generation, &next, fault);
    if (code)
        return code;
    struct reload *reload = malloc(sizeof *reload);
    if (reload)
        *reload = (struct reload){engine, next};
    if (reload && domain_loop_post(engine->loop, publish_reload, reload) == 0)
        return 0;
    free(reload);
    snapshot_release(&next->snapshot);
    return fault_set(fault, MRPC_UNAVAILABLE, "the server is stopping");
}
