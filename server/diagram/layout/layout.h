/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_DIAGRAM_LAYOUT_H
#define MLT_DIAGRAM_LAYOUT_H

#include <stdbool.h>

#include "diagram/layout/place.h"
#include "scene/scene.h"

struct fault;
struct text_meter;

/* Where everything of a scene is drawn. Units: px of 1/96 inch, whole numbers throughout, so that the same scene gives
 * the same picture on every machine with the same fonts. Origin: top left of the page. */

struct layout_rect {
    int x, y, width, height;
};

struct layout_point {
    int x, y;
};

/** One item. Texts are cut to what fits. */
struct layout_box {
    struct layout_rect rect;
    const char *title, *detail, *kind;
    int title_px, kind_px; /* widths */
    struct layout_point *plot; /* of a node that has one: its line, from left to right */
    int plot_count, plot_base; /* 0 without; y of the first number */
};

/** One edge: an orthogonal line from its first to its last point, the arrow at the last. No two neighbouring points are
 *  equal, no three on one line. */
struct layout_edge {
    struct layout_point *points;
    int point_count;       /* at least 2 */
    const char *label;     /* cut to what fits; "" for none */
    struct layout_rect pill; /* around the label; width 0 without */
};

/** Of a sequence: what hangs below a node. */
struct layout_lifeline {
    int x, top, bottom;
};

/** Of a sequence: when an edge was, at the left of the picture. */
struct layout_note {
    int right, y;          /* where the text ends, and its middle */
    const char *text;      /* "" for none */
};

struct layout_legend_entry {
    enum scene_health health;
    enum scene_drift drift; /* the mark is of this, unless it is NONE */
    const char *text;
    int x; /* of the dot's centre */
};

struct layout {
    int width, height; /* of the page */
    const char *title, *subtitle;
    struct layout_box *boxes;   /* as scene->items */
    struct layout_edge *edges;  /* as scene->edges */
    struct layout_lifeline *lifelines; /* of a sequence: as scene->items */
    struct layout_note *notes;         /* of a sequence: as scene->edges */
    int lifeline_count, note_count;    /* 0 in a graph */
    struct layout_legend_entry legend[6];
    int legend_count, legend_y; /* centre of the dots */
};

/** Lay @scene out. @before, unless NULL, are the places of its items in the picture that is looked at now: what was
 *  there stays in its row and in its order, as far as that costs few crossings and little length more. @out is owned
 *  (layout_free) and borrows nothing from @scene and @before.
 *  Thread: any, one at a time a meter. Errors: RESOURCE_EXHAUSTED when the layout needs more than 512 MiB or memory is
 *  out. Never fails for the shape of the graph. */
int layout_make(const struct scene *scene, const struct layout_place *before, struct text_meter *meter,
                struct layout **out, struct fault *fault);
/** The place of item @i, for the next picture's @before. */
struct layout_place layout_place_of(const struct layout *layout, int i);
void layout_free(struct layout *layout);

#endif
