/* SPDX-License-Identifier: Apache-2.0 */
#include <mltrainer/diagram/v1/diagram.mrpc.h>

#include "columns.h"
#include "commands/commands.h"

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    static const char *const titles[] = {"VIEW", "TITLE", "LIVE", "ABOUT", NULL};
    Mltrainer__Diagram__V1__ListViewsRequest request = MLTRAINER__DIAGRAM__V1__LIST_VIEWS_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.page_size = 1000;
    const Mltrainer__Diagram__V1__ListViewsResponse *response =
        mltrainer__diagram__v1__diagram_service__list_views(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json) {
        code = cli_print_json(&mltrainer__diagram__v1__list_views_response__info, &response->base);
    } else if (response) {
        struct columns *columns = columns_new(titles);
        for (size_t i = 0; i < response->n_views; i++) {
            const Mltrainer__Diagram__V1__View *view = response->views[i];
            columns_add(columns, "%s%s%s", view->id, *view->argument ? ":" : "", view->argument);
            columns_add(columns, "%s", view->title);
            columns_add(columns, "%s", view->live ? "yes" : "no");
            columns_add(columns, "%s", view->description);
        }
        columns_print(columns);
    }
    mrpc_reply_fini(&reply);
    return code;
}

const struct cli_command diagram_views_command = {
    .noun = "diagram",
    .verb = "views",
    .operands = "",
    .summary = "List what can be drawn",
    .examples = "  mltctl diagram views\n",
    .run = run,
};
