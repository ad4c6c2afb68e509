/* SPDX-License-Identifier: Apache-2.0 */
/* Adversarial validation: a classifier is asked to tell the last rows from those before. Its area under the ROC curve,
 * out of fold, is 0.5 when both come from the same distribution; what it learns on early rows then holds for late ones.
 * A row for the classifier (logistic regression, L2, five folds by row number) and one for each feature by itself. */
#include "scaling.h"
#include "support/cholesky.h"
#include "support/distribution.h"
#include "support/order.h"
#include "support/tabular.h"

#define FOLDS 5
#define ROUNDS 50
#define ROWS_MAX 200000

static int32_t fill(struct call *call);

TABULAR(adversarial_validation, .label = "by", .outputs = {"auc", "p_value", "shifted"}, .features = 1, .own_rows = 1,
        .fill = fill);

struct trial {
    struct call *call;
    size_t order; /* features and the constant */
    int64_t first_late;
    double *x; /* rows of scaled features and 1 */
    double *scores, *ranks;
    double *b, *gradient, *hessian;
    uint32_t *indexes, *scratch;
};

static double dot(const double *a, const double *b, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

/* One step of Newton's; gives the largest move. The constant is not penalised. */
static double newton_step(struct trial *t, int fold)
{
    size_t order = t->order;
    double largest = 0;

    memset(t->hessian, 0, order * order * sizeof(double));
    for (size_t i = 0; i < order; i++) {
        t->gradient[i] = i + 1 < order ? -t->b[i] : 0;
        t->hessian[i * order + i] = i + 1 < order ? 1 : 1e-9;
    }
    for (int64_t row = 0; row < t->call->rows; row++) {
        const double *x = t->x + (size_t)row * order;
        if (row % FOLDS == fold)
            continue;
        double share = 1 / (1 + exp(-dot(x, t->b, order))), miss = (row >= t->first_late) - share;
        for (size_t i = 0; i < order; i++) {
            double factor = share * (1 - share) * x[i];
            t->gradient[i] += miss * x[i];
            for (size_t k = 0; k <= i; k++)
                t->hessian[i * order + k] += factor * x[k];
        }
    }
    if (cholesky_factor(t->hessian, order))
        return 0;
    cholesky_solve(t->hessian, order, t->gradient);
    for (size_t i = 0; i < order; i++) {
        t->b[i] += t->gradient[i];
        largest = fmax(largest, fabs(t->gradient[i]));
    }
    return largest;
}

static void score_fold(struct trial *t, int fold)
{
    memset(t->b, 0, t->order * sizeof(double));
    for (int round = 0; round < ROUNDS && !call_step(t->call, fold, FOLDS); round++)
        if (newton_step(t, fold) < 1e-10)
            break;
    for (int64_t row = fold; row < t->call->rows; row += FOLDS) {
        double score = dot(t->x + (size_t)row * t->order, t->b, t->order);
        t->scores[row] = 1 / (1 + exp(-score));
    }
}

/* Mann and Whitney's statistic as a share, its p-value (normal, that late rows are not above), and the verdict. */
static void judge(struct trial *t, const double *scores, int two_sided, double threshold, size_t out)
{
    struct call *call = t->call;
    double late = (double)(call->rows - t->first_late), early = (double)t->first_late, sum = 0;

    order_indexes(scores, (size_t)call->rows, t->indexes, t->scratch);
    order_ranks(scores, t->indexes, (size_t)call->rows, t->ranks);
    for (int64_t row = t->first_late; row < call->rows; row++)
        sum += t->ranks[row];
    double auc = (sum - late * (late + 1) / 2) / (late * early);
    double z = (auc - 0.5) / sqrt((late + early + 1) / (12 * late * early));
    if (two_sided)
        auc = fmax(auc, 1 - auc);
    call->out[0][out] = auc;
    call->out[1][out] = two_sided ? 2 * distribution_normal(-fabs(z)) : distribution_normal(-z);
    call->out[2][out] = auc > threshold && call->out[1][out] < 0.05;
}

static void scale_rows(struct trial *t)
{
    for (size_t i = 0; i + 1 < t->order; i++) {
        struct scaling scaling = scaling_of(t->call->features[i], 0, t->call->rows);
        for (int64_t row = 0; row < t->call->rows; row++)
            t->x[(size_t)row * t->order + i] = scaled(scaling, t->call->features[i][row]);
    }
    for (int64_t row = 0; row < t->call->rows; row++)
        t->x[(size_t)row * t->order + t->order - 1] = 1;
}

static int32_t report(struct trial *t, double threshold)
{
    struct call *call = t->call;
    const char **names = call_memory(call, call->feature_count + 1, sizeof(*names));

    if (tabular_start(call, &adversarial_validation_tabular, (int64_t)call->feature_count + 1))
        return call->status;
    names[0] = "all features";
    judge(t, t->scores, 0, threshold, 0);
    for (size_t i = 0; i < call->feature_count && !call_step(call, 1, 1); i++) {
        names[i + 1] = call->feature_names[i];
        judge(t, call->features[i], 1, threshold, i + 1);
    }
    return tabular_label(call, names);
}

static int32_t fill(struct call *call)
{
    size_t rows = (size_t)call->rows, order = call->feature_count + 1;
    double threshold = call_number_within(call, "threshold", 0, 1),
           share = call_number_within(call, "share", 0.01, 0.99);

    if (call->status)
        return call->status;
    if (call->rows < 20 || call->rows > ROWS_MAX)
        return call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are not between 20 and %d", (long long)call->rows,
                         ROWS_MAX);
    struct trial t = {.call = call,
                      .order = order,
                      .first_late = call->rows - (int64_t)ceil(share * (double)call->rows),
                      .x = call_memory(call, rows * order, sizeof(double)),
                      .scores = call_numbers(call, call->rows),
                      .ranks = call_numbers(call, call->rows),
                      .b = call_memory(call, order, sizeof(double)),
                      .gradient = call_memory(call, order, sizeof(double)),
                      .hessian = call_memory(call, order * order, sizeof(double)),
                      .indexes = call_memory(call, rows, sizeof(uint32_t)),
                      .scratch = call_memory(call, rows, sizeof(uint32_t))};
    if (call->status)
        return call->status;
    t.first_late = t.first_late > 0 ? t.first_late : 1;
    scale_rows(&t);
    for (int fold = 0; fold < FOLDS && !call->status; fold++)
        score_fold(&t, fold);
    return call->status ? call->status : report(&t, threshold);
}
