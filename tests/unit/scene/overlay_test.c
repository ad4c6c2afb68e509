/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fault/fault.h"
#include "scene/overlay.h"
#include "scene/spec.h"

static struct scene *spec(const char *text)
{
    struct scene *scene = NULL;
    struct fault fault = FAULT_INIT;
    if (scene_spec_read("test.yaml", text, strlen(text), NULL, &scene, NULL, &fault))
        fail_msg("%s", fault.text);
    return scene;
}

/* As the registry's scene: services with instances, named NAMESPACE/SERVICE. */
static struct scene *registry(void)
{
    struct scene_builder *b = scene_builder_new("Registry");
    struct scene *scene = NULL;
    static const char *const services[] = {"web", "mail", "cron"};
    for (int i = 0; i < 3; i++) {
        char id[32], instance[40], key[64];
        snprintf(id, sizeof id, "%s-hash", services[i]);
        snprintf(instance, sizeof instance, "%s-1", id);
        snprintf(key, sizeof key, "default/%s", services[i]);
        scene_builder_group(b, &(struct scene_item_spec){.id = id,
                                                         .title = services[i],
                                                         .detail = "1/2 instances",
                                                         .key = key,
                                                         .health = SCENE_HEALTH_DEGRADED});
        scene_builder_node(b, &(struct scene_item_spec){.id = instance, .parent = id, .health = SCENE_HEALTH_DOWN});
    }
    assert_int_equal(scene_builder_finish(b, &scene, NULL), 0);
    return scene;
}

static struct scene *join(const char *declared_text, struct scene *live, bool covered, bool by_id)
{
    struct scene *declared = spec(declared_text), *joined = NULL;
    struct overlay_view view = {.name = "live", .scene = live, .covered = covered, .by_id = by_id};
    struct fault fault = FAULT_INIT;
    if (overlay_join(declared, &view, 1, &joined, &fault))
        fail_msg("%s", fault.text);
    scene_unref(declared);
    scene_unref(live);
    return joined;
}

static const struct scene_item *item(const struct scene *scene, const char *id)
{
    int i = scene_find(scene, id);
    if (i < 0)
        fail_msg("there is no %s", id);
    return &scene->items[i];
}

static void health_and_detail_come_from_what_it_stands_for(void **state)
{
    struct scene *joined = join("nodes:\n"
                                "  - {id: a, title: The web, live: live/default/web}\n"
                                "  - {id: b, live: live/mail-hash-1}\n"
                                "  - {id: c, detail: of its own, health: healthy}\n",
                                registry(), false, false);
    assert_int_equal(joined->item_count, 3);
    assert_string_equal(item(joined, "a")->title, "The web");
    assert_string_equal(item(joined, "a")->detail, "1/2 instances");
    assert_int_equal(item(joined, "a")->health, SCENE_HEALTH_DEGRADED);
    assert_int_equal(item(joined, "b")->health, SCENE_HEALTH_DOWN);
    assert_string_equal(item(joined, "c")->detail, "of its own");
    assert_int_equal(item(joined, "c")->health, SCENE_HEALTH_HEALTHY);
    for (int i = 0; i < 3; i++)
        assert_int_equal(joined->items[i].drift, SCENE_DRIFT_NONE);
    assert_string_equal(joined->subtitle, "Live view of 0 components, 3 services, 0 connections");
    assert_false(overlay_wanted(joined));
    scene_unref(joined);
}

static void what_is_not_there_is_absent(void **state)
{
    struct scene *joined = join("groups:\n  - {id: g, live: live/default/nosuch}\n"
                                "nodes:\n  - {id: a, live: live/default/gone}\n",
                                registry(), false, false);
    assert_int_equal(item(joined, "g")->drift, SCENE_DRIFT_ABSENT);
    assert_int_equal(item(joined, "a")->drift, SCENE_DRIFT_ABSENT);
    assert_int_equal(item(joined, "a")->health, SCENE_HEALTH_NONE);
    assert_string_equal(item(joined, "a")->detail, "absent");
    assert_non_null(strstr(joined->subtitle, "; 2 absent"));
    scene_unref(joined);
}

