/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "commands/commands.h"
#include "commands/execution.h"

static void print(const Mltrainer__Execution__V1__Artifact *artifact)
{
    printf("artifact   %s@%u (%" PRIu64 " bytes)\nsha256     %s\nmodel      %s, family %s %s\n", artifact->name,
           artifact->version, artifact->size_bytes, artifact->sha256, artifact->model, artifact->family,
           artifact->plugin_version);
    printf("target     %s\n", artifact->target);
    for (size_t i = 0; i < artifact->n_features; i++)
        printf("%s %s\n", i ? "          " : "features  ", artifact->features[i]);
    for (size_t i = 0; i < artifact->n_test_metrics; i++)
        printf("test %-5s %.6g\n", artifact->test_metrics[i]->name, artifact->test_metrics[i]->value);
    for (size_t i = 0; i < artifact->n_aliases; i++)
        printf("alias      %s\n", artifact->aliases[i]);
    if (artifact->lineage)
        printf("made by    job %s from dataset %s\n", artifact->lineage->job, artifact->lineage->dataset);
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Execution__V1__GetArtifactRequest request = MLTRAINER__EXECUTION__V1__GET_ARTIFACT_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.artifact = (char *)arguments->operands[0];
    const Mltrainer__Execution__V1__GetArtifactResponse *response =
        mltrainer__execution__v1__execution_service__get_artifact(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__execution__v1__get_artifact_response__info, &response->base);
    else if (response && response->artifact)
        print(response->artifact);
    mrpc_reply_fini(&reply);
    return code;
}

const struct cli_command artifacts_describe_command = {
    .noun = "artifacts",
    .verb = "describe",
    .operands = "ARTIFACT",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "Show a trained model's features, metrics and origin",
    .examples = "  mltctl artifacts describe sp500-ridge\n",
    .run = run,
};
