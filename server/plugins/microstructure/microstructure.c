/* SPDX-License-Identifier: Apache-2.0 */
/* What trades cost and who wants them, row by row; no row knows a later one. */
#include "support/family.h"
#include "support/rolling.h"
#include "support/tabular.h"

#define MODELS(X)                                                                                                      \
    X(spread, "What a trade costs by the distance of bid and ask.")                                                    \
    X(liquidity, "Depth, breadth and resilience of a market.")                                                         \
    X(impact, "What an order moves the price by.")                                                                     \
    X(book_imbalance, "Who waits in the order book.")                                                                  \
    X(flow, "Who trades at once.")

MODELS(TABULAR_DECLARE)

static void need_prices(struct call *call, size_t input, const char *name)
{
    for (int64_t row = 0; !call->status && row < call->rows; row++)
        if (!(call->in[input][row] > 0))
            call_fail(call, MLTRAINER_INVALID_DATA, name, "row %lld (from 0) is not above 0", (long long)row);
}

static void need_sizes(struct call *call, const double *values, const char *name)
{
    for (int64_t row = 0; !call->status && row < call->rows; row++)
        if (values[row] < 0)
            call_fail(call, MLTRAINER_INVALID_DATA, name, "row %lld (from 0) is negative", (long long)row);
}

/* ---- Spreads: shares of the middle of bid and ask ---- */

enum { SPREAD, MEAN, QUOTED, EFFECTIVE, ROLL };

/* Roll (1984): twice the root of minus the covariance of neighbouring price changes; 0 where that is positive. */
static void fill_roll(struct call *call, int64_t window, const double *close)
{
    int64_t rows = call->rows;
    double *before = call_numbers(call, rows), *now = call_numbers(call, rows), *both = call_numbers(call, rows),
           *mean_before = call_numbers(call, rows), *mean_now = call_numbers(call, rows);

    if (call->status)
        return;
    for (int64_t row = 0; row < rows; row++) {
        now[row] = row > 1 ? close[row] - close[row - 1] : NAN;
        before[row] = row > 1 ? close[row - 1] - close[row - 2] : NAN;
        both[row] = now[row] * before[row];
    }
    rolling_mean(before, rows, window, mean_before);
    rolling_mean(now, rows, window, mean_now);
    rolling_mean(both, rows, window, before);
    for (int64_t row = 0; row < rows; row++)
        call->out[ROLL][row] = 2 * sqrt(fmax(0, mean_before[row] * mean_now[row] - before[row])) / close[row];
    for (int64_t row = 0; row < rows && row < window + 1; row++)
        call->out[ROLL][row] = NAN;
}

static int32_t fill_spread(struct call *call)
{
    static const char *const measures[] = {"quoted", "effective", "roll", NULL};
    size_t chosen = QUOTED + call_choice(call, "spread_measure", measures);
    int64_t window = call_window(call, "window", 2);
    const double *bid = call->in[0], *ask = call->in[1], *close = call->in[2];

    need_prices(call, 0, "bid");
    need_prices(call, 1, "ask");
    need_prices(call, 2, "close");
    for (int64_t row = 0; !call->status && row < call->rows; row++)
        if (ask[row] < bid[row])
            call_fail(call, MLTRAINER_INVALID_DATA, "ask", "row %lld (from 0) is below the bid", (long long)row);
    fill_roll(call, window, close);
    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        double middle = (bid[row] + ask[row]) / 2;
        call->out[QUOTED][row] = (ask[row] - bid[row]) / middle;
        call->out[EFFECTIVE][row] = 2 * fabs(close[row] - middle) / middle;
        call->out[SPREAD][row] = call->out[chosen][row];
    }
    if (!call->status)
        rolling_mean(call->out[SPREAD], call->rows, window, call->out[MEAN]);
    return call->status;
}

TABULAR(spread, .inputs = {"bid", "ask", "close"}, .outputs = {"spread", "mean_spread", "quoted", "effective", "roll"},
        .fill = fill_spread);

/* ---- Liquidity: Kyle's (1985) three sides, each against its own mean so far ---- */

enum { SCORE, DEPTH, BREADTH, RESILIENCE };

/* Mean of the last rows' turnover; turnover for a move of the price (Amihud, 2002, turned over); and how much less than
 * a random walk's the mean of two rows' squared returns is (a variance ratio), as 1 / ratio. */
