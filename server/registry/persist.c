/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/persist.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mrpc/codec.h>

#include <registry/record.mrpc.h>

#include "registry/identifier.h"
#include "store/message.h"

static const char instance_prefix[] = "registry/instance/";
static const char gone_prefix[] = "registry/gone/";
static const char state_key[] = "registry/state";

static struct store_slice key_of(char *buffer, const char *prefix, const struct catalog_slot *slot)
{
    snprintf(buffer, PERSIST_KEY_BYTES, "%s%s/%s/%s", prefix, slot->service->namespace_name, slot->service->name,
             slot->id);
    return store_text(buffer);
}

static struct store_slice transition_key(char *buffer, const struct catalog_slot *slot, uint32_t at)
{
    snprintf(buffer, PERSIST_KEY_BYTES, "registry/transition/%s/%s/%s/%02u", slot->service->namespace_name,
             slot->service->name, slot->id, at % PERSIST_TRANSITIONS_KEPT);
    return store_text(buffer);
}

struct store_slice persist_transitions(char *buffer, const PB(InstanceKey) * key)
{
    snprintf(buffer, PERSIST_KEY_BYTES, "registry/transition/%s/%s/%s/", registry_namespace(key->namespace_),
             key->service, key->id);
    return store_text(buffer);
}

static bool put_instance(struct store_batch *batch, const struct catalog_change *change)
{
    char key[PERSIST_KEY_BYTES];
    Mltrainer__Registry__Record__InstanceRecord record;
    mltrainer__registry__record__instance_record__init(&record);
    record.instance = change->instance->message;
    record.transition_count = change->transition_at + 1;
    record.peer = (char *)(uintptr_t)change->instance->peer;
    if (change->created && change->transition_at > 0) /* it has been there before */
        store_batch_delete(batch, key_of(key, gone_prefix, change->slot), STORE_EXPECT_ANY);
    return store_batch_put_message(batch, key_of(key, instance_prefix, change->slot),
                                   &mltrainer__registry__record__instance_record__info, &record.base);
}

static bool put_gone(struct store_batch *batch, const struct catalog_change *change)
{
    char key[PERSIST_KEY_BYTES];
    Mltrainer__Registry__Record__GoneRecord record;
    mltrainer__registry__record__gone_record__init(&record);
    record.key = change->instance->message->key;
    record.transition_count = change->transition_at + 1;
    record.revision = change->revision;
    record.maintenance = change->slot->maintenance;
    store_batch_delete(batch, key_of(key, instance_prefix, change->slot), STORE_EXPECT_ANY);
    return store_batch_put_message(batch, key_of(key, gone_prefix, change->slot),
                                   &mltrainer__registry__record__gone_record__info, &record.base);
}

static bool put_transition(struct store_batch *batch, const struct catalog_change *change)
{
    char key[PERSIST_KEY_BYTES];
    const PB(Instance) *instance = change->instance->message;
    PB(Transition) transition;
    mltrainer__registry__v1__transition__init(&transition);
    transition.revision = change->revision;
    transition.time = instance->status->since_time;
    transition.reason = instance->status->reason;
    if (!change->removal)
        transition.state = instance->status->state;
    transition.operator_state = instance->status->operator_state;
    transition.actor = instance->status->actor;
    transition.text = instance->status->text;
    transition.incarnation = instance->incarnation;
    return store_batch_put_message(batch, transition_key(key, change->slot, change->transition_at), PB_INFO(transition),
                                   &transition.base);
}

static bool put_state(struct store_batch *batch, uint64_t epoch, int64_t revision)
{
    Mltrainer__Registry__Record__StateRecord record;
    mltrainer__registry__record__state_record__init(&record);
    record.epoch = epoch;
    record.revision = revision;
    return store_batch_put_message(batch, store_text(state_key), &mltrainer__registry__record__state_record__info,
                                   &record.base);
}

struct store_batch *persist_change(const struct catalog_change *change)
{
    struct store_batch *batch = store_batch_new();
    if (batch && (change->removal ? put_gone(batch, change) : put_instance(batch, change)) &&
        put_transition(batch, change))
        return batch;
    store_batch_free(batch);
    return NULL;
}

struct store_batch *persist_forget(const struct catalog_slot *slot, uint64_t epoch, int64_t revision)
{
    char key[PERSIST_KEY_BYTES];
    struct store_batch *batch = store_batch_new();
    if (!batch || !put_state(batch, epoch, revision)) {
        store_batch_free(batch);
        return NULL;
    }
    store_batch_delete(batch, key_of(key, gone_prefix, slot), STORE_EXPECT_ANY);
    for (uint32_t i = 0; i < PERSIST_TRANSITIONS_KEPT && i < slot->transition_count; i++)
        store_batch_delete(batch, transition_key(key, slot, i), STORE_EXPECT_ANY);
    return batch;
}

/* --- recovery ----------------------------------------------------------------------------------------------------- */

