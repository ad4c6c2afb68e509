/* SPDX-License-Identifier: Apache-2.0 */
/* Lloyd's iteration from starts that k-means++ chose, the best of several. Groups are numbered by their centres in
 * dictionary order, so that the numbers mean the same whatever the seed.
 * Sources: Lloyd (1982); Arthur and Vassilvitskii (2007), "k-means++: the advantages of careful seeding". */
#include <stdlib.h>

#include "support/distance.h"
#include "support/learner.h"
#include "support/random.h"

#define CLUSTERS_MAX 1024
#define BLOCK 128 /* rows that stay near from centre to centre */

struct kmeans {
    uint64_t clusters;
    size_t features;
    double centres[]; /* row after row */
};

/* One start and what became of it. */
struct attempt {
    struct call *call;
    const double *points; /* row after row; call->features has the same by columns */
    size_t features, clusters;
    uint32_t *labels;
    double *centres, *sums, *weights, *nearest, *distances;
    const double **columns; /* room for the features of a block */
    double inertia;
};

static double weight_of(const struct call *call, int64_t row)
{
    return call->weights ? call->weights[row] : 1;
}

static const double *point(const struct attempt *a, int64_t row)
{
    return a->points + (size_t)row * a->features;
}

/* Each next centre is a row, drawn with chance in proportion to weight times squared distance from those there are. */
static void draw_start(struct attempt *a, struct random *random)
{
    int64_t rows = a->call->rows;

    for (int64_t row = 0; row < rows; row++)
        a->nearest[row] = 1;
    for (size_t c = 0; c < a->clusters; c++) {
        double total = 0;
        for (int64_t row = 0; row < rows; row++)
            total += weight_of(a->call, row) * a->nearest[row];
        double left = random_uniform(random) * total;
        int64_t chosen = 0;
        for (int64_t row = 0; row < rows; row++) {
            double share = weight_of(a->call, row) * a->nearest[row];
            if (share > 0)
                chosen = row;
            if (share > 0 && (left -= share) < 0)
                break;
        }
        memcpy(a->centres + c * a->features, point(a, chosen), a->features * sizeof(double));
        distance_columns(a->call->features, a->features, (size_t)rows, point(a, chosen), a->distances);
        for (int64_t row = 0; row < rows; row++)
            a->nearest[row] = c == 0 || a->distances[row] < a->nearest[row] ? a->distances[row] : a->nearest[row];
    }
}

/* The nearest of @clusters @centres to each of @count rows from @first on, and how far it is, squared; the first of
 * those that are equally near. @columns: room for as many as features. */
static void find_nearest(const struct call *call, const double *centres, size_t clusters, int64_t first, size_t count,
                         const double **columns, uint32_t *best, double *least)
{
    double distances[BLOCK];

    for (size_t i = 0; i < call->feature_count; i++)
        columns[i] = call->features[i] + first;
    for (size_t i = 0; i < count; i++) {
        best[i] = 0;
        least[i] = INFINITY;
    }
    for (size_t c = 0; c < clusters; c++) {
        distance_columns(columns, call->feature_count, count, centres + c * call->feature_count, distances);
        for (size_t i = 0; i < count; i++) {
            best[i] = distances[i] < least[i] ? (uint32_t)c : best[i];
            least[i] = distances[i] < least[i] ? distances[i] : least[i];
        }
    }
}

static size_t block_at(const struct call *call, int64_t first)
{
    return call->rows - first < BLOCK ? (size_t)(call->rows - first) : BLOCK;
}

/* Every row to its nearest centre; gives how many changed. */
static int64_t assign(struct attempt *a)
{
    int64_t changed = 0, rows = a->call->rows;
    uint32_t best[BLOCK];

    a->inertia = 0;
    for (int64_t first = 0; first < rows && !call_step_row(a->call, first, rows); first += BLOCK) {
        size_t count = block_at(a->call, first);
        find_nearest(a->call, a->centres, a->clusters, first, count, a->columns, best, a->nearest + first);
        for (size_t i = 0; i < count; i++) {
            int64_t row = first + (int64_t)i;
            changed += a->labels[row] != best[i];
            a->labels[row] = best[i];
            a->inertia += weight_of(a->call, row) * a->nearest[row];
        }
    }
    return changed;
}

