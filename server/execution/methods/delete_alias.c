/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/service.h"

static void holds(struct command *command, struct fault *fault)
{
    const API(DeleteAliasRequest) *request = command->request;
    struct alias *alias = aliases_find(&command->engine->aliases, request->name, request->alias);
    alias->changing = false;
    if (fault->code)
        return;
    aliases_remove(&command->engine->aliases, alias);
    warm_models_forget(&command->engine->warm);
}

static int run(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const API(DeleteAliasRequest) *request = command->request;
    if (api_identifier(request->name, "name", fault) || api_identifier(request->alias, "alias", fault))
        return fault->code;
    struct alias *alias = aliases_find(&command->engine->aliases, request->name, request->alias);
    if (!alias)
        return fault_set(fault, MRPC_NOT_FOUND, "artifact \"%s\" has no alias \"%s\"", request->name, request->alias);
    if (record_index_check_owner(&command->engine->artifacts, request->name, &command->caller, "name", fault))
        return fault->code;
    if (alias->changing)
        return fault_retry(fault, MRPC_ABORTED, 100, "another change of alias \"%s\" is under way", request->alias);
    struct store_batch *batch = store_batch_new();
    alias_delete(batch, alias);
    alias->changing = true;
    alias->coming_version = 0;
    return command_commit(command, batch, holds);
}

METHOD(delete_alias, DeleteAlias)
{
    return command_post(self, call, request, response, run);
}
