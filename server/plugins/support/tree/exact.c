/* SPDX-License-Identifier: Apache-2.0 */
#include "support/tree/exact.h"

#include "support/order.h"

#define WORK_BETWEEN_QUESTIONS ((size_t)1 << 18)

/* ---- Once a call ---- */

static void sort_feature(struct exact *exact, size_t feature)
{
    const double *values = exact->call->features[feature];
    struct exact_entry *sorted = exact->sorted[feature];
    size_t rows = (size_t)exact->call->rows;
    uint32_t rank = 0, *indexes = exact->indexes;

    order_indexes(values, rows, indexes, exact->index_scratch);
    for (size_t i = 0; i < rows; i++) {
        rank += i > 0 && values[indexes[i]] > values[indexes[i - 1]];
        sorted[i] = (struct exact_entry){.row = indexes[i], .rank = rank};
    }
}

int32_t exact_start(struct exact *exact, struct call *call)
{
    size_t rows = (size_t)call->rows, features = call->feature_count;

    *exact = (struct exact){.call = call, .whole = 1};
    exact->examples = call_memory(call, rows, sizeof(*exact->examples));
    exact->sorted = call_memory(call, features, sizeof(struct exact_entry *));
    exact->pieces = call_memory(call, features, sizeof(struct exact_entry *));
    exact->scratch = call_memory(call, rows + 1, sizeof(*exact->scratch));
    exact->side = call_memory(call, rows, sizeof(*exact->side));
    exact->order = call_memory(call, features, sizeof(*exact->order));
    exact->waiting = call_memory(call, rows + 2, sizeof(*exact->waiting));
    struct exact_entry *sorted = call_memory(call, features * rows, sizeof(*sorted));
    struct exact_entry *pieces = call_memory(call, features * rows, sizeof(*pieces));
    exact->indexes = call_memory(call, rows, sizeof(*exact->indexes));
    exact->index_scratch = call_memory(call, rows, sizeof(*exact->index_scratch));
    for (size_t f = 0; !call->status && f < features; f++) {
        exact->sorted[f] = sorted + f * rows;
        exact->pieces[f] = pieces + f * rows;
        exact->order[f] = (uint32_t)f;
    }
    return exact_sort(exact);
}

int32_t exact_sort(struct exact *exact)
{
    struct call *call = exact->call;

    for (size_t f = 0; !call->status && f < call->feature_count && !call_step(call, exact->done, exact->whole); f++)
        sort_feature(exact, f);
    return call->status;
}

/* ---- A tree ---- */

/* What counts in this tree, and its sorted lists. */
static void take_examples(struct exact *exact)
{
    size_t rows = (size_t)exact->call->rows;

    for (size_t row = 0; row < rows; row++) {
        double weight = exact->weights ? exact->weights[row] : 1;
        exact->examples[row] = (struct exact_example){.weighted = weight * exact->target[row], .weight = weight};
    }
    for (size_t f = 0; f < exact->call->feature_count; f++) {
        if (!exact->weights) {
            memcpy(exact->pieces[f], exact->sorted[f], rows * sizeof(struct exact_entry));
            exact->row_count = rows;
            continue;
        }
        size_t taken = 0;
        for (size_t i = 0; i < rows; i++) {
            exact->pieces[f][taken] = exact->sorted[f][i];
            taken += exact->weights[exact->sorted[f][i].row] > 0;
        }
        exact->row_count = taken;
    }
    exact->work += rows * exact->call->feature_count;
}

/* Sums of the node's rows, and whether there is nothing to tell apart. */
static int measure(const struct exact *exact, struct exact_node *node)
{
    const struct exact_entry *piece = exact->pieces[0] + node->from;
    double low = INFINITY, high = -INFINITY;

    node->sum = node->weight = 0;
    for (size_t i = 0; i < node->count; i++) {
        const struct exact_example *example = &exact->examples[piece[i].row];
        double target = exact->target[piece[i].row];
        node->sum += example->weighted;
        node->weight += example->weight;
        low = fmin(low, target);
        high = fmax(high, target);
    }
    return !(low < high);
}

/* The host may want an end of it. */
static int is_stopped(struct exact *exact)
{
    if (exact->work >= WORK_BETWEEN_QUESTIONS) {
        exact->work = 0;
        call_step(exact->call, exact->done, exact->whole);
    }
    return exact->call->status != 0;
}

int32_t exact_grow(struct exact *exact, struct forest *forest, const double *target, const double *weights,
                   const struct exact_options *options)
{
    struct call *call = exact->call;
    size_t waiting = 0;
    uint32_t root = 0;

    exact->target = target;
    exact->weights = weights;
    take_examples(exact);
    if (forest_add_tree(call, forest, 0, &root))
        return call->status;
    exact->waiting[waiting++] = (struct exact_node){.node = root, .count = exact->row_count};
    while (waiting > 0 && !is_stopped(exact)) {
        struct exact_node node = exact->waiting[--waiting];
        int is_pure = measure(exact, &node);
        struct exact_cut cut = {0};
        forest->nodes[node.node].value = node.sum / node.weight;
        if (!is_pure && node.count >= 2 && node.count >= options->split_rows_min &&
            (options->depth_max == 0 || node.depth < options->depth_max))
            cut = exact_best_cut(exact, &node, options);
        uint32_t left = 0;
        if (!(cut.gain > 0) || forest_cut(call, forest, node.node, cut.feature, cut.value, &left))
            continue;
        exact_divide(exact, &node, &cut, node.depth + 1 == options->depth_max ? 1 : call->feature_count);
        exact->waiting[waiting++] = (struct exact_node){.node = left + 1,
                                                        .from = node.from + cut.left,
                                                        .count = node.count - cut.left,
                                                        .depth = node.depth + 1};
        exact->waiting[waiting++] =
            (struct exact_node){.node = left, .from = node.from, .count = cut.left, .depth = node.depth + 1};
    }
    return call->status;
}
