/* SPDX-License-Identifier: Apache-2.0 */
/* Ward's method by chains of nearest neighbours: the tree of joins in quadratic time, cut where @n_clusters are left.
 * Sources: Ward (1963); Murtagh (1983), "A survey of recent advances in hierarchical clustering algorithms". The
 * distance matrix is kept, so there is a limit on rows. Groups are numbered by their first row. */
#include <stdlib.h>

#include "distance.h"
#include "support/tabular.h"

#define ROWS_MAX 8192

struct join {
    uint32_t a, b; /* rows that stand for the two groups */
    double height;
    uint32_t made; /* as the how manieth */
};

struct wards {
    struct call *call;
    size_t rows;
    double *matrix; /* of squared Ward distances, below the diagonal */
    double *size;   /* of a group; 0: joined to another */
    uint32_t *chain;
    struct join *joins;
};

static double *between(const struct wards *w, size_t a, size_t b)
{
    return a > b ? &w->matrix[a * (a - 1) / 2 + b] : &w->matrix[b * (b - 1) / 2 + a];
}

/* Lance and Williams' update: distances of the group a and b made, kept under @b. */
static void join_groups(struct wards *w, size_t a, size_t b, double distance)
{
    for (size_t i = 0; i < w->rows; i++) {
        if (i == a || i == b || w->size[i] == 0)
            continue;
        double total = w->size[a] + w->size[b] + w->size[i];
        *between(w, i, b) = ((w->size[a] + w->size[i]) * *between(w, i, a) +
                             (w->size[b] + w->size[i]) * *between(w, i, b) - w->size[i] * distance) /
                            total;
    }
    w->size[b] += w->size[a];
    w->size[a] = 0;
}

/* The nearest of @from; of equally near ones @before, where the chain came from, else the first. */
static size_t nearest_of(const struct wards *w, size_t from, size_t before, double *distance)
{
    size_t best = before;

    *distance = before < w->rows ? *between(w, from, before) : INFINITY;
    for (size_t i = 0; i < w->rows; i++)
        if (i != from && w->size[i] != 0 && *between(w, from, i) < *distance) {
            *distance = *between(w, from, i);
            best = i;
        }
    return best;
}

static void build(struct wards *w)
{
    size_t length = 0, first = 0;

    for (size_t made = 0; made + 1 < w->rows && !call_step(w->call, (double)made, (double)w->rows);) {
        if (length == 0) {
            while (w->size[first] == 0)
                first++;
            w->chain[length++] = (uint32_t)first;
        }
        double distance;
        size_t end = w->chain[length - 1], before = length > 1 ? w->chain[length - 2] : SIZE_MAX;
        size_t next = nearest_of(w, end, before, &distance);
        if (next != before) {
            w->chain[length++] = (uint32_t)next;
            continue;
        }
        length -= 2;
        w->joins[made] = (struct join){
            .a = (uint32_t)end, .b = (uint32_t)next, .height = distance, .made = (uint32_t)made};
        join_groups(w, end, next, distance);
        made++;
    }
}

static int by_height(const void *a, const void *b)
{
    const struct join *x = a, *y = b;

    if (x->height != y->height)
        return x->height < y->height ? -1 : 1;
    return (x->made > y->made) - (x->made < y->made);
}

static uint32_t root_of(uint32_t *parents, uint32_t row)
{
    while (parents[row] != row)
        row = parents[row] = parents[parents[row]];
    return row;
}

/* The lowest rows - clusters joins, and the groups that they make, numbered by their first rows. */
static void cut(struct wards *w, size_t clusters)
{
    uint32_t *parents = call_memory(w->call, w->rows, sizeof(*parents));
    double *numbers = call_numbers(w->call, (int64_t)w->rows), count = 0;

    if (w->call->status)
        return;
    for (size_t i = 0; i < w->rows; i++)
        parents[i] = (uint32_t)i;
    if (w->rows > 1)
        qsort(w->joins, w->rows - 1, sizeof(*w->joins), by_height);
    for (size_t i = 0; i < w->rows - clusters; i++)
        parents[root_of(parents, w->joins[i].a)] = root_of(parents, w->joins[i].b);
    for (size_t i = 0; i < w->rows; i++) {
        uint32_t root = root_of(parents, (uint32_t)i);
        if (numbers[root] == 0)
            numbers[root] = ++count;
        w->call->out[0][i] = numbers[root] - 1;
    }
}

static int32_t fill(struct call *call)
{
    size_t clusters = (size_t)call_integer(call, "n_clusters", 1, ROWS_MAX);
    struct wards w = {.call = call, .rows = (size_t)call->rows};

    if (call->rows > ROWS_MAX)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are more than %d, for which distances are kept",
                  (long long)call->rows, ROWS_MAX);
    if (call->rows < (int64_t)clusters)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are fewer than n_clusters, %zu", (long long)call->rows,
                  clusters);
    const double *points = call_feature_rows(call);
    w.matrix = call_numbers(call, call->rows * (call->rows - 1) / 2);
    w.size = call_numbers(call, call->rows);
    w.chain = call_memory(call, w.rows, sizeof(*w.chain));
    w.joins = call_memory(call, w.rows, sizeof(*w.joins));
    for (size_t a = 0; !call->status && a < w.rows; a++) {
        w.size[a] = 1;
        for (size_t b = 0; b < a && !call_step_row(call, (int64_t)a, call->rows); b++)
            *between(&w, a, b) = distance_squared(points + a * call->feature_count, points + b * call->feature_count,
                                                  call->feature_count);
    }
    if (!call->status)
        build(&w);
    if (!call->status)
        cut(&w, clusters);
    return call->status;
}

TABULAR(agglomerative, .features = 1, .outputs = {"cluster"}, .fill = fill);
