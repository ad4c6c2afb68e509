/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/feature/folds.h"

#include <stdlib.h>
#include <string.h>

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

/* ---- Drawing ---- */

/* SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014. */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Uniform below @bound. Lemire, "Fast random integer generation in an interval", 2019, without its rejection: with
 * fewer than 2^32 rows the bias is below 2^-32. */
static uint64_t draw_below(uint64_t *state, uint64_t bound)
{
    return (uint64_t)((unsigned __int128)draw(state) * bound >> 64);
}

static uint64_t *shuffled(uint64_t rows, uint64_t seed)
{
    uint64_t *order = malloc((size_t)(rows + 1) * sizeof *order);
    if (!order)
        return NULL;
    for (uint64_t i = 0; i < rows; i++)
        order[i] = i;
    for (uint64_t i = rows; i > 1; i--) {
        uint64_t at = draw_below(&seed, i), kept = order[at];
        order[at] = order[i - 1];
        order[i - 1] = kept;
    }
    return order;
}

/* ---- The plan ---- */

static uint64_t hold_out_rows(const struct fold_plan *plan)
{
    uint64_t rows = (uint64_t)((double)plan->rows * plan->spec.test_fraction);
    return rows ? rows : 1;
}

static int plan_hold_out(struct fold_plan *plan, struct fault *fault)
{
    uint64_t test_rows = hold_out_rows(plan), embargo = plan->spec.embargo_rows;
    plan->count = 1;
    if (plan->rows >= 2 && test_rows + embargo < plan->rows)
        return 0;
    return fault_set(fault, MRPC_INVALID_ARGUMENT,
                     "%llu complete rows are too few for a test part of %g and an embargo of %llu rows",
                     (unsigned long long)plan->rows, plan->spec.test_fraction, (unsigned long long)embargo);
}

static int plan_k_fold(struct fold_plan *plan, struct fault *fault)
{
    plan->count = plan->spec.folds;
    if (plan->rows >= plan->spec.folds)
        return 0;
    return fault_set(fault, MRPC_INVALID_ARGUMENT, "%llu complete rows are too few for %u folds",
                     (unsigned long long)plan->rows, plan->spec.folds);
}

/* Windows that are not whole are left out: their figures would weigh as much as others in the mean. */
static int plan_walk_forward(struct fold_plan *plan, struct fault *fault)
{
    const struct fold_spec *spec = &plan->spec;
    uint64_t left = plan->rows;
    bool fits = spec->train_rows < left;
    left -= fits ? spec->train_rows : 0;
    fits = fits && spec->embargo_rows < left;
    left -= fits ? spec->embargo_rows : 0;
    if (!fits || spec->test_rows > left)
        return fault_set(fault, MRPC_INVALID_ARGUMENT,
                         "%llu complete rows are too few for %llu to train, %u left out and %llu to test",
                         (unsigned long long)plan->rows, (unsigned long long)spec->train_rows, spec->embargo_rows,
                         (unsigned long long)spec->test_rows);
    if (left / spec->test_rows > FOLDS_MAX)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "%llu windows, more than %d: test_rows is too small",
                         (unsigned long long)(left / spec->test_rows), FOLDS_MAX);
    plan->count = (size_t)(left / spec->test_rows);
    return 0;
}

int fold_plan_make(const struct fold_spec *spec, uint64_t rows, struct fold_plan *out, struct fault *fault)
{
    struct fold_plan plan = {.spec = *spec, .rows = rows, .count = 1};
    int code = 0;
    if (spec->shuffle)
        plan.spec.embargo_rows = 0;
    if (spec->method == FOLD_HOLD_OUT)
        code = plan_hold_out(&plan, fault);
    else if (spec->method == FOLD_K_FOLD)
        code = plan_k_fold(&plan, fault);
    else if (spec->method == FOLD_WALK_FORWARD)
        code = plan_walk_forward(&plan, fault);
    else if (!rows)
        code = fault_set(fault, MRPC_INVALID_ARGUMENT, "there are no rows to train on");
    if (!code && spec->shuffle && !(plan.order = shuffled(rows, spec->seed)))
        code = no_memory(fault);
    if (!code)
        *out = plan;
    return code;
}

