/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/operation/operation.h"
#include "execution/quarantine.h"
#include "utf8/utf8.h"

static bool tells_against_plugin(bool worker_lost, const char *signal, int code)
{
    return worker_lost && code == MRPC_INTERNAL && strcmp(signal, "SIGKILL") != 0 && strcmp(signal, "SIGTERM") != 0;
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

/* Whoever has a model of it open opens it anew, and finds the door closed. */
static void count(struct execution *engine, const char *family, const char *why)
{
    struct catalog *catalog = execution_catalog(engine);
    if (quarantine_crashed(&engine->quarantine, catalog->generation, family, domain_loop_now_ms(engine->loop))) {
        keep_away(engine, catalog, family, why);
        warm_models_forget(&engine->warm);
    }
    snapshot_release(&catalog->snapshot);
}

void quarantine_judge(const struct operation *operation)
{
    const char *family = family_of(operation);
    if (family && !operation->cancelled &&
        tells_against_plugin(operation->worker_lost, operation->signal_name ? operation->signal_name : "",
                             operation->fault.code))
        count(operation->engine, family, operation->fault.text);
}

/* On its way from whoever heard of it to the loop. */
struct crash {
    struct execution *engine;
    char family[65];
    char why[300];
};

static void take(void *arg)
{
    struct crash *crash = arg;
    count(crash->engine, crash->family, crash->why);
    free(crash);
}

void quarantine_judge_result(struct execution *engine, const char *family, const struct process_result *result)
{
    if (!tells_against_plugin(result->worker_lost, result->signal_name ? result->signal_name : "", result->fault.code))
        return;
    struct crash *crash = calloc(1, sizeof *crash);
    if (!crash)
        return;
    crash->engine = engine;
    snprintf(crash->family, sizeof crash->family, "%s", family);
    snprintf(crash->why, sizeof crash->why, "%.299s", result->fault.text);
    utf8_mend(crash->why);
    if (domain_loop_post(engine->loop, take, crash))
        free(crash);
}
