/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fault/fault.h"
#include "scene/collapse.h"
#include "scene/spec.h"

static struct scene *spec(const char *text)
{
    struct scene *scene = NULL;
    struct fault fault = FAULT_INIT;
    if (scene_spec_read("test.yaml", text, strlen(text), NULL, &scene, NULL, &fault))
        fail_msg("%s", fault.text);
    return scene;
}

static struct scene *collapse(struct scene *scene, int limit)
{
    struct scene *small = NULL;
    assert_int_equal(scene_collapse(scene, limit, &small, NULL), 0);
    return small;
}

static const struct scene_item *item(const struct scene *scene, const char *id)
{
    int i = scene_find(scene, id);
    if (i < 0)
        fail_msg("there is no %s", id);
    return &scene->items[i];
}

static int nodes(const struct scene *scene)
{
    return scene->item_count - scene->group_count;
}

/* Two zones; the racks of north are deeper than what south holds. */
static const char zones[] =
    "title: Zones\n"
    "groups:\n"
    "  - id: north\n"
    "    groups:\n"
    "      - {id: rack1, nodes: [{id: a, health: healthy}, {id: b, health: down}]}\n"
    "      - {id: rack2, nodes: [{id: c, health: healthy}, {id: d}, {id: e, health: healthy}]}\n"
    "  - {id: south, detail: spare, nodes: [{id: f}, {id: g}]}\n"
    "edges:\n"
    "  - {from: a, to: b, label: inside}\n"
    "  - {from: c, to: f, label: HTTP}\n"
    "  - {from: d, to: f, label: HTTP}\n"
    "  - {from: e, to: f, label: SQL}\n"
    "  - {from: f, to: f, label: itself}\n";

static void what_is_small_stays_as_it_is(void **state)
{
    struct scene *whole = spec(zones), *same = collapse(whole, 7);
    assert_ptr_equal(whole, same);
    scene_unref(same);
    scene_unref(whole);
    (void)state;
}

static void the_deepest_and_largest_group_is_folded_first(void **state)
{
    struct scene *whole = spec(zones), *small = collapse(whole, 6);
    assert_int_equal(nodes(small), 5); /* rack2 is one node now */
    assert_false(item(small, "rack2")->is_group);
    assert_true(item(small, "rack1")->is_group);
    assert_string_equal(item(small, "rack2")->detail, "3 nodes");
    assert_int_equal(item(small, "rack2")->health, SCENE_HEALTH_HEALTHY); /* of those that are watched */
    assert_int_equal(scene_find(small, "c"), -1);
    assert_int_equal(item(small, "rack2")->parent, scene_find(small, "north"));
    scene_unref(small);
    scene_unref(whole);
    (void)state;
}

static void edges_go_to_what_stands_for_their_ends(void **state)
{
    struct scene *whole = spec(zones), *small = collapse(whole, 6);
    assert_int_equal(small->edge_count, 3);
    assert_string_equal(small->edges[0].label, "inside");
    assert_int_equal(small->edges[1].from, scene_find(small, "rack2"));
    assert_int_equal(small->edges[1].to, scene_find(small, "f"));
    assert_string_equal(small->edges[1].label, "3 edges");
    assert_int_equal(small->edges[2].from, small->edges[2].to);
    scene_unref(small);
    small = collapse(whole, 3);
    assert_int_equal(nodes(small), 3);
    assert_false(item(small, "north")->is_group);
    assert_true(item(small, "south")->is_group);
    assert_string_equal(item(small, "north")->detail, "5 nodes");
    assert_int_equal(item(small, "north")->health, SCENE_HEALTH_DEGRADED);
    assert_int_equal(small->edge_count, 2); /* what was inside is gone */
    scene_unref(small);
    small = collapse(whole, 2);
    assert_string_equal(item(small, "south")->detail, "spare, 2 nodes");
    scene_unref(small);
    scene_unref(whole);
    (void)state;
}

static void a_flat_scene_says_how_many_more_there_are(void **state)
{
    struct scene_builder *b = scene_builder_new("Flat");
    struct scene *whole = NULL;
    char id[16], before[16];
    for (int i = 0; i < 30; i++) {
        snprintf(id, sizeof id, "n%d", i);
        scene_builder_node(b, &(struct scene_item_spec){.id = id});
        snprintf(before, sizeof before, "n%d", i - 1);
        if (i)
            scene_builder_edge(b, &(struct scene_edge_spec){.from = before, .to = id});
    }
    assert_int_equal(scene_builder_finish(b, &whole, NULL), 0);
    struct scene *small = collapse(whole, 10);
    assert_int_equal(nodes(small), 10);
    assert_string_equal(small->items[9].title, "21 more");
    assert_int_equal(small->edge_count, 9);
    assert_int_equal(scene_find(small, "n9"), -1);
    scene_unref(small);
    scene_unref(whole);
    (void)state;
}

/* Of any scene: as few nodes as asked for, every node counted once, every edge from where to where it was. */
static void it_holds_for_random_scenes(void **state)
{
    for (unsigned seed = 1; seed <= 200; seed++) {
        srand(seed);
        struct scene_builder *b = scene_builder_new("");
        struct scene *whole = NULL;
        int count = 20 + rand() % 80, groups[100], group_count = 0;
        char id[16], parent[16], to[16];
        for (int i = 0; i < count; i++) {
            snprintf(id, sizeof id, "i%d", i);
            bool inside = group_count && rand() % 5;
            snprintf(parent, sizeof parent, "i%d", inside ? groups[rand() % group_count] : 0);
            struct scene_item_spec spec = {.id = id, .parent = inside ? parent : "",
                                           .health = (enum scene_health)(rand() % 5)};
            if (rand() % 3 == 0) {
                scene_builder_group(b, &spec);
                groups[group_count++] = i;
            } else {
                scene_builder_node(b, &spec);
            }
        }
        for (int i = 0; i < 100; i++) {
            snprintf(id, sizeof id, "i%d", rand() % count);
            snprintf(to, sizeof to, "i%d", rand() % count);
            scene_builder_edge(b, &(struct scene_edge_spec){.from = id, .to = to});
        }
        assert_int_equal(scene_builder_finish(b, &whole, NULL), 0);
        for (int limit = 2; limit < nodes(whole); limit += 3) {
            struct scene *small = collapse(whole, limit), *again = collapse(whole, limit);
            int stood_for = 0;
            assert_in_range(nodes(small), 1, limit);
            assert_string_equal(small->digest, again->digest);
            for (int i = 0; i < small->item_count; i++) {
                const struct scene_item *one = &small->items[i];
                const char *told = strstr(one->detail, " nodes") ? one->detail
                                   : strstr(one->title, " more") ? one->title
                                                                 : "1";
                stood_for += one->is_group ? 0 : atoi(told);
            }
            assert_int_equal(stood_for, nodes(whole));
            scene_unref(small);
            scene_unref(again);
        }
        scene_unref(whole);
    }
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_small_stays_as_it_is),
        cmocka_unit_test(the_deepest_and_largest_group_is_folded_first),
        cmocka_unit_test(edges_go_to_what_stands_for_their_ends),
        cmocka_unit_test(a_flat_scene_says_how_many_more_there_are),
        cmocka_unit_test(it_holds_for_random_scenes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