static void fill_sides(struct call *call, int64_t window)
{
    int64_t rows = call->rows;
    const double *close = call->in[0], *volume = call->in[1];
    double *turnover = call_numbers(call, rows), *move = call_numbers(call, rows), *one = call_numbers(call, rows),
           *two = call_numbers(call, rows), *mean_one = call_numbers(call, rows), *mean_two = call_numbers(call, rows),
           *mean_move = call_numbers(call, rows);

    for (int64_t row = 0; !call->status && row < rows; row++) {
        turnover[row] = close[row] * volume[row];
        double r = row > 0 ? log(close[row] / close[row - 1]) : NAN;
        double r2 = row > 1 ? log(close[row] / close[row - 2]) : NAN;
        move[row] = fabs(r);
        one[row] = r * r;
        two[row] = r2 * r2;
    }
    if (call->status)
        return;
    rolling_mean(turnover, rows, window, call->out[DEPTH]);
    rolling_mean(move, rows, window, mean_move);
    rolling_mean(one, rows, window, mean_one);
    rolling_mean(two, rows, window, mean_two);
    for (int64_t row = 0; row < rows; row++) {
        call->out[BREADTH][row] = mean_move[row] > 1e-15 ? call->out[DEPTH][row] / mean_move[row] : NAN;
        call->out[RESILIENCE][row] = mean_two[row] > 1e-30 ? 2 * mean_one[row] / mean_two[row] : NAN;
    }
}

static int32_t fill_liquidity(struct call *call)
{
    static const char *const names[] = {"depth", "breadth", "resilience"};
    size_t count, uses[3] = {0};
    const char *const *metrics = call_texts(call, "liquidity_metrics", 3, &count);
    int64_t window = call_window(call, "window", 2), known[3] = {0};
    double usual[3] = {0};

    need_prices(call, 0, "close");
    need_sizes(call, call->in[1], "volume");
    for (size_t i = 0; i < count && !call->status; i++) {
        size_t side = 0;
        while (side < 3 && strcmp(metrics[i], names[side]) != 0)
            side++;
        if (side == 3)
            return call_fail(call, MLTRAINER_INVALID_PARAMETER, "liquidity_metrics",
                             "\"%.40s\" is none of depth, breadth, resilience", metrics[i]);
        uses[side] = 1;
    }
    fill_sides(call, window);
    for (int64_t row = 0; row < call->rows && !call->status; row++) {
        double sum = 0, sides = 0;
        for (size_t side = 0; side < 3; side++) {
            double value = call->out[DEPTH + side][row];
            if (!(value > 0) || !isfinite(value)) {
                sum += uses[side] ? NAN : 0;
                continue;
            }
            usual[side] += (value - usual[side]) / (double)++known[side];
            sum += uses[side] ? log(value / usual[side]) : 0;
            sides += (double)uses[side];
        }
        call->out[SCORE][row] = sum / sides;
    }
    return call->status;
}

TABULAR(liquidity, .inputs = {"close", "volume"}, .outputs = {"score", "depth", "breadth", "resilience"},
        .fill = fill_liquidity);

/* ---- Impact ---- */

enum { IMPACT, COST, PARTICIPATION, VOLATILITY };

enum impact_function { SQUARE_ROOT, LINEAR, ALMGREN };

/* Share of the price, for an order of share @part of the usual volume. Square root: Torre (1997); Almgren, Thum,
 * Hauptmann and Li (2005) for an order over a whole row: half of the lasting impact, and what passes. */
static double impact_of(size_t function, double part, double volatility, double factor)
{
    if (function == SQUARE_ROOT)
        return factor * volatility * sqrt(part);
    if (function == LINEAR)
        return factor * volatility * part;
    return factor * volatility * (0.314 / 2 * part + 0.142 * pow(part, 0.6));
}

static int32_t fill_impact(struct call *call)
{
    static const char *const functions[] = {"square_root", "linear", "almgren", NULL};
    static const char *const measures[] = {"volume", "turnover", NULL};
    size_t function = call_choice(call, "impact_function", functions),
           measure = call_choice(call, "liquidity_measure", measures);
    int64_t window = call_window(call, "window", 2);
    double order = call_number_within(call, "order_size", 0, 1e18),
           factor = call_number_within(call, "coefficient", 0, 1e6);
    double *usual = call_numbers(call, call->rows), *returns = call_numbers(call, call->rows),
           *mean = call_numbers(call, call->rows);
    const double *close = call->in[0], *volume = call->in[1];

    need_prices(call, 0, "close");
    need_sizes(call, volume, "volume");
    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        returns[row] = row > 0 ? log(close[row] / close[row - 1]) : NAN;
        mean[row] = volume[row] * (measure == 1 ? close[row] : 1);
    }
    if (call->status)
        return call->status;
    rolling_mean(mean, call->rows, window, usual);
    rolling_deviation(returns, call->rows, window, 1, mean, call->out[VOLATILITY]);
    for (int64_t row = 0; row < call->rows; row++) {
        double part = usual[row] > 0 ? order / usual[row] : NAN;
        call->out[PARTICIPATION][row] = part;
        call->out[IMPACT][row] = impact_of(function, part, call->out[VOLATILITY][row], factor);
        call->out[COST][row] = call->out[IMPACT][row] * order * (measure == 1 ? 1 : close[row]);
    }
    return call->status;
}

