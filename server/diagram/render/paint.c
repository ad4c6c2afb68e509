/* SPDX-License-Identifier: Apache-2.0 */
#include <cairo.h>
#include <pango/pangocairo.h>

#include "diagram/render/formats.h"
#include "diagram/render/icon.h"
#include "diagram/text/text.h"

/* The same picture as svg.c draws, through cairo and pango. */

struct brush {
    const struct picture *picture;
    cairo_t *cr;
    double top, bottom;
};

enum anchor { ANCHOR_START, ANCHOR_MIDDLE, ANCHOR_END };

static void set_color(cairo_t *cr, uint32_t color, double alpha)
{
    cairo_set_source_rgba(cr, (color >> 16 & 255) / 255.0, (color >> 8 & 255) / 255.0, (color & 255) / 255.0, alpha);
}

static bool visible(const struct brush *brush, double top, double bottom)
{
    return bottom >= brush->top && top <= brush->bottom;
}

static void paint_text(const struct brush *brush, enum text_style style, uint32_t color, int x, int baseline,
                       enum anchor anchor, const char *text)
{
    if (!*text || !visible(brush, baseline - 40, baseline + 20))
        return;
    PangoLayout *layout = text_meter_layout(brush->picture->meter, style);
    pango_layout_set_text(layout, text, -1);
    double left = x;
    if (anchor != ANCHOR_START) {
        int width;
        pango_layout_get_size(layout, &width, NULL);
        left -= (double)width / PANGO_SCALE / (anchor == ANCHOR_MIDDLE ? 2 : 1);
    }
    set_color(brush->cr, color, 1);
    cairo_move_to(brush->cr, left, baseline);
    pango_cairo_show_layout_line(brush->cr, pango_layout_get_line_readonly(layout, 0));
}

static void trace_rounded(cairo_t *cr, double x, double y, double width, double height, double radius)
{
    const double quarter = 1.5707963267948966;
    cairo_new_sub_path(cr);
    cairo_arc(cr, x + width - radius, y + radius, radius, -quarter, 0);
    cairo_arc(cr, x + width - radius, y + height - radius, radius, 0, quarter);
    cairo_arc(cr, x + radius, y + height - radius, radius, quarter, 2 * quarter);
    cairo_arc(cr, x + radius, y + radius, radius, 2 * quarter, 3 * quarter);
    cairo_close_path(cr);
}

static void trace_rect(cairo_t *cr, const struct layout_rect *rect, double radius)
{
    trace_rounded(cr, rect->x, rect->y, rect->width, rect->height, radius);
}

static void paint_dot(const struct brush *brush, enum scene_health health, int x, int y)
{
    if (health == SCENE_HEALTH_NONE)
        return;
    cairo_new_sub_path(brush->cr);
    cairo_arc(brush->cr, x, y, LOOK_DOT_RADIUS, 0, 6.283185307179586);
    set_color(brush->cr, look_health_color(health), 1);
    cairo_fill(brush->cr);
}

static void paint_ring(const struct brush *brush, int x, int y)
{
    cairo_new_sub_path(brush->cr);
    cairo_arc(brush->cr, x, y, LOOK_DOT_RADIUS, 0, 6.283185307179586);
    set_color(brush->cr, look_drift_color(SCENE_DRIFT_ABSENT), 1);
    cairo_set_line_width(brush->cr, 1.5);
    cairo_stroke(brush->cr);
}

/* The frame of what drifted, around the path that is there; false when there is none to draw. */
static bool stroke_drift(const struct brush *brush, enum scene_drift drift)
{
    static const double dashes[] = {4, 3};
    if (drift == SCENE_DRIFT_NONE)
        return false;
    set_color(brush->cr, look_drift_color(drift), 1);
    cairo_set_line_width(brush->cr, drift == SCENE_DRIFT_UNDECLARED ? 1.5 : 1);
    cairo_set_dash(brush->cr, dashes, 2, 0);
    cairo_stroke(brush->cr);
    cairo_set_dash(brush->cr, dashes, 0, 0);
    return true;
}

