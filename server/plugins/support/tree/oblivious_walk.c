/* SPDX-License-Identifier: Apache-2.0 */
/* Many rows through trees of one cut a level. Where such a tree ends is a number whose digits are what its cuts say, so
 * that nothing is walked: a block's values become codes once for all trees, a cut compares bytes of many rows at once,
 * and a leaf is looked up. */
#include "support/order.h"
#include "support/tree/codes.h"
#include "support/tree/oblivious_walk.h"
#include "support/wide.h"

#define ROWS_TOGETHER 512 /* whose codes stay in the cache from tree to tree */
#define EDGES_MAX 255
#define DEPTH_MAX 8 /* digits of a byte */
#define TREES_TOGETHER 4

struct cut {
    uint32_t feature;
    uint8_t edge; /* a code above it goes right */
};

struct oblivious_tree {
    uint32_t depth;
    struct cut cuts[DEPTH_MAX];
    const double *leaves; /* 2^depth */
};

struct oblivious_forest {
    size_t features, tree_count;
    struct oblivious_tree *trees;
    size_t *edge_counts; /* a feature */
    double **edges;      /* those of all cuts, ascending */
};

/* ---- Is it one? ---- */

/* @count nodes side by side from @first on have the same cut, and children in the same order. */
static int is_level(const struct forest *forest, size_t first, size_t count)
{
    const struct tree_node *head = &forest->nodes[first];

    for (size_t i = 0; i < count; i++) {
        const struct tree_node *node = &head[i];
        if (node->feature != head->feature || node->value != head->value || node->left != head->left + 2 * i)
            return 0;
    }
    return head->left + 2 * count <= forest->node_count;
}

/* The tree's depth, or -1 where it is of another kind. *@leaves receives the first of its leaves. */
static int depth_of(const struct forest *forest, size_t tree, size_t *leaves)
{
    size_t first = forest->roots[tree], count = 1;
    int depth = 0;

    for (; forest->nodes[first].feature != TREE_LEAF; depth++, count *= 2) {
        if (depth == DEPTH_MAX || !is_level(forest, first, count))
            return -1;
        first = forest->nodes[first].left;
    }
    for (size_t i = 0; i < count; i++)
        if (forest->nodes[first + i].feature != TREE_LEAF)
            return -1;
    *leaves = first;
    return depth;
}

static size_t without_doubles(double *sorted, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        if (kept == 0 || sorted[i] > sorted[kept - 1])
            sorted[kept++] = sorted[i];
    return kept;
}

/* The values at which each feature is cut; zero where one has too many. @counts: how many cuts there are, with
 * doubles. */
static int find_edges(struct call *call, const struct forest *forest, struct oblivious_forest *o, const size_t *counts)
{
    for (size_t f = 0; f < o->features; f++)
        o->edges[f] = call_numbers(call, (int64_t)counts[f]);
    for (size_t tree = 0; !call->status && tree < o->tree_count; tree++) {
        size_t at = forest->roots[tree];
        for (; forest->nodes[at].feature != TREE_LEAF; at = forest->nodes[at].left) {
            uint32_t f = forest->nodes[at].feature;
            o->edges[f][o->edge_counts[f]++] = forest->nodes[at].value;
        }
    }
    for (size_t f = 0; !call->status && f < o->features; f++) {
        order_sort(o->edges[f], o->edge_counts[f]);
        o->edge_counts[f] = without_doubles(o->edges[f], o->edge_counts[f]);
        if (o->edge_counts[f] > EDGES_MAX)
            return 0;
    }
    return !call->status;
}

static void copy_tree(const struct forest *forest, const struct oblivious_forest *o, size_t tree, size_t first_leaf,
                      double *leaves)
{
    struct oblivious_tree *to = &o->trees[tree];
    size_t at = forest->roots[tree];

    for (uint32_t i = 0; i < to->depth; i++, at = forest->nodes[at].left) {
        uint32_t f = forest->nodes[at].feature;
        to->cuts[i] = (struct cut){.feature = f,
                                   .edge = code_of(o->edges[f], o->edge_counts[f], forest->nodes[at].value)};
    }
    for (size_t i = 0; i < (size_t)1 << to->depth; i++)
        leaves[i] = forest->nodes[first_leaf + i].value;
    to->leaves = leaves;
}

/* NULL where a tree is of another kind, or without memory: call->status tells. */
static struct oblivious_forest *read_forest(struct call *call, const struct forest *forest)
{
    struct oblivious_forest *o = call_memory(call, 1, sizeof(*o));
    size_t *counts = call_memory(call, forest->features, sizeof(*counts)), leaf_count = 0;
    size_t *first_leaves = call_memory(call, forest->tree_count, sizeof(*first_leaves));

