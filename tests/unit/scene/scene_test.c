/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fault/fault.h"
#include "scene/scene.h"
#include "scene/scene_source.h"
#include "scene/spec.h"

static struct scene *two_nodes(enum scene_health health, const char *detail, const char *title)
{
    struct scene_builder *b = scene_builder_new("Two");
    struct scene *scene = NULL;
    scene_builder_group(b, &(struct scene_item_spec){.id = "g", .title = "Group"});
    scene_builder_node(b, &(struct scene_item_spec){.id = "a", .parent = "g", .title = title});
    scene_builder_node(b, &(struct scene_item_spec){.id = "b", .parent = "g", .detail = detail, .health = health});
    scene_builder_edge(b, &(struct scene_edge_spec){.from = "a", .to = "b", .label = "to"});
    assert_int_equal(scene_builder_finish(b, &scene, NULL), 0);
    return scene;
}

static void builds_and_finds_items(void **state)
{
    struct scene *scene = two_nodes(SCENE_HEALTH_DOWN, "0/1", "A");
    assert_int_equal(scene->item_count, 3);
    assert_int_equal(scene->group_count, 1);
    assert_int_equal(scene_find(scene, "b"), 2);
    assert_int_equal(scene_find(scene, "c"), -1);
    assert_string_equal(scene->items[2].title, "b");
    assert_int_equal(scene->items[2].parent, 0);
    assert_int_equal(scene->edges[0].from, 1);
    assert_int_equal(scene->edges[0].to, 2);
    assert_int_equal(strlen(scene->digest), 64);
    scene_unref(scene);
}

static void digest_tells_health_from_shape(void **state)
{
    int changed[3];
    struct scene *before = two_nodes(SCENE_HEALTH_HEALTHY, "1/1", "A"),
                 *same = two_nodes(SCENE_HEALTH_HEALTHY, "1/1", "A");
    struct scene *sick = two_nodes(SCENE_HEALTH_DOWN, "0/1", "A"), *other = two_nodes(SCENE_HEALTH_DOWN, "0/1", "B");
    assert_string_equal(before->digest, same->digest);
    assert_int_equal(scene_compare(before, same, changed), 0);
    assert_string_not_equal(before->digest, sick->digest);
    assert_int_equal(scene_compare(sick, before, changed), 1);
    assert_int_equal(changed[0], 2);
    assert_int_equal(scene_compare(other, sick, changed), -1);
    scene_unref(before);
    scene_unref(same);
    scene_unref(sick);
    scene_unref(other);
}

/* What finish says about a scene with one bad item or edge. */
static int fault_of(const struct scene_item_spec *item, const struct scene_edge_spec *edge, struct fault *fault)
{
    struct scene_builder *b = scene_builder_new("");
    struct scene *scene = NULL;
    scene_builder_node(b, &(struct scene_item_spec){.id = "there"});
    if (item)
        scene_builder_node(b, item);
    if (edge)
        scene_builder_edge(b, edge);
    scene_builder_node(b, &(struct scene_item_spec){.id = "later"});
    int code = scene_builder_finish(b, &scene, fault);
    scene_unref(scene);
    return code;
}

