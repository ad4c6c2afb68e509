/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry/catalog.h"
#include "sample.h"

/* The rules of the catalog, and random operations against a model that says the same in the plainest way. */

static const struct caller alice = {"token/alice", false};
static const struct caller bob = {"token/bob", false};
static const struct caller operator= {"token/root", true};

static struct catalog catalog;

static int setup(void **state)
{
    catalog_init(&catalog, &(struct catalog_limits){.instances = 8, .instances_an_owner = 5, .gone_kept = 3});
    return 0;
}

static int teardown(void **state)
{
    catalog_fini(&catalog);
    return 0;
}

static PB(InstanceKey) key_of(const char *service, const char *id)
{
    PB(InstanceKey) key;
    mltrainer__registry__v1__instance_key__init(&key);
    key.service = (char *)(uintptr_t)service;
    key.id = (char *)(uintptr_t)id;
    return key;
}

static void settle(struct catalog_change *change, bool applied)
{
    catalog_settle(&catalog, change, applied);
    catalog_change_free(change);
}

static int begin(const char *id, uint32_t port, const struct caller *caller, const int64_t *expected,
                 struct catalog_change **change)
{
    struct catalog_slot *slot;
    struct fault fault = FAULT_INIT;
    return catalog_register(&catalog, sample_draft("web", id, port), caller, expected, 1000, &slot, change, &fault);
}

static int put(const char *id, uint32_t port, const struct caller *caller)
{
    struct catalog_change *change;
    int code = begin(id, port, caller, NULL, &change);
    if (!code && change)
        settle(change, true);
    return code;
}

static int drop(const char *id, int64_t incarnation, const struct caller *caller)
{
    struct catalog_change *change;
    struct fault fault = FAULT_INIT;
    PB(InstanceKey) key = key_of("web", id);
    int64_t revision;
    int code = catalog_deregister(&catalog, &key, incarnation, caller, "test", 1000, &change, &revision, &fault);
    if (!code && change)
        settle(change, true);
    return code;
}

static const PB(Instance) * get(const char *id)
{
    PB(InstanceKey) key = key_of("web", id);
    struct catalog_slot *slot = catalog_find(&catalog, &key);
    return slot && slot->committed ? slot->committed->message : NULL;
}

static void unchanged_registration_is_no_change(void **state)
{
    struct catalog_change *change;
    assert_int_equal(put("a", 1, &alice), MRPC_OK);
    assert_int_equal(begin("a", 1, &alice, NULL, &change), MRPC_OK);
    assert_null(change);
    assert_int_equal(catalog.revision, 1);
}

static void owner_alone_may_touch(void **state)
{
    assert_int_equal(put("a", 1, &alice), MRPC_OK);
    assert_int_equal(put("a", 2, &bob), MRPC_PERMISSION_DENIED);
    assert_int_equal(put("a", 1, &bob), MRPC_PERMISSION_DENIED); /* not even unchanged */
    assert_int_equal(drop("a", 0, &bob), MRPC_PERMISSION_DENIED);
    struct catalog_slot *slot;
    struct fault fault = FAULT_INIT;
    PB(InstanceKey) key = key_of("web", "a");
    assert_int_equal(catalog_heartbeat(&catalog, &key, 0, &bob, &slot, &fault), MRPC_PERMISSION_DENIED);
    assert_int_equal(catalog_heartbeat(&catalog, &key, 0, &alice, &slot, &fault), MRPC_OK);
    assert_int_equal(put("a", 3, &operator), MRPC_OK);
    assert_string_equal(get("a")->owner, "token/alice"); /* it stays whose it was */
    assert_int_equal(drop("a", 0, &operator), MRPC_OK);
    assert_int_equal(put("a", 1, &bob), MRPC_OK); /* free again */
}

static void compare_and_set_by_revision(void **state)
{
    struct catalog_change *change;
    int64_t none = 0, first = 1, wrong = 7;
    assert_int_equal(begin("a", 1, &alice, &first, &change), MRPC_ABORTED);
    assert_null(get("a"));
    assert_int_equal(begin("a", 1, &alice, &none, &change), MRPC_OK);
    settle(change, true);
    assert_int_equal(begin("a", 2, &alice, &none, &change), MRPC_ABORTED);
    assert_int_equal(begin("a", 2, &alice, &wrong, &change), MRPC_ABORTED);
    assert_int_equal(begin("a", 2, &alice, &first, &change), MRPC_OK);
    settle(change, true);
    assert_int_equal(get("a")->revision, 2);
}

