/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <mltrainer/admin/v1/admin.mrpc.h>

#include "commands/commands.h"

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Admin__V1__DrainRequest request = MLTRAINER__ADMIN__V1__DRAIN_REQUEST__INIT;
    Google__Protobuf__Duration grace = GOOGLE__PROTOBUF__DURATION__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    int64_t grace_ms = cli_duration_ms(arguments, "grace", -1);
    grace.seconds = grace_ms / 1000;
    grace.nanos = (int32_t)(grace_ms % 1000) * 1000000;
    request.grace = grace_ms >= 0 ? &grace : NULL;
    const Mltrainer__Admin__V1__DrainResponse *response =
        mltrainer__admin__v1__admin_service__drain(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__admin__v1__drain_response__info, &response->base);
    else if (response)
        puts("the server drains and will exit");
    mrpc_reply_fini(&reply);
    return code;
}

static const struct cli_option options[] = {{"grace", "TIME", "how long running calls may go on [the server's]"}, {0}};

const struct cli_command server_drain_command = {
    .noun = "server",
    .verb = "drain",
    .operands = "",
    .options = options,
    .summary = "Let running calls end, then stop the server",
    .examples = "  mltctl server drain --grace 10\n",
    .run = run,
};
