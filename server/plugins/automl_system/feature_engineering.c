/* SPDX-License-Identifier: Apache-2.0 */
/* Features from features, in the manner of deep feature synthesis (Kanter and Veeramachaneni, 2015) on one table: a
 * level makes products, differences and ratios of what is kept of the levels before, and squares, magnitudes and
 * logarithms of the newest. Kept are those that go with the target (magnitude of the correlation) at least as much as
 * the threshold, and not with a better one by more than ALIKE; the beam is KEPT wide. */
#include "scaling.h"
#include "support/tabular.h"

#define KEPT 16
#define GIVEN 8 /* columns of the result */
#define ALIKE 0.999
#define NAME_BYTES 160
#define ROWS_MAX 2000000

struct feature {
    double *values;
    double score; /* with the target, -1 to 1 */
    size_t level;
    char name[NAME_BYTES];
};

struct pool {
    struct call *call;
    struct feature kept[KEPT]; /* best first */
    size_t count;
    double threshold;
    struct feature trial; /* what is made and not yet kept */
    double done;
};

static int32_t fill(struct call *call);

TABULAR(feature_engineering, .features = 1, .fill = fill,
        .outputs = {"feature_1", "feature_2", "feature_3", "feature_4", "feature_5", "feature_6", "feature_7",
                    "feature_8"});

static double correlation(const double *a, const double *b, int64_t rows)
{
    struct scaling x = scaling_of(a, 0, rows), y = scaling_of(b, 0, rows);
    double sum = 0;

    for (int64_t row = 0; row < rows; row++)
        sum += scaled(x, a[row]) * scaled(y, b[row]);
    return sum / (double)rows;
}

/* Where it belongs among the kept, or KEPT when it does not: too weak, or like one that is at least as good. */
static size_t place_of(struct pool *pool, const struct feature *feature)
{
    size_t place = 0;

    for (; place < pool->count && fabs(pool->kept[place].score) >= fabs(feature->score); place++)
        if (fabs(correlation(pool->kept[place].values, feature->values, pool->call->rows)) > ALIKE)
            return KEPT;
    return place;
}

static void remove_alike(struct pool *pool, size_t place)
{
    for (size_t i = place + 1; i < pool->count;) {
        if (fabs(correlation(pool->kept[place].values, pool->kept[i].values, pool->call->rows)) <= ALIKE) {
            i++;
            continue;
        }
        double *spare = pool->kept[i].values;
        memmove(&pool->kept[i], &pool->kept[i + 1], (--pool->count - i) * sizeof(struct feature));
        pool->kept[pool->count].values = spare;
    }
}

/* Keep pool->trial if it is worth it. */
static void offer(struct pool *pool)
{
    struct feature *trial = &pool->trial;

    if (call_step(pool->call, pool->done, 1))
        return;
    for (int64_t row = 0; row < pool->call->rows; row++)
        if (!isfinite(trial->values[row]))
            return;
    trial->score = correlation(trial->values, pool->call->target, pool->call->rows);
    if (!(fabs(trial->score) >= pool->threshold) || !(fabs(trial->score) > 1e-12))
        return;
    size_t place = place_of(pool, trial);
    if (place >= KEPT)
        return;
    size_t last = pool->count < KEPT ? pool->count++ : KEPT - 1;
    double *spare = pool->kept[last].values;
    memmove(&pool->kept[place + 1], &pool->kept[place], (last - place) * sizeof(struct feature));
    pool->kept[place] = *trial;
    trial->values = spare;
    remove_alike(pool, place);
}

/* ---- What is made ---- */

static void name_pair(struct feature *trial, const char *a, const char *sign, const char *b)
{
    snprintf(trial->name, sizeof(trial->name), "(%.70s %s %.70s)", a, sign, b);
}

static void pair(struct pool *pool, const struct feature *a, const struct feature *b, size_t level)
{
    struct feature *trial = &pool->trial;
    int64_t rows = pool->call->rows;

    trial->level = level;
    for (int64_t row = 0; row < rows; row++)
        trial->values[row] = a->values[row] * b->values[row];
    name_pair(trial, a->name, "*", b->name);
    offer(pool);
    for (int64_t row = 0; row < rows; row++)
        pool->trial.values[row] = a->values[row] - b->values[row];
    name_pair(trial, a->name, "-", b->name);
    offer(pool);
    for (int64_t row = 0; row < rows; row++)
        pool->trial.values[row] = a->values[row] / b->values[row];
    name_pair(trial, a->name, "/", b->name);
    offer(pool);
    for (int64_t row = 0; row < rows; row++)
        pool->trial.values[row] = b->values[row] / a->values[row];
    name_pair(trial, b->name, "/", a->name);
    offer(pool);
}

