/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "commands/commands.h"
#include "commands/execution.h"

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    static const char *const titles[] = {"ARTIFACT", "MODEL", ">BYTES", "TARGET", ">FEATURES", "SHA256", NULL};
    Mltrainer__Execution__V1__ListArtifactsRequest request = MLTRAINER__EXECUTION__V1__LIST_ARTIFACTS_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct columns *columns = cli->json ? NULL : columns_new(titles);
    char token[512] = "";
    int code;
    bool more;
    request.name = arguments->operand_count ? (char *)arguments->operands[0] : "";
    request.page_size = 1000;
    do {
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        request.page_token = token;
        const Mltrainer__Execution__V1__ListArtifactsResponse *response =
            mltrainer__execution__v1__execution_service__list_artifacts(cli->channel, &options, &request, &reply);
        code = cli_status(cli, &reply.status);
        for (size_t i = 0; response && columns && i < response->n_artifacts; i++) {
            const Mltrainer__Execution__V1__Artifact *artifact = response->artifacts[i];
            columns_add(columns, "%s@%u", artifact->name, artifact->version);
            columns_add(columns, "%s", artifact->model);
            columns_add(columns, "%" PRIu64, artifact->size_bytes);
            columns_add(columns, "%s", artifact->target);
            columns_add(columns, "%zu", artifact->n_features);
            columns_add(columns, "%.12s", artifact->sha256);
        }
        if (response && cli->json)
            code = cli_print_json(&mltrainer__execution__v1__list_artifacts_response__info, &response->base);
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

const struct cli_command artifacts_ls_command = {
    .noun = "artifacts",
    .verb = "ls",
    .operands = "[NAME]",
    .operands_most = 1,
    .summary = "List trained models",
    .examples = "  mltctl artifacts ls\n",
    .run = run,
};
