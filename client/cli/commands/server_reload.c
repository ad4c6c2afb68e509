/* SPDX-License-Identifier: Apache-2.0 */
#include <mltrainer/admin/v1/admin.mrpc.h>

#include "columns.h"
#include "commands/commands.h"

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    static const char *const titles[] = {"WHAT", "APPLIED", "WHY", NULL};
    Mltrainer__Admin__V1__ReloadRequest request = MLTRAINER__ADMIN__V1__RELOAD_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const Mltrainer__Admin__V1__ReloadResponse *response =
        mltrainer__admin__v1__admin_service__reload(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json) {
        code = cli_print_json(&mltrainer__admin__v1__reload_response__info, &response->base);
    } else if (response) {
        struct columns *columns = columns_new(titles);
        for (size_t i = 0; i < response->n_results; i++) {
            columns_add(columns, "%s", response->results[i]->name);
            columns_add(columns, "%s", response->results[i]->applied ? "yes" : "no");
            columns_add(columns, "%s", response->results[i]->message);
        }
        columns_print(columns);
    }
    mrpc_reply_fini(&reply);
    return code;
}

const struct cli_command server_reload_command = {
    .noun = "server",
    .verb = "reload",
    .operands = "",
    .summary = "Read certificates and models again",
    .examples = "  mltctl server reload\n",
    .run = run,
};
