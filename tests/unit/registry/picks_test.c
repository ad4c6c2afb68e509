/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry/picks.h"
#include "sample.h"

enum { MEMBERS_MAX = 64 };

/* A service whose members the test chooses: "abc" with incarnations 1, 2, 3 …, and one set of cursors over all views.
 */
struct service {
    struct registry_cursors *cursors;
    struct registry_instance *members[MEMBERS_MAX];
    size_t count;
    int64_t incarnations;
    struct registry_service_view *view;
};

static void refresh(struct service *service)
{
    registry_service_view_unref(service->view);
    service->view = registry_service_view_new("default", "web", 1, service->cursors, service->members, service->count);
    assert_non_null(service->view);
}

static void join(struct service *service, const char *id, enum registry_health health, uint32_t weight,
                 const char *zone)
{
    struct registry_instance *draft = sample_draft("web", id, 1);
    struct registry_cause cause = {REASON_REGISTERED, "test", "", 1};
    draft->message->incarnation = ++service->incarnations;
    draft->message->weight = weight;
    draft->message->zone = mrpc_arena_strdup(draft->arena, zone);
    assert_int_equal(registry_instance_set_status(draft, health, &cause), MRPC_OK);
    size_t at = 0;
    while (at < service->count && strcmp(service->members[at]->message->key->id, id) < 0)
        at++;
    memmove(&service->members[at + 1], &service->members[at], (service->count - at) * sizeof draft);
    service->members[at] = draft;
    service->count++;
    refresh(service);
}

static void leave(struct service *service, const char *id)
{
    size_t at = 0;
    while (strcmp(service->members[at]->message->key->id, id) != 0)
        at++;
    registry_instance_unref(service->members[at]);
    service->count--;
    memmove(&service->members[at], &service->members[at + 1], (service->count - at) * sizeof service->members[0]);
    refresh(service);
}

static void service_init(struct service *service)
{
    *service = (struct service){.cursors = registry_cursors_new()};
}

static void service_fini(struct service *service)
{
    for (size_t i = 0; i < service->count; i++)
        registry_instance_unref(service->members[i]);
    registry_service_view_unref(service->view);
    registry_cursors_unref(service->cursors);
}

static const char *pick_with(const struct service *service, const struct registry_pick *pick)
{
    struct registry_instance *scratch[MEMBERS_MAX], *out[1];
    size_t candidates;
    if (!registry_picks_choose(service->view, pick, scratch, out, 1, &candidates))
        return "-";
    return out[0]->message->key->id;
}

static const char *pick(const struct service *service)
{
    return pick_with(service, &(struct registry_pick){.policy = POLICY_ROUND_ROBIN, .prefer_zone = ""});
}

static void assert_picks(const struct service *service, const char *expected)
{
    char picked[128] = "";
    for (size_t i = 0; i < strlen(expected); i++)
        strcat(picked, pick(service));
    assert_string_equal(picked, expected);
}

static void round_robin_goes_round(void **state)
{
    struct service service;
    service_init(&service);
    join(&service, "a", HEALTH_HEALTHY, 100, "");
    join(&service, "b", HEALTH_HEALTHY, 100, "");
    join(&service, "c", HEALTH_HEALTHY, 100, "");
    assert_picks(&service, "abcabcab");
    service_fini(&service);
}

/* The seed's registry always gave the first. Here who comes and goes disturbs nobody else's turn. */
static void round_robin_is_stable_when_members_change(void **state)
{
    struct service service;
    service_init(&service);
    join(&service, "b", HEALTH_HEALTHY, 100, "");
    join(&service, "d", HEALTH_HEALTHY, 100, "");
    join(&service, "f", HEALTH_HEALTHY, 100, "");
    assert_picks(&service, "bd");
    join(&service, "a", HEALTH_HEALTHY, 100, ""); /* first by name, last in turn */
    assert_picks(&service, "fa");
    assert_picks(&service, "bd");
    leave(&service, "d"); /* the one just picked */
    assert_picks(&service, "fab");
    leave(&service, "f"); /* the next */
    assert_picks(&service, "aba");
    leave(&service, "a");
    assert_picks(&service, "bbb");
    leave(&service, "b");
    assert_picks(&service, "-");
    service_fini(&service);
}

static void unhealthy_and_unknown_are_not_picked(void **state)
{
    struct service service;
    service_init(&service);
    join(&service, "a", HEALTH_UNKNOWN, 100, "");
    assert_picks(&service, "-");
    join(&service, "b", HEALTH_HEALTHY, 100, "");
    join(&service, "c", HEALTH_UNHEALTHY, 100, "");
    assert_picks(&service, "bbb");
    service_fini(&service);
}

static void each_filter_has_its_own_cursor(void **state)
{
    struct service service;
    service_init(&service);
    join(&service, "a", HEALTH_HEALTHY, 100, "");
    join(&service, "b", HEALTH_HEALTHY, 100, "");
    char *zones[] = {(char *)(uintptr_t) ""};
    PB(InstanceFilter) filter;
    mltrainer__registry__v1__instance_filter__init(&filter);
    filter.zones = zones;
    filter.n_zones = 1;
    const struct registry_pick filtered = {.policy = POLICY_ROUND_ROBIN, .prefer_zone = "", .filter = &filter};
    assert_picks(&service, "a");
    assert_string_equal(pick_with(&service, &filtered), "a");
    assert_picks(&service, "ba");
    assert_string_equal(pick_with(&service, &filtered), "b");
    assert_string_equal(pick_with(&service, &filtered), "a");
    service_fini(&service);
}