/* Two that race are ordered by who came first, though neither is on disk yet. */
static void race_is_decided_before_the_disk(void **state)
{
    struct catalog_change *first, *second;
    int64_t none = 0;
    assert_int_equal(begin("a", 1, &alice, &none, &first), MRPC_OK);
    assert_int_equal(begin("a", 2, &bob, &none, &second), MRPC_PERMISSION_DENIED);
    assert_int_equal(begin("a", 2, &alice, &none, &second), MRPC_ABORTED);
    assert_null(get("a")); /* readers do not see it yet */
    settle(first, true);
    assert_non_null(get("a"));
}

static void failed_change_goes_back(void **state)
{
    struct catalog_change *first, *second;
    assert_int_equal(put("a", 1, &alice), MRPC_OK);
    assert_int_equal(begin("a", 2, &alice, NULL, &first), MRPC_OK);
    assert_int_equal(begin("a", 3, &alice, NULL, &second), MRPC_OK);
    settle(first, false);
    settle(second, false);
    assert_int_equal(get("a")->endpoints[0]->port, 1);
    int64_t revision = 1;
    assert_int_equal(begin("a", 4, &alice, &revision, &first), MRPC_OK);
    assert_int_equal(begin("a", 5, &alice, NULL, &second), MRPC_OK);
    settle(first, false);
    settle(second, true);
    assert_int_equal(get("a")->endpoints[0]->port, 5);
}

static void first_registration_that_failed_left_nothing(void **state)
{
    struct catalog_change *change;
    assert_int_equal(begin("a", 1, &alice, NULL, &change), MRPC_OK);
    settle(change, false);
    assert_null(get("a"));
    assert_int_equal(catalog.instance_count, 0);
    assert_int_equal(put("a", 1, &bob), MRPC_OK);
}

static void quotas_hold_by_owner_and_in_all(void **state)
{
    char id[8];
    for (int i = 0; i < 5; i++) {
        snprintf(id, sizeof id, "a%d", i);
        assert_int_equal(put(id, 1, &alice), MRPC_OK);
    }
    assert_int_equal(put("a5", 1, &alice), MRPC_RESOURCE_EXHAUSTED);
    assert_int_equal(put("a0", 2, &alice), MRPC_OK); /* changing one is no new one */
    for (int i = 0; i < 3; i++) {
        snprintf(id, sizeof id, "b%d", i);
        assert_int_equal(put(id, 1, &bob), MRPC_OK);
    }
    assert_int_equal(put("b3", 1, &bob), MRPC_RESOURCE_EXHAUSTED);
    assert_int_equal(drop("a1", 0, &alice), MRPC_OK);
    assert_int_equal(put("b3", 1, &bob), MRPC_OK);
}

static void old_incarnations_stay_gone(void **state)
{
    assert_int_equal(put("a", 1, &alice), MRPC_OK);
    int64_t first = get("a")->incarnation;
    assert_int_equal(drop("a", first, &alice), MRPC_OK);
    assert_int_equal(drop("a", first, &alice), MRPC_OK); /* it is gone: as asked */
    assert_int_equal(drop("a", 0, &alice), MRPC_NOT_FOUND);
    assert_int_equal(drop("a", 99, &alice), MRPC_NOT_FOUND); /* never was */
    assert_int_equal(put("a", 1, &alice), MRPC_OK);
    assert_true(get("a")->incarnation > first);
    assert_int_equal(drop("a", first, &alice), MRPC_OK);
    assert_non_null(get("a"));
    struct catalog_slot *slot;
    struct fault fault = FAULT_INIT;
    PB(InstanceKey) key = key_of("web", "a");
    assert_int_equal(catalog_heartbeat(&catalog, &key, first, &alice, &slot, &fault), MRPC_NOT_FOUND);
}

static void those_long_gone_are_forgotten(void **state)
{
    char id[16];
    for (int i = 0; i < 5; i++) {
        snprintf(id, sizeof id, "i%d", i);
        assert_int_equal(put(id, 1, &alice), MRPC_OK);
        assert_int_equal(drop(id, 0, &alice), MRPC_OK);
    }
    int forgotten = 0;
    for (struct catalog_slot *slot; (slot = catalog_take_forgettable(&catalog)); forgotten++) {
        snprintf(id, sizeof id, "i%d", forgotten);
        assert_string_equal(slot->id, id);
        catalog_slot_free(&catalog, slot);
    }
    assert_int_equal(forgotten, 2);
}

