/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "diagram/layout/engine.h"

/* The plots of one group have one scale, so that they can be compared with each other. */

struct scale {
    double least, most;
};

static void widen(struct scale *scale, const double *values, int count)
{
    for (int i = 0; i < count; i++) {
        scale->least = fmin(scale->least, values[i]);
        scale->most = fmax(scale->most, values[i]);
    }
}

/* From the top of @rect, as halves that cannot overflow. */
static int height_of(double value, const struct scale *scale, const struct layout_rect *rect)
{
    double span = scale->most / 2 - scale->least / 2;
    double share = span > 0 ? (value / 2 - scale->least / 2) / span : 0.5;
    return rect->y + (int)lround((1 - share) * rect->height);
}

static void place(struct engine *e, int item, const struct scale *scale, const double *values, int count)
{
    struct layout_box *box = &e->out->boxes[item];
    struct layout_rect rect = {box->rect.x + CARD_TEXT_X_BARE, box->rect.y + CARD_HEIGHT,
                               box->rect.width - 2 * CARD_TEXT_X_BARE, CARD_PLOT_HEIGHT - CARD_PLOT_BOTTOM};
    box->plot = LAYOUT_NEW(&e->memory, count, struct layout_point);
    box->plot_count = count;
    box->plot_base = height_of(values[0], scale, &rect);
    for (int i = 0; i < count; i++)
        box->plot[i] = (struct layout_point){rect.x + (int)((int64_t)rect.width * i / (count - 1)),
                                             height_of(values[i], scale, &rect)};
}

void plots_lay_out(struct engine *e)
{
    int items = e->scene->item_count;
    struct scale *scales = LAYOUT_NEW(&e->memory, items + 1, struct scale); /* by group, 0 for the top */
    double values[SCENE_MAX_PLOT];
    for (int i = 0; i <= items; i++)
        scales[i] = (struct scale){INFINITY, -INFINITY};
    for (int i = 0; i < items; i++)
        widen(&scales[e->scene->items[i].parent + 1], values, scene_plot_read(e->scene->items[i].plot, values));
    for (int i = 0; i < items; i++) {
        int count = scene_plot_read(e->scene->items[i].plot, values);
        if (count)
            place(e, i, &scales[e->scene->items[i].parent + 1], values, count);
    }
}
