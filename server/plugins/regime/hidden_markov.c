/* SPDX-License-Identifier: Apache-2.0 */
/* A Markov chain of hidden states, each with a normal distribution of what is seen: Baum and Welch's rounds from
 * k-means' groups, and from rows drawn by chance with the covariance of all, since groups may part what one state with
 * a large variance has given; the best is kept. Viterbi's path when asked. States are numbered by their means,
 * dictionary-wise.
 * Source: Rabiner (1989), "A tutorial on hidden Markov models". */
#include <stdlib.h>

#include "gaussians.h"

#define K GAUSSIANS_MAX

struct chain {
    double start[K], move[K][K]; /* from, to */
    struct gaussians seen;
    double numbers[];
};

/* Room for one pass over rows. */
struct pass {
    struct call *call;
    const double *points;
    int64_t rows;
    double *density; /* of each state at each row, of which the largest is 1 */
    double *forward, *parts;
};

static struct chain *chain_new(size_t states, size_t features, enum gaussians_shape shape)
{
    size_t count = gaussians_numbers(states, features);
    struct chain *chain = calloc(1, sizeof(*chain) + count * sizeof(double));

    if (!chain)
        return NULL;
    chain->seen = (struct gaussians){.count = states, .features = features, .shape = shape};
    gaussians_bind(&chain->seen, chain->numbers);
    return chain;
}

static struct pass pass_new(struct call *call, const double *points, size_t states)
{
    int64_t count = call->rows * (int64_t)states;

    return (struct pass){.call = call,
                         .points = points,
                         .rows = call->rows,
                         .density = call_numbers(call, count),
                         .forward = call_numbers(call, count),
                         .parts = call_numbers(call, count)};
}

/* Chances of the states given the rows so far; gives the log of the likelihood. */
static double go_forward(struct pass *p, const struct chain *chain)
{
    size_t k = chain->seen.count;
    double sum = 0;

    gaussians_log_density(&chain->seen, p->points, p->rows, p->density);
    for (int64_t row = 0; row < p->rows; row++) {
        double *density = p->density + (size_t)row * k, *now = p->forward + (size_t)row * k, most = -INFINITY,
               total = 0;
        for (size_t j = 0; j < k; j++)
            most = fmax(most, density[j]);
        for (size_t j = 0; j < k; j++) {
            double chance = row == 0 ? chain->start[j] : 0;
            for (size_t i = 0; row > 0 && i < k; i++)
                chance += now[(ptrdiff_t)i - (ptrdiff_t)k] * chain->move[i][j];
            density[j] = exp(density[j] - most);
            total += now[j] = fmax(chance, 1e-300) * density[j];
        }
        for (size_t j = 0; j < k; j++)
            now[j] /= total;
        sum += most + log(total);
    }
    return sum;
}

/* Chances given all rows, and the expected numbers of moves (unless NULL). */
static void go_back(struct pass *p, const struct chain *chain, double moves[K][K])
{
    size_t k = chain->seen.count, last = (size_t)(p->rows - 1) * k;
    double later[K], weighed[K];

    for (size_t i = 0; i < k; i++)
        later[i] = 1;
    memcpy(p->parts + last, p->forward + last, k * sizeof(double));
    for (int64_t row = p->rows - 1; row-- > 0;) {
        const double *density = p->density + (size_t)(row + 1) * k, *now = p->forward + (size_t)row * k;
        double *parts = p->parts + (size_t)row * k, total = 0, largest = 0;
        for (size_t j = 0; j < k; j++)
            weighed[j] = density[j] * later[j];
        for (size_t i = 0; i < k; i++) {
            double sum = 0;
            for (size_t j = 0; j < k; j++)
                sum += chain->move[i][j] * weighed[j];
            later[i] = sum;
            largest = fmax(largest, sum);
            total += parts[i] = now[i] * sum;
        }
        for (size_t i = 0; i < k; i++) {
            for (size_t j = 0; moves && j < k; j++)
                moves[i][j] += now[i] * chain->move[i][j] * weighed[j] / total;
            parts[i] /= total;
            later[i] /= largest;
        }
    }
}

static int update(struct pass *p, struct chain *chain, double moves[K][K])
{
    size_t k = chain->seen.count;

    memcpy(chain->start, p->parts, k * sizeof(double));
    for (size_t i = 0; i < k; i++) {
        double total = 0;
        for (size_t j = 0; j < k; j++)
            total += moves[i][j];
        for (size_t j = 0; j < k && total > 0; j++)
            chain->move[i][j] = moves[i][j] / total;
    }
    return gaussians_update(&chain->seen, p->points, p->rows, p->parts);
}