static void shapes(struct pool *pool, const struct feature *a, size_t level)
{
    struct feature *trial = &pool->trial;
    int64_t rows = pool->call->rows;

    trial->level = level;
    for (int64_t row = 0; row < rows; row++)
        trial->values[row] = a->values[row] * a->values[row];
    snprintf(trial->name, sizeof(trial->name), "square(%.140s)", a->name);
    offer(pool);
    for (int64_t row = 0; row < rows; row++)
        pool->trial.values[row] = fabs(a->values[row]);
    snprintf(trial->name, sizeof(trial->name), "abs(%.140s)", a->name);
    offer(pool);
    for (int64_t row = 0; row < rows; row++)
        pool->trial.values[row] = copysign(log1p(fabs(a->values[row])), a->values[row]);
    snprintf(trial->name, sizeof(trial->name), "log(%.140s)", a->name);
    offer(pool);
}

/* From what is kept now: offers change the list, so a copy is walked. */
static void make_level(struct pool *pool, struct feature *before, size_t level, size_t levels)
{
    size_t count = pool->count;

    for (size_t i = 0; i < count; i++) { /* values too: kept ones may be replaced */
        double *values = before[i].values;
        memcpy(values, pool->kept[i].values, (size_t)pool->call->rows * sizeof(double));
        before[i] = pool->kept[i];
        before[i].values = values;
    }
    for (size_t i = 0; i < count && !pool->call->status; i++) {
        double left = (double)(count - i) / (double)count; /* of pairs, the square of it */
        pool->done = ((double)(level - 1) + 1 - left * left) / (double)levels;
        if (before[i].level + 1 == level)
            shapes(pool, &before[i], level);
        for (size_t k = i + 1; k < count; k++)
            if (before[i].level + 1 == level || before[k].level + 1 == level)
                pair(pool, &before[i], &before[k], level);
    }
}

static void give(struct pool *pool)
{
    struct call *call = pool->call;
    char text[NAME_BYTES + 64];

    for (size_t i = 0; i < GIVEN; i++) {
        if (i < pool->count) {
            memcpy(call->out[i], pool->kept[i].values, (size_t)call->rows * sizeof(double));
            snprintf(text, sizeof(text), "feature_%zu = %s, correlation %.4f", i + 1, pool->kept[i].name,
                     pool->kept[i].score);
            call->host->log(call->host, MLTRAINER_LOG_INFO, text);
            continue;
        }
        for (int64_t row = 0; row < call->rows; row++)
            call->out[i][row] = NAN;
    }
}

static int32_t fill(struct call *call)
{
    size_t levels = (size_t)call_integer(call, "max_depth", 1, 10);
    struct pool pool = {.call = call,
                        .threshold = call_number_within(call, "feature_selection_threshold", 0, 1),
                        .trial.values = call_numbers(call, call->rows)};
    struct feature *before = call_memory(call, KEPT, sizeof(*before));

    call_read_target(call);
    if (!call->status && (call->rows < 3 || call->rows > ROWS_MAX))
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are not between 3 and %d", (long long)call->rows,
                  ROWS_MAX);
    for (size_t i = 0; i < KEPT && !call->status; i++) {
        pool.kept[i].values = call_numbers(call, call->rows);
        before[i].values = call_numbers(call, call->rows);
    }
    for (size_t i = 0; i < call->feature_count && !call->status; i++) {
        memcpy(pool.trial.values, call->features[i], (size_t)call->rows * sizeof(double));
        snprintf(pool.trial.name, sizeof(pool.trial.name), "%.140s", call->feature_names[i]);
        pool.trial.level = 1;
        offer(&pool);
    }
    for (size_t level = 2; level <= levels && !call->status; level++)
        make_level(&pool, before, level, levels);
    if (!call->status)
        give(&pool);
    return call->status;
}
