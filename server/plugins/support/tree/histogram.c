/* SPDX-License-Identifier: Apache-2.0 */
#include "support/tree/histogram.h"

#define ROUNDING 1e-13 /* what a cut must gain, as a share of its score, to be more than rounding */

struct histogram_leaf {
    uint32_t node;
    size_t from, count, depth;
    double sum, weight;
    histogram_pair *cells; /* NULL: never to be cut */
    double gain;           /* of the cut below; 0: there is none */
    uint32_t feature, bin;
};

/* ---- Histograms to write into ---- */

static histogram_pair *borrow(struct histogram *h)
{
    if (h->spare_count > 0)
        return h->spare[--h->spare_count];
    return call_memory(h->call, h->bins.cells, sizeof(histogram_pair));
}

/* Never more are lent than there is room for leaves, which is checked where leaves are added. */
static void give_back(struct histogram *h, struct histogram_leaf *leaf)
{
    if (leaf->cells)
        h->spare[h->spare_count++] = leaf->cells;
    leaf->cells = NULL;
}

static int make_room(struct histogram *h, size_t leaves)
{
    size_t room = h->leaf_room ? h->leaf_room : 64;

    if (leaves <= h->leaf_room)
        return 0;
    while (room < leaves)
        room *= 2;
    struct histogram_leaf *larger = call_memory(h->call, room, sizeof(*larger));
    histogram_pair **spare = call_memory(h->call, room + 2, sizeof(histogram_pair *));
    if (h->call->status)
        return 1;
    if (h->leaf_room > 0) {
        memcpy(larger, h->leaves, h->leaf_room * sizeof(*larger));
        memcpy(spare, h->spare, h->spare_count * sizeof(histogram_pair *));
    }
    h->leaves = larger;
    h->spare = spare;
    h->leaf_room = room;
    return 0;
}

/* ---- The best cut of a leaf ---- */

static double square_over(double sum, double weight)
{
    return sum * sum / weight;
}

static void consider_feature(const struct histogram *h, struct histogram_leaf *leaf, uint32_t feature,
                             const struct histogram_options *options, double *score)
{
    const histogram_pair *cells = leaf->cells + h->bins.first[feature];
    double sum = 0, weight = 0;

    for (uint32_t bin = 0; bin + 1 < h->bins.counts[feature]; bin++) {
        sum += cells[bin][0];
        weight += cells[bin][1];
        double rest = leaf->weight - weight;
        if (cells[bin][1] <= 0 || weight < options->weight_min)
            continue;
        if (rest < options->weight_min || rest <= ROUNDING * leaf->weight)
            break;
        double found =
            square_over(sum, weight + options->penalty) + square_over(leaf->sum - sum, rest + options->penalty);
        if (found > *score) {
            *score = found;
            leaf->feature = feature;
            leaf->bin = bin;
        }
    }
}

static void consider(struct histogram *h, struct histogram_leaf *leaf, const struct histogram_options *options)
{
    double now = square_over(leaf->sum, leaf->weight + options->penalty), score = now;

    for (uint32_t f = 0; f < h->bins.features; f++)
        consider_feature(h, leaf, f, options, &score);
    h->work += h->bins.cells;
    leaf->gain = score - now > ROUNDING * score ? score - now : 0;
    if (leaf->gain == 0)
        give_back(h, leaf);
}

static int may_be_cut(const struct histogram_leaf *leaf, size_t leaves, const struct histogram_options *options)
{
    return leaf->count >= 2 && leaf->weight >= 2 * options->weight_min &&
           (options->depth_max == 0 || leaf->depth < options->depth_max) &&
           (options->leaves_max == 0 || leaves < options->leaves_max);
}

/* ---- A heap of leaves: the next to cut on top ---- */

/* Without a limit of leaves all are cut in the end: the deepest first, so that few histograms are held at once. */
static int goes_before(const struct histogram_leaf *a, const struct histogram_leaf *b,
                       const struct histogram_options *options)
{
    double x = options->leaves_max ? a->gain : (double)a->depth, y = options->leaves_max ? b->gain : (double)b->depth;

    return x > y || (x == y && a->node < b->node);
}

