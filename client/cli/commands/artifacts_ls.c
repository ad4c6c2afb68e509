/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "commands/commands.h"
#include "commands/execution.h"
#include "pages.h"

static void add_row(struct columns *columns, const ProtobufCMessage *row)
{
    const Mltrainer__Execution__V1__Artifact *artifact = (const Mltrainer__Execution__V1__Artifact *)row;
    columns_add(columns, "%s@%u", artifact->name, artifact->version);
    columns_add(columns, "%s", artifact->model);
    columns_add(columns, "%" PRIu64, artifact->size_bytes);
    columns_add(columns, "%s", artifact->target);
    columns_add(columns, "%zu", artifact->n_features);
    columns_add(columns, "%.12s", artifact->sha256);
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    static const char *const titles[] = {"ARTIFACT", "MODEL", ">BYTES", "TARGET", ">FEATURES", "SHA256", NULL};
    Mltrainer__Execution__V1__ListArtifactsRequest request = MLTRAINER__EXECUTION__V1__LIST_ARTIFACTS_REQUEST__INIT;
    request.name = arguments->operand_count ? (char *)arguments->operands[0] : "";
    return pages_print(cli, &mltrainer__execution__v1__execution_service__service, "ListArtifacts", &request.base,
                       titles, add_row);
}

const struct cli_command artifacts_ls_command = {
    .noun = "artifacts",
    .verb = "ls",
    .operands = "[NAME]",
    .operands_most = 1,
    .summary = "List trained models",
    .examples = "  mltctl artifacts ls\n",
    .run = run,
};
