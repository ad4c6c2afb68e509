/* SPDX-License-Identifier: Apache-2.0 */
#include "diagram/layout/engine.h"

/* Blocks go on shelves, left to right and top to bottom, in their order. A grid has a shelf to itself and takes the
 * whole width; any other block that is alone on its shelf stands in the middle. The block with ports stands at the
 * left, so that nothing is above or below it: its edges run straight to the border. */

static int square_root(int64_t value)
{
    int64_t root = 0;
    for (int64_t bit = INT64_C(1) << 30; bit > 0; bit >>= 1)
        if ((root + bit) * (root + bit) <= value)
            root += bit;
    return (int)root;
}

static bool is_shelved(const struct block *b)
{
    return !b->has_ports;
}

/* The width at which the shelves come to about 8:5, never less than the widest block. */
static int target_width(const struct container *c, int min_width)
{
    int64_t area = 0;
    int widest = min_width;
    for (const struct block *b = c->blocks; b; b = b->next) {
        if (!is_shelved(b))
            continue;
        area += (int64_t)(b->rect.width + BLOCK_GAP) * (b->rect.height + BLOCK_GAP);
        widest = max_int(widest, b->rect.width);
    }
    return max_int(widest, square_root(area * 8 / 5));
}

static const struct block *next_shelved(const struct block *b)
{
    do
        b = b->next;
    while (b && !is_shelved(b));
    return b;
}

/* Puts blocks from @left on; returns the corner right below of what they cover. */
static struct layout_point fill_shelves(struct container *c, int left, int width)
{
    int x = left, y = 0, shelf_height = 0, right = left, bottom = 0;
    for (struct block *b = c->blocks; b; b = b->next) {
        if (!is_shelved(b))
            continue;
        bool full = x > left && (b->is_grid || x + b->rect.width > left + width);
        if (full) {
            x = left;
            y += shelf_height + (b->is_grid && c->item >= 0 ? CARD_GAP : BLOCK_GAP);
            shelf_height = 0;
        }
        b->rect.x = x;
        b->rect.y = y;
        shelf_height = max_int(shelf_height, b->rect.height);
        right = max_int(right, x + b->rect.width);
        bottom = max_int(bottom, y + shelf_height);
        x = b->is_grid ? left + width + 1 : x + b->rect.width + BLOCK_GAP;
    }
    return (struct layout_point){right, bottom};
}

/* What is alone on its shelf takes the width or the middle. */
static int spread_shelves(struct engine *e, struct container *c, int left, int width)
{
    const struct block *before = NULL;
    int bottom = 0;
    for (struct block *b = c->blocks; b; b = b->next) {
        if (!is_shelved(b))
            continue;
        const struct block *after = next_shelved(b);
        bool alone = (!before || before->rect.y != b->rect.y) && (!after || after->rect.y != b->rect.y);
        if (alone && b->is_grid)
            grid_lay_out(e, b, width);
        else if (alone)
            b->rect.x = left + (width - b->rect.width) / 2;
        before = b;
        bottom = max_int(bottom, b->rect.y + b->rect.height);
    }
    return bottom;
}

struct layout_point blocks_pack(struct engine *e, struct container *c, int min_width)
{
    struct block *ported = c->blocks;
    while (ported && !ported->has_ports)
        ported = ported->next;
    int left = 0, height = 0;
    if (ported) {
        bool alone = ported == c->blocks && !ported->next;
        ported->rect.x = alone ? max_int(0, min_width - ported->rect.width) / 2 : 0;
        ported->rect.y = 0;
        if (alone)
            return (struct layout_point){max_int(min_width, ported->rect.width), ported->rect.height};
        left = ported->rect.width + BLOCK_GAP;
        height = ported->rect.height;
    }
    struct layout_point corner = fill_shelves(c, left, target_width(c, min_width - left));
    corner.x = max_int(corner.x, min_width);
    return (struct layout_point){corner.x, max_int(height, spread_shelves(e, c, left, corner.x - left))};
}
