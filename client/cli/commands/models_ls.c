/* SPDX-License-Identifier: Apache-2.0 */

#include "commands/commands.h"
#include "commands/execution.h"
#include "pages.h"

static void add_row(struct columns *columns, const ProtobufCMessage *row)
{
    const Mltrainer__Execution__V1__Model *model = (const Mltrainer__Execution__V1__Model *)row;
    columns_add(columns, "%s", model->id);
    columns_add(columns, "%s", model->family);
    columns_add(columns, "%s", execution_task(model->task));
    columns_add(columns, "%s", model->unavailable ? "unavailable" : "available");
    columns_add(columns, "%s", model->unavailable ? model->unavailable_reason : model->description);
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    static const char *const titles[] = {"MODEL", "FAMILY", "TASK", "STATE", "ABOUT", NULL};
    Mltrainer__Execution__V1__ListModelsRequest request = MLTRAINER__EXECUTION__V1__LIST_MODELS_REQUEST__INIT;
    request.family = (char *)cli_option(arguments, "family", "");
    request.available_only = cli_switch(arguments, "available");
    return pages_print(cli, &mltrainer__execution__v1__execution_service__service, "ListModels", &request.base, titles,
                       add_row);
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