static void push(struct histogram_leaf *heap, size_t at, struct histogram_leaf leaf,
                 const struct histogram_options *options)
{
    for (; at > 0 && goes_before(&leaf, &heap[(at - 1) / 2], options); at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = leaf;
}

/* Takes the top off a heap of @count. */
static struct histogram_leaf pop(struct histogram_leaf *heap, size_t count, const struct histogram_options *options)
{
    struct histogram_leaf top = heap[0], last = heap[count - 1];
    size_t at = 0;

    for (size_t child = 1; child < count - 1; at = child, child = 2 * at + 1) {
        child += child + 1 < count - 1 && goes_before(&heap[child + 1], &heap[child], options);
        if (!goes_before(&heap[child], &last, options))
            break;
        heap[at] = heap[child];
    }
    heap[at] = last;
    return top;
}

/* ---- A tree ---- */

static void sum_up(const struct histogram *h, struct histogram_leaf *leaf)
{
    histogram_pair sums = {0, 0};

    for (size_t i = 0; i < leaf->count; i++)
        sums += h->examples[h->rows[leaf->from + i]];
    leaf->sum = sums[0];
    leaf->weight = sums[1];
}

/* Histograms of two children, from the parent's: the larger one takes it over. */
static void count_children(struct histogram *h, histogram_pair *cells, struct histogram_leaf *smaller,
                           struct histogram_leaf *larger)
{
    larger->cells = cells;
    smaller->cells = borrow(h);
    if (!smaller->cells)
        return;
    histogram_count(h, h->rows + smaller->from, smaller->count, smaller->cells);
    for (size_t i = 0; i < h->bins.cells; i++)
        larger->cells[i] -= smaller->cells[i];
}

static void settle(struct histogram *h, struct forest *forest, const struct histogram_leaf *leaf, double rate,
                   const struct histogram_options *options, double *predictions)
{
    double value = leaf->weight > 0 ? rate * leaf->sum / (leaf->weight + options->penalty) : 0;

    forest->nodes[leaf->node].value = value;
    for (size_t i = 0; i < leaf->count; i++)
        predictions[h->rows[leaf->from + i]] += value;
}

int32_t histogram_grow(struct histogram *h, struct forest *forest, double rate, const struct histogram_options *options,
                       double *predictions)
{
    struct call *call = h->call;
    struct histogram_leaf root = {.count = (size_t)call->rows};
    size_t open = 0, leaves = 1;

    histogram_take_residuals(h, predictions);
    sum_up(h, &root);
    if (make_room(h, 2) || forest_add_tree(call, forest, 0, &root.node))
        return call->status;
    if (may_be_cut(&root, leaves, options) && (root.cells = borrow(h))) {
        histogram_count(h, h->rows, root.count, root.cells);
        consider(h, &root, options);
    }
    h->leaves[open++] = root;
    while (open > 0 && !histogram_is_stopped(h)) {
        struct histogram_leaf leaf = pop(h->leaves, open--, options), children[2];
        uint32_t left = 0;
        if (leaf.gain == 0 || (options->leaves_max && leaves >= options->leaves_max)) {
            give_back(h, &leaf);
            settle(h, forest, &leaf, rate, options, predictions);
            continue;
        }
        if (make_room(h, open + 2) || forest_cut(call, forest, leaf.node, leaf.feature,
                                                 h->bins.edges[leaf.feature][leaf.bin], &left))
            break;
        size_t rows_left = histogram_divide(h, h->rows + leaf.from, leaf.count, leaf.feature, leaf.bin);
        leaves++;
        children[0] = (struct histogram_leaf){
            .node = left, .from = leaf.from, .count = rows_left, .depth = leaf.depth + 1};
        children[1] = (struct histogram_leaf){.node = left + 1,
                                              .from = leaf.from + rows_left,
                                              .count = leaf.count - rows_left,
                                              .depth = leaf.depth + 1};
        sum_up(h, &children[0]);
        sum_up(h, &children[1]);
        if (may_be_cut(&children[0], leaves, options) || may_be_cut(&children[1], leaves, options))
            count_children(h, leaf.cells, &children[rows_left * 2 > leaf.count],
                           &children[rows_left * 2 <= leaf.count]);
        else
            give_back(h, &leaf);
        for (int i = 0; i < 2 && !call->status; i++) {
            if (children[i].cells && may_be_cut(&children[i], leaves, options))
                consider(h, &children[i], options);
            else
                give_back(h, &children[i]);
            push(h->leaves, open++, children[i], options);
        }
    }
    return call->status;
}
