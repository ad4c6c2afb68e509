/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "execution/service.h"

static char *text(struct mrpc_arena *arena, const char *from)
{
    return mrpc_arena_strdup(arena, from);
}

static API(Plugin) * plugin_message(const struct catalog_plugin *plugin, struct mrpc_arena *arena)
{
    static const API(PluginState) states[] = {
        [CATALOG_PLUGIN_READY] = MLTRAINER__EXECUTION__V1__PLUGIN_STATE__PLUGIN_STATE_READY,
        [CATALOG_PLUGIN_REFUSED] = MLTRAINER__EXECUTION__V1__PLUGIN_STATE__PLUGIN_STATE_REFUSED,
        [CATALOG_PLUGIN_QUARANTINED] = MLTRAINER__EXECUTION__V1__PLUGIN_STATE__PLUGIN_STATE_QUARANTINED,
        [CATALOG_PLUGIN_PROBING] = MLTRAINER__EXECUTION__V1__PLUGIN_STATE__PLUGIN_STATE_PROBING,
    };
    API(Plugin) *message = API_NEW(arena, Plugin, plugin);
    if (!message)
        return NULL;
    message->family = text(arena, plugin->family);
    message->version = text(arena, plugin->version);
    if (plugin->abi_major)
        message->abi_version = mrpc_arena_printf(arena, "%u.%u", plugin->abi_major, plugin->abi_minor);
    message->state = states[plugin->state];
    message->state_reason = text(arena, plugin->reason);
    message->model_count = (uint32_t)plugin->model_count;
    message->description = text(arena, plugin->description);
    message->licence = text(arena, plugin->licence);
    message->engine = text(arena, plugin->engine);
    message->algorithms = mrpc_arena_calloc(arena, plugin->algorithm_count + 1, sizeof *message->algorithms);
    for (size_t i = 0; message->algorithms && i < plugin->algorithm_count; i++) {
        message->algorithms[i] = text(arena, plugin->algorithms[i].id);
        message->n_algorithms += message->algorithms[i] != NULL;
    }
    bool whole = message->family && message->version && message->abi_version && message->state_reason &&
                 message->description && message->licence && message->engine &&
                 message->n_algorithms == plugin->algorithm_count;
    return whole ? message : NULL;
}

static int fill_page(const struct catalog *catalog, const char *after, size_t size, struct mrpc_arena *arena,
                     API(ListPluginsResponse) * response)
{
    response->plugins = mrpc_arena_calloc(arena, size + 1, sizeof *response->plugins);
    for (size_t i = 0; response->plugins && i < catalog->plugin_count; i++) {
        if (strcmp(catalog->plugins[i].family, after) <= 0)
            continue;
        if (response->n_plugins == size) {
            response->next_page_token = text(arena, response->plugins[size - 1]->family);
            return response->next_page_token ? 0 : -1;
        }
        if (!(response->plugins[response->n_plugins] = plugin_message(&catalog->plugins[i], arena)))
            return -1;
        response->n_plugins++;
    }
    return response->plugins ? 0 : -1;
}

METHOD(list_plugins, ListPlugins)
{
    struct fault fault = FAULT_INIT;
    size_t size;
    if (api_page_size(request->page_size, &size, &fault))
        return fault_answer(call, &fault);
    struct catalog *catalog = execution_catalog(self);
    int failed = fill_page(catalog, request->page_token, size, mrpc_call_arena(call), response);
    snapshot_release(&catalog->snapshot);
    return failed ? mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory") : 0;
}