/* An item stands for what is in it, and one within a service declares the service. */
static void what_nobody_stands_for_is_undeclared_once(void **state)
{
    struct scene *joined = join("subtitle: S\nnodes:\n"
                                "  - {id: a, live: live/default/web}\n"
                                "  - {id: b, live: live/mail-hash-1}\n",
                                registry(), true, false);
    assert_int_equal(joined->item_count, 4); /* a, b, the group, cron */
    const struct scene_item *cron = item(joined, "live.cron-hash");
    assert_int_equal(cron->drift, SCENE_DRIFT_UNDECLARED);
    assert_string_equal(cron->detail, "1/2 instances");
    assert_string_equal(joined->items[cron->parent].title, "Undeclared");
    assert_int_equal(joined->items[cron->parent].drift, SCENE_DRIFT_NONE);
    assert_string_equal(joined->subtitle, "S");
    scene_unref(joined);
}

static struct scene *graph(void)
{
    return spec(
        "nodes: [{id: api, health: healthy}, {id: db, health: down, detail: gone}, {id: log, health: healthy}]\n"
        "edges: [{from: api, to: db}, {from: db, to: log}]\n");
}

static void equal_ids_are_laid_over_each_other(void **state)
{
    struct scene *joined = join("groups:\n  - title: Order\n    nodes:\n"
                                "      - {id: api, detail: declared}\n"
                                "      - {id: db, detail: declared}\n"
                                "      - cache\n"
                                "edges: [{from: api, to: db}, {from: db, to: api}, {from: api, to: cache}]\n",
                                graph(), true, true);
    assert_int_equal(item(joined, "order")->drift, SCENE_DRIFT_NONE); /* a group may be there for order alone */
    assert_int_equal(item(joined, "api")->health, SCENE_HEALTH_HEALTHY);
    assert_string_equal(item(joined, "api")->detail, "declared");
    assert_string_equal(item(joined, "db")->detail, "gone");
    assert_int_equal(item(joined, "cache")->drift, SCENE_DRIFT_ABSENT);
    assert_int_equal(item(joined, "live.log")->drift, SCENE_DRIFT_UNDECLARED);
    assert_int_equal(joined->edge_count, 3);
    assert_int_equal(joined->edges[0].drift, SCENE_DRIFT_NONE);
    assert_int_equal(joined->edges[1].drift, SCENE_DRIFT_ABSENT); /* db->api */
    assert_int_equal(joined->edges[2].drift, SCENE_DRIFT_NONE);   /* what has an absent end says enough */
    assert_non_null(strstr(joined->subtitle, "; 2 absent, 1 undeclared"));
    scene_unref(joined);
}

static void an_edge_that_nobody_declared_is_added(void **state)
{
    struct scene *joined = join("nodes: [api, db, log]\nedges: [{from: api, to: db}]\n", graph(), true, true);
    assert_int_equal(joined->edge_count, 2);
    assert_int_equal(joined->edges[1].drift, SCENE_DRIFT_UNDECLARED);
    assert_string_equal(joined->items[joined->edges[1].from].id, "db");
    assert_string_equal(joined->items[joined->edges[1].to].id, "log");
    scene_unref(joined);
}

/* The whole is one scene still, within its limits. */
static void too_many_are_counted(void **state)
{
    struct scene_builder *b = scene_builder_new("Many");
    struct scene *live = NULL;
    for (int i = 0; i < SCENE_MAX_ITEMS; i++) {
        char id[16];
        snprintf(id, sizeof id, "n%d", i);
        scene_builder_node(b, &(struct scene_item_spec){.id = id});
    }
    assert_int_equal(scene_builder_finish(b, &live, NULL), 0);
    struct scene *joined = join("nodes: [{id: live.n5}, {id: live.undeclared}]\n", scene_ref(live), true, false);
    assert_int_equal(joined->item_count, 2 + 1 + OVERLAY_MAX_UNDECLARED + 1);
    assert_string_equal(joined->items[joined->item_count - 1].title, "and 4900 more");
    item(joined, "live.n5-2"); /* an id that is taken gives way */
    item(joined, "live.undeclared-2");
    scene_unref(joined);
    struct scene *full = NULL;
    const struct overlay_view view = {.name = "live", .scene = live, .covered = true};
    assert_int_equal(overlay_join(live, &view, 1, &full, NULL), 0); /* no room for a single one */
    assert_int_equal(full->item_count, SCENE_MAX_ITEMS);
    scene_unref(full);
    scene_unref(live);
}

