/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_CALL_H
#define PLUGIN_SUPPORT_CALL_H

#include <mltrainer/plugin_table.h>

/* One call of the host into a family, as the family's own code sees it: numbers in, numbers out, parameters by name.
 *
 * Errors stick: the first is kept in call->status and call->error, whatever fails afterwards changes nothing, and a
 * function that has failed gives back something harmless (the least value allowed, NULL). So a family asks for all its
 * parameters and its memory, and then looks once:
 *
 *     int64_t window = call_window(call, "window", 2);
 *     double *mean = call_numbers(call, call->rows);
 *     if (call->status)
 *         return call->status;
 *
 * Thread: the calling one. Ownership: everything belongs to the host's call and is freed with it. */

#define CALL_INPUTS_MAX 16
#define CALL_OUTPUTS_MAX 24

struct call {
    const struct mltrainer_host *host;
    const struct mltrainer_request *request;
    struct mltrainer_error *error;
    int32_t status;

    int64_t rows;                       /* of the input; 0 without a table */
    const double *in[CALL_INPUTS_MAX];  /* named columns, in the order of the algorithm's list */
    size_t feature_count;               /* columns that the caller chose */
    const char **feature_names;
    const double **features;            /* one array of call->rows a feature */
    const double *target;               /* or NULL */
    const double *weights;              /* or NULL: all 1 */

    struct mltrainer_output *output;    /* NULL in training */
    int64_t rows_out;
    double *out[CALL_OUTPUTS_MAX];      /* columns to fill, in the order of the algorithm's list */

    double part_from, part_width;       /* call_part(); a width of 0: all of it */
    double told;                        /* the most that the host was told is done */
};

/** Keep the error, if it is the first; gives call->status. @subject: parameter or column, or "". */
__attribute__((format(printf, 4, 5))) int32_t call_fail(struct call *call, enum mltrainer_status status,
                                                        const char *subject, const char *format, ...);

/* ---- Parameters: MLTRAINER_INVALID_PARAMETER when absent, of another kind, or out of the range given ---- */

double call_number(struct call *call, const char *name);
/** At least @least and at most @most, both allowed. */
double call_number_within(struct call *call, const char *name, double least, double most);
int64_t call_integer(struct call *call, const char *name, int64_t least, int64_t most);
/** A length in rows of at least @least. */
int64_t call_window(struct call *call, const char *name, int64_t least);
int call_flag(struct call *call, const char *name);
const char *call_text(struct call *call, const char *name);
/** Which of @choices (NULL-terminated) the text is. */
size_t call_choice(struct call *call, const char *name, const char *const *choices);
/** A list; at least one and at most @most of them. */
const double *call_list(struct call *call, const char *name, size_t most, size_t *count);
const char *const *call_texts(struct call *call, const char *name, size_t most, size_t *count);

/* ---- Memory: zeroed; MLTRAINER_OUT_OF_MEMORY, NULL ---- */

void *call_memory(struct call *call, size_t count, size_t bytes_each);
double *call_numbers(struct call *call, int64_t count);

/* ---- Columns: MLTRAINER_INVALID_DATA for what is absent, not numeric, or holds a row that is not a finite number
 * ---- */

/** Read a numeric column. */
const double *call_column(struct call *call, const char *name);
/** MLTRAINER_INVALID_DATA when a value of @values, the rows of column @name, is below 0. */
void call_need_no_negative(struct call *call, const double *values, const char *name);
/** The same when one is 0 or below. */
void call_need_positive(struct call *call, const double *values, const char *name);
/** Read what the request calls features: the columns it names, or else each numeric column without another role. */
void call_read_features(struct call *call);
void call_read_target(struct call *call);
/** None is fine; negative ones are not, nor that all are 0. */
void call_read_weights(struct call *call);
/** The features, row after row, into room for call->rows times as many. */
void call_copy_rows(const struct call *call, double *rows);
/** The features row after row, @features of them a row. */
double *call_feature_rows(struct call *call);

/* ---- The end in sight ---- */

/** Tell the host that @done of @whole is done, and ask whether to go on: non-zero (and MLTRAINER_CANCELLED) when
 *  not. */
int call_step(struct call *call, double done, double whole);
/** From here on what call_step() is told is of the part of the call's work that goes @from 0 @to 1. What goes over its
 *  rows again and again, or in steps that are not counted beforehand, divides its work so; the host hears of growth
 *  only. */
void call_part(struct call *call, double from, double to);

/** The same once in 1,024 rows, for loops of little work a row. */
static inline int call_step_row(struct call *call, int64_t row, int64_t rows)
{
    return (row & 1023) == 0 && call_step(call, (double)row, (double)rows);
}

#endif