void fold_plan_fini(struct fold_plan *plan)
{
    free(plan->order);
    *plan = (struct fold_plan){.order = NULL};
}

/* ---- One fold ---- */

enum role { LEFT_OUT, TRAINS, TESTS };

static void mark(const struct fold_plan *plan, unsigned char *roles, uint64_t first, uint64_t end, enum role role)
{
    for (uint64_t at = first; at < end; at++)
        roles[plan->order ? plan->order[at] : at] = (unsigned char)role;
}

/* As scikit-learn's KFold does it: the first rows % k folds have one row more. */
static void cut_k_fold(const struct fold_plan *plan, size_t index, unsigned char *roles)
{
    uint64_t size = plan->rows / plan->count, longer = plan->rows % plan->count;
    uint64_t first = index * size + (index < longer ? index : longer);
    uint64_t end = first + size + (index < longer), gap = plan->spec.embargo_rows;
    mark(plan, roles, 0, first > gap ? first - gap : 0, TRAINS);
    mark(plan, roles, first, end, TESTS);
    mark(plan, roles, end + gap < plan->rows ? end + gap : plan->rows, plan->rows, TRAINS);
}

static void cut_walk_forward(const struct fold_plan *plan, size_t index, unsigned char *roles)
{
    const struct fold_spec *spec = &plan->spec;
    uint64_t begin = index * spec->test_rows, end = begin + spec->train_rows, test = end + spec->embargo_rows;
    mark(plan, roles, spec->expanding ? 0 : begin, end, TRAINS);
    mark(plan, roles, test, test + spec->test_rows, TESTS);
}

static void assign(const struct fold_plan *plan, size_t index, unsigned char *roles)
{
    uint64_t test_first = plan->rows - hold_out_rows(plan);
    switch (plan->spec.method) {
    case FOLD_K_FOLD:
        return cut_k_fold(plan, index, roles);
    case FOLD_WALK_FORWARD:
        return cut_walk_forward(plan, index, roles);
    case FOLD_HOLD_OUT:
        mark(plan, roles, 0, test_first - plan->spec.embargo_rows, TRAINS);
        return mark(plan, roles, test_first, plan->rows, TESTS);
    default:
        mark(plan, roles, 0, plan->rows, TRAINS);
    }
}

static uint64_t *rows_with(const unsigned char *roles, uint64_t rows, enum role role, uint64_t *count)
{
    uint64_t *list, found = 0;
    for (uint64_t row = 0; row < rows; row++)
        found += roles[row] == role;
    list = malloc((size_t)(found + 1) * sizeof *list);
    *count = 0;
    for (uint64_t row = 0; list && row < rows; row++)
        if (roles[row] == role)
            list[(*count)++] = row;
    return list;
}

int fold_cut(const struct fold_plan *plan, size_t index, struct fold *out, struct fault *fault)
{
    struct fold fold = {.train = NULL};
    unsigned char *roles = calloc((size_t)plan->rows + 1, 1);
    if (!roles)
        return no_memory(fault);
    assign(plan, index, roles);
    fold.train = rows_with(roles, plan->rows, TRAINS, &fold.train_rows);
    fold.test = rows_with(roles, plan->rows, TESTS, &fold.test_rows);
    free(roles);
    int code = fold.train && fold.test ? 0 : no_memory(fault);
    if (!code && !fold.train_rows)
        code = fault_set(fault, MRPC_INVALID_ARGUMENT, "an embargo of %u rows leaves nothing to train fold %zu on",
                         plan->spec.embargo_rows, index + 1);
    if (code)
        fold_fini(&fold);
    else
        *out = fold;
    return code;
}

void fold_fini(struct fold *fold)
{
    free(fold->train);
    free(fold->test);
    *fold = (struct fold){.train = NULL};
}
