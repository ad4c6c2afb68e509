/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdlib.h>

#include "diagram/layout/graph.h"

/* Between two rows each bent segment has a horizontal part on a track. What overlaps in x is on different tracks, and
 * which of two is above is decided by the crossings that either way makes. A label lies on its horizontal part where
 * that is long enough; otherwise it is an entry of its own on the vertical below, so labels never meet. */

struct entry {
    struct segment *segment;
    int upper_x, lower_x; /* of the verticals that come from above and go down */
    int low, high;        /* what it covers on its track */
    int pill_px;          /* 0: a line alone */
    bool is_pill_alone;
    int bend;             /* of a pill alone: entry of its segment's bend, which must be above; -1: straight */
    int height;
    int track;
    int64_t before, after; /* preferences of the others for being above or below this one */
    bool placed;
};

struct channel {
    struct graph *g;
    int row;
    struct entry *entries;
    int count;
    int *order;
    int *track_height; /* later: y of its middle */
    int track_count;
    int top, bottom;
};

enum { CLEARANCE = 5, SAME_X = 6, CONFLICT = 1000 };

static void add_bend(struct channel *ch, struct segment *s, int pill_px)
{
    struct entry *entry = &ch->entries[ch->count++];
    *entry = (struct entry){.segment = s, .upper_x = s->upper_x, .lower_x = s->lower_x, .pill_px = pill_px, .bend = -1};
    entry->low = min_int(s->upper_x, s->lower_x);
    entry->high = max_int(s->upper_x, s->lower_x);
    entry->height = pill_px ? PILL_HEIGHT : 0;
}

static void add_pill(struct channel *ch, struct segment *s, int pill_px, int bend)
{
    struct entry *entry = &ch->entries[ch->count++];
    *entry = (struct entry){.segment = s, .upper_x = s->lower_x, .lower_x = s->lower_x, .pill_px = pill_px};
    entry->low = s->lower_x - pill_px / 2;
    entry->high = s->lower_x + pill_px / 2;
    entry->height = PILL_HEIGHT;
    entry->is_pill_alone = true;
    entry->bend = bend;
}

static void add_segment(struct channel *ch, struct segment *s)
{
    int pill_px = s->has_label ? ch->g->e->pill_px[s->local->edge] : 0;
    bool straight = s->upper_x == s->lower_x;
    bool pill_fits = pill_px + 2 * PORT_INSET <= abs(s->upper_x - s->lower_x);
    if (!straight)
        add_bend(ch, s, pill_fits ? pill_px : 0);
    if (pill_px && !pill_fits)
        add_pill(ch, s, pill_px, straight ? -1 : ch->count - 1);
}

static bool overlaps(const struct entry *a, const struct entry *b)
{
    return a->low <= b->high + CLEARANCE && b->low <= a->high + CLEARANCE;
}

static bool covers(const struct entry *entry, int x)
{
    return entry->low - CLEARANCE < x && x < entry->high + CLEARANCE;
}

/* What it costs to have @a above @b: verticals that then pass through the other, or along each other. */
static int cost_above(const struct channel *ch, const struct entry *a, const struct entry *b)
{
    if (a->bend >= 0 && b == &ch->entries[a->bend])
        return CONFLICT * 10;
    if (a->segment == b->segment)
        return 0;
    int cost = covers(b, a->lower_x) + covers(a, b->upper_x);
    if (abs(a->lower_x - b->upper_x) < SAME_X)
        cost += CONFLICT;
    return cost;
}

/* Adds (sign 1) or takes away (-1) the preferences between @entry and all others that are not placed. */
static void count_preferences(struct channel *ch, struct entry *entry, int sign)
{
    for (int i = 0; i < ch->count; i++) {
        struct entry *other = &ch->entries[i];
        if (other == entry || other->placed || !overlaps(entry, other))
            continue;
        int difference = cost_above(ch, entry, other) - cost_above(ch, other, entry);
        if (difference < 0) /* entry should be above other */
            other->before += sign * -difference;
        else
            other->after += sign * difference;
    }
}

/* The entry that fewest others want to be below; among equals the one that most want to be above. */
static struct entry *next_entry(struct channel *ch)
{
    struct entry *best = NULL;
    for (int i = 0; i < ch->count; i++) {
        struct entry *entry = &ch->entries[i];
        if (entry->placed)
            continue;
        if (!best || entry->before < best->before || (entry->before == best->before && entry->after > best->after))
            best = entry;
    }
    return best;
}

/* From above to below; each goes on the first track that is below all that must be above it and has room. */
static void place_entry(struct channel *ch, struct entry *entry, int placed_count)
{
    int least = 0;
    for (int i = 0; i < placed_count; i++) {
        const struct entry *other = &ch->entries[ch->order[i]];
        if (overlaps(entry, other) && cost_above(ch, other, entry) < cost_above(ch, entry, other))
            least = max_int(least, other->track + 1);
    }
    for (bool moved = true; moved;) {
        moved = false;
        for (int i = 0; i < placed_count; i++) {
            const struct entry *other = &ch->entries[ch->order[i]];
            if (other->track == least && overlaps(entry, other)) {
                least++;
                moved = true;
            }
        }
    }
    entry->track = least;
    entry->placed = true;
    ch->order[placed_count] = (int)(entry - ch->entries);
    ch->track_count = max_int(ch->track_count, least + 1);
}

