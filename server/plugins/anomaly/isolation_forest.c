/* SPDX-License-Identifier: Apache-2.0 */
/* Trees that cut at random: rows that few cuts set apart are strange. The score is 2^(-E(h)/c(n)), 0.5 for a row like
 * all others, towards 1 for a strange one; the threshold is the training rows' quantile at 1 - contamination.
 * Source: Liu, Ting and Zhou (2008), "Isolation forest", ICDM. */
#include <stdlib.h>

#include "anomaly.h"
#include "support/order.h"
#include "support/random.h"
#include "support/tree/walk.h"

#define ISOLATION_TREES_MAX 10000
#define SAMPLE_MAX 65536
#define EULER 0.57721566490153286

/* A leaf's value is the count of its rows. */
struct isolation {
    size_t features;
    uint64_t trees, samples, node_count;
    double threshold;
    uint64_t *roots;
    struct tree_node *nodes;
    double *depths; /* of the nodes; of a leaf, of what its rows would still be cut into, too */
};

/* Mean depth of an unsuccessful search in a binary tree of @count. */
static double mean_depth(double count)
{
    if (count <= 1)
        return 0;
    return count <= 2 ? 1 : 2 * (log(count - 1) + EULER) - 2 * (count - 1) / count;
}

static void isolation_free(void *state)
{
    struct isolation *forest = state;

    if (!forest)
        return;
    free(forest->roots);
    free(forest->nodes);
    free(forest->depths);
    free(forest);
}

static struct isolation *isolation_new(size_t features, uint64_t trees, uint64_t samples, uint64_t nodes)
{
    struct isolation *forest = calloc(1, sizeof(*forest));

    if (!forest)
        return NULL;
    *forest = (struct isolation){.features = features, .trees = trees, .samples = samples};
    forest->roots = calloc(trees, sizeof(*forest->roots));
    forest->nodes = calloc(nodes, sizeof(*forest->nodes));
    forest->depths = calloc(nodes, sizeof(*forest->depths));
    if (forest->roots && forest->nodes && forest->depths)
        return forest;
    isolation_free(forest);
    return NULL;
}

/* ---- Growing ---- */

struct growth {
    struct call *call;
    struct isolation *forest;
    struct random random;
    uint32_t *rows; /* of the tree's sample; each node has a piece of it */
    int depth_max;
};

/* A feature that is not constant in the piece, and its bounds; 0 when all are. */
static int choose_cut(struct growth *g, const uint32_t *rows, size_t count, uint32_t *feature, double *low,
                      double *high)
{
    size_t first = random_below(&g->random, g->forest->features);

    for (size_t i = 0; i < g->forest->features; i++) {
        size_t candidate = (first + i) % g->forest->features;
        const double *values = g->call->features[candidate];
        *low = *high = values[rows[0]];
        for (size_t r = 1; r < count; r++) {
            *low = fmin(*low, values[rows[r]]);
            *high = fmax(*high, values[rows[r]]);
        }
        if (*low < *high) {
            *feature = (uint32_t)candidate;
            return 1;
        }
    }
    return 0;
}

static void grow(struct growth *g, uint64_t at, size_t from, size_t count, int depth)
{
    uint32_t *rows = g->rows + from, feature = 0;
    struct tree_node *node = &g->forest->nodes[at];
    double low, high;
    size_t left = 0;

    if (count <= 1 || depth >= g->depth_max || !choose_cut(g, rows, count, &feature, &low, &high)) {
        *node = (struct tree_node){.value = (double)count, .feature = TREE_LEAF};
        return;
    }
    double threshold = low + random_uniform(&g->random) * (high - low); /* in [low, high): both sides have rows */
    if (!(threshold < high))
        threshold = low;
    for (size_t i = 0; i < count; i++)
        if (g->call->features[feature][rows[i]] <= threshold) {
            uint32_t kept = rows[left];
            rows[left++] = rows[i];
            rows[i] = kept;
        }
    uint64_t children = g->forest->node_count;
    g->forest->node_count += 2;
    *node = (struct tree_node){.value = threshold, .feature = feature, .left = (uint32_t)children};
    grow(g, children, from, left, depth + 1);
    grow(g, children + 1, from + left, count - left, depth + 1);
}

/* The first @samples of a shuffle of all rows. */
static void draw(struct growth *g, uint32_t *all, size_t samples)
{
    size_t rows = (size_t)g->call->rows;

    for (size_t i = 0; i < samples; i++) {
        size_t other = i + random_below(&g->random, rows - i);
        uint32_t kept = all[i];
        all[i] = all[other];
        all[other] = kept;
    }
    memcpy(g->rows, all, samples * sizeof(*all));
}

/* ---- Scoring ---- */

/* Children come after their node. */
static void measure_depths(struct isolation *forest)
{
    for (uint64_t i = 0; i < forest->node_count; i++) {
        const struct tree_node *node = &forest->nodes[i];
        if (node->feature == TREE_LEAF)
            forest->depths[i] += mean_depth(node->value);
        else
            forest->depths[node->left] = forest->depths[node->left + 1] = forest->depths[i] + 1;
    }
}

static void add_depths(const struct isolation *forest, const double *points, size_t count, double *depths)
{
    uint32_t leaves[WALK_ROWS];

    for (uint64_t tree = 0; tree < forest->trees; tree++) {
        walk_tree(forest->nodes, (uint32_t)forest->roots[tree], points, count, leaves);
        for (size_t row = 0; row < count; row++)
            depths[row] += forest->depths[leaves[row]];
    }
}