static void paint_group(const struct brush *brush, int i)
{
    const struct layout_box *box = &brush->picture->layout->boxes[i];
    const struct look_theme *theme = brush->picture->theme;
    const struct layout_rect *rect = &box->rect;
    uint32_t color = look_group_color(brush->picture->scene, i);
    int baseline = rect->y + LOOK_GROUP_BASELINE;
    trace_rect(brush->cr, rect, LOOK_GROUP_RADIUS);
    set_color(brush->cr, color, theme->tint_percent / 100.0);
    cairo_fill_preserve(brush->cr);
    if (!stroke_drift(brush, brush->picture->scene->items[i].drift)) {
        set_color(brush->cr, color, theme->frame_percent / 100.0);
        cairo_set_line_width(brush->cr, 1.5);
        cairo_stroke(brush->cr);
    }
    trace_rounded(brush->cr, rect->x + LOOK_ACCENT_X, rect->y + LOOK_ACCENT_Y, LOOK_ACCENT_WIDTH, LOOK_ACCENT_HEIGHT,
                  2);
    set_color(brush->cr, color, 1);
    cairo_fill(brush->cr);
    paint_text(brush, TEXT_GROUP_TITLE, theme->ink, rect->x + LOOK_GROUP_TEXT_X, baseline, ANCHOR_START, box->title);
    paint_dot(brush, brush->picture->scene->items[i].health, rect->x + LOOK_GROUP_TEXT_X + box->title_px + 12,
              baseline - 5);
    paint_text(brush, TEXT_GROUP_KIND, theme->muted, rect->x + rect->width - LOOK_ACCENT_X, baseline, ANCHOR_END,
               box->kind);
}

static void paint_card_body(const struct brush *brush, const struct layout_rect *rect, enum scene_drift drift)
{
    const struct look_theme *theme = brush->picture->theme;
    trace_rounded(brush->cr, rect->x, rect->y + 2, rect->width, rect->height, LOOK_CARD_RADIUS);
    set_color(brush->cr, 0, theme->shadow_percent / 100.0);
    cairo_fill(brush->cr);
    trace_rect(brush->cr, rect, LOOK_CARD_RADIUS);
    set_color(brush->cr, theme->card, 1);
    cairo_fill_preserve(brush->cr);
    if (stroke_drift(brush, drift))
        return;
    set_color(brush->cr, theme->card_line, 1);
    cairo_set_line_width(brush->cr, 1);
    cairo_stroke(brush->cr);
}

/* A stroke of an icon, in a user space that begins at its corner. */
static void icon_stroke(void *arg, char command, const int n[6])
{
    if (command == 'M')
        cairo_move_to(arg, n[0], n[1]);
    else if (command == 'L')
        cairo_line_to(arg, n[0], n[1]);
    else if (command == 'C')
        cairo_curve_to(arg, n[0], n[1], n[2], n[3], n[4], n[5]);
    else
        cairo_close_path(arg);
}

