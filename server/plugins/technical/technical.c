/* SPDX-License-Identifier: Apache-2.0 */
#include "indicators.h"

#define INDICATOR(name, text, interface)                                                                               \
    {                                                                                                                  \
        .size = sizeof(struct mltrainer_algorithm), .flags = MLTRAINER_DETERMINISTIC, .id = name, .description = text, \
        .computable = &(interface),                                                                                    \
    }

static const struct mltrainer_algorithm indicators[] = {
    INDICATOR("sma", "Simple moving average.", sma_computable),
    INDICATOR("ema", "Exponential moving average.", ema_computable),
    INDICATOR("rsi", "Wilder's relative strength index.", rsi_computable),
    INDICATOR("rsi_signal", "Relative strength index with buy and sell levels.", rsi_signal_computable),
    INDICATOR("macd", "Moving average convergence and divergence.", macd_computable),
    INDICATOR("bollinger", "Bollinger bands.", bollinger_computable),
    INDICATOR("bollinger_signal", "Bollinger bands with a breakout signal.", bollinger_signal_computable),
    INDICATOR("sma_crossover", "Crossing of two simple moving averages.", sma_crossover_computable),
    INDICATOR("ema_crossover", "Crossing of two exponential moving averages.", ema_crossover_computable),
};

static const struct mltrainer_algorithm *const algorithms[] = {
    &indicators[0], &indicators[1], &indicators[2], &indicators[3], &indicators[4],
    &indicators[5], &indicators[6], &indicators[7], &indicators[8],
};

const struct mltrainer_plugin mltrainer_plugin_v1 = {
    .size = sizeof(struct mltrainer_plugin),
    .abi_major = MLTRAINER_ABI_MAJOR,
    .abi_minor = MLTRAINER_ABI_MINOR,
    .family = "technical",
    .version = "1.0.0",
    .description = "Indicators of technical analysis over one series of prices.",
    .licence = "Apache-2.0",
    .engine = "own recurrences",
    .algorithm_count = sizeof(algorithms) / sizeof(algorithms[0]),
    .algorithms = algorithms,
};