static void assign_tracks(struct channel *ch)
{
    for (int i = 0; i < ch->count; i++)
        count_preferences(ch, &ch->entries[i], 1);
    for (int i = 0; i < ch->count; i++) {
        struct entry *entry = next_entry(ch);
        place_entry(ch, entry, i);
        count_preferences(ch, entry, -1);
    }
}

/* ---- y ---- */

static int end_padding(const struct graph *g, int row, int padding)
{
    bool is_border = g->vertices[g->rows[row][0]].kind == VERTEX_PORT;
    return is_border ? TRACK_GAP : padding;
}

static void assign_y(struct channel *ch)
{
    struct graph *g = ch->g;
    ch->track_height = LAYOUT_NEW(&g->e->memory, ch->track_count + 1, int);
    for (int i = 0; i < ch->count; i++) {
        int *height = &ch->track_height[ch->entries[i].track];
        *height = max_int(*height, ch->entries[i].height);
    }
    ch->top = g->row_y[ch->row] + g->row_height[ch->row];
    int y = ch->top + end_padding(g, ch->row, CHANNEL_TOP);
    for (int track = 0; track < ch->track_count; track++) {
        int height = ch->track_height[track];
        ch->track_height[track] = y + height / 2;
        y += height + (track + 1 < ch->track_count ? TRACK_GAP : 0);
    }
    ch->bottom = y + end_padding(g, ch->row + 1, CHANNEL_BOTTOM);
    g->row_y[ch->row + 1] = ch->bottom;
    for (int i = 0; i < ch->count; i++)
        if (!ch->entries[i].is_pill_alone)
            ch->entries[i].segment->track_y = ch->track_height[ch->entries[i].track];
}

/* ---- pills ---- */

static bool in_way(const struct layout_rect *pill, int x, int from_y, int to_y)
{
    return pill->x - CLEARANCE < x && x < pill->x + pill->width + CLEARANCE && from_y < pill->y + pill->height &&
           pill->y < to_y;
}

/* How many lines of other segments a pill would hide. */
static int hidden_lines(const struct channel *ch, const struct segment *mine, const struct layout_rect *pill)
{
    const struct graph *g = ch->g;
    int hidden = 0;
    for (int i = 0; i < g->row_count_of[ch->row]; i++) {
        const struct vertex *v = &g->vertices[g->rows[ch->row][i]];
        for (int k = 0; k < v->down_count; k++) {
            const struct segment *s = &g->segments[g->down[v->first_down + k]];
            int turn = s->upper_x == s->lower_x ? ch->bottom : s->track_y;
            if (s != mine)
                hidden += in_way(pill, s->upper_x, ch->top, turn) + in_way(pill, s->lower_x, turn, ch->bottom);
        }
    }
    return hidden;
}

/* Slides the pill along its line to where it hides least, from the middle outwards. */
static void place_pill(struct channel *ch, const struct entry *entry, bool may_slide)
{
    enum { STEP = 8 };
    int middle = (entry->low + entry->high) / 2, y = ch->track_height[entry->track];
    int reach = (entry->high - entry->low - entry->pill_px) / 2 - PORT_INSET;
    struct layout_rect best = {middle - entry->pill_px / 2, y - PILL_HEIGHT / 2, entry->pill_px, PILL_HEIGHT};
    int fewest = may_slide ? hidden_lines(ch, entry->segment, &best) : 0;
    for (int shift = STEP; fewest > 0 && shift <= reach; shift = shift > 0 ? -shift : -shift + STEP) {
        struct layout_rect pill = best;
        pill.x = middle - entry->pill_px / 2 + shift;
        int hidden = hidden_lines(ch, entry->segment, &pill);
        if (hidden < fewest) {
            fewest = hidden;
            best = pill;
        }
    }
    entry->segment->local->pill = best;
}

void graph_route_channel(struct graph *g, int row)
{
    enum { MAX_SLIDING = 2000 };
    int segments = 0;
    for (int i = 0; i < g->row_count_of[row]; i++)
        segments += g->vertices[g->rows[row][i]].down_count;
    struct channel ch = {.g = g, .row = row};
    ch.entries = LAYOUT_NEW(&g->e->memory, 2 * segments, struct entry);
    ch.order = LAYOUT_NEW(&g->e->memory, 2 * segments, int);
    for (int i = 0; i < g->row_count_of[row]; i++) {
        const struct vertex *v = &g->vertices[g->rows[row][i]];
        for (int k = 0; k < v->down_count; k++)
            add_segment(&ch, &g->segments[g->down[v->first_down + k]]);
    }
    assign_tracks(&ch);
    assign_y(&ch);
    for (int i = 0; i < ch.count; i++)
        if (ch.entries[i].pill_px)
            place_pill(&ch, &ch.entries[i], segments <= MAX_SLIDING && !ch.entries[i].is_pill_alone);
}
