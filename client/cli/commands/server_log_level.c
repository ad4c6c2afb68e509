/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <mltrainer/admin/v1/admin.mrpc.h>

#include "commands/commands.h"

static const char *const names[] = {"", "error", "warn", "info", "debug"};

static int get(struct cli *cli)
{
    Mltrainer__Admin__V1__GetLogLevelRequest request = MLTRAINER__ADMIN__V1__GET_LOG_LEVEL_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const Mltrainer__Admin__V1__GetLogLevelResponse *response =
        mltrainer__admin__v1__admin_service__get_log_level(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__admin__v1__get_log_level_response__info, &response->base);
    else if (response)
        puts(response->level <= 4 ? names[response->level] : "?");
    mrpc_reply_fini(&reply);
    return code;
}

static int set(struct cli *cli, const char *name)
{
    Mltrainer__Admin__V1__SetLogLevelRequest request = MLTRAINER__ADMIN__V1__SET_LOG_LEVEL_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    for (int i = 1; i <= 4; i++)
        if (strcmp(names[i], name) == 0)
            request.level = (Mltrainer__Admin__V1__LogLevel)i;
    if (!request.level)
        return cli_usage("\"%s\" is not error, warn, info or debug", name);
    const Mltrainer__Admin__V1__SetLogLevelResponse *response =
        mltrainer__admin__v1__admin_service__set_log_level(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__admin__v1__set_log_level_response__info, &response->base);
    else if (response)
        puts(name);
    mrpc_reply_fini(&reply);
    return code;
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    return arguments->operand_count ? set(cli, arguments->operands[0]) : get(cli);
}

const struct cli_command server_log_level_command = {
    .noun = "server",
    .verb = "log-level",
    .operands = "[LEVEL]",
    .operands_most = 1,
    .summary = "Show or set how much is logged",
    .examples = "  mltctl server log-level debug\n",
    .run = run,
};