/* A centre that lost all its rows moves to the row that is farthest from its own. */
static void revive(struct attempt *a, size_t cluster)
{
    int64_t farthest = 0;

    for (int64_t row = 1; row < a->call->rows; row++)
        if (a->nearest[row] > a->nearest[farthest])
            farthest = row;
    a->nearest[farthest] = 0;
    memcpy(a->centres + cluster * a->features, point(a, farthest), a->features * sizeof(double));
}

/* Every centre to the mean of its rows; gives how far they moved, squared. */
static double move_centres(struct attempt *a)
{
    double moved = 0;

    memset(a->sums, 0, a->clusters * a->features * sizeof(double));
    memset(a->weights, 0, a->clusters * sizeof(double));
    for (int64_t row = 0; row < a->call->rows; row++) {
        double weight = weight_of(a->call, row), *sum = a->sums + a->labels[row] * a->features;
        a->weights[a->labels[row]] += weight;
        for (size_t i = 0; i < a->features; i++)
            sum[i] += weight * point(a, row)[i];
    }
    for (size_t c = 0; c < a->clusters; c++) {
        if (!(a->weights[c] > 0)) {
            revive(a, c);
            moved = INFINITY;
            continue;
        }
        for (size_t i = 0; i < a->features; i++) {
            double mean = a->sums[c * a->features + i] / a->weights[c], *centre = &a->centres[c * a->features + i];
            moved += (mean - *centre) * (mean - *centre);
            *centre = mean;
        }
    }
    return moved;
}

static void iterate(struct attempt *a, int64_t most, double tolerance)
{
    for (int64_t round = 0; round < most && !a->call->status; round++) {
        int64_t changed = assign(a);
        if ((round > 0 && changed == 0) || a->call->status)
            break;
        if (move_centres(a) <= tolerance)
            break;
    }
    if (!a->call->status)
        assign(a);
}

/* scikit-learn's: the tolerance is a share of the mean variance of the features. */
static double mean_variance(const struct call *call)
{
    double total = 0;

    for (size_t i = 0; i < call->feature_count; i++) {
        double mean = 0, squares = 0;
        for (int64_t row = 0; row < call->rows; row++)
            mean += call->features[i][row] / (double)call->rows;
        for (int64_t row = 0; row < call->rows; row++)
            squares += (call->features[i][row] - mean) * (call->features[i][row] - mean) / (double)call->rows;
        total += squares;
    }
    return total / (double)call->feature_count;
}

static int comes_before(const double *a, const double *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (a[i] != b[i])
            return a[i] < b[i];
    return 0;
}

/* By insertion: there are few. @sorted receives them. */
static void sort_centres(const double *centres, size_t clusters, size_t features, double *sorted)
{
    for (size_t c = 0; c < clusters; c++) {
        size_t at = c;
        for (; at > 0 && comes_before(centres + c * features, sorted + (at - 1) * features, features); at--)
            memcpy(sorted + at * features, sorted + (at - 1) * features, features * sizeof(double));
        memcpy(sorted + at * features, centres + c * features, features * sizeof(double));
    }
}

static struct attempt attempt_new(struct call *call, size_t clusters)
{
    return (struct attempt){.call = call,
                            .points = call_feature_rows(call),
                            .features = call->feature_count,
                            .clusters = clusters,
                            .labels = call_memory(call, (size_t)call->rows, sizeof(uint32_t)),
                            .centres = call_numbers(call, (int64_t)(clusters * call->feature_count)),
                            .sums = call_numbers(call, (int64_t)(clusters * call->feature_count)),
                            .weights = call_numbers(call, (int64_t)clusters),
                            .nearest = call_numbers(call, call->rows),
                            .distances = call_numbers(call, call->rows),
                            .columns = call_memory(call, call->feature_count, sizeof(double *))};
}

