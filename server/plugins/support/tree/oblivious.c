/* SPDX-License-Identifier: Apache-2.0 */
#include "support/tree/histogram.h"

#define KEPT_BYTES ((size_t)32 << 20) /* of a level's histograms */

/* Rows lie leaf after leaf; a level divides each leaf's piece by the same cut. Of a level whose leaves are not too many
 * all histograms are kept: of two children only the smaller one is counted, the other is what is left of the parent. */
struct oblivious_level {
    size_t count;           /* leaves: 2^depth */
    size_t *starts;         /* of their pieces, and the end */
    uint32_t first_node;    /* their nodes stand side by side */
    size_t kept_max;        /* leaves, a power of two */
    histogram_pair *pool;   /* as many histograms */
    histogram_pair **cells; /* a leaf, where they are kept */
    double *scores;         /* of each cell's cut, over all leaves so far */
};

static void add_scores(const struct bins *bins, const histogram_pair *cells, double penalty, double *scores)
{
    for (size_t f = 0; f < bins->features; f++) {
        const histogram_pair *cell = cells + bins->first[f];
        double *score = scores + bins->first[f];
        histogram_pair whole = {0, 0}, left = {0, 0};
        for (uint32_t bin = 0; bin < bins->counts[f]; bin++)
            whole += cell[bin];
        for (uint32_t bin = 0; bin + 1 < bins->counts[f]; bin++) {
            left += cell[bin];
            double rest = whole[1] - left[1];
            score[bin] += left[1] > 0 ? left[0] * left[0] / (left[1] + penalty) : 0;
            score[bin] += rest > 0 ? (whole[0] - left[0]) * (whole[0] - left[0]) / (rest + penalty) : 0;
        }
    }
}

/* The first of the best; 0 when there is nothing to cut. */
static int best_cut(const struct bins *bins, const double *scores, uint32_t *feature, uint32_t *bin)
{
    double best = 0;

    for (uint32_t f = 0; f < bins->features; f++)
        for (uint32_t b = 0; b + 1 < bins->counts[f]; b++)
            if (scores[bins->first[f] + b] > best) {
                best = scores[bins->first[f] + b];
                *feature = f;
                *bin = b;
            }
    return best > 0;
}

/* Children of all leaves: those of leaf i become leaves 2i and 2i + 1, nodes and pieces alike. */
static void divide_level(struct histogram *h, struct forest *forest, struct oblivious_level *level, uint32_t feature,
                         uint32_t bin)
{
    uint32_t left, first = (uint32_t)forest->node_count;

    for (size_t i = level->count; i-- > 0;)
        level->starts[2 * i + 2] = level->starts[i + 1]; /* from behind: nothing is written over before it is read */
    for (size_t i = 0; i < level->count && !h->call->status; i++) {
        size_t from = level->starts[2 * i], to = level->starts[2 * i + 2];
        level->starts[2 * i + 1] = from + histogram_divide(h, h->rows + from, to - from, feature, bin);
        forest_cut(h->call, forest, level->first_node + (uint32_t)i, feature, h->bins.edges[feature][bin], &left);
    }
    level->count *= 2;
    level->first_node = first;
}

static size_t rows_in(const struct oblivious_level *level, size_t leaf)
{
    return level->starts[leaf + 1] - level->starts[leaf];
}

static void count_leaf(struct histogram *h, const struct oblivious_level *level, size_t leaf, histogram_pair *cells)
{
    histogram_count(h, h->rows + level->starts[leaf], rows_in(level, leaf), cells);
}

/* The histograms of all leaves, from those of the level above; from behind, that none is written over before it is
 * read. */