/* Rounds until the likelihood gains less than @tolerance; gives it. */
static double iterate(struct pass *p, struct chain *chain, int64_t rounds, double tolerance)
{
    double likelihood = go_forward(p, chain);

    for (int64_t round = 0; round < rounds && !call_step(p->call, (double)round, (double)rounds); round++) {
        double moves[K][K] = {{0}}, before = likelihood;
        go_back(p, chain, moves);
        if (update(p, chain, moves)) {
            call_fail(p->call, MLTRAINER_INVALID_DATA, "",
                      "a state's covariance became singular: fewer states, or a larger min_covar");
            break;
        }
        likelihood = go_forward(p, chain);
        p->call->host->metric(p->call->host, "log_likelihood", round, likelihood);
        if (likelihood - before < tolerance)
            break;
    }
    return likelihood;
}

static void start(struct chain *chain)
{
    size_t k = chain->seen.count;

    for (size_t i = 0; i < k; i++) {
        chain->start[i] = 1 / (double)k;
        for (size_t j = 0; j < k; j++)
            chain->move[i][j] = i == j && k > 1 ? 0.8 : k > 1 ? 0.2 / (double)(k - 1) : 1;
    }
}

static void copy(const struct chain *from, const size_t *order, struct chain *to)
{
    size_t k = from->seen.count, d = from->seen.features;

    for (size_t i = 0; i < k; i++) {
        to->start[i] = from->start[order[i]];
        for (size_t j = 0; j < k; j++)
            to->move[i][j] = from->move[order[i]][order[j]];
        memcpy(to->seen.means + i * d, from->seen.means + order[i] * d, d * sizeof(double));
        memcpy(to->seen.covariance + i * d * d, from->seen.covariance + order[i] * d * d, d * d * sizeof(double));
    }
}

/* Variances of the features, 1 of a constant one; for spherical states their mean, so that these stay so. */
static double *measure(struct call *call, int is_spherical)
{
    double *sizes = call_memory(call, call->feature_count, sizeof(double)), mean = 0;

    for (size_t i = 0; !call->status && i < call->feature_count; i++) {
        double sum = 0, squares = 0;
        for (int64_t row = 0; row < call->rows; row++)
            sum += call->features[i][row] / (double)call->rows;
        for (int64_t row = 0; row < call->rows; row++)
            squares += (call->features[i][row] - sum) * (call->features[i][row] - sum) / (double)call->rows;
        sizes[i] = squares > 0 ? squares : 1;
        mean += sizes[i] / (double)call->feature_count;
    }
    for (size_t i = 0; is_spherical && !call->status && i < call->feature_count; i++)
        sizes[i] = mean;
    return sizes;
}

/* The best of several starts, in order, into @best. */
static void search(struct call *call, struct chain *attempt, struct chain *best, int64_t starts, int64_t rounds,
                   double tolerance)
{
    const double *points = call_feature_rows(call);
    struct pass pass = pass_new(call, points, best->seen.count);
    double most = -INFINITY;

    for (int64_t i = 0; i < starts && !call->status; i++) {
        call_part(call, (double)i / (double)starts, (double)(i + 1) / (double)starts);
        start(attempt);
        if (i == 0 ? gaussians_start(call, &attempt->seen, points, call->rows, 0)
                   : gaussians_draw(call, &attempt->seen, points, call->rows, (uint64_t)i))
            return;
        double likelihood = iterate(&pass, attempt, rounds, tolerance);
        if (call->status || likelihood <= most)
            continue;
        size_t order[K];
        most = likelihood;
        gaussians_order(&attempt->seen, order);
        copy(attempt, order, best);
    }
    if (!call->status && gaussians_factor(&best->seen))
        call_fail(call, MLTRAINER_INVALID_DATA, "", "a state's covariance is singular");
    if (!call->status)
        call->host->metric(call->host, "log_likelihood", MLTRAINER_STEP_FINAL, most);
}

static int32_t fit(struct call *call, void **state)
{
    static const char *const shapes[] = {"full", "diag", "spherical", "tied", NULL};
    size_t states = (size_t)call_integer(call, "n_components", 1, K),
           shape = call_choice(call, "covariance_type", shapes);
    int64_t rounds = call_integer(call, "n_iter", 1, 100000), starts = call_integer(call, "n_init", 1, 1000);
    double tolerance = call_number_within(call, "tol", 0, 1e6), floor = call_number_within(call, "min_covar", 0, 1e12);

    if (!call->status && call->feature_count > GAUSSIANS_FEATURES_MAX)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%zu features are more than %d", call->feature_count,
                  GAUSSIANS_FEATURES_MAX);
    if (!call->status && call->rows < 2 * (int64_t)states)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are fewer than 2 for each of %zu states",
                  (long long)call->rows, states);
    const double *sizes = measure(call, shape == GAUSSIANS_SPHERICAL);
    if (call->status)
        return call->status;
    struct chain *attempt = chain_new(states, call->feature_count, (enum gaussians_shape)shape),
                 *best = chain_new(states, call->feature_count, (enum gaussians_shape)shape);
    if (!attempt || !best) {
        call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    } else {
        attempt->seen.floor = floor;
        attempt->seen.sizes = sizes;
        search(call, attempt, best, starts, rounds, tolerance);
    }
    free(attempt);
    if (call->status)
        free(best);
    else
        *state = best;
    return call->status;
}

