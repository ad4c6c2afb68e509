/* SPDX-License-Identifier: Apache-2.0 */
#include "diagram/layout/engine.h"

/* ---- components: union and find over the children, and one place more for the border ---- */

static int find_root(int *up, int i)
{
    while (up[i] != i)
        i = up[i] = up[up[i]];
    return i;
}

static int *find_components(struct engine *e, struct container *c)
{
    int border = c->child_count;
    int *up = LAYOUT_NEW(&e->memory, c->child_count + 1, int);
    for (int i = 0; i <= border; i++)
        up[i] = i;
    for (const struct local_edge *local = c->edges; local; local = local->next_of_container) {
        int a = find_root(up, local->from < 0 ? border : e->slot[local->from]);
        int b = find_root(up, local->to < 0 ? border : e->slot[local->to]);
        up[max_int(a, b)] = min_int(a, b); /* the first child stands for its component */
    }
    for (int i = 0; i <= border; i++)
        up[i] = find_root(up, i);
    return up;
}

static struct block *add_block(struct engine *e, struct container *c, bool is_grid)
{
    struct block *b = LAYOUT_NEW(&e->memory, 1, struct block);
    b->is_grid = is_grid;
    b->items = LAYOUT_NEW(&e->memory, c->child_count, int);
    *c->blocks_end = b;
    c->blocks_end = &b->next;
    return b;
}

static void add_to_block(struct engine *e, struct block *b, int item)
{
    b->items[b->item_count++] = item;
    e->block[item] = b;
}

static void make_layered_blocks(struct engine *e, struct container *c)
{
    const int *component = find_components(e, c);
    struct block **of_component = LAYOUT_NEW(&e->memory, c->child_count + 1, struct block *);
    for (int i = 0; i < c->child_count; i++) {
        if (e->layer[c->children[i]] < 0)
            continue;
        struct block **b = &of_component[component[i]];
        if (!*b) {
            *b = add_block(e, c, false);
            (*b)->has_ports = component[i] == component[c->child_count];
        }
        add_to_block(e, *b, c->children[i]);
    }
}

/* Children without edges, in the order of declaration: groups in one grid, nodes in another. */
static void make_grid(struct engine *e, struct container *c, bool of_groups)
{
    struct block *b = NULL;
    for (int i = 0; i < c->child_count; i++) {
        int item = c->children[i];
        if (e->layer[item] >= 0 || e->scene->items[item].is_group != of_groups)
            continue;
        if (!b)
            b = add_block(e, c, true);
        add_to_block(e, b, item);
    }
}

/* ---- size ---- */

static int padding(const struct container *c)
{
    return c->item < 0 ? 0 : GROUP_PADDING;
}

static int title_height(const struct container *c)
{
    return c->item < 0 ? 0 : GROUP_TITLE_HEIGHT;
}

static void take_size(struct container *c, struct layout_point content)
{
    int height = c->blocks ? title_height(c) + content.y + padding(c) : c->item < 0 ? 0 : GROUP_EMPTY_HEIGHT;
    c->width = max_int(content.x + 2 * padding(c), c->title_min_px);
    c->height = height;
}

void container_lay_out(struct engine *e, struct container *c)
{
    for (int i = 0; i < c->child_count; i++) {
        struct layout_point size = item_min_size(e, c->children[i]);
        e->rect[c->children[i]] = (struct layout_rect){0, 0, size.x, size.y};
    }
    make_layered_blocks(e, c);
    make_grid(e, c, true);
    make_grid(e, c, false);
    for (struct block *b = c->blocks; b; b = b->next) {
        if (b->is_grid)
            grid_lay_out(e, b, 0);
        else
            block_lay_out(e, c, b);
    }
    take_size(c, blocks_pack(e, c, c->title_min_px - 2 * padding(c)));
    c->min_width = c->width;
}

struct layout_point item_min_size(const struct engine *e, int item)
{
    if (e->scene->items[item].is_group)
        return (struct layout_point){e->containers[item + 1].min_width, e->containers[item + 1].height};
    const struct layout_box *box = &e->out->boxes[item];
    bool has_mark = scene_item_has_mark(&e->scene->items[item]);
    int width = box->title_px + (has_mark ? CARD_TEXT_X : CARD_TEXT_X_BARE) + CARD_TEXT_X_BARE;
    width += e->scene->items[item].icon ? CARD_ICON : 0;
    if (*e->scene->items[item].plot)
        return (struct layout_point){max_int(width, CARD_PLOT_WIDTH), CARD_HEIGHT + CARD_PLOT_HEIGHT};
    return (struct layout_point){max_int(width, CARD_MIN_WIDTH), CARD_HEIGHT};
}

void item_resize(struct engine *e, int item, int width, int height)
{
    e->rect[item].width = width;
    e->rect[item].height = height;
    if (!e->scene->items[item].is_group)
        return;
    struct container *c = container_of(e, item);
    if (width != c->width && c->blocks)
        blocks_pack(e, c, width - 2 * padding(c));
    c->width = width;
    c->height = height;
}

struct layout_point container_block_corner(const struct container *c, const struct block *b)
{
    return (struct layout_point){padding(c) + b->rect.x, title_height(c) + b->rect.y};
}

int container_port_x(struct engine *e, int item, int edge)
{
    if (item < 0 || !e->scene->items[item].is_group)
        return -1;
    for (const struct local_edge *local = e->paths[edge]; local; local = local->next_of_edge) {
        if (local->container != item)
            continue;
        bool port_above = local->flipped ? local->to == PORT_NORTH : local->from == PORT_NORTH;
        const struct layout_point *port = port_above ? &local->points[0] : &local->points[local->point_count - 1];
        const struct block *b = e->block[local->from >= 0 ? local->from : local->to];
        return container_block_corner(container_of(e, item), b).x + port->x;
    }
    return -1;
}
