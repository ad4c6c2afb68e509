/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_CATALOG_MODEL_H
#define MLT_EXECUTION_CATALOG_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mltrainer/plugin.h>
#include <mrpc/arena.h>

#include "execution/dataset/schema.h"
#include "fault/fault.h"

/* One model configuration (server/plugins/README.md describes the file). All memory is the catalog's arena. */

struct catalog_parameter {
    const char *name;
    const char *const *aliases; /* other names that a request may give it by */
    size_t alias_count;
    enum mltrainer_kind kind;
    const struct mltrainer_parameter *fallback; /* the default; NULL: the caller must give it */
    bool has_minimum, has_maximum;
    double minimum, maximum; /* both allowed themselves */
    const char *const *choices;
    size_t choice_count;
    const char *doc;
};

/* A parameter that others would expect here. */
struct catalog_absence {
    const char *name;
    const char *reason;
};

struct catalog_column {
    const char *name;      /* of an input: fixed, or NULL when the parameter below holds it */
    const char *parameter; /* a text parameter */
    enum dataset_type type;
    const char *doc;
};

enum catalog_need { CATALOG_NONE, CATALOG_OPTIONAL, CATALOG_REQUIRED };

/* Bits 1 << enum process_operation, as the pool has them. */
enum catalog_operation {
    CATALOG_TRAIN = 1 << 2,
    CATALOG_EVALUATE = 1 << 3,
    CATALOG_PREDICT = 1 << 4,
    CATALOG_COMPUTE = 1 << 5,
};

struct catalog_model {
    const char *id;
    const char *family;
    const char *algorithm;
    const char *task; /* "regression" */
    const char *description;
    const char *reference; /* or "" */
    const char *engine;
    bool deterministic;
    const struct catalog_parameter *parameters;
    size_t parameter_count;
    const struct catalog_absence *absences;
    size_t absence_count;
    enum catalog_need table;
    enum catalog_need target;
    bool takes_features;
    const struct catalog_column *columns; /* inputs */
    size_t column_count;
    const struct catalog_column *outputs;
    size_t output_count;
    const char *const *metrics;
    size_t metric_count;
    const char *file;        /* it was read from */
    char sha256[65];         /* of that file */
    unsigned operations;     /* enum catalog_operation */
    const char *withheld;    /* what the configuration says is missing for it, or NULL */
    const char *unavailable; /* why it cannot be used, or NULL */
};

/** Read the file @path into *@out. Errors: INVALID_ARGUMENT naming file, line and key; an unknown key names the nearest
 *  one. INTERNAL when it cannot be read. Blocks. */
int catalog_model_read(const char *path, struct mrpc_arena *arena, struct catalog_model *out,
                       struct fault *fault) MRPC_MUST_USE;

/** "bool", "integer", "number", "text", "numbers", "texts". */
const char *catalog_kind_name(enum mltrainer_kind kind);
/** [A-Za-z0-9._-]{1,128}. */
bool catalog_identifier(const char *text);

/** Check one value against its parameter: kind, range, choices. Errors: INVALID_ARGUMENT with the text alone. An
 * integer passes where a number is wanted. */
int catalog_check_value(const struct catalog_parameter *parameter, const struct mltrainer_parameter *value,
                        struct fault *fault) MRPC_MUST_USE;

/** The parameter of that name, or of that other name; NULL when there is none. */
const struct catalog_parameter *catalog_find_parameter(const struct catalog_model *model, const char *name);

/** What the plugin will see: every parameter of @model, in its order, from @given or by default. @field is the request
 *  field for errors ("spec.train.parameters"). Errors: INVALID_ARGUMENT naming the parameter (unknown: with the nearest
 *  name, or why there is none; missing; wrong kind; out of range; given by two of its names), RESOURCE_EXHAUSTED. *@out
 *  (parameter_count of them) lies in @arena; texts are borrowed from @given and the model. */
int catalog_resolve_parameters(const struct catalog_model *model, const struct mltrainer_parameter *given,
                               size_t given_count, const char *field, struct mrpc_arena *arena,
                               const struct mltrainer_parameter *const **out, struct fault *fault) MRPC_MUST_USE;

#endif
