/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_SCENE_SCENE_SOURCE_H
#define MLT_SCENE_SCENE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "scene/scene.h"

/** Something that can be drawn: the interface "scene_source" of the container, provided by registry, execution and the
 *  container itself; and what spec files declare. The table and @self must outlive the registrations. */
struct scene_source {
    const char *name;        /* view id: "registry"; [A-Za-z0-9._-]{1,128} */
    const char *title;       /* for people: "Service registry" */
    const char *description; /* one sentence */
    const char *argument;    /* what follows "name:", "job id"; "" when the view takes no argument */
    int live;                /* changes by itself */

    /** Take the scene as it is now. @argument is "" when none was given. Never blocks (it runs on connection loops:
     *  read a snapshot). Thread: any, several at once. @out is owned by the caller (scene_unref).
     *  Errors: 0 or a gRPC code with @fault filled: NOT_FOUND for an argument that names nothing. */
    int (*snapshot)(void *self, const char *argument, struct scene **out, struct fault *fault);

    /** Under which names the bus tells that snapshot() would give another scene (events/scene_changed.h), NULL at the
     *  end. NULL: under @name. */
    const char *const *listens;

    /** Of a view that is declared and has live ones laid over it (scene/overlay.h): what was declared, borrowed. Such a
     *  view is not laid over another. NULL for all others. Thread: any. */
    const struct scene *(*declared)(void *self);

    void *self;
};

/** A copy on the heap, for the create of a component that provides the interface "scene_source"; ended by free().
 *  Errors: RESOURCE_EXHAUSTED. */
int scene_source_new(struct scene_source source, void **out, struct fault *fault);

/** The views by name. Filled before the server starts, then read from any thread. */
struct scene_sources;

struct scene_sources *scene_sources_new(void);
void scene_sources_free(struct scene_sources *sources);

/** @source is borrowed. Errors: ALREADY_EXISTS, INVALID_ARGUMENT (name), RESOURCE_EXHAUSTED. Thread: set-up only. */
int scene_sources_add(struct scene_sources *sources, const struct scene_source *source, struct fault *fault);

/** Let the list own what sources lie in: @release(object) runs when it is freed, last kept first. Without memory it
 *  runs at once. Errors: RESOURCE_EXHAUSTED. Thread: set-up only. */
int scene_sources_keep(struct scene_sources *sources, void *object, void (*release)(void *object), struct fault *fault);

size_t scene_sources_count(const struct scene_sources *sources);
/** Ordered by name. */
const struct scene_source *scene_sources_at(const struct scene_sources *sources, size_t index);
/** Names of those for which @wanted is true, with blanks between; NULL when memory is out. Owned by the caller. */
char *scene_sources_names(const struct scene_sources *sources, bool (*wanted)(const struct scene_source *source));
/** Find by view id: the part before a ':'; @argument gets the part behind it (within @view), "" without. NULL: none. */
const struct scene_source *scene_sources_find(const struct scene_sources *sources, const char *view,
                                              const char **argument);

#endif
