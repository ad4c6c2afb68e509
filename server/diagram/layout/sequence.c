/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "diagram/layout/engine.h"
#include "diagram/text/text.h"

/* A sequence: nodes side by side, a lifeline below each, and the edges as level arrows one below the other, in their
 * order.
 *
 *      0.00 ms   [client]        [service]      [store]
 *                   │──( call )────►│              │
 *      0.12 ms      │               │──( commit )─►│
 *
 * Columns stand as near to each other as their cards and the labels between them allow: each edge asks for room between
 * its ends, and columns are placed from left to right. */

enum {
    CARD_BETWEEN = 28,  /* between cards side by side */
    FIRST_ROW = 34,     /* from the cards to the first arrow */
    ROW = 34,
    LAST_ROW = 22,      /* from the last arrow to the lifelines' ends */
    PILL_ROOM = 22,     /* beside a label, on either side: the arrow and a little of its line */
    LOOP = 24,          /* how far an edge from a node to itself goes out */
    LOOP_HEIGHT = 16,
    LOOP_LABEL_GAP = 6,
    NOTE_GAP = 20,      /* between the times and the first card */
    MAX_NOTE_PX = 140,
};

struct columns {
    int *x;             /* of lifelines */
    int *first;         /* of each node: the first edge whose right end it is; -1 */
    int *next;          /* of each edge: the next with the same right end */
    int left, right;    /* borders of everything */
};

static bool is_loop(const struct scene_edge *edge)
{
    return edge->from == edge->to;
}

/* How far to the right of its lifeline an edge to oneself reaches. */
static int loop_reach(const struct engine *e, int edge)
{
    return LOOP + (e->pill_px[edge] ? LOOP_LABEL_GAP + e->pill_px[edge] : 0);
}

/* The times stand left of everything, so their widths come first. */
static int fit_notes(struct engine *e)
{
    int width = 0;
    for (int i = 0; i < e->scene->edge_count; i++) {
        const char *detail = e->scene->edges[i].detail;
        char *text = layout_alloc(&e->memory, strlen(detail) + 4, 1);
        if (*detail)
            width = max_int(width, text_meter_fit(e->meter, TEXT_PILL, detail, MAX_NOTE_PX, text));
        e->out->notes[i].text = text;
    }
    return width;
}

static void sort_edges(const struct engine *e, struct columns *c)
{
    for (int i = 0; i < e->scene->item_count; i++)
        c->first[i] = -1;
    for (int i = e->scene->edge_count - 1; i >= 0; i--) {
        const struct scene_edge *edge = &e->scene->edges[i];
        int end = max_int(edge->from, edge->to);
        c->next[i] = c->first[end];
        c->first[end] = i;
    }
}

/* What the edges of @node to nodes left of it, and loops of its left neighbour, ask for. */
static int column_after(const struct engine *e, const struct columns *c, int node)
{
    int x = 0;
    for (int i = c->first[node]; i >= 0; i = c->next[i])
        if (!is_loop(&e->scene->edges[i]))
            x = max_int(x,
                        c->x[min_int(e->scene->edges[i].from, e->scene->edges[i].to)] + e->pill_px[i] + 2 * PILL_ROOM);
    for (int i = node ? c->first[node - 1] : -1; i >= 0; i = c->next[i])
        if (is_loop(&e->scene->edges[i]))
            x = max_int(x, c->x[node - 1] + loop_reach(e, i) + PILL_ROOM);
    return x;
}

static void place_columns(struct engine *e, struct columns *c)
{
    for (int i = 0; i < e->scene->item_count; i++) {
        struct layout_point size = item_min_size(e, i);
        int before = i ? c->right + CARD_BETWEEN : c->left;
        c->x[i] = max_int(before + size.x / 2, column_after(e, c, i));
        e->out->boxes[i].rect = (struct layout_rect){c->x[i] - size.x / 2, SEQUENCE_TOP, size.x, size.y};
        c->right = c->x[i] - size.x / 2 + size.x;
    }
    int last = e->scene->item_count - 1;
    for (int i = last >= 0 ? c->first[last] : -1; i >= 0; i = c->next[i])
        if (is_loop(&e->scene->edges[i]))
            c->right = max_int(c->right, c->x[last] + loop_reach(e, i));
}

