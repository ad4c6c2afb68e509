/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "registry/catalog_index.h"
#include "registry/identifier.h"

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "no memory");
}

static bool may_touch(const struct registry_instance *instance, const struct caller *caller)
{
    return caller_may_change(caller, instance->message->owner);
}

static int deny(const struct registry_instance *instance, struct fault *fault)
{
    return fault_set(fault, MRPC_PERMISSION_DENIED, "instance %s/%s/%s belongs to %s",
                     instance->message->key->namespace_, instance->message->key->service, instance->message->key->id,
                     instance->message->owner);
}

static int not_found(const PB(InstanceKey) * key, struct fault *fault)
{
    return fault_set(fault, MRPC_NOT_FOUND, "unknown instance %s/%s/%s", registry_namespace(key->namespace_),
                     key->service, key->id);
}

/* Make @instance (a reference that passes over) the latest state of its slot. NULL and nothing changed when out of
 * memory. */
static struct catalog_change *make_change(struct catalog *catalog, struct catalog_slot *slot,
                                          struct registry_instance *instance, bool removal)
{
    struct catalog_change *change = calloc(1, sizeof *change);
    if (!change) {
        registry_instance_unref(instance);
        return NULL;
    }
    change->slot = slot;
    change->instance = instance;
    change->removal = removal;
    change->revision = ++catalog->revision;
    change->transition_at = slot->transition_count++;
    instance->message->revision = change->revision;
    registry_instance_unref(slot->latest);
    slot->latest = removal ? NULL : registry_instance_ref(instance);
    slot->pending++;
    return change;
}

void catalog_change_free(struct catalog_change *change)
{
    if (!change)
        return;
    registry_instance_unref(change->before);
    registry_instance_unref(change->instance);
    free(change);
}

/* --- register ----------------------------------------------------------------------------------------------------- */

static int check_expected(const struct registry_instance *latest, const int64_t *expected, struct fault *fault)
{
    int64_t revision = latest ? latest->message->revision : 0;
    if (!expected || *expected == revision)
        return MRPC_OK;
    return fault_set(fault, MRPC_ABORTED, "the instance has revision %lld, not %lld", (long long)revision,
                     (long long)*expected);
}

static int check_room(const struct catalog *catalog, const struct caller *caller, struct fault *fault)
{
    if (catalog->instance_count >= catalog->limits.instances)
        return fault_retry(fault, MRPC_RESOURCE_EXHAUSTED, 60000, "the registry holds its %zu instances",
                           catalog->limits.instances);
    if (catalog_owned(catalog, caller->owner) >= catalog->limits.instances_an_owner)
        return fault_retry(fault, MRPC_RESOURCE_EXHAUSTED, 60000,
                           "registry.instance_quota: %.128s has its %zu instances", caller->owner,
                           catalog->limits.instances_an_owner);
    return MRPC_OK;
}

/* What is new keeps what the registry knows of the life that goes on. An instance that comes back while the operator
 * has the machine in maintenance is still in it. */
static struct registry_state state_of(const struct registry_instance *draft, const struct catalog_slot *slot,
                                      const struct registry_cause *cause, int64_t revision)
{
    const struct registry_instance *latest = slot->latest;
    struct registry_state state = {
        .health = draft->message->n_checks ? HEALTH_UNKNOWN : HEALTH_HEALTHY,
        .operator_state = slot->maintenance ? OPERATOR_MAINTENANCE : OPERATOR_ACTIVE,
        .incarnation = revision,
        .create_ns = cause->wall_ns,
    };
    if (latest) {
        struct registry_state before = registry_instance_state(latest);
        if (registry_instance_same_checks(latest, draft)) {
            state.health = before.health;
            state.held = before.held;
        }
        state.operator_state = before.operator_state;
        state.incarnation = before.incarnation;
        state.create_ns = before.create_ns;
    }
    state.cause = *cause;
    state.update_ns = cause->wall_ns;
    return state;
}