    if (call->status)
        return NULL;
    *o = (struct oblivious_forest){.features = forest->features,
                                   .tree_count = forest->tree_count,
                                   .trees = call_memory(call, forest->tree_count, sizeof(*o->trees)),
                                   .edge_counts = call_memory(call, forest->features, sizeof(*o->edge_counts)),
                                   .edges = call_memory(call, forest->features, sizeof(double *))};
    for (size_t tree = 0; !call->status && tree < forest->tree_count; tree++) {
        int depth = depth_of(forest, tree, &first_leaves[tree]);
        if (depth < 0)
            return NULL;
        o->trees[tree].depth = (uint32_t)depth;
        leaf_count += (size_t)1 << depth;
        for (size_t at = forest->roots[tree]; forest->nodes[at].feature != TREE_LEAF; at = forest->nodes[at].left)
            counts[forest->nodes[at].feature]++;
    }
    double *leaves = call_numbers(call, (int64_t)leaf_count);
    if (call->status || !find_edges(call, forest, o, counts))
        return NULL;
    for (size_t tree = 0; tree < forest->tree_count; leaves += (size_t)1 << o->trees[tree++].depth)
        copy_tree(forest, o, tree, first_leaves[tree], leaves);
    return o;
}

/* ---- Rows ---- */

static void code_rows(const struct oblivious_forest *o, const double *const *features, int64_t first, size_t count,
                      uint8_t *codes)
{
    for (size_t f = 0; f < o->features; f++, codes += ROWS_TOGETHER)
        for (size_t row = 0; o->edge_counts[f] > 0 && row < count; row++)
            codes[row] = code_of(o->edges[f], o->edge_counts[f], features[f][(size_t)first + row]);
}

typedef uint8_t lanes __attribute__((vector_size(32), aligned(1), may_alias));
#define LANES ((size_t)32)

/* The leaves of all rows of the block, whether there are so many or not. What is true is -1 in a lane. */
WIDE static void find_leaves(const struct oblivious_tree *tree, const uint8_t *codes, uint8_t *leaves)
{
    for (size_t row = 0; row < ROWS_TOGETHER; row += LANES) {
        lanes leaf = {0};
        for (uint32_t i = 0; i < tree->depth; i++) {
            const struct cut *cut = &tree->cuts[i];
            lanes code = *(const lanes *)(codes + (size_t)cut->feature * ROWS_TOGETHER + row);
            leaf = leaf + leaf - (lanes)(code > cut->edge);
        }
        *(lanes *)(leaves + row) = leaf;
    }
}

/* Tree after tree for each row, as a walk adds. */
static void add_trees(const struct oblivious_tree *trees, size_t tree_count, const uint8_t *codes, size_t count,
                      double *sums)
{
    uint8_t leaves[TREES_TOGETHER][ROWS_TOGETHER];

    for (size_t i = 0; i < tree_count; i++)
        find_leaves(&trees[i], codes, leaves[i]);
    if (tree_count == TREES_TOGETHER) {
        for (size_t row = 0; row < count; row++) {
            double sum = sums[row];
            for (size_t i = 0; i < TREES_TOGETHER; i++)
                sum += trees[i].leaves[leaves[i][row]];
            sums[row] = sum;
        }
        return;
    }
    for (size_t i = 0; i < tree_count; i++)
        for (size_t row = 0; row < count; row++)
            sums[row] += trees[i].leaves[leaves[i][row]];
}

int oblivious_add_up(struct call *call, const struct forest *forest, double *sums)
{
    struct oblivious_forest *o = call->rows < ROWS_TOGETHER ? NULL : read_forest(call, forest);
    uint8_t *codes = o ? call_memory(call, o->features * ROWS_TOGETHER, 1) : NULL;

    if (call->status || !o)
        return call->status != 0;
    for (int64_t from = 0; from < call->rows; from += ROWS_TOGETHER) {
        size_t count = call->rows - from < ROWS_TOGETHER ? (size_t)(call->rows - from) : ROWS_TOGETHER;
        if (call_step(call, (double)from, (double)call->rows))
            break;
        code_rows(o, call->features, from, count, codes);
        for (size_t tree = 0; tree < o->tree_count; tree += TREES_TOGETHER) {
            size_t together = o->tree_count - tree < TREES_TOGETHER ? o->tree_count - tree : TREES_TOGETHER;
            add_trees(o->trees + tree, together, codes, count, sums + from);
        }
    }
    return 1;
}
