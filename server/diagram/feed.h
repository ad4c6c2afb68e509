/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_DIAGRAM_FEED_H
#define MLT_DIAGRAM_FEED_H

#include <stdbool.h>

#include "diagram/layout/place.h"
#include "scene/scene_source.h"

/* What the watchers of one view share: its scene as it is now, taken once however many watch. The diagram loop's. */

struct feed {
    struct feed *next;
    int users;
    const struct scene_source *source;
    char view[2 * SCENE_MAX_ID_BYTES + 2];
    const char *argument;  /* within view */
    struct scene *scene;   /* NULL: stale, or never taken */
    bool changed;          /* while a change is being told */
    struct scene *drawn;   /* what was drawn last, and where; NULL: nothing yet */
    struct layout_place *places;
};

/** The feed of @view in @list, made when there is none; counts a user. NULL when memory is out. @argument lies in
 *  @view. */
struct feed *feed_use(struct feed **list, const struct scene_source *source, const char *view, const char *argument);
/** The last user's end ends it. */
void feed_release(struct feed **list, struct feed *feed);

/** Does the feed's view show something of the scene source @name? */
bool feed_shows(const struct feed *feed, const char *name);
/** What was taken holds no longer. */
void feed_forget(struct feed *feed);
/** The scene as it is now, borrowed until the feed forgets it. Errors: what the source says. */
int feed_scene(struct feed *feed, struct scene **out, struct fault *fault);

/** @places (of @scene's items; unaligned, copied) are what watchers look at from now on. */
void feed_remember(struct feed *feed, struct scene *scene, const void *places);
/** Where @scene's items are in the picture that watchers look at; owned. NULL when there is none, or memory is out:
 *  then the next picture is drawn anew. */
struct layout_place *feed_places(const struct feed *feed, const struct scene *scene);

#endif
