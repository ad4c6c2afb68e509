/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/maglev.h>
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
    service->view = sample_view("web", service->cursors, service->members, service->count);
}

static void join(struct service *service, const char *id, enum registry_health health, uint32_t weight,
                 const char *zone)
{
    struct registry_instance *draft = sample_draft("web", id, 1);
    struct registry_state state = {.health = health, .operator_state = OPERATOR_ACTIVE};
    state.cause = (struct registry_cause){REASON_REGISTERED, "test", "", 1};
    state.incarnation = ++service->incarnations;
    draft->message->weight = weight;
    draft->message->zone = (char *)(uintptr_t)zone;
    struct registry_instance *instance = sample_instance(draft, &state);
    size_t at = 0;
    while (at < service->count && strcmp(service->members[at]->message->key->id, id) < 0)
        at++;
    memmove(&service->members[at + 1], &service->members[at], (service->count - at) * sizeof instance);
    service->members[at] = instance;
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

/* Who may be picked, and how. */
struct wish {
    enum registry_policy policy;
    const PB(InstanceFilter) * filter;
    const char *zone; /* NULL: any */
    struct registry_pick pick;
    bool by_table; /* hash by the table, as Discover does */
};

static size_t pick_many_with(const struct service *service, const struct wish *wish, struct registry_instance **out,
                             size_t room)
{
    bool own, too_large;
    struct pick_set *set =
        pick_set_find(service->view, wish->filter, wish->zone ? wish->zone : "", SIZE_MAX, &own, &too_large);
    struct registry_pick pick = wish->pick;
    pick.policy = wish->policy;
    assert_non_null(set);
    if (wish->by_table)
        assert_true(pick_set_prepare_hash(set));
    size_t count = registry_picks_choose(service->view, set, &pick, out, room);
    if (own)
        pick_set_free(set);
    return count;
}

static const char *pick_with(const struct service *service, const struct wish *wish)
{
    struct registry_instance *out[1];
    return pick_many_with(service, wish, out, 1) ? out[0]->message->key->id : "-";
}

static const char *pick(const struct service *service)
{
    return pick_with(service, &(struct wish){.policy = POLICY_ROUND_ROBIN});
}

static void assert_picks(const struct service *service, const char *expected)
{
    char picked[128] = "";
    for (size_t i = 0; i < strlen(expected); i++)
        strcat(picked, pick(service));
    assert_string_equal(picked, expected);
}

/* A connection loop does not walk a large service; who may, finds the set for all. */
static void a_set_of_a_large_service_is_made_where_that_is_allowed(void **state)
{
    struct service service;
    bool own, too_large;
    service_init(&service);
    join(&service, "a", HEALTH_HEALTHY, 100, "");
    join(&service, "b", HEALTH_HEALTHY, 100, "");
    assert_null(pick_set_find(service.view, NULL, "", 1, &own, &too_large));
    assert_true(too_large);
    struct pick_set *made = pick_set_find(service.view, NULL, "", 2, &own, &too_large);
    assert_non_null(made);
    assert_false(own || too_large);
    assert_ptr_equal(pick_set_find(service.view, NULL, "", 1, &own, &too_large), made);
    assert_false(own || too_large);
    service_fini(&service);
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
    const struct wish filtered = {.policy = POLICY_ROUND_ROBIN, .filter = &filter};
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
    const struct wish near = {.policy = POLICY_ROUND_ROBIN, .zone = "west"};
    const struct wish nowhere = {.policy = POLICY_ROUND_ROBIN, .zone = "north"};
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
    const struct wish weighted = {.policy = POLICY_WEIGHTED_ROUND_ROBIN};
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
    struct wish random = {.policy = POLICY_WEIGHTED_RANDOM};
    random.pick.random = 0;
    assert_string_equal(pick_with(&service, &random), "a");
    random.pick.random = UINT64_MAX / 4;
    assert_string_equal(pick_with(&service, &random), "a");
    random.pick.random = UINT64_MAX / 4 + 2;
    assert_string_equal(pick_with(&service, &random), "b");
    random.pick.random = UINT64_MAX;
    assert_string_equal(pick_with(&service, &random), "b");
    service_fini(&service);
}

/* The property tests: over many keys, and many draws. */

enum { KEYS = 20000 };

static void hash_all(const struct service *service, bool by_table, char *picked)
{
    for (int i = 0; i < KEYS; i++)
        picked[i] = pick_with(service, &(struct wish){.policy = POLICY_CONSISTENT_HASH, .by_table = by_table,
                                                      .pick = {.hash_key = &i, .hash_key_bytes = sizeof i}})[0];
}

static void ten_join(struct service *service)
{
    for (char id[2] = "a"; id[0] < 'k'; id[0]++)
        join(service, id, HEALTH_HEALTHY, 100, "");
}

/* How many keys of those that stayed have moved, when "d" leaves and comes back. */
static int moved_by_leaving(bool by_table)
{
    static char before[KEYS], after[KEYS];
    struct service service;
    int moved = 0, counts[10] = {0};
    service_init(&service);
    ten_join(&service);
    hash_all(&service, by_table, before);
    for (int i = 0; i < KEYS; i++)
        counts[before[i] - 'a']++;
    for (int i = 0; i < 10; i++)
        assert_in_range(counts[i], KEYS / 10 - 250, KEYS / 10 + 250); /* a percent, and five standard deviations */
    leave(&service, "d");
    hash_all(&service, by_table, after);
    for (int i = 0; i < KEYS; i++) {
        assert_int_not_equal(after[i], 'd');
        moved += before[i] != 'd' && after[i] != before[i];
    }
    join(&service, "d", HEALTH_HEALTHY, 100, "");
    hash_all(&service, by_table, after);
    assert_memory_equal(after, before, KEYS); /* membership alone decides, not who came when */
    service_fini(&service);
    return moved;
}

static void leaving_moves_few_keys_beside_the_leavers(void **state)
{
    assert_int_equal(moved_by_leaving(false), 0);
    assert_in_range(moved_by_leaving(true), 0, KEYS / 25); /* the table: a few percent, in exchange for one look-up */
}

/* One of n gone moves 1/n of the keys, and a few percent of the others, at any n. */
static void disruption_is_small_at_any_size(void **state)
{
    static const size_t sizes[] = {2, 3, 20, 100, 500, 1000};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        static char names[1000][24];
        static struct mrpc_maglev_member members[1000];
        size_t count = sizes[s], lost = 0, moved = 0;
        for (size_t i = 0; i < count; i++) {
            snprintf(names[i], sizeof names[i], "i%zu", i);
            members[i] = (struct mrpc_maglev_member){names[i], 100};
        }
        /* the last goes */
        struct mrpc_maglev *before = mrpc_maglev_new(members, count), *after = mrpc_maglev_new(members, count - 1);
        assert_non_null(before);
        assert_non_null(after);
        assert_true(before->size >= 100 * count);
        for (uint32_t i = 0; i < before->size; i++) {
            lost += before->slots[i] == count - 1;
            moved += before->slots[i] != count - 1 && before->slots[i] != after->slots[i];
        }
        assert_in_range(lost, before->size / count * 97 / 100, before->size / count * 103 / 100);
        assert_true(moved < before->size * 4 / 100);
        free(before);
        free(after);
    }
}