static void own_zone_goes_first_while_it_has_anybody(void **state)
{
    struct service service;
    service_init(&service);
    join(&service, "a", HEALTH_HEALTHY, 100, "east");
    join(&service, "b", HEALTH_HEALTHY, 100, "west");
    join(&service, "c", HEALTH_HEALTHY, 100, "west");
    const struct registry_pick near = {.policy = POLICY_ROUND_ROBIN, .prefer_zone = "west"};
    const struct registry_pick nowhere = {.policy = POLICY_ROUND_ROBIN, .prefer_zone = "north"};
    assert_string_equal(pick_with(&service, &near), "b");
    assert_string_equal(pick_with(&service, &near), "c");
    assert_string_equal(pick_with(&service, &near), "b");
    assert_string_equal(pick_with(&service, &nowhere), "a");
    assert_string_equal(pick_with(&service, &nowhere), "b");
    service_fini(&service);
}

static void weighted_turns_are_in_proportion_and_spread(void **state)
{
    struct service service;
    int counts[3] = {0}, longest = 0, run = 0;
    char last = '\0';
    service_init(&service);
    join(&service, "a", HEALTH_HEALTHY, 50, "");
    join(&service, "b", HEALTH_HEALTHY, 30, "");
    join(&service, "c", HEALTH_HEALTHY, 20, "");
    const struct registry_pick weighted = {.policy = POLICY_WEIGHTED_ROUND_ROBIN, .prefer_zone = ""};
    for (int i = 0; i < 1000; i++) {
        char id = pick_with(&service, &weighted)[0];
        counts[id - 'a']++;
        run = id == last ? run + 1 : 1;
        longest = run > longest ? run : longest;
        last = id;
    }
    assert_in_range(counts[0], 495, 505);
    assert_in_range(counts[1], 295, 305);
    assert_in_range(counts[2], 195, 205);
    assert_true(longest <= 2); /* smooth: the heavy one does not come in bunches */
    service_fini(&service);
}

static void weighted_random_covers_the_weights(void **state)
{
    struct service service;
    service_init(&service);
    join(&service, "a", HEALTH_HEALTHY, 1, "");
    join(&service, "b", HEALTH_HEALTHY, 3, "");
    struct registry_pick random = {.policy = POLICY_WEIGHTED_RANDOM, .prefer_zone = ""};
    random.random = 0;
    assert_string_equal(pick_with(&service, &random), "a");
    random.random = UINT64_MAX / 4;
    assert_string_equal(pick_with(&service, &random), "a");
    random.random = UINT64_MAX / 4 + 2;
    assert_string_equal(pick_with(&service, &random), "b");
    random.random = UINT64_MAX;
    assert_string_equal(pick_with(&service, &random), "b");
    service_fini(&service);
}

static void leaving_moves_only_the_leavers_keys(void **state)
{
    struct service service;
    enum { KEYS = 3000 };
    static char before[KEYS];
    int moved = 0, counts[26] = {0};
    service_init(&service);
    for (char id[2] = "a"; id[0] < 'k'; id[0]++)
        join(&service, id, HEALTH_HEALTHY, 100, "");
    for (int i = 0; i < KEYS; i++) {
        const struct registry_pick hashed = {
            .policy = POLICY_CONSISTENT_HASH, .prefer_zone = "", .hash_key = &i, .hash_key_bytes = sizeof i};
        before[i] = pick_with(&service, &hashed)[0];
        counts[before[i] - 'a']++;
    }
    for (int i = 0; i < 10; i++)
        assert_in_range(counts[i], KEYS / 10 - 90, KEYS / 10 + 90); /* five standard deviations */
    leave(&service, "d");
    for (int i = 0; i < KEYS; i++) {
        const struct registry_pick hashed = {
            .policy = POLICY_CONSISTENT_HASH, .prefer_zone = "", .hash_key = &i, .hash_key_bytes = sizeof i};
        char now = pick_with(&service, &hashed)[0];
        if (before[i] == 'd')
            moved++;
        else
            assert_int_equal(now, before[i]);
    }
    assert_int_equal(moved, counts['d' - 'a']);
    service_fini(&service);
}

struct picker {
    const struct service *service;
    int counts[3];
};

static void *pick_many(void *arg)
{
    struct picker *picker = arg;
    for (int i = 0; i < 3000; i++)
        picker->counts[pick(picker->service)[0] - 'a']++;
    return NULL;
}

static void turns_are_exact_over_all_callers(void **state)
{
    struct service service;
    struct picker pickers[4];
    pthread_t threads[4];
    int counts[3] = {0};
    service_init(&service);
    join(&service, "a", HEALTH_HEALTHY, 100, "");
    join(&service, "b", HEALTH_HEALTHY, 100, "");
    join(&service, "c", HEALTH_HEALTHY, 100, "");
    for (int i = 0; i < 4; i++) {
        pickers[i] = (struct picker){.service = &service};
        assert_int_equal(pthread_create(&threads[i], NULL, pick_many, &pickers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        for (int j = 0; j < 3; j++)
            counts[j] += pickers[i].counts[j];
    }
    for (int j = 0; j < 3; j++)
        assert_int_equal(counts[j], 4000);
    service_fini(&service);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_robin_goes_round),
        cmocka_unit_test(round_robin_is_stable_when_members_change),
        cmocka_unit_test(unhealthy_and_unknown_are_not_picked),
        cmocka_unit_test(each_filter_has_its_own_cursor),
        cmocka_unit_test(own_zone_goes_first_while_it_has_anybody),
        cmocka_unit_test(weighted_turns_are_in_proportion_and_spread),
        cmocka_unit_test(weighted_random_covers_the_weights),
        cmocka_unit_test(leaving_moves_only_the_leavers_keys),
        cmocka_unit_test(turns_are_exact_over_all_callers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
