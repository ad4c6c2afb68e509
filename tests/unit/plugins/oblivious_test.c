/* SPDX-License-Identifier: Apache-2.0 */
/* Trees of one cut a level: looked up they say what walks say, to the bit, and a level is cut where that gains most,
 * whether its histograms are kept or not. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/tree/histogram.h"
#include "support/tree/oblivious_walk.h"

#define ROWS 1300 /* three blocks, the last one not full */
#define FEATURES 20
#define TREES 11

static void *blocks[512];
static size_t block_count;

static void *host_alloc(const struct mltrainer_host *host, size_t bytes)
{
    assert_true(block_count < sizeof(blocks) / sizeof(blocks[0]));
    return blocks[block_count++] = calloc(1, bytes + 1);
}

static int free_blocks(void **state)
{
    while (block_count > 0)
        free(blocks[--block_count]);
    return 0;
}

static void host_progress(const struct mltrainer_host *host, double fraction)
{
}

static int32_t host_cancelled(const struct mltrainer_host *host)
{
    return 0;
}

static const struct mltrainer_host host = {
    .size = sizeof(host), .alloc = host_alloc, .progress = host_progress, .cancelled = host_cancelled};

static double uniform(void)
{
    static uint64_t chance = 1;

    chance = chance * 6364136223846793005u + 1442695040888963407u;
    return (double)(chance >> 11) / 0x1p53;
}

/* @rows of numbers between 0 and 1, one of them of eight values alone. */
static void fill_call(struct call *call, struct mltrainer_error *error, int64_t rows)
{
    *call = (struct call){.host = &host, .error = error, .rows = rows, .feature_count = FEATURES};
    call->features = call_memory(call, FEATURES, sizeof(*call->features));
    for (size_t f = 0; f < FEATURES; f++) {
        double *column = call_numbers(call, rows);
        for (int64_t row = 0; row < rows; row++)
            column[row] = f == 3 ? floor(8 * uniform()) / 8 : uniform();
        call->features[f] = column;
    }
}

/* ---- Looking up ---- */

/* A tree of @depth levels with chance cuts; its leaves say what nobody else does. */
static void add_tree(struct call *call, struct forest *forest, int depth, const double *const *features)
{
    uint32_t first, left;

    forest_add_tree(call, forest, 0, &first);
    for (int level = 0; level < depth; level++) {
        uint32_t feature = (uint32_t)(FEATURES * uniform()), next = (uint32_t)forest->node_count;
        double value = features[feature][(size_t)(ROWS * uniform())];
        for (uint32_t i = 0; i < 1u << level; i++)
            forest_cut(call, forest, first + i, feature, value, &left);
        first = next;
    }
    for (uint32_t i = 0; i < 1u << depth; i++)
        forest->nodes[first + i].value = uniform() - 0.5;
}

/* Gives what oblivious_add_up() gave; where that is not 0, sums are the walk's. */
static int looks_up(struct call *call, const struct forest *forest)
{
    double *looked_up = call_numbers(call, call->rows), *walked = call_numbers(call, call->rows);
    for (int64_t row = 0; row < call->rows; row++)
        looked_up[row] = walked[row] = 0.1;
    int done = oblivious_add_up(call, forest, looked_up);
    assert_int_equal(call->status, 0);
    if (done)
        forest_add_up(call, forest, 0, walked);
    assert_memory_equal(looked_up, walked, (size_t)call->rows * sizeof(double));
    return done;
}

static void leaves_are_looked_up_to_the_bit(void **state)
{
    struct mltrainer_error error = {.size = sizeof(error)};
    struct call call;

    fill_call(&call, &error, ROWS);
    struct forest *forest = forest_new(FEATURES);
    for (int tree = 0; tree < TREES; tree++) {
        add_tree(&call, forest, tree % 9, call.features); /* up to eight levels, and a leaf alone */
        assert_true(looks_up(&call, forest));
    }
    forest_free(forest);
}