static struct registry_parts *parts_of(struct catalog *catalog)
{
    if (!catalog->parts)
        catalog->parts = registry_parts_new();
    return catalog->parts;
}

struct registry_instance *catalog_make_instance(struct catalog *catalog, const PB(Instance) * definition,
                                                const char *owner, const char *peer,
                                                const struct registry_state *state)
{
    struct registry_parts *parts = parts_of(catalog);
    return parts ? registry_instance_new(registry_body_new(parts, definition, owner, peer), state) : NULL;
}

static int check_register(const struct catalog *catalog, const struct registry_instance *latest,
                          const struct caller *caller, const int64_t *expected, struct fault *fault)
{
    if (latest && !may_touch(latest, caller))
        return deny(latest, fault);
    int code = check_expected(latest, expected, fault);
    return code || latest ? code : check_room(catalog, caller, fault);
}

/* Make @draft the definition of the slot. */
static int define(struct catalog *catalog, struct catalog_slot *slot, const struct registry_instance *draft,
                  const struct registry_cause *cause, struct catalog_change **out, struct fault *fault)
{
    bool created = slot->latest == NULL;
    struct registry_state state = state_of(draft, slot, cause, catalog->revision + 1);
    const char *owner = created ? cause->actor : slot->latest->message->owner;
    struct registry_instance *next = catalog_make_instance(catalog, draft->message, owner, draft->peer, &state);
    if (!next)
        return no_memory(fault);
    if (created && !catalog_own(catalog, cause->actor)) {
        registry_instance_unref(next);
        return no_memory(fault);
    }
    struct catalog_change *change = make_change(catalog, slot, next, false);
    if (!change) {
        if (created)
            catalog_disown(catalog, cause->actor);
        return no_memory(fault);
    }
    change->created = created;
    if (!state.held)
        protection_rise(&slot->service->protection, &slot->standing);
    catalog_unlist_gone(catalog, slot);
    *out = change;
    return MRPC_OK;
}

int catalog_register(struct catalog *catalog, struct registry_instance *draft, const struct caller *caller,
                     const int64_t *expected, int64_t wall_ns, struct catalog_slot **slot, struct catalog_change **out,
                     struct fault *fault)
{
    *out = NULL;
    *slot = catalog_find(catalog, draft->message->key);
    struct registry_instance *latest = *slot ? (*slot)->latest : NULL;
    int code = check_register(catalog, latest, caller, expected, fault);
    if (code || (latest && registry_instance_same_definition(latest, draft))) {
        registry_instance_unref(draft);
        return code;
    }
    if (!*slot)
        *slot = catalog_make_slot(catalog, draft->message->key);
    struct registry_cause cause = {latest ? REASON_UPDATED : REASON_REGISTERED, caller->owner,
                                   latest ? "registered again" : "registered", wall_ns};
    code = *slot ? define(catalog, *slot, draft, &cause, out, fault) : no_memory(fault);
    registry_instance_unref(draft);
    if (code && *slot && !(*slot)->latest && !(*slot)->pending && !(*slot)->gone_listed)
        catalog_slot_free(catalog, *slot);
    return code;
}

/* --- changing what is there --------------------------------------------------------------------------------------- */

int catalog_touch(const struct catalog *catalog, const PB(InstanceKey) * key, const struct caller *caller,
                  struct catalog_slot **out, struct fault *fault)
{
    struct catalog_slot *slot = catalog_find(catalog, key);
    if (!slot || !slot->latest)
        return not_found(key, fault);
    if (!may_touch(slot->latest, caller))
        return deny(slot->latest, fault);
    *out = slot;
    return MRPC_OK;
}