static void place_loop(struct engine *e, int i, int x, int y)
{
    struct layout_edge *out = &e->out->edges[i];
    out->point_count = 4;
    out->points = LAYOUT_NEW(&e->memory, 4, struct layout_point);
    out->points[0] = (struct layout_point){x, y};
    out->points[1] = (struct layout_point){x + LOOP, y};
    out->points[2] = (struct layout_point){x + LOOP, y + LOOP_HEIGHT};
    out->points[3] = (struct layout_point){x, y + LOOP_HEIGHT};
    if (e->pill_px[i])
        out->pill = (struct layout_rect){x + LOOP + LOOP_LABEL_GAP, y + LOOP_HEIGHT / 2 - PILL_HEIGHT / 2,
                                         e->pill_px[i], PILL_HEIGHT};
}

static void place_arrow(struct engine *e, int i, int from_x, int to_x, int y)
{
    struct layout_edge *out = &e->out->edges[i];
    out->point_count = 2;
    out->points = LAYOUT_NEW(&e->memory, 2, struct layout_point);
    out->points[0] = (struct layout_point){from_x, y};
    out->points[1] = (struct layout_point){to_x, y};
    if (e->pill_px[i])
        out->pill = (struct layout_rect){(from_x + to_x - e->pill_px[i]) / 2, y - PILL_HEIGHT / 2, e->pill_px[i],
                                         PILL_HEIGHT};
}

/* Returns where the lifelines end. */
static int place_rows(struct engine *e, const struct columns *c, int note_right)
{
    int y = SEQUENCE_TOP + CARD_HEIGHT + FIRST_ROW;
    int bottom = y;
    for (int i = 0; i < e->scene->edge_count; i++) {
        const struct scene_edge *edge = &e->scene->edges[i];
        e->out->notes[i].right = note_right;
        e->out->notes[i].y = y;
        if (is_loop(edge))
            place_loop(e, i, c->x[edge->from], y);
        else
            place_arrow(e, i, c->x[edge->from], c->x[edge->to], y);
        bottom = y + (is_loop(edge) ? LOOP_HEIGHT : 0);
        y = bottom + ROW;
    }
    return bottom + LAST_ROW;
}

void sequence_lay_out(struct engine *e)
{
    int nodes = e->scene->item_count, edges = e->scene->edge_count;
    struct columns c = {.x = LAYOUT_NEW(&e->memory, nodes, int), .first = LAYOUT_NEW(&e->memory, nodes, int),
                        .next = LAYOUT_NEW(&e->memory, edges, int)};
    e->out->notes = LAYOUT_NEW(&e->memory, edges, struct layout_note);
    e->out->lifelines = LAYOUT_NEW(&e->memory, nodes, struct layout_lifeline);
    e->out->note_count = edges;
    e->out->lifeline_count = nodes;
    int note_px = fit_notes(e);
    c.left = PAGE_MARGIN + (note_px ? note_px + NOTE_GAP : 0);
    c.right = c.left;
    sort_edges(e, &c);
    place_columns(e, &c);
    int bottom = place_rows(e, &c, PAGE_MARGIN + note_px);
    for (int i = 0; i < nodes; i++)
        e->out->lifelines[i] = (struct layout_lifeline){c.x[i], SEQUENCE_TOP + CARD_HEIGHT, bottom};
    struct container *root = container_of(e, -1);
    root->width = c.right - PAGE_MARGIN;
    root->height = nodes ? bottom - SEQUENCE_TOP : 0;
}
