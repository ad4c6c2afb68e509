/* SPDX-License-Identifier: Apache-2.0 */
#include "diagram/render/look.h"

#include <stdlib.h>

const struct look_theme look_light = {
    .page = 0xffffff, .ink = 0x0f172a, .muted = 0x64748b, .card = 0xffffff, .card_line = 0xe2e8f0, .pill = 0xffffff,
    .pill_line = 0xcbd5e1, .edge = 0x64748b, .tint_percent = 9, .frame_percent = 42, .shadow_percent = 5,
};

const struct look_theme look_dark = {
    .page = 0x0b1220, .ink = 0xe6edf6, .muted = 0x94a3b8, .card = 0x172033, .card_line = 0x26324a, .pill = 0x0b1220,
    .pill_line = 0x334155, .edge = 0x7c8aa0, .tint_percent = 16, .frame_percent = 48, .shadow_percent = 18,
};

uint32_t look_group_color(const struct scene *scene, int item)
{
    static const uint32_t palette[] = {0x3498db, 0x2ecc71, 0xe74c3c, 0xf39c12, 0x9b59b6, 0x1abc9c, 0x6366f1, 0xec4899};
    /* A red frame around a healthy service would say two things: what shows health has no colour that means one. */
    static const uint32_t watched[] = {0x3498db, 0x9b59b6, 0x1abc9c, 0x6366f1, 0x64748b, 0x0891b2};
    if (scene->items[item].color != SCENE_COLOR_AUTO)
        return scene->items[item].color;
    /* By its place among its siblings, so that a change elsewhere does not recolour it. */
    unsigned place = 0;
    for (int i = item - 1; i >= 0 && i > item - 256; i--)
        place += scene->items[i].is_group && scene->items[i].parent == scene->items[item].parent;
    if (scene->items[item].health != SCENE_HEALTH_NONE)
        return watched[place % (sizeof watched / sizeof *watched)];
    return palette[place % (sizeof palette / sizeof *palette)];
}

uint32_t look_plot_color(const struct scene *scene, int item, const struct look_theme *theme)
{
    int parent = scene->items[item].parent;
    return parent < 0 ? theme->edge : look_group_color(scene, parent);
}

int look_card_middle(const struct layout_box *box)
{
    return (box->plot_count ? LOOK_CARD_HEAD : box->rect.height) / 2;
}

uint32_t look_health_color(enum scene_health health)
{
    static const uint32_t colors[] = {0x94a3b8, 0x94a3b8, 0x16a34a, 0xf59e0b, 0xdc2626};
    return colors[health];
}

uint32_t look_drift_color(enum scene_drift drift)
{
    static const uint32_t colors[] = {0, 0x94a3b8, 0x8b5cf6};
    return colors[drift];
}

const char *look_drift_name(enum scene_drift drift)
{
    static const char *const names[] = {"", "absent", "undeclared"};
    return names[drift];
}

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static int length(struct layout_point a, struct layout_point b)
{
    return abs(a.x - b.x) + abs(a.y - b.y); /* one of them is 0 */
}

void look_trace_edge(const struct layout_edge *edge, const struct look_pen *pen)
{
    const struct layout_point *p = edge->points;
    int last = edge->point_count - 1;
    pen->move_to(pen->arg, p[0].x, p[0].y);
    for (int i = 1; i < last; i++) {
        int before = length(p[i - 1], p[i]) / 2, after = length(p[i], p[i + 1]) / 2;
        int radius = before < after ? before : after;
        if (radius > LOOK_CORNER)
            radius = LOOK_CORNER;
        pen->line_to(pen->arg, p[i].x - radius * sign(p[i].x - p[i - 1].x),
                     p[i].y - radius * sign(p[i].y - p[i - 1].y));
        pen->corner(pen->arg, p[i].x, p[i].y, p[i].x + radius * sign(p[i + 1].x - p[i].x),
                    p[i].y + radius * sign(p[i + 1].y - p[i].y));
    }
    int short_by = length(p[last - 1], p[last]) > LOOK_ARROW_LENGTH ? LOOK_ARROW_LENGTH - 2 : 0;
    pen->line_to(pen->arg, p[last].x - short_by * sign(p[last].x - p[last - 1].x),
                 p[last].y - short_by * sign(p[last].y - p[last - 1].y));
}

void look_arrow(const struct layout_edge *edge, struct layout_point corners[3])
{
    struct layout_point tip = edge->points[edge->point_count - 1], from = edge->points[edge->point_count - 2];
    int dx = sign(tip.x - from.x), dy = sign(tip.y - from.y);
    corners[0] = tip;
    for (int side = 0; side < 2; side++) {
        int half = side ? -LOOK_ARROW_HALF : LOOK_ARROW_HALF;
        corners[side + 1].x = tip.x - dx * LOOK_ARROW_LENGTH + dy * half;
        corners[side + 1].y = tip.y - dy * LOOK_ARROW_LENGTH + dx * half;
    }
}