static void count_level(struct histogram *h, struct oblivious_level *level)
{
    size_t parents = level->count / 2;

    if (parents == 0) {
        level->cells[0] = level->pool;
        count_leaf(h, level, 0, level->cells[0]);
    }
    for (size_t i = parents; i-- > 0 && !histogram_is_stopped(h);) {
        size_t smaller = 2 * i + (rows_in(level, 2 * i) > rows_in(level, 2 * i + 1)), larger = smaller ^ 1;
        histogram_pair *rest = level->cells[i], *counted = level->pool + (parents + i) * h->bins.cells;
        count_leaf(h, level, smaller, counted);
        for (size_t cell = 0; cell < h->bins.cells; cell++)
            rest[cell] -= counted[cell];
        level->cells[smaller] = counted;
        level->cells[larger] = rest;
        h->work += h->bins.cells;
    }
}

static void score_level(struct histogram *h, struct oblivious_level *level, double penalty)
{
    int are_kept = level->count <= level->kept_max;

    memset(level->scores, 0, h->bins.cells * sizeof(*level->scores));
    if (are_kept)
        count_level(h, level);
    for (size_t i = 0; i < level->count && !histogram_is_stopped(h); i++) {
        if (rows_in(level, i) == 0)
            continue;
        if (!are_kept)
            count_leaf(h, level, i, level->pool);
        add_scores(&h->bins, are_kept ? level->cells[i] : level->pool, penalty, level->scores);
        h->work += h->bins.cells;
    }
}

static void settle(struct histogram *h, struct forest *forest, const struct oblivious_level *level, double rate,
                   double penalty, double *predictions)
{
    for (size_t i = 0; i < level->count; i++) {
        histogram_pair sums = {0, 0};
        for (size_t k = level->starts[i]; k < level->starts[i + 1]; k++)
            sums += h->examples[h->rows[k]];
        double value = sums[1] > 0 ? rate * sums[0] / (sums[1] + penalty) : 0;
        forest->nodes[level->first_node + i].value = value;
        for (size_t k = level->starts[i]; k < level->starts[i + 1]; k++)
            predictions[h->rows[k]] += value;
    }
}

/* Memory for the deepest level. */
static struct oblivious_level *level_new(struct histogram *h, size_t depth)
{
    struct oblivious_level *level = call_memory(h->call, 1, sizeof(*level));
    size_t kept_max = 1, most = (size_t)1 << (depth - 1); /* leaves that are scored */

    if (!level)
        return NULL;
    while (kept_max < most && 2 * kept_max * h->bins.cells * sizeof(*level->pool) <= KEPT_BYTES)
        kept_max *= 2;
    *level = (struct oblivious_level){
        .kept_max = kept_max,
        .pool = call_memory(h->call, kept_max * h->bins.cells, sizeof(*level->pool)),
        .cells = call_memory(h->call, kept_max, sizeof(histogram_pair *)),
        .scores = call_memory(h->call, h->bins.cells, sizeof(*level->scores)),
        .starts = call_memory(h->call, ((size_t)1 << depth) + 1, sizeof(*level->starts))};
    return h->call->status ? NULL : level;
}

/* One piece, all rows; memory comes with the first tree. */
static struct oblivious_level *prepare(struct histogram *h, size_t depth)
{
    struct oblivious_level *level = h->level;

    if (!level && !(level = h->level = level_new(h, depth)))
        return NULL;
    level->count = 1;
    level->starts[0] = 0;
    level->starts[1] = (size_t)h->call->rows;
    return level;
}

int32_t oblivious_grow(struct histogram *h, struct forest *forest, double rate, const struct histogram_options *options,
                       double *predictions)
{
    struct oblivious_level *level = prepare(h, options->depth_max);
    uint32_t feature = 0, bin = 0;

    if (!level || forest_add_tree(h->call, forest, 0, &level->first_node))
        return h->call->status;
    histogram_take_residuals(h, predictions);
    for (size_t depth = 0; depth < options->depth_max; depth++) {
        score_level(h, level, options->penalty);
        if (h->call->status || !best_cut(&h->bins, level->scores, &feature, &bin))
            break;
        divide_level(h, forest, level, feature, bin);
    }
    if (!h->call->status)
        settle(h, forest, level, rate, options->penalty, predictions);
    return h->call->status;
}