static int32_t fit(struct call *call, void **state)
{
    static const char *const starts[] = {"k-means++", "random", NULL};
    size_t clusters = (size_t)call_integer(call, "n_clusters", 1, CLUSTERS_MAX);
    int64_t rounds = call_integer(call, "max_iter", 1, 1000000), attempts = call_integer(call, "n_init", 1, 1000);
    size_t start = call_choice(call, "init", starts);
    double tolerance = call_number_within(call, "tol", 0, 1);

    if (!call->status && call->rows < (int64_t)clusters)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are fewer than n_clusters, %zu", (long long)call->rows,
                  clusters);
    struct attempt a = attempt_new(call, clusters);
    double *best = call_numbers(call, (int64_t)(clusters * call->feature_count)), least = INFINITY;
    if (call->status)
        return call->status;
    tolerance *= mean_variance(call);
    for (int64_t i = 0; i < attempts && !call->status; i++) {
        struct random random;
        call_part(call, (double)i / (double)attempts, (double)(i + 1) / (double)attempts);
        random_start(&random, call->host, (uint64_t)i);
        if (start == 0)
            draw_start(&a, &random);
        for (size_t c = 0; start == 1 && c < clusters; c++)
            memcpy(a.centres + c * a.features, point(&a, (int64_t)random_below(&random, (uint64_t)call->rows)),
                   a.features * sizeof(double));
        iterate(&a, rounds, tolerance);
        if (a.inertia < least) {
            least = a.inertia;
            memcpy(best, a.centres, clusters * a.features * sizeof(double));
        }
    }
    if (call->status)
        return call->status;
    struct kmeans *model = malloc(sizeof(*model) + clusters * a.features * sizeof(double));
    if (!model)
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    *model = (struct kmeans){.clusters = clusters, .features = a.features};
    sort_centres(best, clusters, a.features, model->centres);
    call->host->metric(call->host, "inertia", MLTRAINER_STEP_FINAL, least);
    *state = model;
    return call->status;
}

static int32_t apply(struct call *call, const void *state)
{
    const struct kmeans *model = state;
    const double **columns = call_memory(call, model->features, sizeof(*columns));
    uint32_t best[BLOCK];
    double least[BLOCK];

    for (int64_t first = 0; !call->status && first < call->rows; first += BLOCK) {
        size_t count = block_at(call, first);
        if (call_step_row(call, first, call->rows))
            break;
        find_nearest(call, model->centres, model->clusters, first, count, columns, best, least);
        for (size_t i = 0; i < count; i++) {
            call->out[0][first + (int64_t)i] = best[i];
            call->out[1][first + (int64_t)i] = sqrt(least[i]);
        }
    }
    return call->status;
}

static void evaluate(struct call *call, const void *state)
{
    double inertia = 0;

    for (int64_t row = 0; row < call->rows; row++)
        inertia += weight_of(call, row) * call->out[1][row] * call->out[1][row];
    call->host->metric(call->host, "inertia", MLTRAINER_STEP_FINAL, inertia);
}

static void save(const void *state, struct artifact_writer *writer)
{
    const struct kmeans *model = state;

    artifact_put_u64(writer, model->clusters);
    artifact_put_doubles(writer, model->centres, model->clusters * model->features);
}

static void *restore(struct artifact_reader *reader, size_t feature_count)
{
    size_t clusters = artifact_take_count(reader, feature_count * sizeof(double));

    if (clusters == 0 || clusters > CLUSTERS_MAX)
        return NULL;
    struct kmeans *model = malloc(sizeof(*model) + clusters * feature_count * sizeof(double));
    if (!model)
        return NULL;
    *model = (struct kmeans){.clusters = clusters, .features = feature_count};
    artifact_take_doubles(reader, model->centres, clusters * feature_count);
    return model;
}

LEARNER(kmeans, .task = LEARNER_GROUPS, .outputs = {"prediction", "distance"}, .fit = fit, .apply = apply,
        .evaluate = evaluate, .save = save, .restore = restore, .release = free);
