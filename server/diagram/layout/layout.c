/* SPDX-License-Identifier: Apache-2.0 */
#include "diagram/layout/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagram/layout/engine.h"
#include "diagram/text/text.h"
#include "fault/fault.h"

/* A layout and the memory that everything of it lies in. */
struct layout_owner {
    struct layout layout; /* first: a layout is cast back to its owner */
    struct engine engine;
};

enum { LIMIT_BYTES = 512 * 1024 * 1024, MAX_TITLE_PX = 900, MAX_GROUP_PX = 420, MAX_KIND_PX = 220, MAX_CARD_PX = 260,
       MAX_PILL_PX = 200, HEADER_HEIGHT = SEQUENCE_TOP, LEGEND_HEIGHT = 64, MIN_PAGE_WIDTH = 420 };

/* ---- text ---- */

static const char *fit(struct engine *e, enum text_style style, const char *text, int max_px, int *width_px)
{
    char *out = layout_alloc(&e->memory, strlen(text) + 4, 1);
    *width_px = *text ? text_meter_fit(e->meter, style, text, max_px, out) : 0;
    return out;
}

/* A group shows its detail line before its kind, at the right of its title. */
static const char *group_kind(struct engine *e, const struct scene_item *item)
{
    if (!*item->detail || !*item->kind)
        return *item->detail ? item->detail : item->kind;
    size_t size = strlen(item->detail) + strlen(item->kind) + sizeof " · ";
    char *both = layout_alloc(&e->memory, size, 1);
    snprintf(both, size, "%s · %s", item->detail, item->kind);
    return both;
}

static void fit_item(struct engine *e, int i)
{
    const struct scene_item *item = &e->scene->items[i];
    struct layout_box *box = &e->out->boxes[i];
    int detail_px;
    if (item->is_group) {
        int dot = item->health != SCENE_HEALTH_NONE ? 18 : 0;
        box->title = fit(e, TEXT_GROUP_TITLE, item->title, MAX_GROUP_PX, &box->title_px);
        box->kind = fit(e, TEXT_GROUP_KIND, group_kind(e, item), MAX_KIND_PX, &box->kind_px);
        box->detail = "";
        container_of(e, i)->title_right_px = 28 + box->title_px + dot;
        container_of(e, i)->title_min_px = 28 + box->title_px + dot + (box->kind_px ? 28 + box->kind_px : 0) + 16;
        return;
    }
    box->title = fit(e, TEXT_CARD_TITLE, item->title, MAX_CARD_PX, &box->title_px);
    box->detail = fit(e, TEXT_CARD_DETAIL, item->detail, MAX_CARD_PX, &detail_px);
    box->kind = "";
    box->title_px = max_int(box->title_px, detail_px);
}

static void fit_edge(struct engine *e, int i)
{
    int width_px;
    e->out->edges[i].label = fit(e, TEXT_PILL, e->scene->edges[i].label, MAX_PILL_PX, &width_px);
    e->pill_px[i] = width_px ? (width_px + 2 * PILL_PADDING + 1) & ~1 : 0;
}

/* "Declared view of 6 components, 18 services, 6 connections": groups, nodes, edges; of a sequence "3 participants, 5
 * messages". */
static const char *subtitle(struct engine *e, int *width_px)
{
    const struct scene *scene = e->scene;
    char counted[160];
    int nodes = scene->item_count - scene->group_count;
    if (scene->arrangement == SCENE_SEQUENCE)
        snprintf(counted, sizeof counted, "%d participant%s, %d message%s", nodes, nodes == 1 ? "" : "s",
                 scene->edge_count, scene->edge_count == 1 ? "" : "s");
    else
        snprintf(counted, sizeof counted, "Declared view of %d component%s, %d service%s, %d connection%s",
                 scene->group_count, scene->group_count == 1 ? "" : "s", nodes, nodes == 1 ? "" : "s",
                 scene->edge_count, scene->edge_count == 1 ? "" : "s");
    return fit(e, TEXT_SUBTITLE, *scene->subtitle ? scene->subtitle : counted, MAX_TITLE_PX, width_px);
}

/* ---- set-up ---- */

static void collect_children(struct engine *e)
{
    const struct scene *scene = e->scene;
    for (int i = 0; i < scene->item_count; i++)
        container_of(e, scene->items[i].parent)->child_count++;
    for (int i = -1; i < scene->item_count; i++) {
        struct container *c = container_of(e, i);
        c->item = i;
        c->edges_end = &c->edges;
        c->blocks_end = &c->blocks;
        c->children = LAYOUT_NEW(&e->memory, c->child_count, int);
        c->child_count = 0;
    }
    for (int i = 0; i < scene->item_count; i++) {
        struct container *c = container_of(e, scene->items[i].parent);
        e->slot[i] = c->child_count;
        e->layer[i] = -1;
        e->depth[i] = scene->items[i].parent < 0 ? 0 : e->depth[scene->items[i].parent] + 1;
        c->children[c->child_count++] = i;
    }
}

