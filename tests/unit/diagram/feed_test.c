/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "diagram/feed.h"
#include "fault/fault.h"

/* What watchers of one view look at, carried over to its next scene. */

static struct scene *grouped(const char *const (*items)[2], int count)
{
    struct scene_builder *b = scene_builder_new("Items");
    struct scene *scene = NULL;
    scene_builder_group(b, &(struct scene_item_spec){.id = "left"});
    scene_builder_group(b, &(struct scene_item_spec){.id = "right"});
    for (int i = 0; i < count; i++)
        scene_builder_node(b, &(struct scene_item_spec){.id = items[i][0], .parent = items[i][1]});
    assert_int_equal(scene_builder_finish(b, &scene, NULL), 0);
    return scene;
}

static void places_are_carried_by_id_and_group(void **state)
{
    static const char *const first[][2] = {{"a", "left"}, {"b", "left"}, {"c", "right"}};
    static const char *const then[][2] = {{"new", "left"}, {"c", "right"}, {"b", "right"}, {"a", "left"}};
    static const struct layout_place places[] = {{10, 1}, {20, 2}, {30, 3}, {40, 4}, {50, 5}};
    const struct scene_source source = {.name = "view"};
    struct feed *feeds = NULL, *feed = feed_use(&feeds, &source, "view", "");
    struct scene *before = grouped(first, 3), *after = grouped(then, 4);
    assert_non_null(feed);
    assert_null(feed_places(feed, after)); /* nothing was drawn yet */
    feed_remember(feed, before, places);
    scene_unref(before);
    struct layout_place *carried = feed_places(feed, after);
    static const struct layout_place expected[] = {{10, 1}, {20, 2}, {-1, -1}, {50, 5}, {-1, -1}, {30, 3}};
    for (int i = 0; i < 6; i++) {
        assert_int_equal(carried[i].x, expected[i].x);
        assert_int_equal(carried[i].y, expected[i].y);
    }
    free(carried);
    scene_unref(after);
    feed_release(&feeds, feed);
    assert_null(feeds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(places_are_carried_by_id_and_group)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
