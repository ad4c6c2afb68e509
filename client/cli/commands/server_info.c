/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include <mltrainer/admin/v1/admin.mrpc.h>

#include "commands/commands.h"

static void print(const Mltrainer__Admin__V1__GetServerInfoResponse *info)
{
    printf("version      %s (pid %d)\n", info->version, info->process_id);
    for (size_t i = 0; i < info->n_listen_addresses; i++)
        printf("listens on   %s\n", info->listen_addresses[i]);
    printf("connections  %" PRIu64 "\n", info->connections);
    printf("calls        %" PRIu64 " open, %" PRIu64 " begun, %" PRIu64 " ended\n", info->active_calls,
           info->calls_started, info->calls_ended);
    printf("rejected     %" PRIu64 "\n", info->rejected);
    printf("draining     %s\n", info->draining ? "yes" : "no");
    printf("store        %s\n", *info->store_trouble ? info->store_trouble : "takes changes");
    for (size_t i = 0; i < info->n_libraries; i++)
        printf("runs on      %s\n", info->libraries[i]);
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Admin__V1__GetServerInfoRequest request = MLTRAINER__ADMIN__V1__GET_SERVER_INFO_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const Mltrainer__Admin__V1__GetServerInfoResponse *response =
        mltrainer__admin__v1__admin_service__get_server_info(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__admin__v1__get_server_info_response__info, &response->base);
    else if (response)
        print(response);
    mrpc_reply_fini(&reply);
    return code;
}

const struct cli_command server_info_command = {
    .noun = "server",
    .verb = "info",
    .operands = "",
    .summary = "Show what the server is and how it does",
    .examples = "  mltctl server info\n",
    .run = run,
};
