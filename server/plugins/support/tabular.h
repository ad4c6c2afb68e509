/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_TABULAR_H
#define PLUGIN_SUPPORT_TABULAR_H

#include "support/call.h"

/* Algorithms that compute columns from columns, without learning. One is a list of names and a function:
 *
 *     static int32_t fill_obv(struct call *call)
 *     {
 *         ... call->in[0][row], call->in[1][row], call->out[0][row] ...
 *         return call->status;
 *     }
 *     TABULAR(obv, .inputs = {"close", "volume"}, .outputs = {"obv"}, .fill = fill_obv);
 *
 * gives `const struct mltrainer_computable obv_computable`. The columns have been read and are finite; outputs are
 * there with a row for each row of the input, all 0. */

struct tabular {
    const char *inputs[CALL_INPUTS_MAX];   /* columns; "@NAME": the one that text parameter NAME holds */
    const char *outputs[CALL_OUTPUTS_MAX]; /* columns of numbers */
    const char *label;                     /* a column of text before them, or NULL: tabular_label() */
    int features;                          /* non-zero: the columns that the caller chooses are read too */
    int own_rows;                          /* non-zero: fill() calls tabular_start() once it knows how many rows */
    int32_t (*fill)(struct call *call);    /* returns call->status */
};

int32_t tabular_compute(const struct tabular *tabular, const struct mltrainer_host *host,
                        const struct mltrainer_request *request, struct mltrainer_output *output,
                        struct mltrainer_error *error);

/** For own_rows: make the output's columns, @rows long. Returns call->status. */
int32_t tabular_start(struct call *call, const struct tabular *tabular, int64_t rows);
/** Put @texts, one a row, into the label column. Returns call->status. */
int32_t tabular_label(struct call *call, const char *const *texts);

#define TABULAR(name, ...)                                                                                             \
    static const struct tabular name##_tabular = {__VA_ARGS__};                                                        \
    static int32_t name##_compute(const struct mltrainer_host *host, const struct mltrainer_request *request,          \
                                  struct mltrainer_output *output, struct mltrainer_error *error)                      \
    {                                                                                                                  \
        return tabular_compute(&name##_tabular, host, request, output, error);                                         \
    }                                                                                                                  \
    const struct mltrainer_computable name##_computable = {.size = sizeof(name##_computable), .compute = name##_compute}

/** For a family's list of algorithms, FAMILY(X) with X(name, description) a line: declares what TABULAR defined, and
 *  makes the algorithm of the same id. */
#define TABULAR_DECLARE(name, text) extern const struct mltrainer_computable name##_computable;
#define TABULAR_ALGORITHM(name, text)                                                                                  \
    static const struct mltrainer_algorithm name##_algorithm = {.size = sizeof(name##_algorithm),                      \
                                                                .flags = MLTRAINER_DETERMINISTIC,                      \
                                                                .id = #name,                                           \
                                                                .description = text,                                   \
                                                                .computable = &name##_computable};
/** For those that draw random numbers. */
#define TABULAR_ALGORITHM_SEEDED(name, text)                                                                           \
    static const struct mltrainer_algorithm name##_algorithm = {.size = sizeof(name##_algorithm),                      \
                                                                .flags =                                               \
                                                                    MLTRAINER_DETERMINISTIC | MLTRAINER_USES_SEED,     \
                                                                .id = #name,                                           \
                                                                .description = text,                                   \
                                                                .computable = &name##_computable};
#define TABULAR_ENTRY(name, text) &name##_algorithm,

#endif
