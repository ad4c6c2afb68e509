/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "commands/commands.h"
#include "commands/execution.h"
#include "nearest.h"
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

/* The task that an option names; none is all. */
static int read_task(const struct cli_arguments *arguments, Mltrainer__Execution__V1__Task *out)
{
    const char *name = cli_option(arguments, "task", NULL);
    if (!name)
        return 0;
    struct nearest nearest = {.text = name};
    for (int task = 1; strcmp(execution_task((Mltrainer__Execution__V1__Task)task), "?") != 0; task++) {
        const char *known = execution_task((Mltrainer__Execution__V1__Task)task);
        *out = (Mltrainer__Execution__V1__Task)task;
        if (strcmp(known, name) == 0)
            return 0;
        nearest_offer(&nearest, known);
    }
    if (nearest.word)
        return cli_usage("--task: there is no task \"%s\"; is \"%s\" meant?", name, nearest.word);
    return cli_usage("--task: there is no task \"%s\"; the column TASK of mltctl models ls shows them", name);
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    static const char *const titles[] = {"MODEL", "FAMILY", "TASK", "STATE", "ABOUT", NULL};
    Mltrainer__Execution__V1__ListModelsRequest request = MLTRAINER__EXECUTION__V1__LIST_MODELS_REQUEST__INIT;
    request.family = (char *)cli_option(arguments, "family", "");
    if (read_task(arguments, &request.task) != 0)
        return CLI_USAGE;
    request.available_only = cli_switch(arguments, "available");
    return pages_print(cli, &mltrainer__execution__v1__execution_service__service, "ListModels", &request.base, titles,
                       add_row);
}

static const struct cli_option options[] = {
    {"family", "NAME", "of this family only"},
    {"task", "TASK", "for this task only: regression, classification, forecast, clustering, indicator, ..."},
    {"available", NULL, "only those that can run"},
    {0},
};

const struct cli_command models_ls_command = {
    .noun = "models",
    .verb = "ls",
    .operands = "",
    .options = options,
    .summary = "List the model configurations",
    .examples = "  mltctl models ls --family linear\n"
                "  mltctl models ls --task classification --available\n",
    .run = run,
};