static int32_t score_rows(struct call *call, const struct isolation *forest, double *scores)
{
    double usual = mean_depth((double)forest->samples), depths[WALK_ROWS];
    double *points = call_numbers(call, (int64_t)forest->features * WALK_ROWS);

    for (int64_t from = 0; !call->status && from < call->rows; from += WALK_ROWS) {
        size_t count = call->rows - from < WALK_ROWS ? (size_t)(call->rows - from) : WALK_ROWS;
        if (call_step(call, (double)from, (double)call->rows))
            break;
        memset(depths, 0, sizeof(depths));
        walk_gather(call->features, forest->features, from, count, points);
        add_depths(forest, points, count, depths);
        for (size_t i = 0; i < count; i++)
            scores[from + (int64_t)i] = usual > 0 ? exp2(-depths[i] / (double)forest->trees / usual) : 0.5;
    }
    return call->status;
}

static int32_t apply(struct call *call, const void *state)
{
    const struct isolation *forest = state;

    score_rows(call, forest, call->out[1]);
    for (int64_t row = 0; row < call->rows; row++)
        call->out[0][row] = call->out[1][row] > forest->threshold;
    return call->status;
}

static int32_t set_threshold(struct call *call, struct isolation *forest, double contamination)
{
    double *scores = call_numbers(call, call->rows);

    if (call->status || score_rows(call, forest, scores))
        return call->status;
    order_sort(scores, (size_t)call->rows);
    forest->threshold = order_quantile(scores, (size_t)call->rows, 1 - contamination);
    return call->status;
}

static int32_t fit(struct call *call, void **state)
{
    uint64_t trees = (uint64_t)call_integer(call, "n_estimators", 1, ISOLATION_TREES_MAX);
    size_t samples = (size_t)call_integer(call, "max_samples", 2, SAMPLE_MAX);
    double contamination = call_number_within(call, "contamination", 0, 0.5);
    uint32_t *all = call_memory(call, (size_t)call->rows, sizeof(*all));

    samples = (int64_t)samples < call->rows ? samples : (size_t)call->rows;
    struct growth g = {.call = call, .rows = call_memory(call, samples, sizeof(uint32_t))};
    g.depth_max = (int)ceil(log2(fmax(2, (double)samples)));
    if (call->status)
        return call->status;
    g.forest = isolation_new(call->feature_count, trees, samples, trees * 2 * samples);
    if (!g.forest)
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    for (int64_t row = 0; row < call->rows; row++)
        all[row] = (uint32_t)row;
    call_part(call, 0, 0.5);
    for (uint64_t tree = 0; tree < trees && !call_step(call, (double)tree, (double)trees); tree++) {
        random_start(&g.random, call->host, tree);
        draw(&g, all, samples);
        g.forest->roots[tree] = g.forest->node_count++;
        grow(&g, g.forest->roots[tree], 0, samples, 0);
    }
    measure_depths(g.forest);
    call_part(call, 0.5, 1);
    if (call->status || set_threshold(call, g.forest, contamination)) {
        isolation_free(g.forest);
        return call->status;
    }
    *state = g.forest;
    return call->status;
}

/* ---- The artifact ---- */

static void save(const void *state, struct artifact_writer *writer)
{
    const struct isolation *forest = state;

    artifact_put_double(writer, forest->threshold);
    artifact_put_u64(writer, forest->samples);
    artifact_put_u64(writer, forest->trees);
    artifact_put(writer, forest->roots, forest->trees * sizeof(*forest->roots));
    artifact_put_u64(writer, forest->node_count);
    artifact_put(writer, forest->nodes, forest->node_count * sizeof(*forest->nodes));
}

/* Children come after their node, so every walk ends; all indexes are inside. */
static int is_sound(const struct isolation *forest)
{
    for (uint64_t i = 0; i < forest->trees; i++)
        if (forest->roots[i] >= forest->node_count)
            return 0;
    for (uint64_t i = 0; i < forest->node_count; i++) {
        const struct tree_node *node = &forest->nodes[i];
        if (!isfinite(node->value))
            return 0;
        if (node->feature == TREE_LEAF ? !(node->value >= 0)
                                  : node->feature >= forest->features || node->left <= i ||
                                        (uint64_t)node->left + 1 >= forest->node_count)
            return 0;
    }
    return 1;
}

static void *restore(struct artifact_reader *reader, size_t feature_count)
{
    double threshold = artifact_take_double(reader);
    uint64_t samples = artifact_take_u64(reader);
    size_t trees = artifact_take_count(reader, sizeof(uint64_t));
    const void *roots = artifact_take(reader, trees * sizeof(uint64_t));
    size_t nodes = artifact_take_count(reader, sizeof(struct tree_node));
    const void *node_bytes = artifact_take(reader, nodes * sizeof(struct tree_node));

    if (!roots || !node_bytes || trees == 0 || trees > ISOLATION_TREES_MAX || nodes == 0 || samples == 0 ||
        samples > SAMPLE_MAX)
        return NULL;
    struct isolation *forest = isolation_new(feature_count, trees, samples, nodes);
    if (!forest)
        return NULL;
    forest->threshold = threshold;
    forest->node_count = nodes;
    memcpy(forest->roots, roots, trees * sizeof(uint64_t));
    memcpy(forest->nodes, node_bytes, nodes * sizeof(struct tree_node));
    if (is_sound(forest)) {
        measure_depths(forest);
        return forest;
    }
    isolation_free(forest);
    return NULL;
}

LEARNER(isolation_forest, .task = LEARNER_GROUPS, .outputs = {"prediction", "score"}, .fit = fit, .apply = apply,
        .evaluate = anomaly_report, .save = save, .restore = restore, .release = isolation_free);