static void view_shows_what_is_committed_in_order(void **state)
{
    struct catalog_change *pending;
    assert_int_equal(put("b", 1, &alice), MRPC_OK);
    assert_int_equal(put("a", 1, &alice), MRPC_OK);
    assert_int_equal(begin("c", 1, &alice, NULL, &pending), MRPC_OK);
    struct registry_view *view = catalog_view(&catalog, 9);
    assert_int_equal(view->service_count, 1);
    assert_int_equal(view->revision, 2);
    assert_int_equal(view->epoch, 9);
    assert_int_equal(view->services[0]->count, 2);
    assert_string_equal(view->services[0]->instances[0]->message->key->id, "a");
    assert_string_equal(view->services[0]->by_incarnation[0]->message->key->id, "b");
    settle(pending, true);
    struct registry_view *next = catalog_view(&catalog, 9);
    assert_int_equal(next->services[0]->count, 3);
    assert_int_equal(view->services[0]->count, 2); /* the old one has not moved */
    view->snapshot.free(&view->snapshot);
    next->snapshot.free(&next->snapshot);
}

static void health_changes_once(void **state)
{
    assert_int_equal(put("a", 1, &alice), MRPC_OK);
    PB(InstanceKey) key = key_of("web", "a");
    struct catalog_slot *slot = catalog_find(&catalog, &key);
    struct registry_cause cause = {REASON_CHECK_FAILED, "checker", "status 503", 2000};
    struct catalog_change *change = catalog_set_health(&catalog, slot, HEALTH_UNHEALTHY, false, &cause);
    assert_non_null(change);
    assert_null(catalog_set_health(&catalog, slot, HEALTH_UNHEALTHY, false, &cause));
    settle(change, true);
    assert_int_equal(get("a")->status->state, HEALTH_UNHEALTHY);
    assert_string_equal(get("a")->status->text, "status 503");
    assert_int_equal(get("a")->incarnation, 1);
    struct catalog_change *pending;
    assert_int_equal(begin("a", 2, &alice, NULL, &pending), MRPC_OK); /* another endpoint: what was found is void */
    settle(pending, true);
    assert_int_equal(get("a")->status->state, HEALTH_HEALTHY);
}

/* --- the model ---------------------------------------------------------------------------------------------------- */

enum { IDS = 6, IN_FLIGHT = 4 };

struct model_entry {
    bool there;
    int owner;
    uint32_t port;
    int64_t incarnation, revision;
};

struct model {
    struct model_entry latest[IDS], committed[IDS];
    int pending[IDS];
    struct {
        struct catalog_change *change;
        int id;
        struct model_entry entry;
    } flight[IN_FLIGHT];
    int flying;
    int64_t revision;
};

static const struct caller *const callers[] = {&alice, &bob};

static int count_latest(const struct model *model, int owner)
{
    int count = 0;
    for (int i = 0; i < IDS; i++)
        count += model->latest[i].there && (owner < 0 || model->latest[i].owner == owner);
    return count;
}

static void model_settle(struct model *model, bool applied)
{
    int id = model->flight[0].id;
    settle(model->flight[0].change, applied);
    model->pending[id]--;
    if (applied)
        model->committed[id] = model->flight[0].entry;
    if (model->pending[id] == 0)
        model->latest[id] = model->committed[id];
    model->flying--;
    memmove(&model->flight[0], &model->flight[1], sizeof model->flight[0] * (size_t)model->flying);
}

static void model_fly(struct model *model, int id, struct catalog_change *change, struct model_entry entry)
{
    assert_int_equal(change->revision, entry.revision);
    model->latest[id] = entry;
    model->pending[id]++;
    model->flight[model->flying].change = change;
    model->flight[model->flying].id = id;
    model->flight[model->flying++].entry = entry;
    if (model->flying == IN_FLIGHT)
        model_settle(model, rand() % 4 != 0);
}

static int expected_register(const struct model *model, int id, int who, const int64_t *expected)
{
    const struct model_entry *latest = &model->latest[id];
    if (latest->there && latest->owner != who)
        return MRPC_PERMISSION_DENIED;
    if (expected && *expected != (latest->there ? latest->revision : 0))
        return MRPC_ABORTED;
    if (!latest->there && (count_latest(model, -1) >= 8 || count_latest(model, who) >= 5))
        return MRPC_RESOURCE_EXHAUSTED;
    return MRPC_OK;
}

