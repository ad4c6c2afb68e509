/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_DIAGRAM_LOOK_H
#define MLT_DIAGRAM_LOOK_H

#include <stdint.h>

#include "diagram/layout/layout.h"
#include "scene/scene.h"

/* What all drawn formats share: colours, and where things lie within a box. Units: px. Colours: 0xRRGGBB. */

enum {
    LOOK_TITLE_BASELINE = 44,    /* of the page's title, from the top */
    LOOK_SUBTITLE_BASELINE = 66,
    LOOK_MARGIN = 40,
    LOOK_GROUP_RADIUS = 12,
    LOOK_ACCENT_X = 16,
    LOOK_ACCENT_Y = 14,
    LOOK_ACCENT_WIDTH = 4,
    LOOK_ACCENT_HEIGHT = 18,
    LOOK_GROUP_TEXT_X = 28,
    LOOK_GROUP_BASELINE = 28,
    LOOK_CARD_RADIUS = 8,
    LOOK_DOT_X = 16,
    LOOK_DOT_RADIUS = 4,
    LOOK_CARD_TEXT_X = 28,
    LOOK_CARD_TEXT_X_BARE = 14,
    LOOK_CARD_BASELINE = 20,
    LOOK_DETAIL_BASELINE = 36,
    LOOK_PLOT_TENTHS = 18,        /* of a pixel: a plot's line */
    LOOK_PLOT_DOT = 3,            /* radius where it ends */
    LOOK_CARD_HEAD = 46,          /* of a card with a plot: what is above it */
    LOOK_CARD_ONLY_BASELINE = 27, /* of a title without a detail line */
    LOOK_PILL_BASELINE = 4,       /* below the pill's middle */
    LOOK_LEGEND_TEXT_X = 10,
    LOOK_LEGEND_BASELINE = 4,
    LOOK_CORNER = 8,              /* of an edge's bend */
    LOOK_ARROW_LENGTH = 10,
    LOOK_ARROW_HALF = 5,
};

struct look_theme {
    uint32_t page, ink, muted, card, card_line, pill, pill_line, edge;
    int tint_percent, frame_percent, shadow_percent; /* of a group's colour over the page; of black under a card */
};

extern const struct look_theme look_light, look_dark;

/** The colour of a group: its own, or the next of the palette by its place among the groups. */
uint32_t look_group_color(const struct scene *scene, int item);
/** Of a node's plot: its group's; at the top the edges'. */
uint32_t look_plot_color(const struct scene *scene, int item, const struct look_theme *theme);
/** Of a card's mark and icon, below its top. */
int look_card_middle(const struct layout_box *box);
uint32_t look_health_color(enum scene_health health);
/** Of the frame, ring or line of what is absent (0: as usual) or undeclared. */
uint32_t look_drift_color(enum scene_drift drift);
/** "absent", "undeclared"; "" for none. */
const char *look_drift_name(enum scene_drift drift);

/** An edge's line with rounded corners, ending where the arrow begins. @line_to and @corner are called in order; a
 *  corner goes from the current point to @to, bent at @bend. */
struct look_pen {
    void (*move_to)(void *arg, int x, int y);
    void (*line_to)(void *arg, int x, int y);
    void (*corner)(void *arg, int bend_x, int bend_y, int x, int y);
    void *arg;
};
void look_trace_edge(const struct layout_edge *edge, const struct look_pen *pen);
/** The three corners of its arrow, tip first. */
void look_arrow(const struct layout_edge *edge, struct layout_point corners[3]);

#endif
