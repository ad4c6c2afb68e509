/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fault/fault.h"
#include "scene/spec.h"

static int read_spec(const char *text, struct scene **out, struct scene_spec_diagnostic *diagnostic,
                     struct fault *fault)
{
    return scene_spec_read("test.yaml", text, strlen(text), "registry execution", out, diagnostic, fault);
}

static void reads_groups_nodes_and_edges(void **state)
{
    struct scene *scene = NULL;
    struct fault fault = FAULT_INIT;
    const char *text = "title: T\n"
                       "groups:\n"
                       "  - title: UI Layer\n"
                       "    color: \"#3498DB\"\n"
                       "    nodes: [Web, {title: Api, health: degraded, detail: 1/2}]\n"
                       "    groups:\n"
                       "      - {id: inner, title: Inner}\n"
                       "nodes:\n"
                       "  - {id: db}\n"
                       "edges:\n"
                       "  - {from: web, to: db, label: SQL, line: dashed}\n";
    assert_int_equal(read_spec(text, &scene, NULL, &fault), 0);
    assert_string_equal(scene->title, "T");
    assert_int_equal(scene->item_count, 5);
    assert_int_equal(scene->items[scene_find(scene, "ui-layer")].color, 0x3498db);
    assert_int_equal(scene->items[scene_find(scene, "api")].health, SCENE_HEALTH_DEGRADED);
    assert_int_equal(scene->items[scene_find(scene, "inner")].parent, scene_find(scene, "ui-layer"));
    assert_int_equal(scene->edges[0].line, SCENE_LINE_DASHED);
    scene_unref(scene);
}

static void reads_sequences_and_icons(void **state)
{
    struct scene *scene = NULL;
    const char *text = "arrangement: sequence\n"
                       "nodes: [{id: web, icon: page}, {id: db, icon: database}, plain]\n"
                       "edges: [{from: web, to: db, label: SELECT, detail: 0.20 ms}]\n";
    assert_int_equal(read_spec(text, &scene, NULL, NULL), 0);
    assert_int_equal(scene->arrangement, SCENE_SEQUENCE);
    assert_int_equal(scene->items[1].icon, SCENE_ICON_DATABASE);
    assert_int_equal(scene->items[2].icon, SCENE_ICON_NONE);
    assert_string_equal(scene->edges[0].detail, "0.20 ms");
    scene_unref(scene);
    for (int icon = 0; icon < SCENE_ICON_COUNT; icon++)
        assert_int_equal(scene_icon_named(scene_icon_name((enum scene_icon)icon)), icon);
}

static void titles_of_any_script_give_ids(void **state)
{
    struct scene *scene = NULL;
    assert_int_equal(read_spec("nodes: [\u7bc0\u9ede, \u0939\u093f, \u00c4 b-C!]", &scene, NULL, NULL), 0);
    assert_int_equal(scene_find(scene, "item-1"), 0);
    assert_int_equal(scene_find(scene, "item-2"), 1);
    assert_int_equal(scene_find(scene, "b-c"), 2);
    scene_unref(scene);
}

