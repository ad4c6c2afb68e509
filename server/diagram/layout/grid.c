/* SPDX-License-Identifier: Apache-2.0 */
#include "diagram/layout/engine.h"

/* Rows of equal items. One row keeps the items' own widths; more rows share columns of one width. What a block is wider
 * than it needs is given to the columns in equal parts. */

struct grid {
    int columns, rows, gap;
    int cell_width, cell_height; /* of the largest item */
};

static struct grid measure(const struct engine *e, const struct block *b)
{
    bool groups = e->scene->items[b->items[0]].is_group;
    struct grid g = {.gap = groups ? GROUP_GAP : CARD_GAP};
    for (int i = 0; i < b->item_count; i++) {
        struct layout_point size = item_min_size(e, b->items[i]);
        g.cell_width = max_int(g.cell_width, size.x);
        g.cell_height = max_int(g.cell_height, size.y);
    }
    /* The number of columns whose shape comes nearest to 3:2 for groups, 16:5 for cards; a few go in one row. */
    int wide = groups ? 15 : 32, few = groups ? 3 : 4;
    g.columns = b->item_count;
    for (int columns = 2; b->item_count > few && columns <= b->item_count; columns++) {
        int64_t rows = (b->item_count + columns - 1) / columns;
        if ((int64_t)columns * (g.cell_width + g.gap) * 10 >= rows * (g.cell_height + g.gap) * wide) {
            g.columns = columns;
            break;
        }
    }
    g.rows = (b->item_count + g.columns - 1) / g.columns;
    return g;
}

static int own_width(const struct engine *e, const struct block *b, const struct grid *g, int column)
{
    return g->rows == 1 ? item_min_size(e, b->items[column]).x : g->cell_width;
}

static int row_height(const struct engine *e, const struct block *b, const struct grid *g, int row)
{
    int height = 0;
    for (int i = row * g->columns; i < (row + 1) * g->columns && i < b->item_count; i++)
        height = max_int(height, item_min_size(e, b->items[i]).y);
    return height;
}

void grid_lay_out(struct engine *e, struct block *b, int width)
{
    struct grid g = measure(e, b);
    int needed = (g.columns - 1) * g.gap;
    for (int column = 0; column < g.columns; column++)
        needed += own_width(e, b, &g, column);
    int spare = max_int(0, width - needed), y = 0;
    for (int row = 0; row < g.rows; row++) {
        int height = row_height(e, b, &g, row), x = 0;
        for (int column = 0; column < g.columns; column++) {
            int cell = own_width(e, b, &g, column) + spare / g.columns + (column < spare % g.columns);
            int i = row * g.columns + column;
            if (i < b->item_count) {
                e->rect[b->items[i]].x = x;
                e->rect[b->items[i]].y = y;
                item_resize(e, b->items[i], cell, height);
            }
            x += cell + g.gap;
        }
        y += height + g.gap;
    }
    b->rect.width = needed + spare;
    b->rect.height = y - g.gap;
}
