/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "execution/operation/operation.h"
#include "execution/quarantine.h"

static bool tells_against_plugin(const struct operation *operation, const struct fault *fault)
{
    const char *signal = operation->signal_name;
    return operation->worker_lost && fault->code == MRPC_INTERNAL && !operation->cancelled &&
           strcmp(signal, "SIGKILL") != 0 && strcmp(signal, "SIGTERM") != 0;
}

static const char *family_of(const struct operation *operation)
{
    if (operation->model)
        return operation->model->family;
    return operation->artifact.header ? operation->artifact.header->family : NULL;
}

static void keep_away(struct execution *engine, const struct catalog *catalog, const char *family, const char *why)
{
    struct mrpc_arena *arena = mrpc_arena_new(0);
    struct catalog_plugin *plugins =
        arena ? mrpc_arena_memdup(arena, catalog->plugins, catalog->plugin_count * sizeof *plugins) : NULL;
    const char *reason = arena ? mrpc_arena_printf(arena, "crashed %u times in %d s; the last time: %.300s",
                                                   engine->quarantine.limit, QUARANTINE_WINDOW_MS / 1000, why)
                               : NULL;
    for (size_t i = 0; plugins && reason && i < catalog->plugin_count; i++)
        if (strcmp(plugins[i].family, family) == 0) {
            plugins[i].state = CATALOG_PLUGIN_QUARANTINED;
            plugins[i].reason = reason;
        }
    struct catalog *next = plugins && reason ? catalog_with_plugins(catalog, plugins) : NULL;
    if (next) {
        log_error(engine->log, "execution", "plugin %s is quarantined: %s", family, reason);
        snapshot_publish(&engine->catalog, &next->snapshot);
        execution_touch(engine);
    }
    mrpc_arena_free(arena);
}

void quarantine_judge(const struct operation *operation)
{
    struct execution *engine = operation->engine;
    const struct fault *fault = &operation->fault;
    const char *family = family_of(operation);
    if (!family || !tells_against_plugin(operation, fault))
        return;
    struct catalog *catalog = execution_catalog(engine);
    if (quarantine_crashed(&engine->quarantine, catalog->generation, family, domain_loop_now_ms(engine->loop)))
        keep_away(engine, catalog, family, fault->text);
    snapshot_release(&catalog->snapshot);
}
