/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "execution/tune/search.h"
#include "test.h"

static const struct search_dimension space[] = {
    {SEARCH_NUMBER, 1e-3, 1e3, true, 0},
    {SEARCH_INTEGER, -3, 3, false, 0},
    {SEARCH_CHOICE, 0, 0, false, 4},
    {SEARCH_NUMBER, 2, 2, false, 0},
};

static struct search *open_search(enum search_method method, uint64_t seed)
{
    struct search *search = search_new(&(struct search_options){method, space, 4, seed, 0, 0});
    assert_non_null(search);
    return search;
}

/* Least at (10, 2, 1). */
static double cost(const double *point)
{
    double ratio = log10(point[0]) - 1, step = point[1] - 2;
    return ratio * ratio + 0.2 * step * step + (point[2] != 1) * 0.5;
}

static double best_of(enum search_method method, uint64_t seed, uint64_t trials)
{
    struct search *search = open_search(method, seed);
    double best = INFINITY, point[4];
    for (uint64_t i = 0; i < trials; i++) {
        search_ask(search, i, point);
        assert_true(point[0] >= 1e-3 && point[0] <= 1e3);
        assert_true(point[1] >= -3 && point[1] <= 3 && point[1] == floor(point[1]));
        assert_true(point[2] >= 0 && point[2] < 4 && point[2] == floor(point[2]));
        assert_true(point[3] == 2);
        assert_int_equal(search_tell(search, point, cost(point)), 0);
        best = fmin(best, cost(point));
    }
    search_free(search);
    return best;
}

static void what_was_told_leads_nearer_than_chance(void **state)
{
    double random = 0, learnt = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        random += best_of(SEARCH_RANDOM, seed, 60);
        learnt += best_of(SEARCH_TPE, seed, 60);
    }
    assert_true(learnt < random / 2);
}

static void the_same_seed_asks_for_the_same(void **state)
{
    assert_true(best_of(SEARCH_TPE, 3, 40) == best_of(SEARCH_TPE, 3, 40));
    assert_true(best_of(SEARCH_RANDOM, 3, 40) != best_of(SEARCH_RANDOM, 4, 40));
}

static void random_points_come_in_any_order(void **state)
{
    struct search *search = open_search(SEARCH_RANDOM, 1);
    double early[4], late[4];
    search_ask(search, 7, early);
    assert_int_equal(search_tell(search, early, 1), 0);
    search_ask(search, 7, late);
    assert_memory_equal(early, late, sizeof early);
    search_free(search);
}

static void random_points_are_everywhere(void **state)
{
    struct search *search = open_search(SEARCH_RANDOM, 11);
    unsigned decades[6] = {0}, steps[7] = {0}, choices[4] = {0};
    for (uint64_t i = 0; i < 4200; i++) {
        double point[4];
        search_ask(search, i, point);
        decades[(int)fmin(floor(log10(point[0])) + 3, 5)]++;
        steps[(int)point[1] + 3]++;
        choices[(int)point[2]]++;
    }
    for (int i = 0; i < 6; i++)
        assert_true(decades[i] > 560 && decades[i] < 840); /* 700 expected, 24 is one deviation */
    for (int i = 0; i < 7; i++)
        assert_true(steps[i] > 470 && steps[i] < 730); /* 600 */
    for (int i = 0; i < 4; i++)
        assert_true(choices[i] > 900 && choices[i] < 1200); /* 1050 */
    search_free(search);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_told_leads_nearer_than_chance),
        cmocka_unit_test(the_same_seed_asks_for_the_same),
        cmocka_unit_test(random_points_come_in_any_order),
        cmocka_unit_test(random_points_are_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
