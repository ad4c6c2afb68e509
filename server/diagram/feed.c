/* SPDX-License-Identifier: Apache-2.0 */
#include "diagram/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scene/collapse.h"

struct feed *feed_use(struct feed **list, const struct scene_source *source, const char *view, const char *argument)
{
    for (struct feed *feed = *list; feed; feed = feed->next)
        if (strcmp(feed->view, view) == 0) {
            feed->users++;
            return feed;
        }
    struct feed *feed = calloc(1, sizeof *feed);
    if (!feed)
        return NULL;
    feed->users = 1;
    feed->source = source;
    snprintf(feed->view, sizeof feed->view, "%s", view);
    feed->argument = feed->view + (argument - view);
    feed->next = *list;
    *list = feed;
    return feed;
}

void feed_release(struct feed **list, struct feed *feed)
{
    if (!feed || --feed->users > 0)
        return;
    while (*list != feed)
        list = &(*list)->next;
    *list = feed->next;
    scene_unref(feed->scene);
    scene_unref(feed->drawn);
    free(feed->places);
    free(feed);
}

bool feed_shows(const struct feed *feed, const char *name)
{
    const char *const *listens = feed->source->listens;
    if (!listens)
        return strcmp(feed->source->name, name) == 0;
    while (*listens && strcmp(*listens, name) != 0)
        listens++;
    return *listens;
}

void feed_forget(struct feed *feed)
{
    scene_unref(feed->scene);
    feed->scene = NULL;
}

int feed_scene(struct feed *feed, struct scene **out, struct fault *fault)
{
    struct scene *whole = NULL;
    int code = feed->scene ? 0 : feed->source->snapshot(feed->source->self, feed->argument, &whole, fault);
    if (code == 0 && whole) /* as it will be drawn, so that patches name what is in the picture */
        code = scene_collapse(whole, SCENE_DRAWN_NODES, &feed->scene, fault);
    scene_unref(whole);
    *out = feed->scene;
    return code;
}

void feed_remember(struct feed *feed, struct scene *scene, const void *places)
{
    size_t bytes = (size_t)scene->item_count * sizeof *feed->places;
    struct layout_place *copy = bytes ? malloc(bytes) : NULL;
    if (copy)
        memcpy(copy, places, bytes);
    free(feed->places);
    feed->places = copy;
    scene_ref(scene);
    scene_unref(feed->drawn);
    feed->drawn = scene;
}

struct layout_place *feed_places(const struct feed *feed, const struct scene *scene)
{
    struct layout_place *out =
        feed->places && scene->item_count ? calloc((size_t)scene->item_count, sizeof *out) : NULL;
    if (out)
        layout_places_carry(feed->drawn, feed->places, scene, out);
    return out;
}
