/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "commands/commands.h"
#include "commands/execution.h"
#include "pages.h"

static void add_row(struct columns *columns, const ProtobufCMessage *row)
{
    const Mltrainer__Execution__V1__Dataset *dataset = (const Mltrainer__Execution__V1__Dataset *)row;
    columns_add(columns, "%s@%u", dataset->name, dataset->version);
    columns_add(columns, "%" PRIu64, dataset->row_count);
    columns_add(columns, "%zu", dataset->n_columns);
    columns_add(columns, "%" PRIu64, dataset->size_bytes);
    columns_add(columns, "%.12s", dataset->sha256);
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    static const char *const titles[] = {"DATASET", ">ROWS", ">COLUMNS", ">BYTES", "SHA256", NULL};
    Mltrainer__Execution__V1__ListDatasetsRequest request = MLTRAINER__EXECUTION__V1__LIST_DATASETS_REQUEST__INIT;
    request.all_versions = cli_switch(arguments, "all-versions");
    return pages_print(cli, &mltrainer__execution__v1__execution_service__service, "ListDatasets", &request.base,
                       titles, add_row);
}

static const struct cli_option options[] = {{"all-versions", NULL, "not only the newest of each name"}, {0}};

const struct cli_command datasets_ls_command = {
    .noun = "datasets",
    .verb = "ls",
    .operands = "",
    .options = options,
    .summary = "List the datasets",
    .examples = "  mltctl datasets ls\n",
    .run = run,
};
