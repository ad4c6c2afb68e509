/* SPDX-License-Identifier: Apache-2.0 */
#include "market.h"

#include <math.h>

#include "support/backtest.h"
#include "support/order.h"

#define WINDOW_MAX 10000

static void check_prices(struct call *call)
{
    for (int64_t row = 0; !call->status && row < call->rows; row++)
        if (!(call->features[0][row] > 0))
            call_fail(call, MLTRAINER_INVALID_DATA, call->feature_names[0], "row %lld (from 0) is not above 0",
                      (long long)row);
}

/* Root of the mean square of the last returns, at most @window of them; 0 at the first row. */
static double volatility(const double *price, int64_t row, int64_t window)
{
    double squares = 0;
    int64_t count = row < window ? row : window;

    for (int64_t i = row - count + 1; i <= row; i++)
        squares += (price[i] / price[i - 1] - 1) * (price[i] / price[i - 1] - 1);
    return count > 0 ? sqrt(squares / (double)count) : 0;
}

static void find_regimes(struct call *call, struct market_view *view)
{
    double *values = call_numbers(call, call->rows);

    for (int64_t row = 0; !call->status && row < call->rows && !call_step_row(call, row, call->rows); row++)
        values[row] = volatility(call->features[0], row, (int64_t)view->regime_window);
    if (call->status)
        return;
    order_sort(values, (size_t)call->rows);
    view->regime[0] = order_quantile(values, (size_t)call->rows, 1.0 / 3);
    view->regime[1] = order_quantile(values, (size_t)call->rows, 2.0 / 3);
}

void market_read(struct call *call, struct market_view *view, int sees_regimes)
{
    view->window = (uint64_t)call_integer(call, "window", 1, WINDOW_MAX);
    view->regime_window =
        sees_regimes ? (uint64_t)call_integer(call, "regime_detection_window", 1, WINDOW_MAX) : 0;
    view->cost = call_number_within(call, "cost", 0, 0.5);
    check_prices(call);
    if (call->status)
        return;
    view->deviation = volatility(call->features[0], call->rows - 1, call->rows);
    if (!(view->deviation > 0))
        view->deviation = 1;
    if (sees_regimes)
        find_regimes(call, view);
}

static void look(const struct market *market, int64_t row)
{
    const struct market_view *view = market->view;
    const double *price = market->price;
    double *seen = market->seen + (size_t)row * market->width;
    int64_t window = (int64_t)view->window, back = row < window ? row : window;

    seen[0] = row > 0 ? (price[row] / price[row - 1] - 1) / view->deviation : 0;
    seen[1] = (price[row] / price[row - back] - 1) / (view->deviation * sqrt((double)window));
    seen[2] = volatility(price, row, window) / view->deviation;
    if (view->regime_window > 0) {
        double now = volatility(price, row, (int64_t)view->regime_window);
        seen[3 + (now > view->regime[0]) + (now > view->regime[1])] = 1;
    }
}

void market_open(struct call *call, const struct market_view *view, struct market *market)
{
    size_t width = view->regime_window > 0 ? 6 : 3;

    check_prices(call);
    *market = (struct market){.rows = call->rows,
                              .price = call->features[0],
                              .seen = call_memory(call, (size_t)call->rows * width, sizeof(double)),
                              .width = width,
                              .view = view};
    for (int64_t row = 0; !call->status && row < call->rows && !call_step_row(call, row, call->rows); row++)
        look(market, row);
}

double market_reward(const struct market *market, int64_t row, int held, int action)
{
    double earned = market_position(action) * (market->price[row + 1] / market->price[row] - 1);

    return (earned - market->view->cost * fabs((double)(action - held))) / market->view->deviation;
}

void market_walk(struct call *call, const struct market *market, const double *scores)
{
    int held = MARKET_FLAT;

    for (int64_t row = 0; row < market->rows; row++) {
        const double *score = scores + ((size_t)row * MARKET_ACTIONS + (size_t)held) * MARKET_ACTIONS;
        int best = 0;
        for (int action = 0; action < MARKET_ACTIONS; action++) {
            best = score[action] > score[best] ? action : best;
            call->out[1 + action][row] = score[action];
        }
        call->out[0][row] = market_position(best);
        held = best;
    }
    backtest_run(market->price, call->out[0], market->rows, market->view->cost, call->out[4], call->out[5]);
}

void market_evaluate(struct call *call, const void *state)
{
    const double *position = call->out[0], *earned = call->out[4];
    double mean = 0, squares = 0, trades = 0;

    for (int64_t row = 0; row < call->rows; row++) {
        mean += earned[row] / (double)call->rows;
        trades += row > 0 && position[row] != position[row - 1];
    }
    for (int64_t row = 0; row < call->rows; row++)
        squares += (earned[row] - mean) * (earned[row] - mean) / (double)call->rows;
    call->host->metric(call->host, "total_return", MLTRAINER_STEP_FINAL, call->out[5][call->rows - 1] - 1);
    call->host->metric(call->host, "sharpe", MLTRAINER_STEP_FINAL, squares > 0 ? mean / sqrt(squares) : 0);
    call->host->metric(call->host, "trades", MLTRAINER_STEP_FINAL, trades);
}

void market_save(const struct market_view *view, struct artifact_writer *writer)
{
    artifact_put_u64(writer, view->window);
    artifact_put_u64(writer, view->regime_window);
    artifact_put_doubles(writer, (const double[]){view->cost, view->deviation, view->regime[0], view->regime[1]}, 4);
}

int market_restore(struct market_view *view, struct artifact_reader *reader)
{
    view->window = artifact_take_u64(reader);
    view->regime_window = artifact_take_u64(reader);
    view->cost = artifact_take_double(reader);
    view->deviation = artifact_take_double(reader);
    artifact_take_doubles(reader, view->regime, 2);
    return reader->failed || view->window < 1 || view->window > WINDOW_MAX || view->regime_window > WINDOW_MAX ||
           !(view->cost >= 0 && view->cost <= 0.5) || !(view->deviation > 0);
}