static void says_where_a_spec_is_wrong(void **state)
{
    static const struct {
        const char *text;
        int line;
        const char *key, *says;
    } bad[] = {
        {"title: T\ncolour: red\n", 2, "", "unknown key"},
        {"groups:\n  - title: A\n    color: red\n", 3, "groups[0].color", "#rrggbb"},
        {"groups:\n  - title: A\n    nodes:\n      - {title: x, health: ill}\n", 4, "groups[0].nodes[0].health",
         "healthy"},
        {"nodes:\n  - {id: a}\n  - {id: a}\n", 3, "nodes[1].id", "twice"},
        {"nodes:\n  - {id: a}\nedges:\n  - {from: a, to: b}\n", 4, "edges[0].to", "no item"},
        {"nodes:\n  - {id: a}\nedges:\n  - {from: a}\n", 4, "edges[0]", "from and to"},
        {"nodes: [{id: a, icon: cat}]\n", 1, "nodes[0].icon", "database"},
        {"arrangement: circle\n", 1, "arrangement", "sequence"},
        {"arrangement: sequence\ngroups:\n  - id: a\n", 3, "groups[0].groups", "nodes and edges alone"},
        {"nodes: 3\n", 1, "nodes", "list"},
        {"nodes: [{id: a, id: b}]\n", 1, "nodes[0].id", "twice"},
        {"nodes: [{title: {x: y}}]\n", 1, "nodes[0].title", "text"},
        {"nodes: [{id: a, link: 'javascript:x'}]\n", 1, "nodes[0].link", "http"},
        {"nodes:\n  - {id: a, live: registry}\n", 2, "nodes[0].live", "VIEW/NAME"},
        {"nodes:\n  - {id: a, live: registry/}\n", 2, "nodes[0].live", "VIEW/NAME"},
        {"nodes:\n  - {id: a, live: /web}\n", 2, "nodes[0].live", "VIEW/NAME"},
        {"nodes:\n  - id: a\n    live: registr/web\n", 3, "nodes[0].live", "there are: registry execution"},
        {"nodes:\n  - id: a\n    live: registry/web\n    detail: 3/3\n", 4, "nodes[0].detail", "stands for"},
        {"groups:\n  - id: a\n    live: registry/web\n    health: healthy\n", 4, "groups[0].health", "stands for"},
        {"covers: registry\n", 1, "covers", "list"},
        {"covers:\n  - registry\n  - nosuch\n", 3, "covers[1]", "there are: registry execution"},
        {"nodes: [{}]\n", 0, "nodes[0]", "id or a title"},
        {"- a\n", 1, "", "mapping"},
        {"a: &x [1]\nnodes: *x\n", 1, "", "unknown key"},
        {"nodes: *x\n", 0, "nodes", ""},
        {"title: [\n", 0, "", ""},
        {"title: a\nsubtitle: \xff\n", 2, "", "UTF-8"},
        {"title: \xe2\x82", 1, "", "UTF-8"},
        {"%\xff\xff\xff\xff\xff\xff\xff", 1, "", "UTF-8"},   /* libfyaml 0.7 went round in it for ever */
        {"# x\n%YAML 1.2\n---\ntitle: T\n", 2, "", "directive"},
        {"", 0, "", ""},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct scene *scene = NULL;
        struct fault fault = FAULT_INIT;
        struct scene_spec_diagnostic diagnostic = {0};
        if (read_spec(bad[i].text, &scene, &diagnostic, &fault) != MRPC_INVALID_ARGUMENT)
            fail_msg("accepted: %s", bad[i].text);
        assert_null(scene);
        assert_non_null(strstr(fault.text, "test.yaml:"));
        if (bad[i].line && diagnostic.line != bad[i].line)
            fail_msg("%s: line %d, not %d", fault.text, diagnostic.line, bad[i].line);
        if (strcmp(diagnostic.key, bad[i].key) != 0 && *bad[i].key)
            fail_msg("%s: key \"%s\", not \"%s\"", fault.text, diagnostic.key, bad[i].key);
        if (!strstr(diagnostic.text, bad[i].says))
            fail_msg("%s does not say \"%s\"", fault.text, bad[i].says);
    }
}

/* A repeated alias would grow exponentially; keys by the thousand must not take quadratic time. */
static void hostile_specs_end_soon(void **state)
{
    struct scene *scene = NULL;
    char *text = malloc(SCENE_SPEC_MAX_BYTES + 2);
    size_t size = 0;
    for (int i = 0; size < SCENE_SPEC_MAX_BYTES - 20; i++)
        size += (size_t)sprintf(text + size, "k%d: 1\n", i);
    assert_int_equal(read_spec(text, &scene, NULL, NULL), MRPC_INVALID_ARGUMENT);
    memset(text, '[', 100000);
    text[100000] = '\0';
    assert_int_equal(read_spec(text, &scene, NULL, NULL), MRPC_INVALID_ARGUMENT);
    memset(text, ' ', SCENE_SPEC_MAX_BYTES + 1);
    text[SCENE_SPEC_MAX_BYTES + 1] = '\0';
    assert_int_equal(read_spec(text, &scene, NULL, NULL), MRPC_INVALID_ARGUMENT);
    assert_int_equal(scene_spec_read("nul", "title: \0", 8, NULL, &scene, NULL, NULL), MRPC_INVALID_ARGUMENT);
    free(text);
}

static void the_system_overview_is_a_spec(void **state)
{
    struct scene *scene = NULL;
    struct fault fault = FAULT_INIT;
    if (scene_spec_read_file(SYSTEM_OVERVIEW, NULL, &scene, &fault))
        fail_msg("%s", fault.text);
    assert_int_equal(scene->group_count, 6);
    assert_int_equal(scene->item_count, 24);
    assert_int_equal(scene->edge_count, 6);
    assert_string_equal(scene->covers, "registry");
    for (int i = 0; i < scene->item_count; i++) { /* no figure in the picture that nobody measured */
        const struct scene_item *item = &scene->items[i];
        assert_int_equal(*item->live != '\0', !item->is_group);
        assert_string_equal(item->detail, "");
        assert_int_equal(item->health, SCENE_HEALTH_NONE);
    }
    scene_unref(scene);
    assert_int_equal(scene_spec_read_file("/nowhere.yaml", NULL, &scene, &fault), MRPC_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_groups_nodes_and_edges),
        cmocka_unit_test(reads_sequences_and_icons),
        cmocka_unit_test(titles_of_any_script_give_ids),
        cmocka_unit_test(says_where_a_spec_is_wrong),
        cmocka_unit_test(hostile_specs_end_soon),
        cmocka_unit_test(the_system_overview_is_a_spec),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