int catalog_update(struct catalog *catalog, struct catalog_slot *slot, struct registry_instance *draft,
                   const struct caller *caller, const int64_t *expected, int64_t wall_ns,
                   struct catalog_change **out, struct fault *fault)
{
    *out = NULL;
    struct registry_cause cause = {REASON_UPDATED, caller->owner, "updated", wall_ns};
    int code = check_expected(slot->latest, expected, fault);
    if (!code && !registry_instance_same_definition(slot->latest, draft))
        code = define(catalog, slot, draft, &cause, out, fault);
    registry_instance_unref(draft);
    return code;
}

/* --- what ends or changes an instance ----------------------------------------------------------------------------- */

static struct registry_instance *next_state(const struct registry_instance *before, struct registry_state *state,
                                            const struct registry_cause *cause)
{
    state->cause = *cause;
    state->update_ns = cause->wall_ns;
    return registry_instance_new(registry_body_ref(before->body), state);
}

struct catalog_change *catalog_remove(struct catalog *catalog, struct catalog_slot *slot,
                                      const struct registry_cause *cause)
{
    if (!slot->latest)
        return NULL;
    struct registry_state state = registry_instance_state(slot->latest);
    struct registry_instance *last = next_state(slot->latest, &state, cause);
    struct catalog_change *change = last ? make_change(catalog, slot, last, true) : NULL;
    if (change) {
        catalog_disown(catalog, last->message->owner);
        slot->maintenance = registry_instance_operator_state(last) == OPERATOR_MAINTENANCE;
        protection_rise(&slot->service->protection, &slot->standing);
    }
    return change;
}

struct catalog_change *catalog_set_health(struct catalog *catalog, struct catalog_slot *slot,
                                          enum registry_health health, bool held, const struct registry_cause *cause)
{
    if (!slot->latest ||
        (registry_instance_health(slot->latest) == health && registry_instance_is_held(slot->latest) == held))
        return NULL;
    if (registry_instance_operator_state(slot->latest) == OPERATOR_MAINTENANCE)
        return NULL; /* checks go on, but do not count */
    struct registry_state state = registry_instance_state(slot->latest);
    state.health = health;
    state.held = held;
    struct registry_instance *next = next_state(slot->latest, &state, cause);
    return next ? make_change(catalog, slot, next, false) : NULL;
}

int catalog_set_operator_state(struct catalog *catalog, struct catalog_slot *slot, enum registry_operator_state state,
                               enum registry_health health, const struct registry_cause *cause,
                               struct catalog_change **out, struct fault *fault)
{
    *out = NULL;
    if (registry_instance_operator_state(slot->latest) == state)
        return MRPC_OK;
    struct registry_state next_one = registry_instance_state(slot->latest);
    next_one.health = health;
    next_one.operator_state = state;
    struct registry_instance *next = next_state(slot->latest, &next_one, cause);
    *out = next ? make_change(catalog, slot, next, false) : NULL;
    return *out ? MRPC_OK : no_memory(fault);
}

int catalog_deregister(struct catalog *catalog, const PB(InstanceKey) * key, int64_t incarnation,
                       const struct caller *caller, const char *reason, int64_t wall_ns,
                       struct catalog_change **out, int64_t *gone_revision, struct fault *fault)
{
    *out = NULL;
    struct catalog_slot *slot = catalog_find(catalog, key);
    const struct registry_instance *latest = slot ? slot->latest : NULL;
    bool earlier =
        incarnation && incarnation <= catalog->revision && (!latest || incarnation < latest->message->incarnation);
    if (earlier) { /* incarnations do not come back: that one is gone */
        *gone_revision = slot && !latest ? slot->gone_revision : catalog->revision;
        return MRPC_OK;
    }
    if (!latest || (incarnation && incarnation != latest->message->incarnation))
        return not_found(key, fault);
    if (!may_touch(latest, caller))
        return deny(latest, fault);
    struct registry_cause cause = {REASON_DEREGISTERED, caller->owner, reason, wall_ns};
    *out = catalog_remove(catalog, slot, &cause);
    if (!*out)
        return no_memory(fault);
    *gone_revision = (*out)->revision;
    return MRPC_OK;
}

