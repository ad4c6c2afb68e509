/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "execution/service.h"

/* A token is "NAME/ALIAS" of the last one that was shown. */
static int read_token(const char *token, char name[129], char alias[129], struct fault *fault)
{
    const char *slash = strchr(token, '/');
    if (!slash || slash - token > 128 || strlen(slash + 1) > 128)
        return fault_field(fault, "page_token", "not a token of this list");
    snprintf(name, 129, "%.*s", (int)(slash - token), token);
    snprintf(alias, 129, "%s", slash + 1);
    return 0;
}

static int find_start(const struct aliases *aliases, const API(ListAliasesRequest) * request, size_t *at,
                      struct fault *fault)
{
    char name[129], alias[129];
    *at = aliases_seek(aliases, request->name, "");
    if (!*request->page_token)
        return 0;
    int code = read_token(request->page_token, name, alias, fault);
    if (code)
        return code;
    *at = aliases_seek(aliases, name, alias);
    if (aliases_find(aliases, name, alias))
        (*at)++;
    return 0;
}

static int run(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const API(ListAliasesRequest) *request = command->request;
    API(ListAliasesResponse) *response = command->response;
    const struct aliases *aliases = &command->engine->aliases;
    size_t size, at;
    if (*request->name && api_identifier(request->name, "name", fault))
        return fault->code;
    if (api_page_size(request->page_size, &size, fault) || find_start(aliases, request, &at, fault))
        return fault->code;
    response->aliases = mrpc_arena_calloc(arena, size, sizeof *response->aliases);
    if (!response->aliases)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    for (; at < aliases->count; at++) {
        const struct alias *alias = aliases->items[at];
        if (*request->name && strcmp(alias->name, request->name) != 0)
            break;
        if (!alias->durable)
            continue;
        if (response->n_aliases == size) {
            const API(Alias) *last = response->aliases[size - 1];
            response->next_page_token = mrpc_arena_printf(arena, "%s/%s", last->name, last->alias);
            break;
        }
        API(Alias) *message = alias_message(alias, arena);
        if (!message)
            return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
        response->aliases[response->n_aliases++] = message;
    }
    return response->next_page_token ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

METHOD(list_aliases, ListAliases)
{
    return command_post(self, call, request, response, run);
}