struct recovery {
    struct store *store;
    struct catalog *catalog;
    struct mrpc_arena *arena;
    struct fault *fault;
    uint64_t epoch; /* of the start before */
};

static ProtobufCMessage *decode(struct recovery *recovery, const struct mrpc_message_info *info,
                                const struct store_entry *entry)
{
    ProtobufCMessage *message;
    struct mrpc_decode_error error = {0};
    if (mrpc_decode(info, entry->value.data, entry->value.bytes, NULL, recovery->arena, &message, &error) == 0)
        return message;
    fault_set(recovery->fault, MRPC_DATA_LOSS, "registry: the record %.200s cannot be read: %s",
              (const char *)entry->key.data, error.reason ? error.reason : "no memory");
    return NULL;
}

static int recover_instance(struct recovery *recovery, const struct store_entry *entry)
{
    Mltrainer__Registry__Record__InstanceRecord *record =
        (void *)decode(recovery, &mltrainer__registry__record__instance_record__info, entry);
    if (!record)
        return recovery->fault->code;
    if (!record->instance || !record->instance->key || !record->instance->status || !record->instance->create_time)
        return fault_set(recovery->fault, MRPC_DATA_LOSS, "registry: the record %.200s is incomplete",
                         (const char *)entry->key.data);
    struct registry_state state = registry_instance_state(&(struct registry_instance){.message = record->instance});
    struct registry_instance *instance = catalog_make_instance(recovery->catalog, record->instance,
                                                               record->instance->owner, record->peer, &state);
    struct catalog_slot *slot;
    if (!instance || catalog_restore(recovery->catalog, instance, record->transition_count, &slot))
        return fault_set(recovery->fault, MRPC_RESOURCE_EXHAUSTED, "registry: no memory");
    return MRPC_OK;
}

static int recover_gone(struct recovery *recovery, const struct store_entry *entry)
{
    Mltrainer__Registry__Record__GoneRecord *record =
        (void *)decode(recovery, &mltrainer__registry__record__gone_record__info, entry);
    if (!record)
        return recovery->fault->code;
    if (!record->key)
        return fault_set(recovery->fault, MRPC_DATA_LOSS, "registry: the record %.200s is incomplete",
                         (const char *)entry->key.data);
    if (catalog_restore_gone(recovery->catalog, record->key, record->transition_count, record->revision,
                             record->maintenance))
        return fault_set(recovery->fault, MRPC_RESOURCE_EXHAUSTED, "registry: no memory");
    return MRPC_OK;
}

static int recover_state(struct recovery *recovery, const struct store_entry *entry)
{
    Mltrainer__Registry__Record__StateRecord *record =
        (void *)decode(recovery, &mltrainer__registry__record__state_record__info, entry);
    if (!record)
        return recovery->fault->code;
    recovery->epoch = record->epoch;
    recovery->catalog->revision = recovery->catalog->committed_revision = record->revision;
    return MRPC_OK;
}

static int recover_prefix(struct recovery *recovery, const char *prefix,
                          int (*take)(struct recovery *recovery, const struct store_entry *entry))
{
    char after[STORE_KEY_BYTES_MAX + 1];
    struct store_range range = {.prefix = store_text(prefix), .limit = 1000};
    int code = MRPC_OK;
    for (bool more = true; more && !code;) {
        struct store_list list = STORE_LIST_INIT;
        code = store_range(recovery->store, &range, &list, recovery->fault);
        for (size_t i = 0; !code && i < list.count; i++) {
            code = take(recovery, &list.entries[i]);
            mrpc_arena_reset(recovery->arena);
        }
        more = list.more;
        if (list.count) {
            const struct store_slice *last = &list.entries[list.count - 1].key;
            memcpy(after, last->data, last->bytes);
            range.after = (struct store_slice){after, last->bytes};
        }
        store_list_fini(&list);
    }
    return code;
}

/* The epoch grows with each start, and past what a restored backup could know of it: the time is in it. */
static int begin_epoch(struct recovery *recovery, uint64_t *epoch)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t next = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    if (next <= recovery->epoch)
        next = recovery->epoch + 1;
    struct store_batch *batch = store_batch_new();
    if (batch && !put_state(batch, next, recovery->catalog->revision)) {
        store_batch_free(batch);
        batch = NULL;
    }
    int code = store_commit_wait(recovery->store, batch, NULL, recovery->fault);
    if (!code)
        *epoch = next;
    return code;
}

int persist_recover(struct store *store, struct catalog *catalog, uint64_t *epoch, struct fault *fault)
{
    struct recovery recovery = {.store = store, .catalog = catalog, .fault = fault, .arena = mrpc_arena_new(0)};
    if (!recovery.arena)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "registry: no memory");
    int code = recover_prefix(&recovery, state_key, recover_state);
    if (!code)
        code = recover_prefix(&recovery, gone_prefix, recover_gone);
    if (!code)
        code = recover_prefix(&recovery, instance_prefix, recover_instance);
    if (!code)
        code = begin_epoch(&recovery, epoch);
    mrpc_arena_free(recovery.arena);
    return code;
}