static void a_view_that_is_not_there_is_refused(void **state)
{
    struct scene *declared = spec("nodes: [{id: a, live: other/x}]\n"), *joined = NULL;
    struct fault fault = FAULT_INIT;
    assert_int_equal(overlay_join(declared, NULL, 0, &joined, &fault), MRPC_INVALID_ARGUMENT);
    assert_non_null(strstr(fault.text, "\"other\""));
    scene_unref(declared);
}

/* ---- sources ---- */

static int snapshot_of(void *self, const char *argument, struct scene **out, struct fault *fault)
{
    *out = scene_ref(self);
    return 0;
}

static const struct scene *declared_of(void *self)
{
    return self;
}

static void views_are_taken_from_their_sources(void **state)
{
    struct scene *live = registry(), *joined = NULL;
    struct scene *declared = spec("covers: [registry]\nnodes: [{id: a, live: registry/default/web}]\n");
    struct scene_source source = {.name = "registry", .argument = "", .snapshot = snapshot_of, .self = live};
    struct scene_source joinable = {
        .name = "own", .argument = "", .snapshot = snapshot_of, .self = live, .declared = declared_of};
    struct scene_source asking = {.name = "job", .argument = "job id", .snapshot = snapshot_of, .self = live};
    struct scene_sources *sources = scene_sources_new();
    struct fault fault = FAULT_INIT;
    assert_int_equal(scene_sources_add(sources, &source, NULL), 0);
    assert_int_equal(scene_sources_add(sources, &joinable, NULL), 0);
    assert_int_equal(scene_sources_add(sources, &asking, NULL), 0);
    assert_int_equal(overlay_live(sources, declared, "", &joined, &fault), 0);
    assert_int_equal(joined->item_count, 1 + 1 + 2);
    scene_unref(joined);
    static const char *const unusable[] = {"own", "job", "nosuch", "registry:x"};
    for (size_t i = 0; i < sizeof unusable / sizeof *unusable; i++)
        assert_int_equal(overlay_live(sources, declared, unusable[i], &joined, &fault), MRPC_INVALID_ARGUMENT);
    char *names = scene_sources_names(sources, overlay_can_use);
    assert_string_equal(names, "registry");
    free(names);
    scene_unref(declared);
    scene_unref(live);
    scene_sources_free(sources);
}

static void at_most_sixteen_views_are_named(void **state)
{
    char text[2000] = "nodes:\n";
    struct overlay_names names;
    struct fault fault = FAULT_INIT;
    for (int i = 0; i <= OVERLAY_MAX_VIEWS; i++)
        sprintf(text + strlen(text), "  - {id: n%d, live: v%d/x}\n  - {id: m%d, live: v%d/y}\n", i, i, i, i);
    struct scene *scene = spec(text);
    assert_int_equal(overlay_names_of(scene, &names, &fault), MRPC_INVALID_ARGUMENT);
    assert_int_equal(names.count, OVERLAY_MAX_VIEWS);
    scene_unref(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(health_and_detail_come_from_what_it_stands_for),
        cmocka_unit_test(what_is_not_there_is_absent),
        cmocka_unit_test(what_nobody_stands_for_is_undeclared_once),
        cmocka_unit_test(equal_ids_are_laid_over_each_other),
        cmocka_unit_test(an_edge_that_nobody_declared_is_added),
        cmocka_unit_test(too_many_are_counted),
        cmocka_unit_test(a_view_that_is_not_there_is_refused),
        cmocka_unit_test(views_are_taken_from_their_sources),
        cmocka_unit_test(at_most_sixteen_views_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