static void other_trees_are_left_to_walks(void **state)
{
    struct mltrainer_error error = {.size = sizeof(error)};
    struct call call;

    fill_call(&call, &error, ROWS);
    struct forest *forest = forest_new(FEATURES);
    add_tree(&call, forest, 9, call.features); /* more levels than a byte has digits */
    assert_false(looks_up(&call, forest));
    forest_drop_tree(forest);
    add_tree(&call, forest, 3, call.features);
    forest->nodes[2].value += 0.01; /* two cuts on a level */
    assert_false(looks_up(&call, forest));
    forest_drop_tree(forest);
    add_tree(&call, forest, 2, call.features);
    forest->nodes[5].feature = 0; /* a leaf that is none */
    forest->nodes[5].left = 5;
    assert_false(looks_up(&call, forest));
    forest_drop_tree(forest);
    for (int tree = 0; tree < 256; tree++) { /* one cut more than a byte tells apart */
        assert_true(tree == 0 || looks_up(&call, forest));
        free_blocks(NULL);
        fill_call(&call, &error, ROWS);
        uint32_t root, left;
        forest_add_tree(&call, forest, 0, &root);
        forest_cut(&call, forest, root, 7, tree / 256.0, &left);
    }
    assert_false(looks_up(&call, forest));
    call.rows = 3; /* too few to pay */
    forest_drop_tree(forest);
    assert_false(looks_up(&call, forest));
    forest_free(forest);
}

/* ---- Growing ---- */

/* What one cut for all leaves scores: sums of squared sums over counts, without a penalty. @leaf: a row's. */
static double score_of(const struct call *call, const double *residuals, const uint32_t *leaf, size_t leaves,
                       uint32_t feature, double edge)
{
    double *sums = calloc(4 * leaves, sizeof(*sums)), score = 0;

    for (int64_t row = 0; row < call->rows; row++) {
        size_t at = 4 * leaf[row] + (call->features[feature][row] <= edge ? 0 : 2);
        sums[at] += residuals[row];
        sums[at + 1]++;
    }
    for (size_t i = 0; i < 2 * leaves; i++)
        score += sums[2 * i + 1] > 0 ? sums[2 * i] * sums[2 * i] / sums[2 * i + 1] : 0;
    free(sums);
    return score;
}

static void each_level_is_cut_where_it_gains_most(void **state)
{
    enum { DEPTH = 10, FEW = 400 }; /* of 20 features of 255 bins each 256 leaves' histograms are kept */
    struct mltrainer_error error = {.size = sizeof(error)};
    struct histogram histogram;
    struct call call;
    double residuals[FEW], predictions[FEW] = {0};
    uint32_t leaf[FEW] = {0};

    fill_call(&call, &error, FEW);
    for (int row = 0; row < FEW; row++)
        residuals[row] = call.features[1][row] * call.features[2][row] + call.features[3][row] + 0.3 * uniform();
    call.target = residuals;
    struct forest *forest = forest_new(FEATURES);
    assert_int_equal(histogram_start(&histogram, &call, BINS_MAX), 0);
    struct histogram_options options = {.depth_max = DEPTH};
    assert_int_equal(oblivious_grow(&histogram, forest, 1, &options, predictions), 0);
    size_t at = 0, leaves = 1;
    for (int level = 0; level < DEPTH; level++, leaves *= 2) {
        struct tree_node node = forest->nodes[at];
        assert_true(node.feature != TREE_LEAF);
        double taken = score_of(&call, residuals, leaf, leaves, node.feature, node.value);
        for (uint32_t f = 0; f < FEATURES; f++)
            for (size_t edge = 0; edge + 1 < histogram.bins.counts[f]; edge += 7)
                assert_true(score_of(&call, residuals, leaf, leaves, f, histogram.bins.edges[f][edge]) <=
                            taken * (1 + 1e-12));
        for (int row = 0; row < FEW; row++)
            leaf[row] = 2 * leaf[row] + !(call.features[node.feature][row] <= node.value);
        at = node.left;
    }
    for (int row = 0; row < FEW; row++)
        assert_true(predictions[row] == forest->nodes[at + leaf[row]].value);
    forest_free(forest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(leaves_are_looked_up_to_the_bit, free_blocks),
        cmocka_unit_test_teardown(other_trees_are_left_to_walks, free_blocks),
        cmocka_unit_test_teardown(each_level_is_cut_where_it_gains_most, free_blocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
