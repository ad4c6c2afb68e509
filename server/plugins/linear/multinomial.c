/* SPDX-License-Identifier: Apache-2.0 */
/* Newton's method: the loss is replaced by its parabola, whose least value with the penalty is the next point; a
 * halving line search makes each step one downwards. A penalty of squares is part of the parabola; one of sizes is met
 * by cyclic coordinate descent in it. Sources: Hastie, Tibshirani and Friedman (2009), 4.4; Friedman, Hastie and
 * Tibshirani (2010). */
#include "multinomial.h"

#include <stdlib.h>

#include <cblas.h>
#include <lapacke.h>

#include "standardized.h"
#include "support/order.h"

#define ORDER_MAX 4096
#define PASSES_MAX 10000
#define STILL 1e-12 /* a pass that moves no coefficient by more ends the descent */

struct newton {
    struct call *call;
    const struct multinomial_options *options;
    struct standardized rows;
    size_t lines, width, order;
    const double *labels;
    double done;                /* rounds */
    double *b, *next;           /* line after line, as in struct multinomial but for standardized columns */
    double *chances;            /* rows x lines, line after line */
    double *factors;            /* a row: scratch */
    double *gradient, *matrix;
};

static int go_on(struct newton *n)
{
    return !call_step(n->call, n->done * n->options->share, (double)n->options->rounds);
}

static double weight_of(const struct newton *n, size_t row)
{
    return n->options->cost * (n->call->weights ? n->call->weights[row] : 1);
}

static int is_of(const struct newton *n, size_t row, size_t line)
{
    return n->call->target[row] == n->labels[n->lines == 1 ? 1 : line];
}

/* What a slope of size 1 for standardized columns is in the penalty's own. A constant column has slope 0. */
static double size_of(const struct newton *n, size_t feature)
{
    double deviation = n->rows.deviations[feature];

    return n->options->standardize || !(deviation > 0) ? 1 : 1 / deviation;
}

static double penalty_of(const struct newton *n, const double *b)
{
    double sum = 0;

    for (size_t line = 0; line < n->lines; line++)
        for (size_t i = 0; i + 1 < n->width; i++) {
            double size = fabs(b[line * n->width + i]) * size_of(n, i);
            sum += n->options->is_absolute ? size : size * size / 2;
        }
    return sum;
}

/* Lines to chances, in place; the negative logarithm of that of the row's own class. */
static double to_chances(const struct newton *n, size_t row, double *chances)
{
    size_t rows = n->rows.rows;
    double largest = n->lines == 1 ? 0 : -INFINITY, sum = 0, own = 0;

    for (size_t line = 0; line < n->lines; line++)
        largest = fmax(largest, chances[line * rows + row]);
    for (size_t line = 0; line < n->lines; line++) {
        double value = chances[line * rows + row];
        own += is_of(n, row, line) ? value : 0;
        chances[line * rows + row] = exp(value - largest);
        sum += chances[line * rows + row];
    }
    sum += n->lines == 1 ? exp(-largest) : 0;
    for (size_t line = 0; line < n->lines; line++)
        chances[line * rows + row] /= sum;
    return largest + log(sum) - own;
}

/* Chances under @b into n->chances, and the loss with its penalty. */
static double value_of(struct newton *n, const double *b)
{
    double loss = 0;

    for (size_t line = 0; line < n->lines; line++)
        standardized_times(&n->rows, b + line * n->width, n->chances + line * n->rows.rows);
    for (size_t row = 0; row < n->rows.rows; row++)
        loss += weight_of(n, row) * to_chances(n, row, n->chances);
    return loss + penalty_of(n, b);
}

/* The block of second derivatives by lines @k and @l, k <= l, whole. */
static void bend(struct newton *n, size_t k, size_t l)
{
    size_t rows = n->rows.rows;
    double *block = n->matrix + l * n->width * n->order + k * n->width;

    for (size_t row = 0; row < rows; row++) {
        double other = k == l ? 1 - n->chances[k * rows + row] : n->chances[l * rows + row];
        n->factors[row] = weight_of(n, row) * n->chances[k * rows + row] * fmax(other, 0);
    }
    standardized_curvature(&n->rows, n->factors, block, n->order);
    for (size_t column = 0; column < n->width; column++)
        for (size_t i = 0; i <= column; i++) {
            double value = k == l ? block[column * n->order + i] : -block[column * n->order + i];
            block[column * n->order + i] = block[i * n->order + column] = value;
        }
}