static void a_heavy_instance_gets_more_keys(void **state)
{
    static char picked[KEYS];
    struct service service;
    int heavy = 0;
    service_init(&service);
    join(&service, "a", HEALTH_HEALTHY, 300, "");
    join(&service, "b", HEALTH_HEALTHY, 100, "");
    hash_all(&service, true, picked);
    for (int i = 0; i < KEYS; i++)
        heavy += picked[i] == 'a';
    assert_in_range(heavy, KEYS * 70 / 100, KEYS * 80 / 100);
    service_fini(&service);
}

/* Those that follow the pick are all others, each once, and not the same for all keys of one instance. */
static void followers_of_a_key_spread(void **state)
{
    struct service service;
    int second[10] = {0};
    service_init(&service);
    ten_join(&service);
    for (int i = 0; i < 2000; i++) {
        struct registry_instance *out[MEMBERS_MAX];
        const struct wish wish = {.policy = POLICY_CONSISTENT_HASH, .by_table = true,
                                  .pick = {.hash_key = &i, .hash_key_bytes = sizeof i}};
        bool seen[10] = {false};
        assert_int_equal(pick_many_with(&service, &wish, out, MEMBERS_MAX), 10);
        for (int j = 0; j < 10; j++) {
            int which = out[j]->message->key->id[0] - 'a';
            assert_false(seen[which]);
            seen[which] = true;
        }
        second[out[1]->message->key->id[0] - 'a'] += out[0]->message->key->id[0] == 'a';
    }
    for (int i = 1; i < 10; i++)
        assert_in_range(second[i], 5, 60); /* about 22 each */
    service_fini(&service);
}

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void weighted_random_is_in_proportion(void **state)
{
    struct service service;
    uint64_t random = 1;
    int counts[3] = {0};
    service_init(&service);
    join(&service, "a", HEALTH_HEALTHY, 50, "");
    join(&service, "b", HEALTH_HEALTHY, 30, "");
    join(&service, "c", HEALTH_HEALTHY, 20, "");
    for (int i = 0; i < 10000; i++)
        counts[pick_with(&service, &(struct wish){.policy = POLICY_WEIGHTED_RANDOM,
                                                  .pick = {.random = next_random(&random)}})[0] - 'a']++;
    assert_in_range(counts[0], 4750, 5250);
    assert_in_range(counts[1], 2770, 3230);
    assert_in_range(counts[2], 1800, 2200);
    service_fini(&service);
}

static void report(struct service *service, const char *id, int64_t now_ms, int64_t requests, double utilization)
{
    const struct registry_instance *instance = registry_service_view_find(service->view, id);
    struct load *load = load_table_find(&service->cursors->loads, instance->message->incarnation, now_ms);
    assert_non_null(load);
    load_report(load, now_ms, requests, utilization);
    load_unref(load);
}