static void try_register(struct model *model, int id, const char *name, int who)
{
    struct model_entry next = model->latest[id];
    int64_t expected = rand() % 2 ? next.revision * next.there : rand() % 20;
    const int64_t *used = rand() % 3 ? NULL : &expected;
    uint32_t port = 1 + (uint32_t)rand() % 3;
    struct catalog_change *change = NULL;
    int code = begin(name, port, callers[who], used, &change);
    assert_int_equal(code, expected_register(model, id, who, used));
    if (code)
        return;
    if (next.there && next.port == port) {
        assert_null(change);
        return;
    }
    next.revision = ++model->revision;
    if (!next.there)
        next = (struct model_entry){true, who, port, next.revision, next.revision};
    next.port = port;
    assert_non_null(change);
    model_fly(model, id, change, next);
}

static void try_deregister(struct model *model, int id, const char *name, int who)
{
    const struct model_entry *latest = &model->latest[id];
    PB(InstanceKey) key = key_of("web", name);
    struct catalog_change *change = NULL;
    struct fault fault = FAULT_INIT;
    int64_t gone;
    int64_t incarnation = rand() % 2 ? 0 : latest->incarnation;
    bool earlier = incarnation && !latest->there;
    int expected = earlier                ? MRPC_OK
                   : !latest->there       ? MRPC_NOT_FOUND
                   : latest->owner != who ? MRPC_PERMISSION_DENIED
                                          : MRPC_OK;
    assert_int_equal(catalog_deregister(&catalog, &key, incarnation, callers[who], "x", 1, &change, &gone, &fault),
                     expected);
    if (!change)
        return;
    assert_true(latest->there);
    struct model_entry next = *latest;
    next.there = false;
    next.revision = ++model->revision;
    model_fly(model, id, change, next);
}

static void compare(const struct model *model)
{
    for (int id = 0; id < IDS; id++) {
        char name[8];
        snprintf(name, sizeof name, "i%d", id);
        const PB(Instance) *message = get(name);
        assert_int_equal(message != NULL, model->committed[id].there);
        if (!message)
            continue;
        assert_int_equal(message->revision, model->committed[id].revision);
        assert_int_equal(message->incarnation, model->committed[id].incarnation);
        assert_int_equal(message->endpoints[0]->port, model->committed[id].port);
        assert_string_equal(message->owner, callers[model->committed[id].owner]->owner);
    }
    assert_int_equal(catalog.instance_count, count_latest(model, -1));
}

static void random_histories_agree_with_the_model(void **state)
{
    const char *given = getenv("MLT_SEED");
    unsigned first = given ? (unsigned)atoi(given) : 1, last = given ? first : 150;
    for (unsigned seed = first; seed <= last; seed++) {
        struct model model = {0};
        teardown(NULL);
        setup(NULL);
        srand(seed);
        for (int step = 0; step < 200; step++) {
            int id = rand() % IDS, who = rand() % 2;
            char name[8];
            snprintf(name, sizeof name, "i%d", id);
            if (rand() % 3)
                try_register(&model, id, name, who);
            else
                try_deregister(&model, id, name, who);
            if (model.flying && rand() % 2)
                model_settle(&model, rand() % 4 != 0);
            for (struct catalog_slot *slot; (slot = catalog_take_forgettable(&catalog));)
                catalog_slot_free(&catalog, slot);
            compare(&model);
        }
        while (model.flying)
            model_settle(&model, true);
        compare(&model);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(unchanged_registration_is_no_change),
        CASE(owner_alone_may_touch),
        CASE(compare_and_set_by_revision),
        CASE(race_is_decided_before_the_disk),
        CASE(failed_change_goes_back),
        CASE(first_registration_that_failed_left_nothing),
        CASE(quotas_hold_by_owner_and_in_all),
        CASE(old_incarnations_stay_gone),
        CASE(those_long_gone_are_forgotten),
        CASE(view_shows_what_is_committed_in_order),
        CASE(health_changes_once),
        CASE(random_histories_agree_with_the_model),
    };
#undef CASE
    return cmocka_run_group_tests(tests, NULL, NULL);
}