TABULAR(impact, .inputs = {"close", "volume"}, .outputs = {"impact", "cost", "participation", "volatility"},
        .fill = fill_impact);

/* ---- Imbalances: shares of the buyers, between 0 and 1 ---- */

static double signal_of(double share, double threshold)
{
    return isnan(share) ? NAN : (share > threshold) - (share < 1 - threshold);
}

/* The features are the sizes that wait: bids from the best level on, then as many asks. A level counts half as much as
 * the one before. */
static int32_t fill_book(struct call *call)
{
    int64_t most = call_integer(call, "depth_levels", 1, 1000), window = call_window(call, "time_window", 1);
    double threshold = call_number_within(call, "imbalance_threshold", 0.5, 1);
    size_t there = call->feature_count / 2, levels = there < (size_t)most ? there : (size_t)most;

    if (!call->status && (call->feature_count % 2 != 0 || there == 0))
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%zu columns are not as many bids as asks", call->feature_count);
    for (size_t i = 0; i < call->feature_count && !call->status; i++)
        need_sizes(call, call->features[i], call->feature_names[i]);
    for (int64_t row = 0; row < call->rows && !call->status; row++) {
        double bids = 0, asks = 0, weight = 1;
        for (size_t level = 0; level < levels; level++, weight /= 2) {
            bids += weight * call->features[level][row];
            asks += weight * call->features[there + level][row];
        }
        call->out[0][row] = bids + asks > 0 ? bids / (bids + asks) : 0.5;
    }
    if (call->status)
        return call->status;
    rolling_mean(call->out[0], call->rows, window, call->out[1]);
    for (int64_t row = 0; row < call->rows; row++)
        call->out[2][row] = signal_of(call->out[1][row], threshold);
    return call->status;
}

TABULAR(book_imbalance, .features = 1, .outputs = {"bid_share", "mean_bid_share", "signal"}, .fill = fill_book);

/* A trade above the one before was bought, below sold; at the same price as the one before was. Lee and Ready (1991),
 * the tick test. Toxicity: Easley, Lopez de Prado and O'Hara (2012), over rows. */
static int32_t fill_flow(struct call *call)
{
    int64_t window = call_window(call, "time_bucket", 1), rows = call->rows;
    double threshold = call_number_within(call, "flow_imbalance_threshold", 0.5, 1), side = 0;
    double *bought = call_numbers(call, rows), *apart = call_numbers(call, rows), *all = call_numbers(call, rows),
           *sum = call_numbers(call, rows);
    const double *close = call->in[0], *volume = call->in[1];

    need_prices(call, 0, "close");
    need_sizes(call, volume, "volume");
    for (int64_t row = 0; !call->status && row < rows; row++) {
        if (row > 0 && close[row] != close[row - 1])
            side = close[row] > close[row - 1] ? 1 : -1;
        call->out[0][row] = side * volume[row];
        bought[row] = (1 + side) / 2 * volume[row];
    }
    if (call->status)
        return call->status;
    rolling_sum(bought, rows, window, apart);
    rolling_sum(volume, rows, window, all);
    rolling_sum(call->out[0], rows, window, sum);
    for (int64_t row = 0; row < rows; row++) {
        call->out[1][row] = all[row] > 0 ? fmax(0, fmin(1, apart[row] / all[row])) : all[row] == 0 ? 0.5 : NAN;
        call->out[2][row] = signal_of(call->out[1][row], threshold);
        call->out[3][row] = all[row] > 0 ? fabs(sum[row]) / all[row] : all[row] == 0 ? 0 : NAN;
    }
    return call->status;
}

TABULAR(flow, .inputs = {"close", "volume"}, .outputs = {"signed_volume", "buy_share", "signal", "toxicity"},
        .fill = fill_flow);

MODELS(TABULAR_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {MODELS(TABULAR_ENTRY)};

FAMILY("microstructure", algorithms, .description = "What trades cost, and who wants them.", .licence = "Apache-2.0",
       .engine = "C of this project");
