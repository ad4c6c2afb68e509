/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include <mltrainer/diagram/v1/diagram.mrpc.h>

#include "commands/commands.h"
#include "files.h"

static int print(const char *path, const Mltrainer__Diagram__V1__ValidateResponse *response)
{
    for (size_t i = 0; i < response->n_diagnostics; i++) {
        const Mltrainer__Diagram__V1__Diagnostic *d = response->diagnostics[i];
        fprintf(stderr, "%s:%d:%d: %s%s%s\n", path, d->line, d->column, d->key, *d->key ? ": " : "", d->text);
    }
    if (response->valid && response->summary)
        printf("valid: %d groups, %d nodes, %d edges\n", response->summary->groups, response->summary->nodes,
               response->summary->edges);
    return response->valid ? 0 : CLI_FAILED;
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Diagram__V1__ValidateRequest request = MLTRAINER__DIAGRAM__V1__VALIDATE_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    uint8_t *spec;
    size_t size;
    int code = files_read(arguments->operands[0], 1 << 20, &spec, &size);
    if (code)
        return code;
    request.spec = (char *)spec;
    const Mltrainer__Diagram__V1__ValidateResponse *response =
        mltrainer__diagram__v1__diagram_service__validate(cli->channel, &options, &request, &reply);
    code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__diagram__v1__validate_response__info, &response->base);
    else if (response)
        code = print(arguments->operands[0], response);
    mrpc_reply_fini(&reply);
    free(spec);
    return code;
}

const struct cli_command diagram_validate_command = {
    .noun = "diagram",
    .verb = "validate",
    .operands = "FILE",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "Check a spec without drawing it",
    .examples = "  mltctl diagram validate plan.yaml\n",
    .run = run,
};
