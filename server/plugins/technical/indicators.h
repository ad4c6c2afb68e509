/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TECHNICAL_INDICATORS_H
#define TECHNICAL_INDICATORS_H

#include <mltrainer/plugin.h>

extern const struct mltrainer_computable sma_computable;
extern const struct mltrainer_computable ema_computable;
extern const struct mltrainer_computable rsi_computable;
extern const struct mltrainer_computable rsi_signal_computable;
extern const struct mltrainer_computable macd_computable;
extern const struct mltrainer_computable bollinger_computable;
extern const struct mltrainer_computable bollinger_signal_computable;
extern const struct mltrainer_computable sma_crossover_computable;
extern const struct mltrainer_computable ema_crossover_computable;

#endif
