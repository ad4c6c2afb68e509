/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <mltrainer/admin/v1/admin.mrpc.h>

#include "commands/commands.h"

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Admin__V1__RevokeTokenRequest request = MLTRAINER__ADMIN__V1__REVOKE_TOKEN_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.token_id = (char *)arguments->operands[0];
    const Mltrainer__Admin__V1__RevokeTokenResponse *response =
        mltrainer__admin__v1__admin_service__revoke_token(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__admin__v1__revoke_token_response__info, &response->base);
    else if (response)
        printf("%s of %s is revoked\n", response->token->token_id, response->token->identity);
    mrpc_reply_fini(&reply);
    return code;
}

const struct cli_command token_revoke_command = {
    .noun = "token",
    .verb = "revoke",
    .operands = "ID",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "Make a token invalid; streams opened with it end",
    .examples = "  mltctl token revoke f2166fcff5c4a093\n",
    .run = run,
};
