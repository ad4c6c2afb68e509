/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/service.h"

METHOD(list_sources, ListSources)
{
    const struct execution *engine = self;
    struct mrpc_arena *arena = mrpc_call_arena(call);
    struct fetch_listed listed;
    size_t count = 0;
    while (fetch_list(engine->sources, count, &listed))
        count++;
    response->sources = mrpc_arena_calloc(arena, count + 1, sizeof *response->sources);
    for (; response->sources && response->n_sources < count; response->n_sources++) {
        API(ConfiguredSource) *message = API_NEW(arena, ConfiguredSource, configured_source);
        if (!message || !fetch_list(engine->sources, response->n_sources, &listed))
            break;
        message->kind = (char *)listed.kind;
        message->name = (char *)listed.name;
        message->where = (char *)listed.where;
        response->sources[response->n_sources] = message;
    }
    return response->n_sources == count ? MRPC_OK
                                        : mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}
