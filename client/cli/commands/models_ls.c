/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "commands/commands.h"
#include "commands/execution.h"

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    static const char *const titles[] = {"MODEL", "FAMILY", "TASK", "STATE", "ABOUT", NULL};
    Mltrainer__Execution__V1__ListModelsRequest request = MLTRAINER__EXECUTION__V1__LIST_MODELS_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct columns *columns = cli->json ? NULL : columns_new(titles);
    char token[512] = "";
    int code;
    bool more;
    request.family = (char *)cli_option(arguments, "family", "");
    request.available_only = cli_switch(arguments, "available");
    request.page_size = 1000;
    do {
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        request.page_token = token;
        const Mltrainer__Execution__V1__ListModelsResponse *response =
            mltrainer__execution__v1__execution_service__list_models(cli->channel, &options, &request, &reply);
        code = cli_status(cli, &reply.status);
        for (size_t i = 0; response && columns && i < response->n_models; i++) {
            const Mltrainer__Execution__V1__Model *model = response->models[i];
            columns_add(columns, "%s", model->id);
            columns_add(columns, "%s", model->family);
            columns_add(columns, "%s", execution_task(model->task));
            columns_add(columns, "%s", model->unavailable ? "unavailable" : "available");
            columns_add(columns, "%s", model->unavailable ? model->unavailable_reason : model->description);
        }
        if (response && cli->json)
            code = cli_print_json(&mltrainer__execution__v1__list_models_response__info, &response->base);
        more = response && *response->next_page_token;
        if (more)
            snprintf(token, sizeof token, "%s", response->next_page_token);
        mrpc_reply_fini(&reply);
    } while (!code && more);
    if (columns && code)
        columns_free(columns);
    else if (columns)
        columns_print(columns);
    return code;
}

static const struct cli_option options[] = {
    {"family", "NAME", "of this family only"},
    {"available", NULL, "only those that can run"},
    {0},
};

const struct cli_command models_ls_command = {
    .noun = "models",
    .verb = "ls",
    .operands = "",
    .options = options,
    .summary = "List the model configurations",
    .examples = "  mltctl models ls --family linear\n",
    .run = run,
};
