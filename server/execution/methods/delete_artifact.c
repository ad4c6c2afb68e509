/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "execution/service.h"

/* The record goes, in one batch with what aliases remember of it. Its file stays for retention to find: work that has
 * begun with it can go on. */

static int refuse_pointed_to(struct command *command, const struct record *record, struct fault *fault)
{
    const struct alias *alias = aliases_pointing_to(&command->engine->aliases, record->name, record->version);
    if (!alias)
        return 0;
    return fault_set(fault, MRPC_FAILED_PRECONDITION, "artifact: alias \"%s\" points to %s@%u", alias->alias,
                     record->name, record->version);
}

/* The number may be given to another version, which a rollback must not go to. */
static int forget(struct command *command, const struct record *record, struct store_batch *batch,
                  struct mrpc_arena *arena, struct fault *fault)
{
    struct aliases *aliases = &command->engine->aliases;
    for (size_t at = aliases_seek(aliases, record->name, "");
         at < aliases->count && strcmp(aliases->items[at]->name, record->name) == 0; at++) {
        const struct alias *alias = aliases->items[at];
        if (alias->previous_version != record->version)
            continue;
        if (alias->changing)
            return fault_retry(fault, MRPC_ABORTED, 100, "a change of alias \"%s\" is under way", alias->alias);
        struct alias after = *alias;
        after.previous_version = 0;
        if (alias_put(batch, alias_message(&after, arena), fault))
            return fault->code;
    }
    return 0;
}

static void put_back(struct execution *engine, struct record *record)
{
    record->durable = true;
    warm_models_forget(&engine->warm);
    if (record_index_add(&engine->artifacts, record) == 0)
        return;
    log_error(engine->log, "execution", "artifact %s@%u: no memory", record->name, record->version);
    record_free(record);
}

static void holds(struct command *command, struct fault *fault)
{
    struct execution *engine = command->engine;
    struct record *record = command->arg;
    if (fault->code)
        return put_back(engine, record);
    for (size_t at = aliases_seek(&engine->aliases, record->name, "");
         at < engine->aliases.count && strcmp(engine->aliases.items[at]->name, record->name) == 0; at++)
        if (engine->aliases.items[at]->previous_version == record->version)
            engine->aliases.items[at]->previous_version = 0;
    record_free(record);
    execution_touch(engine);
}

static int run(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const API(DeleteArtifactRequest) *request = command->request;
    struct execution *engine = command->engine;
    struct record *record;
    if (!strpbrk(request->artifact, "@:"))
        return fault_field(fault, "artifact", "one version is wanted: NAME@VERSION, NAME:ALIAS or sha256:HEX");
    if (aliases_find_artifact(&engine->aliases, &engine->artifacts, request->artifact, "artifact", &record, fault) ||
        caller_check(&command->caller, record->owner, "artifact", request->artifact, fault) ||
        refuse_pointed_to(command, record, fault))
        return fault->code;
    struct store_batch *batch = store_batch_new();
    if (forget(command, record, batch, arena, fault)) {
        store_batch_free(batch);
        return fault->code;
    }
    artifact_delete(batch, record);
    record_index_remove(&engine->artifacts, record);
    warm_models_forget(&engine->warm);
    command->arg = record;
    return command_commit(command, batch, holds);
}

METHOD(delete_artifact, DeleteArtifact)
{
    return command_post(self, call, request, response, run);
}