static void allocate(struct engine *e)
{
    struct layout_memory *memory = &e->memory;
    int items = e->scene->item_count, edges = e->scene->edge_count;
    e->out->boxes = LAYOUT_NEW(memory, items, struct layout_box);
    e->out->edges = LAYOUT_NEW(memory, edges, struct layout_edge);
    e->containers = LAYOUT_NEW(memory, items + 1, struct container);
    e->depth = LAYOUT_NEW(memory, items, int);
    e->layer = LAYOUT_NEW(memory, items, int);
    e->slot = LAYOUT_NEW(memory, items, int);
    e->rect = LAYOUT_NEW(memory, items, struct layout_rect);
    e->block = LAYOUT_NEW(memory, items, struct block *);
    e->paths = LAYOUT_NEW(memory, edges, struct local_edge *);
    e->loops = LAYOUT_NEW(memory, items, struct local_edge *);
    e->last_loop = LAYOUT_NEW(memory, items, struct local_edge *);
    e->pill_px = LAYOUT_NEW(memory, edges, int);
}

/* ---- absolute places ---- */

/* Corner of a local edge's block on the page. */
static struct layout_point block_corner(const struct engine *e, const struct local_edge *local)
{
    const struct container *c = &e->containers[local->container + 1];
    const struct block *b = e->block[local->from >= 0 ? local->from : local->to];
    struct layout_point corner = container_block_corner(c, b);
    if (c->item >= 0) {
        corner.x += e->out->boxes[c->item].rect.x;
        corner.y += e->out->boxes[c->item].rect.y;
    } else {
        corner.x += PAGE_MARGIN;
        corner.y += HEADER_HEIGHT;
    }
    return corner;
}

static void place_items(struct engine *e)
{
    for (int i = 0; i < e->scene->item_count; i++) { /* parents first */
        struct layout_rect *rect = &e->out->boxes[i].rect;
        const struct container *c = container_of(e, e->scene->items[i].parent);
        struct layout_point corner = container_block_corner(c, e->block[i]);
        *rect = e->rect[i];
        rect->x += corner.x + (c->item < 0 ? PAGE_MARGIN : e->out->boxes[c->item].rect.x);
        rect->y += corner.y + (c->item < 0 ? HEADER_HEIGHT : e->out->boxes[c->item].rect.y);
    }
}

static void append(struct layout_edge *edge, struct layout_point point)
{
    int n = edge->point_count;
    if (n > 0 && edge->points[n - 1].x == point.x && edge->points[n - 1].y == point.y)
        return;
    if (n > 1) {
        const struct layout_point *a = &edge->points[n - 2], *b = &edge->points[n - 1];
        if ((a->x == b->x && b->x == point.x) || (a->y == b->y && b->y == point.y)) {
            edge->points[n - 1] = point;
            return;
        }
    }
    edge->points[edge->point_count++] = point;
}

/* The i-th point in the edge's direction, on the page. A port lies on its group's border, wherever the content ends. */
static struct layout_point path_point(const struct engine *e, const struct local_edge *local, int i)
{
    int index = local->flipped ? local->point_count - 1 - i : i;
    struct layout_point point = local->points[index], corner = block_corner(e, local);
    point.x += corner.x;
    point.y += corner.y;
    int first_end = local->flipped ? local->to : local->from, last_end = local->flipped ? local->from : local->to;
    if (index == 0 && first_end < 0)
        point.y = e->out->boxes[local->container].rect.y;
    if (index == local->point_count - 1 && last_end < 0)
        point.y = e->out->boxes[local->container].rect.y + e->out->boxes[local->container].rect.height;
    return point;
}

static void place_edge(struct engine *e, int i)
{
    struct layout_edge *edge = &e->out->edges[i];
    int count = 0;
    for (const struct local_edge *local = e->paths[i]; local; local = local->next_of_edge)
        count += local->point_count;
    edge->points = LAYOUT_NEW(&e->memory, count, struct layout_point);
    for (const struct local_edge *local = e->paths[i]; local; local = local->next_of_edge) {
        for (int k = 0; k < local->point_count; k++)
            append(edge, path_point(e, local, k));
        if (local->pill.width == 0)
            continue;
        struct layout_point corner = block_corner(e, local);
        edge->pill = local->pill;
        edge->pill.x += corner.x;
        edge->pill.y += corner.y;
    }
}

/* ---- the page ---- */

