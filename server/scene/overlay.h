/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_SCENE_OVERLAY_H
#define MLT_SCENE_OVERLAY_H

#include "scene/scene_source.h"

/* What was declared, with what runs laid over it. An item that says what it stands for (`live: VIEW/NAME`) gets health
 * and detail line of the item NAME of the live view VIEW; where there is none it is absent. What a covered view shows
 * and no item stands for is added as undeclared:
 *
 *     declared   web ─────► registry/default/web        registry   default/web    2/2 instances
 *                mail ────► registry/default/mail                  default/cron   1/1 instances
 *     joined     web 2/2 instances, mail absent, and in a group of its own: cron 1/1 instances, undeclared
 *
 * An item stands for all that lies in the one that it names, and one that an item within it stands for is declared too.
 * Edges are compared within a covered view, between items that both stand for one of it. */

enum { OVERLAY_MAX_VIEWS = 16, OVERLAY_MAX_UNDECLARED = 100 };

struct fault;

/** One live view as it is now. */
struct overlay_view {
    const char *name;
    const struct scene *scene;
    bool covered; /* what is in it should be declared */
    bool by_id;   /* it is laid over the items that name nothing, by equal ids */
};

/** Lay @views over @declared. @out is owned, names nothing and covers nothing. Its subtitle, unless declared, counts
 *  what is there and what differs. At most OVERLAY_MAX_UNDECLARED items are added, then one that says how many more
 *  there are.
 *  Thread: any. Errors: INVALID_ARGUMENT for an item that names a view not in @views; RESOURCE_EXHAUSTED. */
int overlay_join(const struct scene *declared, const struct overlay_view *views, size_t view_count, struct scene **out,
                 struct fault *fault);

/** The views that a declared scene names, each once, in the order of the items and then of its covers. */
struct overlay_names {
    size_t count;
    char name[OVERLAY_MAX_VIEWS][SCENE_MAX_ID_BYTES + 1];
};
/** Errors: INVALID_ARGUMENT when there are more than OVERLAY_MAX_VIEWS. */
int overlay_names_of(const struct scene *declared, struct overlay_names *out, struct fault *fault);
/** True when there is any. */
bool overlay_wanted(const struct scene *declared);

/** The same with the views that @declared names, taken now from @sources; @by_id names one more that covers and is laid
 *  over by equal ids, "" for none. Never blocks. Thread: any.
 *  Errors: also INVALID_ARGUMENT for a view that does not exist, takes an argument or is itself laid over, or more than
 *  OVERLAY_MAX_VIEWS of them; what a source says. */
int overlay_live(const struct scene_sources *sources, const struct scene *declared, const char *by_id,
                 struct scene **out, struct fault *fault);

/** True when @source may be laid over a declared view: it takes no argument and is not laid over itself. */
bool overlay_can_use(const struct scene_source *source);

#endif
