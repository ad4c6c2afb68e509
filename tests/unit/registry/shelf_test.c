/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry/catalog.h"
#include "sample.h"

/* Shelves of slots and the order of incarnations, against plain sorted arrays. */

enum { IDS = 3000 };

static struct catalog_shelves shelves;
static struct catalog_slot *model[IDS]; /* by number; NULL: not there */

static struct catalog_slot *slot_new(int number)
{
    struct catalog_slot *slot = calloc(1, sizeof *slot + 16);
    assert_non_null(slot);
    snprintf(slot->id, 16, "i%06d", number);
    return slot;
}

static void add(int number)
{
    assert_null(model[number]);
    model[number] = slot_new(number);
    assert_true(shelves_add(&shelves, model[number]));
}

static void take(int number)
{
    shelves_remove(&shelves, model[number]);
    free(model[number]);
    model[number] = NULL;
}

static void check(void)
{
    int number = 0;
    size_t seen = 0;
    for (size_t i = 0; i < shelves.count; i++) {
        const struct catalog_shelf *shelf = shelves.shelves[i];
        assert_in_range(shelf->count, 1, SHELF_MAX);
        for (size_t j = 0; j < shelf->count; j++, seen++, number++) {
            while (!model[number])
                number++;
            assert_ptr_equal(shelf->slots[j], model[number]);
            assert_ptr_equal(shelf->slots[j]->shelf, shelf);
        }
    }
    assert_int_equal(seen, shelves.slot_count);
    for (; number < IDS; number++)
        assert_null(model[number]);
}

static int empty(void **state)
{
    for (int i = 0; i < IDS; i++)
        if (model[i])
            take(i);
    shelves_fini(&shelves);
    return 0;
}

static void what_comes_in_order_lies_dense(void **state)
{
    for (int i = 0; i < IDS; i++)
        add(i);
    check();
    assert_int_equal(shelves.count, (IDS + SHELF_MAX - 1) / SHELF_MAX);
}

static void what_comes_backwards_fills_half_at_least(void **state)
{
    for (int i = IDS; i-- > 0;)
        add(i);
    check();
    assert_true(shelves.count <= 2 * IDS / SHELF_MAX + 1);
}

/* Always between two that are there: no shelf may stay a lonely one. */
static void what_comes_into_gaps_fills_half_at_least(void **state)
{
    for (int i = 0; i < IDS; i += 2)
        add(i);
    for (int i = IDS - 1; i > 0; i -= 2)
        add(i);
    check();
    assert_true(shelves.count <= 2 * IDS / SHELF_MAX + 1);
}

static void shelves_that_empty_are_put_together(void **state)
{
    for (int i = 0; i < IDS; i++)
        add(i);
    for (int i = 0; i < IDS; i++)
        if (i % SHELF_MAX)
            take(i);
    check();
    assert_true(shelves.count <= shelves.slot_count / SHELF_LOW + 1);
}

static void random_histories_agree_with_the_model(void **state)
{
    const char *given = getenv("MLT_SEED");
    unsigned first = given ? (unsigned)atoi(given) : 1, last = given ? first : 20;
    for (unsigned seed = first; seed <= last; seed++) {
        srand(seed);
        int bias = rand() % 3;
        for (int step = 0; step < 4000; step++) {
            int number = rand() % IDS;
            if (!model[number] && rand() % 4 >= bias)
                add(number);
            else if (model[number])
                take(number);
            assert_true(shelves_find(&shelves, "i") == NULL);
            char id[16];
            snprintf(id, sizeof id, "i%06d", number);
            assert_ptr_equal(shelves_find(&shelves, id), model[number]);
        }
        check();
    }
}

/* --- what views share
 * ------------------------------------------------------------------------------------------------ */

static struct registry_instance *instance(const char *id, int64_t incarnation, enum registry_health health)
{
    struct registry_state wanted = {.health = health, .operator_state = OPERATOR_ACTIVE, .incarnation = incarnation};
    wanted.cause = (struct registry_cause){REASON_REGISTERED, "test", "", 1};
    return sample_instance(sample_draft("web", id, 80), &wanted);
}

static void set_committed(struct catalog_slot *slot, enum registry_health health)
{
    registry_instance_unref(slot->committed);
    slot->committed = instance(slot->id, 1, health);
    shelves_changed(slot);
}

static void only_the_shelf_that_changed_is_made_anew(void **state)
{
    for (int i = 0; i < 3 * SHELF_MAX; i++) {
        add(i);
        set_committed(model[i], HEALTH_HEALTHY);
    }
    assert_true(shelves_show(&shelves));
    struct registry_run *before[3];
    for (size_t i = 0; i < 3; i++)
        before[i] = registry_run_ref(shelves.shelves[i]->shown);
    set_committed(model[SHELF_MAX + 5], HEALTH_UNHEALTHY);
    assert_true(shelves_show(&shelves));
    assert_ptr_equal(shelves.shelves[0]->shown, before[0]);
    assert_ptr_not_equal(shelves.shelves[1]->shown, before[1]);
    assert_ptr_equal(shelves.shelves[2]->shown, before[2]);
    assert_int_equal(shelves.shelves[1]->shown->health.unhealthy, 1);
    assert_int_equal(shelves.shelves[1]->shown->health.serving, SHELF_MAX - 1);
    assert_int_equal(before[1]->health.unhealthy, 0); /* the old one has not moved */
    assert_string_equal(before[1]->instances[5]->message->key->id, model[SHELF_MAX + 5]->id);
    for (size_t i = 0; i < 3; i++)
        registry_run_unref(before[i]);
    for (int i = 0; i < 3 * SHELF_MAX; i++)
        registry_instance_unref(model[i]->committed);
}

static void order_is_that_of_incarnations(void **state)
{
    struct catalog_order order = {0};
    struct registry_instance *members[6];
    static const int64_t incarnations[] = {5, 9, 2, 7, 3, 8};
    assert_true(order_reserve(&order, 6));
    for (int i = 0; i < 6; i++)
        members[i] = instance("a", incarnations[i], HEALTH_HEALTHY);
    for (int i = 0; i < 3; i++) /* as recovery does */
        order_append(&order, members[i]);
    order_sort(&order);
    for (int i = 3; i < 6; i++)
        order_replace(&order, NULL, members[i]);
    for (size_t i = 1; i < order.count; i++)
        assert_true(order.instances[i - 1]->message->incarnation < order.instances[i]->message->incarnation);
    struct registry_instance *next = instance("a", 7, HEALTH_UNHEALTHY);
    order_replace(&order, members[3], next);
    assert_ptr_equal(order.instances[3], next);
    order_replace(&order, members[0], NULL);
    assert_int_equal(order.count, 5);
    assert_ptr_equal(order.instances[2], next);
    for (int i = 0; i < 6; i++)
        registry_instance_unref(members[i]);
    registry_instance_unref(next);
    order_fini(&order);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(what_comes_in_order_lies_dense, empty),
        cmocka_unit_test_teardown(what_comes_backwards_fills_half_at_least, empty),
        cmocka_unit_test_teardown(what_comes_into_gaps_fills_half_at_least, empty),
        cmocka_unit_test_teardown(shelves_that_empty_are_put_together, empty),
        cmocka_unit_test_teardown(random_histories_agree_with_the_model, empty),
        cmocka_unit_test_teardown(only_the_shelf_that_changed_is_made_anew, empty),
        cmocka_unit_test(order_is_that_of_incarnations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