/* Of the loss, and of a penalty of squares. */
static void differentiate(struct newton *n)
{
    size_t rows = n->rows.rows;

    for (size_t line = 0; line < n->lines && go_on(n); line++) {
        for (size_t row = 0; row < rows; row++)
            n->factors[row] = weight_of(n, row) * (n->chances[line * rows + row] - is_of(n, row, line));
        standardized_sums(&n->rows, n->factors, n->gradient + line * n->width);
        for (size_t other = line; other < n->lines; other++)
            bend(n, line, other);
        for (size_t i = 0; !n->options->is_absolute && i + 1 < n->width; i++) {
            size_t at = line * n->width + i;
            n->gradient[at] += size_of(n, i) * size_of(n, i) * n->b[at];
            n->matrix[at * n->order + at] += size_of(n, i) * size_of(n, i);
        }
    }
    double largest = 0;
    for (size_t i = 0; i < n->order; i++)
        largest = fmax(largest, n->matrix[i * n->order + i]);
    for (size_t i = 0; i < n->order; i++) /* constants may all move together, and chances of 0 and 1 bend nothing */
        n->matrix[i * n->order + i] += 1e-10 * largest + 1e-300;
    for (size_t i = 0; i < n->order; i++) /* its lower half */
        for (size_t j = 0; j < i; j++)
            n->matrix[j * n->order + i] = n->matrix[i * n->order + j];
}

/* The step to the parabola's least value, into n->next. */
static void step_by_solving(struct newton *n)
{
    for (size_t i = 0; i < n->order; i++)
        n->next[i] = -n->gradient[i];
    if (LAPACKE_dposv(LAPACK_COL_MAJOR, 'U', (int)n->order, 1, n->matrix, (int)n->order, n->next, (int)n->order) == 0)
        return;
    for (size_t i = 0; i < n->order; i++)
        n->next[i] = -n->gradient[i] / n->matrix[i * n->order + i];
}

/* The same under a penalty of sizes; @slope: scratch, the parabola's. */
static void step_by_descent(struct newton *n, double *slope)
{
    memcpy(slope, n->gradient, n->order * sizeof(double));
    memset(n->next, 0, n->order * sizeof(double));
    for (int pass = 0; pass < PASSES_MAX; pass++) {
        double most = 0;
        if (!go_on(n))
            return;
        for (size_t i = 0; i < n->order; i++) {
            double bending = n->matrix[i * n->order + i], here = n->b[i] + n->next[i];
            double aim = here - slope[i] / bending;
            size_t feature = i % n->width;
            if (feature + 1 < n->width)
                aim = copysign(fmax(fabs(aim) - size_of(n, feature) / bending, 0), aim);
            double move = aim - here;
            if (move == 0)
                continue;
            n->next[i] += move;
            cblas_daxpy((int)n->order, move, n->matrix + i * n->order, 1, slope, 1);
            most = fmax(most, fabs(move) / (1 + fabs(aim)));
        }
        if (most <= STILL)
            return;
    }
}

/* What the whole step promises the value to fall by, to first order. */
static double promise(const struct newton *n, double *moved)
{
    double sum = 0;

    for (size_t i = 0; i < n->order; i++) {
        sum -= n->gradient[i] * n->next[i];
        moved[i] = n->b[i] + n->next[i];
    }
    return n->options->is_absolute ? sum + penalty_of(n, n->b) - penalty_of(n, moved) : sum;
}

/* Rounds done; options->rounds when they were not enough. */
static int64_t minimize(struct newton *n, double *moved)
{
    int64_t round = 0, rounds = n->options->rounds;
    double value = value_of(n, n->b);

    for (; round < rounds && go_on(n); round++, n->done++) {
        differentiate(n);
        if (n->options->is_absolute)
            step_by_descent(n, moved);
        else
            step_by_solving(n);
        double promised = promise(n, moved), there = INFINITY;
        if (n->call->status || !(promised > n->options->tolerance * value))
            break;
        for (double length = 1; length > 1e-10; length /= 2) {
            for (size_t i = 0; i < n->order; i++)
                moved[i] = n->b[i] + length * n->next[i];
            there = value_of(n, moved);
            if (there <= value - 1e-4 * length * promised)
                break;
            there = INFINITY;
        }
        if (!isfinite(there)) /* as low as rounding lets it come */
            break;
        memcpy(n->b, moved, n->order * sizeof(double));
        value = there;
    }
    return round;
}

/* ---- In and out ---- */

double *multinomial_labels(struct call *call, size_t *count)
{
    double *labels = call_numbers(call, call->rows);

    *count = 0;
    if (call->status)
        return NULL;
    memcpy(labels, call->target, (size_t)call->rows * sizeof(double));
    order_sort(labels, (size_t)call->rows);
    for (int64_t row = 0; row < call->rows; row++)
        if (*count == 0 || labels[row] != labels[*count - 1])
            labels[(*count)++] = labels[row];
    return labels;
}

static struct multinomial *multinomial_new(size_t features, size_t classes)
{
    struct multinomial *m = calloc(1, sizeof(*m));

