/* SPDX-License-Identifier: Apache-2.0 */
/* The registry's rules (Z9): three bytes are an operation, any sequence of which does what the plainest model says:
 * what is decided, what is answered, what holds once commits have ended well or badly, and what a view shows. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fuzzer.h"
#include "registry/catalog.h"
#include "registry/definition.h"

enum { IDS = 6, OWNERS = 2, FLIGHT = 6, INSTANCES = 5, OF_AN_OWNER = 3, GONE_KEPT = 2, OPERATIONS_MAX = 400 };

static const struct caller callers[OWNERS] = {{"token/alice", false}, {"token/bob", false}};
static const char *const ids[IDS] = {"i0", "i1", "i2", "i3", "i4", "i5"};

struct entry {
    bool there;
    unsigned owner;
    uint32_t port;
    int health;
    int64_t incarnation, revision;
};

struct flight {
    struct catalog_change *change;
    unsigned id;
    struct entry entry;
};

struct trial {
    struct catalog catalog;
    struct entry latest[IDS], committed[IDS];
    unsigned pending[IDS];
    struct flight flights[FLIGHT];
    unsigned flying;
    int64_t revision;
};

static unsigned count(const struct trial *trial, int owner)
{
    unsigned there = 0;
    for (unsigned i = 0; i < IDS; i++)
        there += trial->latest[i].there && (owner < 0 || trial->latest[i].owner == (unsigned)owner);
    return there;
}

/* The oldest commit ends. */
static void land(struct trial *trial, bool well)
{
    if (trial->flying == 0)
        return;
    struct flight first = trial->flights[0];
    memmove(trial->flights, trial->flights + 1, --trial->flying * sizeof first);
    catalog_settle(&trial->catalog, first.change, well);
    catalog_change_free(first.change);
    trial->pending[first.id]--;
    if (well)
        trial->committed[first.id] = first.entry;
    if (!trial->pending[first.id])
        trial->latest[first.id] = trial->committed[first.id];
    for (struct catalog_slot *slot; (slot = catalog_take_forgettable(&trial->catalog));)
        catalog_slot_free(&trial->catalog, slot);
}

static void fly(struct trial *trial, unsigned id, struct catalog_change *change, struct entry entry)
{
    MUST(change && change->revision == trial->revision && change->removal == !entry.there);
    if (trial->flying == FLIGHT)
        land(trial, true);
    trial->latest[id] = entry;
    trial->pending[id]++;
    trial->flights[trial->flying++] = (struct flight){change, id, entry};
}

static struct registry_instance *draft_of(unsigned id, uint32_t port)
{
    PB(InstanceKey) key;
    PB(Endpoint) endpoint, *endpoints[] = {&endpoint};
    PB(Instance) instance;
    struct registry_instance *draft;
    struct fault fault = FAULT_INIT;
    mltrainer__registry__v1__instance_key__init(&key);
    mltrainer__registry__v1__endpoint__init(&endpoint);
    mltrainer__registry__v1__instance__init(&instance);
    key.service = (char *)(uintptr_t) "web";
    key.id = (char *)(uintptr_t)ids[id];
    endpoint.address = (char *)(uintptr_t) "192.0.2.1";
    endpoint.port = port;
    instance.key = &key;
    instance.endpoints = endpoints;
    instance.n_endpoints = 1;
    MUST(registry_definition_take(&instance, "", &draft, &fault) == MRPC_OK);
    return draft;
}

static int expected_of_register(const struct trial *trial, unsigned id, unsigned who, const int64_t *expected)
{
    const struct entry *latest = &trial->latest[id];
    if (latest->there && latest->owner != who)
        return MRPC_PERMISSION_DENIED;
    if (expected && *expected != (latest->there ? latest->revision : 0))
        return MRPC_ABORTED;
    bool full = count(trial, -1) >= INSTANCES || count(trial, (int)who) >= OF_AN_OWNER;
    return !latest->there && full ? MRPC_RESOURCE_EXHAUSTED : MRPC_OK;
}

static void try_register(struct trial *trial, unsigned id, unsigned who, unsigned argument)
{
    struct entry next = trial->latest[id];
    int64_t right = next.there ? next.revision : 0, wrong = argument;
    const int64_t *expected = argument & 0x40 ? &right : argument & 0x80 ? &wrong : NULL;
    uint32_t port = 1 + argument % 3;
    struct catalog_slot *slot;
    struct catalog_change *change;
    struct fault fault = FAULT_INIT;
    int code = expected_of_register(trial, id, who, expected);
    MUST(catalog_register(&trial->catalog, draft_of(id, port), &callers[who], expected, 1000, &slot, &change, &fault) ==
         code);
    MUST(code == fault.code);
    if (code || (next.there && next.port == port)) {
        MUST(!change);
        return;
    }
    trial->revision++;
    MUST(change->created == !next.there);
    if (!next.there)
        next = (struct entry){true, who, port, HEALTH_HEALTHY, trial->revision, 0};
    if (next.port != port) /* what was found of another address does not hold */
        next.health = HEALTH_HEALTHY;
    next.port = port;
    next.revision = trial->revision;
    fly(trial, id, change, next);
}