int catalog_heartbeat(const struct catalog *catalog, const PB(InstanceKey) * key, int64_t incarnation,
                      const struct caller *caller, struct catalog_slot **out, struct fault *fault)
{
    const struct catalog_slot *slot = catalog_find(catalog, key);
    if (slot && slot->latest && incarnation && slot->latest->message->incarnation != incarnation)
        return not_found(key, fault);
    return catalog_touch(catalog, key, caller, out, fault);
}

/* --- settling ----------------------------------------------------------------------------------------------------- */

static void out_of_date(struct catalog_service *service, int64_t revision)
{
    registry_service_view_unref(service->view);
    service->view = NULL;
    service->revision = revision;
}

static void apply(struct catalog *catalog, struct catalog_change *change)
{
    struct catalog_slot *slot = change->slot;
    change->before = slot->committed;
    slot->committed = change->removal ? NULL : registry_instance_ref(change->instance);
    order_replace(&slot->service->order, change->before, slot->committed);
    shelves_changed(slot);
    if (change->removal)
        slot->gone_revision = change->revision;
    if (change->revision > catalog->committed_revision)
        catalog->committed_revision = change->revision;
    out_of_date(slot->service, change->revision);
}

/* The last word on the slot has failed and nothing more is on its way: what is committed holds again. */
static void revert(struct catalog *catalog, struct catalog_slot *slot)
{
    const char *before = slot->latest ? slot->latest->message->owner : NULL;
    const char *after = slot->committed ? slot->committed->message->owner : NULL;
    bool same = before && after && strcmp(before, after) == 0;
    if (after && !same && !catalog_own(catalog, after))
        return; /* no memory: what failed stays the latest word until the next command on it */
    if (before && !same)
        catalog_disown(catalog, before);
    registry_instance_unref(slot->latest);
    slot->latest = registry_instance_ref(slot->committed);
}

void catalog_settle(struct catalog *catalog, struct catalog_change *change, bool applied)
{
    struct catalog_slot *slot = change->slot;
    slot->pending--;
    slot->failed_count += !applied;
    if (applied)
        apply(catalog, change);
    if (slot->pending == 0 && slot->latest != slot->committed)
        revert(catalog, slot);
    if (slot->pending == 0 && !slot->latest && !slot->committed)
        catalog_list_gone(catalog, slot);
}

static void raise_revision(struct catalog *catalog, int64_t revision)
{
    if (revision > catalog->revision)
        catalog->revision = catalog->committed_revision = revision;
}

int catalog_restore(struct catalog *catalog, struct registry_instance *instance, uint32_t transition_count,
                    struct catalog_slot **out)
{
    struct catalog_slot *slot = catalog_make_slot(catalog, instance->message->key);
    if (!slot || !catalog_own(catalog, instance->message->owner)) {
        registry_instance_unref(instance);
        return MRPC_RESOURCE_EXHAUSTED;
    }
    slot->committed = instance;
    slot->latest = registry_instance_ref(instance);
    slot->transition_count = transition_count;
    order_append(&slot->service->order, instance);
    shelves_changed(slot);
    if (instance->message->revision > slot->service->revision)
        slot->service->revision = instance->message->revision;
    raise_revision(catalog, instance->message->revision);
    *out = slot;
    return MRPC_OK;
}

int catalog_restore_gone(struct catalog *catalog, const PB(InstanceKey) * key, uint32_t transition_count,
                         int64_t revision, bool maintenance)
{
    struct catalog_slot *slot = catalog_make_slot(catalog, key);
    if (!slot)
        return MRPC_RESOURCE_EXHAUSTED;
    slot->transition_count = transition_count;
    slot->gone_revision = revision;
    slot->maintenance = maintenance;
    raise_revision(catalog, revision);
    catalog_list_gone(catalog, slot);
    return MRPC_OK;
}