static void count_least(const struct service *service, int64_t now_ms, int picks, int counts[10])
{
    static uint64_t random = 7;
    memset(counts, 0, 10 * sizeof counts[0]);
    for (int i = 0; i < picks; i++)
        counts[pick_with(service, &(struct wish){.policy = POLICY_LEAST_REQUEST,
                                                 .pick = {.random = next_random(&random), .now_ms = now_ms}})[0] -
               'a']++;
}

static void least_request_avoids_the_busy(void **state)
{
    struct service service;
    int counts[10];
    service_init(&service);
    ten_join(&service);
    report(&service, "a", 1000, 100000, 0);
    report(&service, "b", 1000, 0, 1.0);
    count_least(&service, 1000, 1000, counts);
    assert_int_equal(counts[0], 0); /* the other of two is always less loaded */
    for (int i = 2; i < 10; i++)
        assert_in_range(counts[i], 80, 170);
    assert_true(counts[1] < 60); /* full, but it has nothing to do yet: a twentieth of the others */
    service_fini(&service);
}

static void least_request_spreads_a_burst_that_no_report_knows(void **state)
{
    struct service service;
    int counts[10];
    service_init(&service);
    ten_join(&service);
    count_least(&service, 1000, 1000, counts);
    for (int i = 0; i < 10; i++)
        assert_in_range(counts[i], 95, 105); /* what two choices promise: within a few of the mean */
    service_fini(&service);
}

static void reports_fade(void **state)
{
    struct service service;
    int counts[10];
    service_init(&service);
    join(&service, "a", HEALTH_HEALTHY, 100, "");
    join(&service, "b", HEALTH_HEALTHY, 100, "");
    report(&service, "a", 1000, 64, 0);
    count_least(&service, 1000, 20, counts);
    assert_int_equal(counts[0], 0);
    report(&service, "b", 11000, 40, 0); /* by then a has 32 */
    count_least(&service, 11000, 6, counts);
    assert_int_equal(counts[0], 6);
    count_least(&service, 1000 + 20 * LOAD_HALF_LIFE_MS, 100, counts);
    assert_in_range(counts[0], 40, 60);
    service_fini(&service);
}

static void loads_of_the_gone_are_forgotten(void **state)
{
    struct load_table table;
    load_table_init(&table);
    for (int64_t i = 1; i <= 100000; i++)
        load_unref(load_table_find(&table, i, i * 100)); /* ten a second come and go */
    assert_in_range(load_table_count(&table), 1, 5000);  /* those of two minutes, and what room is left */
    struct load *held = load_table_find(&table, 1, 0);
    for (int64_t i = 200000; i < 210000; i++)
        load_unref(load_table_find(&table, i, i * 100));
    struct load *again = load_table_find(&table, 1, 21000000);
    assert_ptr_equal(again, held);
    load_unref(again);
    load_unref(held);
    load_table_fini(&table);
}

/* A view keeps eight sets; who needs a ninth filter gets one of his own, and the same answers. */
static void many_filters_are_answered(void **state)
{
    struct service service;
    char zone[16], *zones[] = {zone};
    service_init(&service);
    for (int i = 0; i < 20; i++) {
        snprintf(zone, sizeof zone, "zone-%d", i);
        join(&service, (char[]){(char)('a' + i), '\0'}, HEALTH_HEALTHY, 100, zone);
    }
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 20; i++) {
            PB(InstanceFilter) filter;
            mltrainer__registry__v1__instance_filter__init(&filter);
            snprintf(zone, sizeof zone, "zone-%d", i);
            filter.zones = zones;
            filter.n_zones = 1;
            const struct wish wish = {.policy = POLICY_ROUND_ROBIN, .filter = &filter};
            assert_int_equal(pick_with(&service, &wish)[0], 'a' + i);
        }
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
        cmocka_unit_test(a_set_of_a_large_service_is_made_where_that_is_allowed),
        cmocka_unit_test(round_robin_goes_round),
        cmocka_unit_test(round_robin_is_stable_when_members_change),
        cmocka_unit_test(unhealthy_and_unknown_are_not_picked),
        cmocka_unit_test(each_filter_has_its_own_cursor),
        cmocka_unit_test(own_zone_goes_first_while_it_has_anybody),
        cmocka_unit_test(weighted_turns_are_in_proportion_and_spread),
        cmocka_unit_test(weighted_random_covers_the_weights),
        cmocka_unit_test(leaving_moves_few_keys_beside_the_leavers),
        cmocka_unit_test(disruption_is_small_at_any_size),
        cmocka_unit_test(a_heavy_instance_gets_more_keys),
        cmocka_unit_test(followers_of_a_key_spread),
        cmocka_unit_test(weighted_random_is_in_proportion),
        cmocka_unit_test(least_request_avoids_the_busy),
        cmocka_unit_test(least_request_spreads_a_burst_that_no_report_knows),
        cmocka_unit_test(reports_fade),
        cmocka_unit_test(loads_of_the_gone_are_forgotten),
        cmocka_unit_test(many_filters_are_answered),
        cmocka_unit_test(turns_are_exact_over_all_callers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
