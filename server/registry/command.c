/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <google/rpc/error_details.mrpc.h>

#include "registry/service.h"
#include "registry/under_way.h"

/* Between a handler on its connection loop and the domain loop. */

static void run(struct domain_task *task)
{
    struct registry_command *command =
        (struct registry_command *)((char *)task - offsetof(struct registry_command, task));
    command->run(command);
}

int registry_command_post(struct registry *registry, struct mrpc_call *call, const ProtobufCMessage *request,
                          ProtobufCMessage *response, struct registry_instance *draft,
                          void (*what)(struct registry_command *command))
{
    struct registry_command *command = mrpc_arena_calloc(mrpc_call_arena(call), 1, sizeof *command);
    if (!command || caller_of(call, &command->caller, NULL)) {
        registry_instance_unref(draft);
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "no memory");
    }
    command->task.run = run;
    command->registry = registry;
    command->call = call;
    command->request = request;
    command->response = response;
    command->draft = draft;
    command->run = what;
    if (domain_loop_post_task(registry_loop(registry), &command->task)) {
        registry_instance_unref(draft);
        return mrpc_call_fail_retry(call, MRPC_UNAVAILABLE, 1000, "the registry is stopping");
    }
    return MRPC_PENDING;
}

/* May a change be begun now? */
static int admit(struct registry *registry, struct mrpc_call *call)
{
    const struct under_way *under_way = registry_under_way(registry);
    if (atomic_load(&under_way->stalled))
        return mrpc_call_fail_retry(call, MRPC_UNAVAILABLE, 1000, "the store has not answered for %d s",
                                    STORE_STALL_MS / 1000);
    if (atomic_load(&under_way->count) >= CHANGES_MAX)
        return mrpc_call_fail_retry(call, MRPC_UNAVAILABLE, 1000, "%d changes wait for the store", CHANGES_MAX);
    return MRPC_OK;
}

int registry_change_post(struct registry *registry, struct mrpc_call *call, const ProtobufCMessage *request,
                         ProtobufCMessage *response, struct registry_instance *draft,
                         void (*what)(struct registry_command *command))
{
    int code = admit(registry, call);
    if (!code)
        return registry_command_post(registry, call, request, response, draft, what);
    registry_instance_unref(draft);
    return code;
}

void registry_command_decide(struct registry_command *command, struct registry_instance *instance)
{
    struct registry_instance *before = command->decided;
    command->decided = registry_instance_ref(instance);
    registry_instance_unref(before);
}

void registry_command_finish(struct registry_command *command, int code)
{
    struct registry_instance *draft = command->draft, *decided = command->decided;
    mrpc_call_finish(command->call, code, code ? NULL : command->response);
    registry_instance_unref(draft); /* the command went with the call */
    registry_instance_unref(decided);
}

static void answer_awaited(struct registry_command *command)
{
    if (command->refusal)
        registry_command_fail(command, command->refusal);
    else
        command->then(command, MRPC_OK, "");
}

static void on_awaited(struct registry_command *command, int code, const char *text)
{
    const struct catalog_slot *slot = catalog_find(registry_catalog(command->registry), command->awaited);
    if (code)
        command->then(command, code, text);
    else if (!slot || slot->failed_count != command->failed_count)
        command->run(command);
    else
        answer_awaited(command);
}

static void on_again(struct registry_command *command, int code, const char *text)
{
    if (code)
        command->then(command, code, text);
    else
        command->run(command);
}

void registry_command_again(struct registry_command *command)
{
    command->then = command->committed;
    command->committed = on_again;
    registry_command_commit(command, NULL);
}

void registry_command_await(struct registry_command *command, const PB(InstanceKey) * key, const struct fault *refusal)
{
    const struct catalog_slot *slot = catalog_find(registry_catalog(command->registry), key);
    struct fault *kept = refusal ? mrpc_arena_alloc(mrpc_call_arena(command->call), sizeof *kept) : NULL;
    command->then = command->committed;
    command->refusal = refusal;
    if (!slot || !slot->pending || (refusal && !kept)) {
        answer_awaited(command);
        return;
    }
    if (refusal)
        *kept = *refusal;
    command->refusal = kept;
    command->awaited = key;
    command->failed_count = slot->failed_count;
    command->committed = on_awaited;
    registry_command_commit(command, NULL);
}

void registry_command_fail(struct registry_command *command, const struct fault *fault)
{
    registry_command_finish(command, registry_answer(command->registry, command->call, fault));
}

/* What is posted is a few words long. If even those are not to be had, the whole registry waits until they are: a
 * change that a watcher does not hear of, or a call that never ends, would be worse. */
void registry_post_surely(struct mrpc_call *call, void (*task)(void *arg), void *arg)
{
    while (mrpc_call_post(call, task, arg))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

const char *registry_peer(struct mrpc_call *call)
{
    const char *peer = mrpc_call_peer(call);
    const char *colon = strrchr(peer, ':');
    if (!colon || strncmp(peer, "unix", 4) == 0)
        return "";
    bool bracketed = peer[0] == '[' && colon > peer + 1 && colon[-1] == ']';
    const char *address =
        mrpc_arena_printf(mrpc_call_arena(call), "%.*s", (int)(colon - peer) - 2 * bracketed, peer + bracketed);
    return address ? address : "";
}

Google__Protobuf__Duration *registry_duration(struct mrpc_arena *arena, int64_t ms)
{
    Google__Protobuf__Duration *duration = mrpc_arena_alloc(arena, sizeof *duration);
    if (!duration)
        return NULL;
    google__protobuf__duration__init(duration);
    duration->seconds = ms / 1000;
    duration->nanos = (int32_t)(ms % 1000) * 1000000;
    return duration;
}

/* Tells a client that has lost its registration so, and which registry says it: it registers again. */
static void add_unknown_instance(struct registry *registry, struct mrpc_call *call)
{
    Google__Rpc__ErrorInfo info;
    google__rpc__error_info__init(&info);
    Google__Rpc__ErrorInfo__MetadataEntry epoch;
    google__rpc__error_info__metadata_entry__init(&epoch);
    Google__Rpc__ErrorInfo__MetadataEntry *entries[] = {&epoch};
    char number[24];
    snprintf(number, sizeof number, "%llu", (unsigned long long)registry_epoch(registry));
    epoch.key = (char *)(uintptr_t) "epoch";
    epoch.value = number;
    info.reason = (char *)(uintptr_t) "UNKNOWN_INSTANCE";
    info.domain = (char *)(uintptr_t) "mltrainer";
    info.n_metadata = 1;
    info.metadata = entries;
    if (mrpc_call_add_detail(call, &google__rpc__error_info__info, &info.base))
        return; /* the status goes without */
}

int registry_answer(struct registry *registry, struct mrpc_call *call, const struct fault *fault)
{
    int code = fault_answer(call, fault);
    if (code == MRPC_NOT_FOUND)
        add_unknown_instance(registry, call);
    return code;
}