    if (!m)
        return NULL;
    *m = (struct multinomial){.features = features, .classes = classes, .lines = classes == 2 ? 1 : classes};
    m->labels = calloc(classes, sizeof(double));
    m->coefficients = calloc(m->lines * (features + 1), sizeof(double));
    if (m->labels && m->coefficients)
        return m;
    multinomial_free(m);
    return NULL;
}

void multinomial_free(void *multinomial)
{
    struct multinomial *m = multinomial;

    if (!m)
        return;
    free(m->labels);
    free(m->coefficients);
    free(m);
}

/* The lines for the columns as they came. */
static int32_t hand_over(const struct newton *n, size_t classes, struct multinomial **out)
{
    size_t p = n->width - 1;
    struct multinomial *m = multinomial_new(p, classes);

    if (!m)
        return call_fail(n->call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    memcpy(m->labels, n->labels, classes * sizeof(double));
    for (size_t line = 0; line < n->lines; line++) {
        const double *b = n->b + line * n->width;
        double *to = m->coefficients + line * n->width;
        to[p] = b[p];
        for (size_t i = 0; i < p; i++) {
            to[i] = n->rows.deviations[i] > 0 ? b[i] / n->rows.deviations[i] : 0;
            to[p] -= to[i] * n->rows.means[i];
        }
    }
    for (size_t i = 0; i < n->order; i++)
        if (!isfinite(m->coefficients[i])) {
            multinomial_free(m);
            return call_fail(n->call, MLTRAINER_INVALID_DATA, "", "the numbers are too large to multiply");
        }
    *out = m;
    return n->call->status;
}

int32_t multinomial_fit(struct call *call, const struct multinomial_options *options, struct multinomial **out)
{
    size_t classes;
    struct newton n = {.call = call, .options = options, .labels = multinomial_labels(call, &classes)};

    if (!call->status && classes < 2)
        call_fail(call, MLTRAINER_INVALID_DATA, call->request->target, "all rows are of one class");
    n.lines = classes == 2 ? 1 : classes;
    n.width = call->feature_count + 1;
    n.order = n.lines * n.width;
    if (!call->status && n.order > ORDER_MAX)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%zu coefficients are more than %d", n.order, ORDER_MAX);
    if (call->status || standardized_take(call, 1, &n.rows))
        return call->status;
    n.b = call_memory(call, n.order, sizeof(double));
    n.next = call_memory(call, n.order, sizeof(double));
    n.gradient = call_memory(call, n.order, sizeof(double));
    n.matrix = call_memory(call, n.order * n.order, sizeof(double));
    n.chances = call_memory(call, n.lines * n.rows.rows, sizeof(double));
    n.factors = call_memory(call, n.rows.rows, sizeof(double));
    double *moved = call_memory(call, n.order, sizeof(double));
    if (call->status)
        return call->status;
    int64_t done = minimize(&n, moved);
    if (call->status)
        return call->status;
    call->host->metric(call->host, "rounds", MLTRAINER_STEP_FINAL, (double)done);
    call->host->metric(call->host, "converged", MLTRAINER_STEP_FINAL, done < options->rounds);
    return hand_over(&n, classes, out);
}

void multinomial_says(const struct multinomial *m, const double *const *features, int64_t row, double *chances)
{
    double largest = m->lines == 1 ? 0 : -INFINITY, sum = 0;

    chances[0] = 0;
    for (size_t line = 0; line < m->lines; line++) {
        const double *b = m->coefficients + line * (m->features + 1);
        double value = b[m->features];
        for (size_t i = 0; i < m->features; i++)
            value += b[i] * features[i][row];
        chances[m->classes - m->lines + line] = value;
        largest = fmax(largest, value);
    }
    for (size_t k = 0; k < m->classes; k++) {
        chances[k] = exp(chances[k] - largest);
        sum += chances[k];
    }
    for (size_t k = 0; k < m->classes; k++)
        chances[k] /= sum;
}

void multinomial_save(const struct multinomial *m, struct artifact_writer *writer)
{
    artifact_put_u64(writer, m->classes);
    artifact_put_doubles(writer, m->labels, m->classes);
    artifact_put_doubles(writer, m->coefficients, m->lines * (m->features + 1));
}

struct multinomial *multinomial_restore(struct artifact_reader *reader, size_t features)
{
    size_t classes = artifact_take_count(reader, sizeof(double));
    size_t numbers = (classes == 2 ? 1 : classes) * (features + 1);

    if (classes < 2 || numbers > reader->left / sizeof(double))
        return NULL;
    struct multinomial *m = multinomial_new(features, classes);
    if (!m)
        return NULL;
    artifact_take_doubles(reader, m->labels, classes);
    artifact_take_doubles(reader, m->coefficients, numbers);
    int is_ascending = !reader->failed;
    for (size_t k = 1; k < classes; k++)
        is_ascending &= m->labels[k] > m->labels[k - 1];
    if (is_ascending)
        return m;
    multinomial_free(m);
    return NULL;
}