/* The likeliest path, into the first output. */
static void walk(struct pass *p, const struct chain *chain)
{
    size_t k = chain->seen.count;
    uint8_t *came = call_memory(p->call, (size_t)p->rows * k, 1);
    double best[K], next[K], moves[K][K];

    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++)
            moves[i][j] = log(fmax(chain->move[i][j], 1e-300));
    for (int64_t row = 0; row < p->rows && !p->call->status; row++) {
        const double *density = p->density + (size_t)row * k; /* less the row's largest: that changes no path */
        for (size_t j = 0; j < k; j++) {
            size_t from = 0;
            for (size_t i = 1; row > 0 && i < k; i++)
                from = best[i] + moves[i][j] > best[from] + moves[from][j] ? i : from;
            came[(size_t)row * k + j] = (uint8_t)from;
            next[j] = log(fmax(density[j], 1e-300)) +
                      (row == 0 ? log(fmax(chain->start[j], 1e-300)) : best[from] + moves[from][j]);
        }
        memcpy(best, next, k * sizeof(double));
    }
    size_t at = 0;
    for (size_t i = 1; i < k; i++)
        at = best[i] > best[at] ? i : at;
    for (int64_t row = p->rows; row-- > 0 && !p->call->status;) {
        p->call->out[0][row] = (double)at;
        at = came[(size_t)row * k + at];
    }
}

/* @likelihood may be NULL. */
static int32_t decode(struct call *call, const struct chain *chain, double *likelihood)
{
    struct pass pass = pass_new(call, call_feature_rows(call), chain->seen.count);

    if (call->status || call->rows == 0)
        return call->status;
    double found = go_forward(&pass, chain);
    go_back(&pass, chain, NULL);
    walk(&pass, chain);
    for (int64_t row = 0; !call->status && row < call->rows; row++)
        call->out[1][row] = pass.parts[(size_t)row * chain->seen.count + (size_t)call->out[0][row]];
    gaussians_log_density(&chain->seen, pass.points, pass.rows, pass.density);
    for (int64_t row = 0; !call->status && row < call->rows; row++)
        call->out[2][row] = pass.density[(size_t)row * chain->seen.count + (size_t)call->out[0][row]];
    if (likelihood)
        *likelihood = found;
    return call->status;
}

static int32_t apply(struct call *call, const void *state)
{
    return decode(call, state, NULL);
}

static void evaluate(struct call *call, const void *state)
{
    double likelihood;

    if (!decode(call, state, &likelihood))
        call->host->metric(call->host, "log_likelihood", MLTRAINER_STEP_FINAL, likelihood);
}

static void save(const void *state, struct artifact_writer *writer)
{
    const struct chain *chain = state;
    size_t k = chain->seen.count, d = chain->seen.features;

    artifact_put_u64(writer, k);
    artifact_put_doubles(writer, chain->start, k);
    for (size_t i = 0; i < k; i++)
        artifact_put_doubles(writer, chain->move[i], k);
    artifact_put_doubles(writer, chain->seen.means, k * d + k * d * d); /* and the covariances behind them */
}

static int are_chances(const double *chances, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++) {
        if (!(chances[i] >= 0 && chances[i] <= 1))
            return 0;
        sum += chances[i];
    }
    return fabs(sum - 1) < 1e-6;
}

static void *restore(struct artifact_reader *reader, size_t feature_count)
{
    size_t k = artifact_take_count(reader, feature_count * sizeof(double)), d = feature_count;
    struct chain *chain = k >= 1 && k <= K && d <= GAUSSIANS_FEATURES_MAX ? chain_new(k, d, GAUSSIANS_FULL) : NULL;

    if (!chain)
        return NULL;
    artifact_take_doubles(reader, chain->start, k);
    for (size_t i = 0; i < k; i++)
        artifact_take_doubles(reader, chain->move[i], k);
    artifact_take_doubles(reader, chain->seen.means, k * d + k * d * d);
    int right = !reader->failed && are_chances(chain->start, k) && gaussians_factor(&chain->seen) == 0;
    for (size_t i = 0; i < k; i++)
        right = right && are_chances(chain->move[i], k);
    if (right)
        return chain;
    free(chain);
    return NULL;
}

LEARNER(hidden_markov, .task = LEARNER_GROUPS, .outputs = {"prediction", "probability", "log_density"}, .fit = fit,
        .apply = apply, .evaluate = evaluate, .save = save, .restore = restore, .release = free);
