/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTRAINER_PLUGIN_PARAMETERS_H
#define MLTRAINER_PLUGIN_PARAMETERS_H

/* For plugins in C: reading parameters and reporting errors. Inline, so that a plugin still imports nothing; no part of
 * the ABI. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <mltrainer/plugin.h>

/** Fill @error and return @status, for `return mltrainer_fail(…)`. @subject: parameter or column, or "". */
__attribute__((format(printf, 4, 5))) static inline int32_t
mltrainer_fail(struct mltrainer_error *error, enum mltrainer_status status, const char *subject, const char *format,
               ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    snprintf(error->subject, sizeof(error->subject), "%s", subject);
    return status;
}

/** The parameter @name, or NULL. */
static inline const struct mltrainer_parameter *mltrainer_parameter_find(const struct mltrainer_request *request,
                                                                         const char *name)
{
    for (uint32_t i = 0; i < request->parameter_count; i++)
        if (strcmp(request->parameters[i]->name, name) == 0)
            return request->parameters[i];
    return NULL;
}

/** Its value as a number, or @fallback when it is not there or is no number. */
static inline double mltrainer_parameter_number(const struct mltrainer_request *request, const char *name,
                                                double fallback)
{
    const struct mltrainer_parameter *parameter = mltrainer_parameter_find(request, name);

    if (parameter && parameter->kind == MLTRAINER_NUMBER)
        return parameter->number;
    if (parameter && parameter->kind == MLTRAINER_INTEGER)
        return (double)parameter->integer;
    return fallback;
}

/** The same for whole numbers and for booleans (0 or 1). */
static inline int64_t mltrainer_parameter_integer(const struct mltrainer_request *request, const char *name,
                                                  int64_t fallback)
{
    const struct mltrainer_parameter *parameter = mltrainer_parameter_find(request, name);

    if (parameter && (parameter->kind == MLTRAINER_INTEGER || parameter->kind == MLTRAINER_BOOL))
        return parameter->integer;
    return fallback;
}

static inline const char *mltrainer_parameter_text(const struct mltrainer_request *request, const char *name,
                                                   const char *fallback)
{
    const struct mltrainer_parameter *parameter = mltrainer_parameter_find(request, name);

    return parameter && parameter->kind == MLTRAINER_TEXT ? parameter->text : fallback;
}

#endif