static PB(InstanceKey) key_of(unsigned id)
{
    PB(InstanceKey) key;
    mltrainer__registry__v1__instance_key__init(&key);
    key.service = (char *)(uintptr_t) "web";
    key.id = (char *)(uintptr_t)ids[id];
    return key;
}

static void try_deregister(struct trial *trial, unsigned id, unsigned who, unsigned argument)
{
    struct entry next = trial->latest[id];
    PB(InstanceKey) key = key_of(id);
    int64_t incarnation = argument & 1 ? argument >> 1 : argument & 2 ? next.incarnation : 0, gone;
    bool earlier = incarnation && incarnation <= trial->revision && (!next.there || incarnation < next.incarnation);
    bool known = next.there && (!incarnation || incarnation == next.incarnation);
    int code = earlier ? MRPC_OK : !known ? MRPC_NOT_FOUND : next.owner != who ? MRPC_PERMISSION_DENIED : MRPC_OK;
    struct catalog_change *change;
    struct fault fault = FAULT_INIT;
    MUST(catalog_deregister(&trial->catalog, &key, incarnation, &callers[who], "x", 1, &change, &gone, &fault) == code);
    MUST((change != NULL) == (code == MRPC_OK && !earlier));
    if (!change)
        return;
    next.there = false;
    next.revision = ++trial->revision;
    fly(trial, id, change, next);
}

static void try_health(struct trial *trial, unsigned id, unsigned argument)
{
    PB(InstanceKey) key = key_of(id);
    struct catalog_slot *slot = catalog_find(&trial->catalog, &key);
    struct registry_cause cause = {REASON_CHECK_FAILED, "checker", "status 503", 2000};
    int health = argument & 1 ? HEALTH_UNHEALTHY : HEALTH_HEALTHY;
    if (!slot)
        return;
    struct entry next = trial->latest[id];
    struct catalog_change *change =
        catalog_set_health(&trial->catalog, slot, (enum registry_health)health, false, &cause);
    MUST((change != NULL) == (next.there && next.health != health));
    if (!change)
        return;
    next.health = health;
    next.revision = ++trial->revision;
    fly(trial, id, change, next);
}

static void try_heartbeat(struct trial *trial, unsigned id, unsigned who, unsigned argument)
{
    const struct entry *latest = &trial->latest[id];
    PB(InstanceKey) key = key_of(id);
    int64_t incarnation = argument & 1 ? argument >> 1 : argument & 2 ? latest->incarnation : 0;
    bool known = latest->there && (!incarnation || incarnation == latest->incarnation);
    int code = !known ? MRPC_NOT_FOUND : latest->owner != who ? MRPC_PERMISSION_DENIED : MRPC_OK;
    struct catalog_slot *slot;
    struct fault fault = FAULT_INIT;
    MUST(catalog_heartbeat(&trial->catalog, &key, incarnation, &callers[who], &slot, &fault) == code);
}

static void check_entry(const struct trial *trial, unsigned id)
{
    PB(InstanceKey) key = key_of(id);
    const struct catalog_slot *slot = catalog_find(&trial->catalog, &key);
    const struct entry *committed = &trial->committed[id];
    const PB(Instance) *message = slot && slot->committed ? slot->committed->message : NULL;
    MUST((message != NULL) == committed->there);
    if (!message)
        return;
    MUST(message->revision == committed->revision && message->incarnation == committed->incarnation);
    MUST(message->endpoints[0]->port == committed->port);
    MUST((int)registry_instance_health(slot->committed) == committed->health);
    MUST(strcmp(message->owner, callers[committed->owner].owner) == 0);
}

static void check_view(struct trial *trial)
{
    size_t there = 0;
    for (unsigned id = 0; id < IDS; id++)
        there += trial->committed[id].there;
    struct registry_view *view = catalog_view(&trial->catalog, 1);
    MUST(view && view->instance_count == there && view->service_count == (there > 0));
    view->snapshot.free(&view->snapshot);
}

static void operate(struct trial *trial, const uint8_t *bytes)
{
    unsigned id = bytes[1] % IDS, who = bytes[1] / 128;
    switch (bytes[0] % 8) {
    case 0:
    case 1:
    case 2:
        try_register(trial, id, who, bytes[2]);
        break;
    case 3:
        try_deregister(trial, id, who, bytes[2]);
        break;
    case 4:
        try_health(trial, id, bytes[2]);
        break;
    case 5:
        try_heartbeat(trial, id, who, bytes[2]);
        break;
    default:
        land(trial, bytes[2] % 4);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct trial trial;
    trial = (struct trial){.flying = 0};
    catalog_init(
        &trial.catalog,
        &(struct catalog_limits){.instances = INSTANCES, .instances_an_owner = OF_AN_OWNER, .gone_kept = GONE_KEPT});
    for (size_t at = 0; at + 3 <= size && at < 3 * OPERATIONS_MAX; at += 3) {
        operate(&trial, data + at);
        check_entry(&trial, data[at + 1] % IDS);
        MUST(trial.catalog.instance_count == count(&trial, -1) && trial.catalog.revision == trial.revision);
    }
    while (trial.flying)
        land(&trial, true);
    for (unsigned id = 0; id < IDS; id++)
        check_entry(&trial, id);
    check_view(&trial);
    catalog_fini(&trial.catalog);
    return 0;
}
