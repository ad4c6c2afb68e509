/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands/commands.h"
#include "commands/execution.h"

/* Whole numbers whole, as far as a double knows them. */
static void format_bound(double bound, char *out, size_t size)
{
    snprintf(out, size, fabs(bound) < 1e7 && bound == floor(bound) ? "%.0f" : "%.10g", bound);
}

static void format_range(const Mltrainer__Execution__V1__ModelParameter *parameter, char *out, size_t size)
{
    size_t used = 0;
    *out = 0;
    for (size_t i = 0; i < parameter->n_choices && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? "|" : "", parameter->choices[i]);
    if (parameter->n_choices == 0 && (parameter->has_minimum_case || parameter->has_maximum_case)) {
        char least[32] = "", most[32] = "";
        if (parameter->has_minimum_case)
            format_bound(parameter->minimum, least, sizeof least);
        if (parameter->has_maximum_case)
            format_bound(parameter->maximum, most, sizeof most);
        snprintf(out, size, "%s%s..%s%s", parameter->exclusive_minimum ? ">" : "", least,
                 parameter->exclusive_maximum ? "<" : "", most);
    }
}

/* The description, and the other names that it goes by. */
static void format_about(const Mltrainer__Execution__V1__ModelParameter *parameter, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "%s", parameter->description);
    for (size_t i = 0; i < parameter->n_aliases && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : " Also: ", parameter->aliases[i]);
    if (parameter->n_aliases > 0 && used < size)
        snprintf(out + used, size - used, ".");
}

static void print_parameters(const Mltrainer__Execution__V1__Model *model)
{
    static const char *const titles[] = {"PARAMETER", ">DEFAULT", "RANGE", "ABOUT", NULL};
    if (model->n_parameters == 0)
        return;
    struct columns *columns = columns_new(titles);
    for (size_t i = 0; i < model->n_parameters; i++) {
        char value[128], range[256], about[512];
        execution_parameter_text(model->parameters[i]->default_value, value, sizeof value);
        format_range(model->parameters[i], range, sizeof range);
        columns_add(columns, "%s", model->parameters[i]->name);
        columns_add(columns, "%s", value);
        columns_add(columns, "%s", range);
        format_about(model->parameters[i], about, sizeof about);
        columns_add(columns, "%s", about);
    }
    putchar('\n');
    columns_print(columns);
}

/* What others have under this id. */
static void print_absent(const Mltrainer__Execution__V1__Model *model)
{
    static const char *const titles[] = {"NOT HERE", "WHY", NULL};
    if (model->n_absent_parameters == 0)
        return;
    struct columns *columns = columns_new(titles);
    for (size_t i = 0; i < model->n_absent_parameters; i++) {
        columns_add(columns, "%s", model->absent_parameters[i]->name);
        columns_add(columns, "%s", model->absent_parameters[i]->reason);
    }
    putchar('\n');
    columns_print(columns);
}

/* Columns that it reads: by name, by the parameter that holds the name, and what roles the caller gives. */
static void print_inputs(const Mltrainer__Execution__V1__Model *model)
{
    static const char *const titles[] = {"COLUMN IN", "ABOUT", NULL};
    if (model->n_inputs == 0 && !model->needs_target && !model->takes_features)
        return;
    struct columns *columns = columns_new(titles);
    for (size_t i = 0; i < model->n_inputs; i++) {
        const Mltrainer__Execution__V1__ModelInput *input = model->inputs[i];
        if (*input->name)
            columns_add(columns, "%s%s", input->name, input->optional ? " (optional)" : "");
        else
            columns_add(columns, "as parameter %s says%s", input->parameter, input->optional ? " (optional)" : "");
        columns_add(columns, "%s", input->description);
    }
    if (model->needs_target) {
        columns_add(columns, "a target");
        columns_add(columns, "The column to learn.");
    }
    if (model->takes_features) {
        columns_add(columns, "features");
        columns_add(columns, "Those that are named, else all numeric columns without another role.");
    }
    putchar('\n');
    columns_print(columns);
}

static void print_outputs(const Mltrainer__Execution__V1__Model *model)
{
    static const char *const titles[] = {"COLUMN OUT", "ABOUT", NULL};
    if (model->n_outputs == 0 || model->unavailable)
        return;
    struct columns *columns = columns_new(titles);
    for (size_t i = 0; i < model->n_outputs; i++) {
        columns_add(columns, "%s", model->outputs[i]->name);
        columns_add(columns, "%s", model->outputs[i]->description);
    }
    putchar('\n');
    columns_print(columns);
    for (size_t i = 0; i < model->n_metrics; i++)
        printf("%s%s%s", i ? ", " : "\nmetrics ", model->metrics[i], i + 1 == model->n_metrics ? "\n" : "");
}

static void print(const Mltrainer__Execution__V1__Model *model)
{
    printf("%s: %s\n", model->id, model->description);
    printf("family %s, algorithm %s, task %s\nengine %s\n", model->family, model->algorithm,
           execution_task(model->task), model->engine);
    if (*model->reference && !model->unavailable)
        printf("checked against %s\n", model->reference);
    if (model->unavailable)
        printf("unavailable: %s\n", model->unavailable_reason);
    print_parameters(model);
    print_absent(model);
    print_inputs(model);
    print_outputs(model);
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Execution__V1__GetModelRequest request = MLTRAINER__EXECUTION__V1__GET_MODEL_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.id = (char *)arguments->operands[0];
    const Mltrainer__Execution__V1__GetModelResponse *response =
        mltrainer__execution__v1__execution_service__get_model(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__execution__v1__get_model_response__info, &response->base);
    else if (response && response->model)
        print(response->model);
    mrpc_reply_fini(&reply);
    return code;
}

const struct cli_command models_describe_command = {
    .noun = "models",
    .verb = "describe",
    .operands = "MODEL",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "Show a model's parameters and columns",
    .examples = "  mltctl models describe ridge\n",
    .run = run,
};