static void paint_icon(const struct brush *brush, enum scene_icon icon, const struct layout_rect *card, int middle)
{
    if (!icon)
        return;
    cairo_save(brush->cr);
    cairo_translate(brush->cr, card->x + card->width - ICON_RIGHT - ICON_SIZE, card->y + middle - ICON_SIZE / 2);
    icon_trace(icon, icon_stroke, brush->cr);
    set_color(brush->cr, brush->picture->theme->muted, 1);
    cairo_set_line_width(brush->cr, 1.2);
    cairo_set_line_cap(brush->cr, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_join(brush->cr, CAIRO_LINE_JOIN_ROUND);
    cairo_stroke(brush->cr);
    cairo_restore(brush->cr);
}

/* The line, over a dashed one where it began, with a dot where it ends. */
static void paint_plot(const struct brush *brush, int i)
{
    static const double dashes[] = {2, 4};
    const struct layout_box *box = &brush->picture->layout->boxes[i];
    const struct layout_point *last = &box->plot[box->plot_count - 1];
    set_color(brush->cr, brush->picture->theme->pill_line, 1);
    cairo_set_line_width(brush->cr, 1.2);
    cairo_set_dash(brush->cr, dashes, 2, 0);
    cairo_move_to(brush->cr, box->plot[0].x, box->plot_base);
    cairo_line_to(brush->cr, last->x, box->plot_base);
    cairo_stroke(brush->cr);
    cairo_set_dash(brush->cr, dashes, 0, 0);
    set_color(brush->cr, look_plot_color(brush->picture->scene, i, brush->picture->theme), 1);
    cairo_set_line_width(brush->cr, LOOK_PLOT_TENTHS / 10.0);
    cairo_set_line_join(brush->cr, CAIRO_LINE_JOIN_ROUND);
    for (int at = 0; at < box->plot_count; at++)
        cairo_line_to(brush->cr, box->plot[at].x, box->plot[at].y);
    cairo_stroke(brush->cr);
    cairo_set_line_join(brush->cr, CAIRO_LINE_JOIN_MITER);
    cairo_new_sub_path(brush->cr);
    cairo_arc(brush->cr, last->x, last->y, LOOK_PLOT_DOT, 0, 6.283185307179586);
    cairo_fill(brush->cr);
}

static void paint_card(const struct brush *brush, int i)
{
    const struct layout_box *box = &brush->picture->layout->boxes[i];
    const struct look_theme *theme = brush->picture->theme;
    const struct layout_rect *rect = &box->rect;
    enum scene_health health = brush->picture->scene->items[i].health;
    enum scene_drift drift = brush->picture->scene->items[i].drift;
    int x =
        rect->x + (scene_item_has_mark(&brush->picture->scene->items[i]) ? LOOK_CARD_TEXT_X : LOOK_CARD_TEXT_X_BARE);
    int baseline = *box->detail ? LOOK_CARD_BASELINE : LOOK_CARD_ONLY_BASELINE;
    if (drift == SCENE_DRIFT_ABSENT) {
        trace_rect(brush->cr, rect, LOOK_CARD_RADIUS);
        stroke_drift(brush, drift);
        paint_ring(brush, rect->x + LOOK_DOT_X, rect->y + look_card_middle(box));
    } else {
        paint_card_body(brush, rect, drift);
    }
    paint_dot(brush, health, rect->x + LOOK_DOT_X, rect->y + look_card_middle(box));
    paint_icon(brush, brush->picture->scene->items[i].icon, rect, look_card_middle(box));
    paint_text(brush, TEXT_CARD_TITLE, drift == SCENE_DRIFT_ABSENT ? theme->muted : theme->ink, x, rect->y + baseline,
               ANCHOR_START, box->title);
    paint_text(brush, TEXT_CARD_DETAIL, theme->muted, x, rect->y + LOOK_DETAIL_BASELINE, ANCHOR_START, box->detail);
    if (box->plot_count)
        paint_plot(brush, i);
}

static void cairo_move(void *arg, int x, int y)
{
    cairo_move_to(arg, x, y);
}

static void cairo_line(void *arg, int x, int y)
{
    cairo_line_to(arg, x, y);
}

/* A quadratic curve, as in the SVG, in its cubic form. */
static void cairo_corner(void *arg, int bend_x, int bend_y, int x, int y)
{
    double from_x, from_y;
    cairo_get_current_point(arg, &from_x, &from_y);
    cairo_curve_to(arg, (from_x + 2.0 * bend_x) / 3, (from_y + 2.0 * bend_y) / 3, (x + 2.0 * bend_x) / 3,
                   (y + 2.0 * bend_y) / 3, x, y);
}

static bool edge_visible(const struct brush *brush, const struct layout_edge *edge)
{
    int top = edge->points[0].y, bottom = top;
    for (int i = 1; i < edge->point_count; i++) {
        top = edge->points[i].y < top ? edge->points[i].y : top;
        bottom = edge->points[i].y > bottom ? edge->points[i].y : bottom;
    }
    return visible(brush, top - LOOK_ARROW_LENGTH, bottom + LOOK_ARROW_LENGTH);
}

static void paint_edge(const struct brush *brush, int i)
{
    static const double dashes[] = {5, 4}, drift_dashes[] = {4, 3};
    const struct scene_edge *edge = &brush->picture->scene->edges[i];
    const struct layout_edge *line = &brush->picture->layout->edges[i];
    struct look_pen pen = {cairo_move, cairo_line, cairo_corner, brush->cr};
    struct layout_point arrow[3];
    if (!edge_visible(brush, line))
        return;
    uint32_t color = edge->health >= SCENE_HEALTH_DEGRADED ? look_health_color(edge->health)
                     : edge->drift                         ? look_drift_color(edge->drift)
                                                           : brush->picture->theme->edge;
    set_color(brush->cr, color, 1);
    cairo_set_line_width(brush->cr, 1.6);
    if (edge->drift)
        cairo_set_dash(brush->cr, drift_dashes, 2, 0);
    else
        cairo_set_dash(brush->cr, dashes, edge->line == SCENE_LINE_DASHED ? 2 : 0, 0);
    look_trace_edge(line, &pen);
    cairo_stroke(brush->cr);
    cairo_set_dash(brush->cr, dashes, 0, 0);
    look_arrow(line, arrow);
    cairo_move_to(brush->cr, arrow[0].x, arrow[0].y);
    cairo_line_to(brush->cr, arrow[1].x, arrow[1].y);
    cairo_line_to(brush->cr, arrow[2].x, arrow[2].y);
    cairo_close_path(brush->cr);
    cairo_fill(brush->cr);
}

static void paint_pill(const struct brush *brush, int i)
{
    const struct layout_edge *edge = &brush->picture->layout->edges[i];
    const struct look_theme *theme = brush->picture->theme;
    if (edge->pill.width == 0 || !visible(brush, edge->pill.y - 1, edge->pill.y + edge->pill.height + 1))
        return;
    trace_rect(brush->cr, &edge->pill, edge->pill.height / 2.0);
    set_color(brush->cr, theme->pill, 1);
    cairo_fill_preserve(brush->cr);
    set_color(brush->cr, theme->pill_line, 1);
    cairo_set_line_width(brush->cr, 1);
    cairo_stroke(brush->cr);
    paint_text(brush, TEXT_PILL, theme->muted, edge->pill.x + edge->pill.width / 2,
               edge->pill.y + edge->pill.height / 2 + LOOK_PILL_BASELINE, ANCHOR_MIDDLE, edge->label);
}

static void paint_lifeline(const struct brush *brush, const struct layout_lifeline *line)
{
    static const double dashes[] = {2, 4};
    set_color(brush->cr, brush->picture->theme->pill_line, 1);
    cairo_set_line_width(brush->cr, 1.2);
    cairo_set_dash(brush->cr, dashes, 2, 0);
    cairo_move_to(brush->cr, line->x, line->top);
    cairo_line_to(brush->cr, line->x, line->bottom);
    cairo_stroke(brush->cr);
    cairo_set_dash(brush->cr, dashes, 0, 0);
}

static void paint_legend_mark(const struct brush *brush, const struct layout_legend_entry *entry, int y)
{
    if (entry->drift == SCENE_DRIFT_ABSENT) {
        paint_ring(brush, entry->x, y);
    } else if (entry->drift == SCENE_DRIFT_UNDECLARED) {
        trace_rounded(brush->cr, entry->x - 5, y - 5, 10, 10, 3);
        stroke_drift(brush, entry->drift);
    } else {
        paint_dot(brush, entry->health, entry->x, y);
    }
}

static void paint_frame_of_page(const struct brush *brush)
{
    const struct layout *layout = brush->picture->layout;
    const struct look_theme *theme = brush->picture->theme;
    set_color(brush->cr, theme->page, 1);
    cairo_paint(brush->cr);
    paint_text(brush, TEXT_PAGE_TITLE, theme->ink, LOOK_MARGIN, LOOK_TITLE_BASELINE, ANCHOR_START, layout->title);
    paint_text(brush, TEXT_SUBTITLE, theme->muted, LOOK_MARGIN, LOOK_SUBTITLE_BASELINE, ANCHOR_START, layout->subtitle);
    for (int i = 0; i < layout->legend_count; i++) {
        const struct layout_legend_entry *entry = &layout->legend[i];
        paint_legend_mark(brush, entry, layout->legend_y);
        paint_text(brush, TEXT_LEGEND, theme->muted, entry->x + LOOK_LEGEND_TEXT_X,
                   layout->legend_y + LOOK_LEGEND_BASELINE, ANCHOR_START, entry->text);
    }
}

void paint_picture(const struct picture *picture, cairo_t *cr, double top, double bottom)
{
    struct brush brush = {picture, cr, top, bottom};
    paint_frame_of_page(&brush);
    for (int i = 0; i < picture->scene->item_count; i++) {
        const struct layout_rect *rect = &picture->layout->boxes[i].rect;
        if (!visible(&brush, rect->y - 2, rect->y + rect->height + 4))
            continue;
        if (picture->scene->items[i].is_group)
            paint_group(&brush, i);
        else
            paint_card(&brush, i);
    }
    for (int i = 0; i < picture->layout->lifeline_count; i++)
        paint_lifeline(&brush, &picture->layout->lifelines[i]);
    for (int i = 0; i < picture->scene->edge_count; i++)
        paint_edge(&brush, i);
    for (int i = 0; i < picture->scene->edge_count; i++)
        paint_pill(&brush, i);
    for (int i = 0; i < picture->layout->note_count; i++) {
        const struct layout_note *note = &picture->layout->notes[i];
        paint_text(&brush, TEXT_PILL, picture->theme->muted, note->right, note->y + LOOK_PILL_BASELINE, ANCHOR_END,
                   note->text);
    }
}