/* faults.md D02: ids twice, ids missing; D04: text that XML cannot hold; D05: links of other schemes. */
static void refuses_what_cannot_be_drawn(void **state)
{
    const struct {
        struct scene_item_spec item;
        const char *field;
    } bad[] = {
        {{.id = "there"}, "id"},
        {{.id = ""}, "id"},
        {{.id = "a b"}, "id"},
        {{.id = "\xc3\xa4"}, "id"},
        {{.id = "x", .parent = "nowhere"}, "parent"},
        {{.id = "x", .parent = "there"}, "parent"},
        {{.id = "x", .title = "\xff"}, "title"},
        {{.id = "x", .title = "\xed\xa0\x80"}, "title"},
        {{.id = "x", .title = "\xc0\xaf"}, "title"},
        {{.id = "x", .title = "\xf0\x9f\x98"}, "title"},
        {{.id = "x", .title = "bell \a"}, "title"},
        {{.id = "x", .detail = "\xef\xbf\xbf"}, "detail"},
        {{.id = "x", .kind = "\x7f"}, "kind"},
        {{.id = "x", .plot = "1"}, "plot"},
        {{.id = "x", .plot = "1 2,5"}, "plot"},
        {{.id = "x", .plot = "1 nan"}, "plot"},
        {{.id = "x", .plot = "1 1e999"}, "plot"},
        {{.id = "x", .link = "javascript:alert(1)"}, "link"},
        {{.id = "x", .link = "JaVaScRiPt:alert(1)"}, "link"},
        {{.id = "x", .link = "file:///etc/passwd"}, "link"},
        {{.id = "x", .link = "data:text/html,x"}, "link"},
        {{.id = "x", .link = "//elsewhere"}, "link"},
        {{.id = "x", .link = "/\\elsewhere"}, "link"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct fault fault = FAULT_INIT;
        assert_int_equal(fault_of(&bad[i].item, NULL, &fault), MRPC_INVALID_ARGUMENT);
        assert_string_equal(fault.field, bad[i].field);
    }
    struct fault fault = FAULT_INIT;
    assert_int_equal(fault_of(NULL, &(struct scene_edge_spec){.from = "there", .to = "gone"}, &fault),
                     MRPC_INVALID_ARGUMENT);
    assert_string_equal(fault.field, "edges[0].to");
}

static void takes_text_of_any_script(void **state)
{
    struct fault fault = FAULT_INIT;
    struct scene_item_spec item = {.id = "x",
                                   .title = "\u05e9\u05dc\u05d5\u05dd \u4e16\u754c \U0001f600 <script>]]>&#0;\"'",
                                   .link = "../services?id=1:2"};
    assert_int_equal(fault_of(&item, NULL, &fault), 0);
}

/* faults.md D01 and D03. */
static void holds_limits(void **state)
{
    struct fault fault = FAULT_INIT;
    struct scene *scene = NULL;
    struct scene_builder *b = scene_builder_new("");
    char id[32], parent[32] = "";
    int code = 0;
    for (int i = 0; i < 10000 && code == 0; i++) {
        snprintf(id, sizeof id, "g%d", i);
        code = scene_builder_group(b, &(struct scene_item_spec){.id = id, .parent = parent});
        memcpy(parent, id, sizeof parent);
    }
    assert_int_equal(scene_builder_finish(b, &scene, &fault), MRPC_INVALID_ARGUMENT);
    assert_string_equal(id, "g64");

    b = scene_builder_new("");
    for (int i = 0; i < SCENE_MAX_ITEMS; i++) {
        snprintf(id, sizeof id, "n%d", i);
        assert_int_equal(scene_builder_node(b, &(struct scene_item_spec){.id = id}), 0);
    }
    assert_int_equal(scene_builder_node(b, &(struct scene_item_spec){.id = "last"}), MRPC_INVALID_ARGUMENT);
    assert_int_equal(scene_builder_finish(b, &scene, &fault), MRPC_INVALID_ARGUMENT);

    char *label = malloc(10 * 1024 * 1024 + 1);
    memset(label, 'x', 10 * 1024 * 1024);
    label[10 * 1024 * 1024] = '\0';
    assert_int_equal(fault_of(&(struct scene_item_spec){.id = "x", .title = label}, NULL, &fault),
                     MRPC_INVALID_ARGUMENT);
    label[SCENE_MAX_LABEL_BYTES] = '\0';
    assert_int_equal(fault_of(&(struct scene_item_spec){.id = "x", .title = label}, NULL, &fault), 0);
    free(label);

    b = scene_builder_new("");
    scene_builder_node(b, &(struct scene_item_spec){.id = "a"});
    for (int i = 0; i <= SCENE_MAX_EDGES; i++)
        code = scene_builder_edge(b, &(struct scene_edge_spec){.from = "a", .to = "a"});
    assert_int_equal(code, MRPC_INVALID_ARGUMENT);
    assert_int_equal(scene_builder_finish(b, &scene, &fault), MRPC_INVALID_ARGUMENT);
}

static int no_snapshot(void *self, const char *argument, struct scene **out, struct fault *fault)
{
    return fault_set(fault, MRPC_NOT_FOUND, "nothing");
}

static void sources_are_found_by_view(void **state)
{
    static const struct scene_source job = {.name = "job", .argument = "job id", .snapshot = no_snapshot};
    static const struct scene_source all = {.name = "all", .argument = "", .snapshot = no_snapshot};
    static const struct scene_source bad = {.name = "a:b", .argument = "", .snapshot = no_snapshot};
    struct scene_sources *sources = scene_sources_new();
    const char *argument;
    assert_int_equal(scene_sources_add(sources, &job, NULL), 0);
    assert_int_equal(scene_sources_add(sources, &all, NULL), 0);
    assert_int_equal(scene_sources_add(sources, &all, NULL), MRPC_ALREADY_EXISTS);
    assert_int_equal(scene_sources_add(sources, &bad, NULL), MRPC_INVALID_ARGUMENT);
    assert_ptr_equal(scene_sources_at(sources, 0), &all);
    assert_ptr_equal(scene_sources_find(sources, "job:17", &argument), &job);
    assert_string_equal(argument, "17");
    assert_ptr_equal(scene_sources_find(sources, "all", &argument), &all);
    assert_string_equal(argument, "");
    assert_null(scene_sources_find(sources, "al", &argument));
    assert_null(scene_sources_find(sources, "alls", &argument));
    scene_sources_free(sources);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builds_and_finds_items),     cmocka_unit_test(digest_tells_health_from_shape),
        cmocka_unit_test(refuses_what_cannot_be_drawn), cmocka_unit_test(takes_text_of_any_script),
        cmocka_unit_test(holds_limits),               cmocka_unit_test(sources_are_found_by_view),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
