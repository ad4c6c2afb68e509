/* SPDX-License-Identifier: Apache-2.0 */
#include "support/tree/forest.h"

#include <stdlib.h>

#include "support/tree/walk.h"

#define NODES_MAX ((size_t)1 << 31)

struct forest *forest_new(size_t features)
{
    struct forest *forest = calloc(1, sizeof(*forest));

    if (forest)
        forest->features = features;
    return forest;
}

void forest_free(void *state)
{
    struct forest *forest = state;

    if (!forest)
        return;
    free(forest->roots);
    free(forest->weights);
    free(forest->nodes);
    free(forest);
}

static void *grown(void *array, size_t room, size_t bytes_each)
{
    size_t bytes;

    return __builtin_mul_overflow(room, bytes_each, &bytes) ? NULL : realloc(array, bytes);
}

static int make_room_for_tree(struct forest *forest)
{
    size_t room = forest->tree_room ? 2 * forest->tree_room : 64;

    if (forest->tree_count < forest->tree_room)
        return 0;
    if (forest->tree_count >= TREES_MAX)
        return 1;
    uint32_t *roots = grown(forest->roots, room, sizeof(*roots));
    if (!roots)
        return 1;
    forest->roots = roots;
    double *weights = grown(forest->weights, room, sizeof(*weights));
    if (!weights)
        return 1;
    forest->weights = weights;
    forest->tree_room = room;
    return 0;
}

static int make_room_for_nodes(struct forest *forest, size_t more)
{
    size_t room = forest->node_room ? 2 * forest->node_room : 256;

    if (forest->node_count + more <= forest->node_room)
        return 0;
    if (forest->node_count + more > NODES_MAX)
        return 1;
    struct tree_node *nodes = grown(forest->nodes, room, sizeof(*nodes));
    if (!nodes)
        return 1;
    forest->nodes = nodes;
    forest->node_room = room;
    return 0;
}

int32_t forest_add_tree(struct call *call, struct forest *forest, double value, uint32_t *root)
{
    if (call->status)
        return call->status;
    if (make_room_for_tree(forest) || make_room_for_nodes(forest, 1))
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for more trees");
    *root = (uint32_t)forest->node_count++;
    forest->nodes[*root] = (struct tree_node){.value = value, .feature = TREE_LEAF};
    forest->weights[forest->tree_count] = 1;
    forest->roots[forest->tree_count++] = *root;
    return call->status;
}

int32_t forest_cut(struct call *call, struct forest *forest, uint32_t node, uint32_t feature, double value,
                   uint32_t *left)
{
    if (call->status)
        return call->status;
    if (make_room_for_nodes(forest, 2))
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for more nodes");
    *left = (uint32_t)forest->node_count;
    forest->node_count += 2;
    forest->nodes[node] = (struct tree_node){.value = value, .feature = feature, .left = *left};
    forest->nodes[*left] = forest->nodes[*left + 1] = (struct tree_node){.feature = TREE_LEAF};
    return call->status;
}

void forest_drop_tree(struct forest *forest)
{
    forest->node_count = forest->roots[--forest->tree_count];
}

int32_t forest_add_up(struct call *call, const struct forest *forest, size_t first, double *sums)
{
    double *points = call_numbers(call, (int64_t)forest->features * WALK_ROWS);
    uint32_t leaves[WALK_ROWS];

    for (int64_t from = 0; !call->status && from < call->rows; from += WALK_ROWS) {
        size_t count = call->rows - from < WALK_ROWS ? (size_t)(call->rows - from) : WALK_ROWS;
        if (call->output && call_step(call, (double)from, (double)call->rows))
            break;
        walk_gather(call->features, forest->features, from, count, points);
        for (size_t tree = first; tree < forest->tree_count; tree++) {
            walk_tree(forest->nodes, forest->roots[tree], points, count, leaves);
            for (size_t row = 0; row < count; row++)
                sums[from + (int64_t)row] += forest->nodes[leaves[row]].value;
        }
    }
    return call->status;
}

/* ---- The artifact ---- */

void forest_save(const void *state, struct artifact_writer *writer)
{
    const struct forest *forest = state;

    artifact_put_double(writer, forest->base);
    artifact_put_u64(writer, forest->tree_count);
    for (size_t i = 0; i < forest->tree_count; i++)
        artifact_put_u32(writer, forest->roots[i]);
    artifact_put_doubles(writer, forest->weights, forest->tree_count);
    artifact_put_u64(writer, forest->node_count);
    artifact_put(writer, forest->nodes, forest->node_count * sizeof(*forest->nodes));
}

static int is_sound(const struct forest *forest)
{
    for (size_t i = 0; i < forest->tree_count; i++)
        if (forest->roots[i] >= forest->node_count)
            return 0;
    for (size_t i = 0; i < forest->node_count; i++) {
        const struct tree_node *node = &forest->nodes[i];
        if (!isfinite(node->value))
            return 0;
        if (node->feature != TREE_LEAF && (node->feature >= forest->features || node->left <= i ||
                                           (size_t)node->left + 1 >= forest->node_count))
            return 0;
    }
    return 1;
}

static int read_trees(struct artifact_reader *reader, struct forest *forest)
{
    forest->base = artifact_take_double(reader);
    forest->tree_count = forest->tree_room = artifact_take_count(reader, sizeof(uint32_t));
    if (reader->failed || forest->tree_count > TREES_MAX)
        return 0;
    forest->roots = calloc(forest->tree_count + 1, sizeof(*forest->roots));
    forest->weights = calloc(forest->tree_count + 1, sizeof(*forest->weights));
    if (!forest->roots || !forest->weights)
        return 0;
    for (size_t i = 0; i < forest->tree_count; i++)
        forest->roots[i] = artifact_take_u32(reader);
    artifact_take_doubles(reader, forest->weights, forest->tree_count);
    return !reader->failed;
}

static int read_nodes(struct artifact_reader *reader, struct forest *forest)
{
    forest->node_count = forest->node_room = artifact_take_count(reader, sizeof(*forest->nodes));
    const void *bytes = artifact_take(reader, forest->node_count * sizeof(*forest->nodes));

    forest->nodes = calloc(forest->node_count + 1, sizeof(*forest->nodes));
    if (!bytes || !forest->nodes)
        return 0;
    memcpy(forest->nodes, bytes, forest->node_count * sizeof(*forest->nodes));
    return is_sound(forest);
}

void *forest_restore(struct artifact_reader *reader, size_t features)
{
    struct forest *forest = forest_new(features);

    if (forest && read_trees(reader, forest) && read_nodes(reader, forest))
        return forest;
    forest_free(forest);
    return NULL;
}

int32_t forest_mean(struct call *call, const void *state)
{
    const struct forest *forest = state;

    if (forest_add_up(call, forest, 0, call->out[0]))
        return call->status;
    for (int64_t row = 0; row < call->rows; row++)
        call->out[0][row] /= (double)forest->tree_count;
    return call->status;
}

void *forest_restore_mean(struct artifact_reader *reader, size_t features)
{
    struct forest *forest = forest_restore(reader, features);

    if (!forest || forest->tree_count > 0)
        return forest;
    forest_free(forest);
    return NULL;
}
