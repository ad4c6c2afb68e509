/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "commands/commands.h"
#include "commands/execution.h"

static void format_range(const Mltrainer__Execution__V1__ModelParameter *parameter, char *out, size_t size)
{
    size_t used = 0;
    *out = 0;
    for (size_t i = 0; i < parameter->n_choices && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? "|" : "", parameter->choices[i]);
    if (parameter->n_choices == 0 && (parameter->has_minimum_case || parameter->has_maximum_case)) {
        char least[32] = "", most[32] = "";
        if (parameter->has_minimum_case)
            snprintf(least, sizeof least, "%g", parameter->minimum);
        if (parameter->has_maximum_case)
            snprintf(most, sizeof most, "%g", parameter->maximum);
        snprintf(out, size, "%s%s..%s%s", parameter->exclusive_minimum ? ">" : "", least,
                 parameter->exclusive_maximum ? "<" : "", most);
    }
}

static void print(const Mltrainer__Execution__V1__Model *model)
{
    static const char *const titles[] = {"PARAMETER", ">DEFAULT", "RANGE", "ABOUT", NULL};
    printf("%s: %s\n", model->id, model->description);
    printf("family %s, algorithm %s, task %s\nengine %s\n", model->family, model->algorithm,
           execution_task(model->task), model->engine);
    if (model->unavailable)
        printf("unavailable: %s\n", model->unavailable_reason);
    if (model->n_parameters > 0) {
        struct columns *columns = columns_new(titles);
        for (size_t i = 0; i < model->n_parameters; i++) {
            char value[128], range[256];
            execution_parameter_text(model->parameters[i]->default_value, value, sizeof value);
            format_range(model->parameters[i], range, sizeof range);
            columns_add(columns, "%s", model->parameters[i]->name);
            columns_add(columns, "%s", value);
            columns_add(columns, "%s", range);
            columns_add(columns, "%s", model->parameters[i]->description);
        }
        putchar('\n');
        columns_print(columns);
    }
    for (size_t i = 0; i < model->n_inputs; i++)
        printf("%scolumn %s%s: %s\n", i ? "" : "\n", model->inputs[i]->name,
               model->inputs[i]->optional ? " (optional)" : "", model->inputs[i]->description);
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
    .summary = "Show a model's parameters and inputs",
    .examples = "  mltctl models describe ridge\n",
    .run = run,
};