/* What the picture shows at all: bits of the entries below. */
static unsigned legend_needed(const struct scene *scene)
{
    unsigned needed = 0;
    for (int i = 0; i < scene->item_count; i++) {
        const struct scene_item *item = &scene->items[i];
        needed |= item->health != SCENE_HEALTH_NONE ? 1 | 2 | 4 : 0;
        needed |= item->health == SCENE_HEALTH_UNKNOWN ? 8 : 0;
        needed |= item->drift == SCENE_DRIFT_ABSENT ? 16 : item->drift == SCENE_DRIFT_UNDECLARED ? 32 : 0;
    }
    for (int i = 0; i < scene->edge_count; i++)
        needed |= scene->edges[i].drift == SCENE_DRIFT_ABSENT ? 16 : scene->edges[i].drift ? 32 : 0;
    return needed;
}

static void place_legend(struct engine *e, int y)
{
    static const struct layout_legend_entry entries[] = {
        {SCENE_HEALTH_HEALTHY, SCENE_DRIFT_NONE, "Healthy", 0},
        {SCENE_HEALTH_DEGRADED, SCENE_DRIFT_NONE, "Degraded", 0},
        {SCENE_HEALTH_DOWN, SCENE_DRIFT_NONE, "Down", 0},
        {SCENE_HEALTH_UNKNOWN, SCENE_DRIFT_NONE, "Unknown", 0},
        {SCENE_HEALTH_NONE, SCENE_DRIFT_ABSENT, "Absent", 0},
        {SCENE_HEALTH_NONE, SCENE_DRIFT_UNDECLARED, "Undeclared", 0},
    };
    unsigned needed = legend_needed(e->scene);
    int x = PAGE_MARGIN + 4;
    for (int i = 0; i < 6; i++) {
        if (!(needed & 1u << i))
            continue;
        e->out->legend[e->out->legend_count] = entries[i];
        e->out->legend[e->out->legend_count++].x = x;
        x += 10 + text_meter_width(e->meter, TEXT_LEGEND, entries[i].text) + 24;
    }
    e->out->legend_y = y;
}

static void make_page(struct engine *e)
{
    const struct container *root = container_of(e, -1);
    int title_px, subtitle_px;
    e->out->title = fit(e, TEXT_PAGE_TITLE, e->scene->title, MAX_TITLE_PX, &title_px);
    e->out->subtitle = subtitle(e, &subtitle_px);
    int width = max_int(max_int(root->width, max_int(title_px, subtitle_px)) + 2 * PAGE_MARGIN, MIN_PAGE_WIDTH);
    int bottom = HEADER_HEIGHT + root->height;
    place_legend(e, bottom + 30);
    e->out->width = width;
    e->out->height = e->out->legend_count ? bottom + LEGEND_HEIGHT : bottom + PAGE_MARGIN;
}

static void lay_out_graph(struct engine *e)
{
    lift_edges(e);
    for (int i = e->scene->item_count - 1; i >= -1; i--)
        if (i < 0 || e->scene->items[i].is_group)
            container_lay_out(e, container_of(e, i));
    place_items(e);
    for (int i = 0; i < e->scene->edge_count; i++)
        place_edge(e, i);
}

static void run(struct engine *e)
{
    allocate(e);
    collect_children(e);
    for (int i = 0; i < e->scene->item_count; i++)
        fit_item(e, i);
    for (int i = 0; i < e->scene->edge_count; i++)
        fit_edge(e, i);
    if (e->scene->arrangement == SCENE_SEQUENCE)
        sequence_lay_out(e);
    else
        lay_out_graph(e);
    plots_lay_out(e);
    make_page(e);
}

struct layout_place layout_place_of(const struct layout *layout, int i)
{
    const struct layout_rect *rect = &layout->boxes[i].rect;
    return (struct layout_place){rect->x + rect->width / 2, rect->y};
}

int layout_make(const struct scene *scene, const struct layout_place *before, struct text_meter *meter,
                struct layout **out, struct fault *fault)
{
    struct layout_owner *owner = calloc(1, sizeof *owner);
    if (!owner)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory for the layout");
    struct engine *e = &owner->engine;
    *e = (struct engine){.scene = scene, .before = before, .meter = meter, .out = &owner->layout};
    e->memory.limit_bytes = LIMIT_BYTES;
    if (setjmp(e->memory.failed)) {
        layout_free(&owner->layout);
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "the layout needs more than %d MiB",
                         LIMIT_BYTES / (1024 * 1024));
    }
    run(e);
    *out = &owner->layout;
    return 0;
}

void layout_free(struct layout *layout)
{
    if (!layout)
        return;
    struct layout_owner *owner = (struct layout_owner *)layout;
    layout_memory_fini(&owner->engine.memory);
    free(owner);
}
