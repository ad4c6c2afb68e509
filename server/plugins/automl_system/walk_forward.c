/* SPDX-License-Identifier: Apache-2.0 */
/* Walk-forward optimisation: in each window the penalty of a ridge regression is chosen by the window's last fifth,
 * the regression fitted anew on the whole window, and the rows that follow predicted; then the window moves on. Nothing
 * that is predicted has been seen. */
#include "scaling.h"
#include "support/normal_equations.h"
#include "support/tabular.h"

static const double penalties[] = {1e-4, 1e-3, 1e-2, 1e-1, 1, 10}; /* a row of standardised features */
#define PENALTIES (sizeof(penalties) / sizeof(penalties[0]))

static int32_t fill(struct call *call);

TABULAR(walk_forward, .outputs = {"prediction", "penalty", "error"}, .features = 1, .fill = fill);

struct walk {
    struct call *call;
    int64_t window, step;
    struct normal early, late; /* sums of the window's first part and of its last fifth */
    struct scaling *scales;
    double *x, *b, *scratch;
};

static double predict(const struct walk *w, const double *b, double mean, int64_t row)
{
    double sum = mean;

    for (size_t i = 0; i < w->early.order; i++)
        sum += b[i] * scaled(w->scales[i], w->call->features[i][row]);
    return sum;
}

static void add_rows(const struct walk *w, struct normal *normal, double mean, int64_t from, int64_t to)
{
    normal_clear(normal);
    for (int64_t row = from; row < to; row++) {
        for (size_t i = 0; i < normal->order; i++)
            w->x[i] = scaled(w->scales[i], w->call->features[i][row]);
        normal_add(normal, w->x, w->call->target[row] - mean, 1);
    }
}

static double choose(const struct walk *w)
{
    double best = penalties[0], least = INFINITY;

    for (size_t i = 0; i < PENALTIES; i++) {
        normal_solve(&w->early, penalties[i] * w->early.weight, w->b, w->scratch);
        double error = normal_residual(&w->late, w->b);
        if (error < least) {
            least = error;
            best = penalties[i];
        }
    }
    return best;
}

/* The window that ends before @end, and what follows it. */
static void move(struct walk *w, int64_t end)
{
    struct call *call = w->call;
    int64_t from = end - w->window, middle = end - w->window / 5, last = end + w->step;
    double mean = 0;

    for (int64_t row = from; row < end; row++)
        mean += call->target[row];
    mean /= (double)w->window;
    for (size_t i = 0; i < call->feature_count; i++)
        w->scales[i] = scaling_of(call->features[i], from, end);
    add_rows(w, &w->early, mean, from, middle);
    add_rows(w, &w->late, mean, middle, end);
    double penalty = choose(w);
    normal_combine(&w->early, &w->late, 1);
    normal_solve(&w->early, penalty * w->early.weight, w->b, w->scratch);
    for (int64_t row = end; row < last && row < call->rows; row++) {
        call->out[0][row] = predict(w, w->b, mean, row);
        call->out[1][row] = penalty;
        call->out[2][row] = call->target[row] - call->out[0][row];
    }
}

static int32_t fill(struct call *call)
{
    size_t count = call->feature_count;
    struct walk w = {.call = call,
                     .window = call_window(call, "window_size", 10),
                     .step = call_window(call, "step_size", 1),
                     .early = normal_new(call, count),
                     .late = normal_new(call, count),
                     .scales = call_memory(call, count, sizeof(*w.scales)),
                     .x = call_memory(call, count, sizeof(double)),
                     .b = call_memory(call, count, sizeof(double)),
                     .scratch = call_memory(call, count * count, sizeof(double))};

    call_read_target(call);
    if (call->status)
        return call->status;
    if (call->rows <= w.window)
        return call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are no more than window_size, %lld",
                         (long long)call->rows, (long long)w.window);
    for (int64_t row = 0; row < w.window; row++)
        for (size_t i = 0; i < 3; i++)
            call->out[i][row] = NAN;
    for (int64_t end = w.window; end < call->rows; end += w.step) {
        if (call_step(call, (double)end, (double)call->rows))
            break;
        move(&w, end);
    }
    return call->status;
}
