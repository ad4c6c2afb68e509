/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/service.h"

static API(SetAliasResponse) * response_of(const struct command *command)
{
    return command->response;
}

/* The answer was made before the commit: it is what was committed. */
static void holds(struct command *command, struct fault *fault)
{
    struct execution *engine = command->engine;
    const API(SetAliasRequest) *request = command->request;
    const API(Alias) *message = response_of(command)->alias;
    struct alias *alias = aliases_find(&engine->aliases, request->name, request->alias);
    alias->changing = false;
    if (fault->code && !alias->durable) {
        aliases_remove(&engine->aliases, alias);
    } else if (!fault->code) {
        alias->version = message->version;
        alias->previous_version = message->previous_version;
        alias->update_ms = api_timestamp_ms(message->update_time);
        alias->durable = true;
        warm_models_forget(&engine->warm);
    }
}

static int check(const API(SetAliasRequest) * request, struct fault *fault)
{
    int code = api_identifier(request->name, "name", fault);
    return code ? code : api_identifier(request->alias, "alias", fault);
}

/* Where it shall point: 0 means back. */
static int choose_version(struct command *command, const struct alias *alias, uint32_t *version, struct fault *fault)
{
    const API(SetAliasRequest) *request = command->request;
    uint32_t now = alias && alias->durable ? alias->version : 0;
    char reference[150];
    struct record *record;
    if (alias && alias->changing)
        return fault_retry(fault, MRPC_ABORTED, 100, "another change of alias \"%s\" is under way", request->alias);
    if (request->expected_version && request->expected_version != now)
        return fault_set(fault, MRPC_ABORTED, "expected_version: alias \"%s\" points to %u", request->alias, now);
    *version = request->version ? request->version : alias ? alias->previous_version : 0;
    if (!*version)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "version: alias \"%s\" has not pointed anywhere before",
                         request->alias);
    snprintf(reference, sizeof reference, "%s@%u", request->name, *version);
    return record_index_find(&command->engine->artifacts, reference, "version", &record, fault);
}

static int commit(struct command *command, struct alias *alias, uint32_t version, struct mrpc_arena *arena,
                  struct fault *fault)
{
    struct alias after = *alias;
    after.previous_version = alias->durable ? alias->version : 0;
    after.version = version;
    after.update_ms = api_now_ms();
    response_of(command)->alias = alias_message(&after, arena);
    struct store_batch *batch = store_batch_new();
    int code = alias_put(batch, response_of(command)->alias, fault);
    if (code) {
        store_batch_free(batch);
        return code;
    }
    alias->changing = true;
    alias->coming_version = version;
    return command_commit(command, batch, holds);
}

static int run(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const API(SetAliasRequest) *request = command->request;
    struct aliases *aliases = &command->engine->aliases;
    uint32_t version = 0;
    if (check(request, fault) ||
        record_index_check_owner(&command->engine->artifacts, request->name, &command->caller, "name", fault))
        return fault->code;
    struct alias *alias = aliases_find(aliases, request->name, request->alias);
    bool made = !alias;
    if (choose_version(command, alias, &version, fault))
        return fault->code;
    if (alias && alias->version == version) {
        response_of(command)->alias = alias_message(alias, arena);
        return response_of(command)->alias ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    if (made && aliases_add(aliases, request->name, request->alias, &alias, fault))
        return fault->code;
    int code = commit(command, alias, version, arena, fault);
    if (code != COMMAND_LATER && made)
        aliases_remove(aliases, alias);
    return code;
}

METHOD(set_alias, SetAlias)
{
    return command_post(self, call, request, response, run);
}
