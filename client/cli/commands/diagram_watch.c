/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "commands/commands.h"
#include "commands/diagram_drawing.h"
#include "files.h"

static int save(const char *path, const Mltrainer__Diagram__V1__Picture *picture)
{
    struct files_output output;
    int code = files_begin(&output, path);
    if (code)
        return code;
    fwrite(picture->content.data, 1, picture->content.len, output.stream);
    return files_commit(&output);
}

static void print_patch(const Mltrainer__Diagram__V1__WatchResponse *message)
{
    static const char *const names[] = {"-", "unknown", "healthy", "degraded", "down"};
    for (size_t i = 0; i < message->patch->n_items; i++) {
        const Mltrainer__Diagram__V1__ItemChange *item = message->patch->items[i];
        int health = item->health >= 0 && item->health <= 4 ? (int)item->health : 0;
        printf("%-6lld %-10s %s %s\n", (long long)message->revision, names[health], item->id, item->detail);
    }
}

/* The view as it is now, over what was shown before. */
static int show_again(struct cli *cli, enum terminal_way way, const char *view)
{
    Mltrainer__Diagram__V1__Drawing drawing = MLTRAINER__DIAGRAM__V1__DRAWING__INIT;
    drawing.source_case = MLTRAINER__DIAGRAM__V1__DRAWING__SOURCE_VIEW;
    drawing.view = (char *)view;
    fputs(way == TERMINAL_KITTY ? "\033_Ga=d,q=2\033\\\033[H" : "\033[H", stdout);
    return diagram_show(cli, way, &drawing);
}

static int take(struct cli *cli, const Mltrainer__Diagram__V1__WatchResponse *message, const char *path,
                enum terminal_way way, const char *view)
{
    int code = 0;
    if (way != TERMINAL_NONE)
        return show_again(cli, way, view);
    if (message->change_case == MLTRAINER__DIAGRAM__V1__WATCH_RESPONSE__CHANGE_PICTURE && path)
        code = save(path, message->picture);
    if (cli->json)
        return code ? code : cli_print_json_line(&mltrainer__diagram__v1__watch_response__info, &message->base);
    if (message->change_case == MLTRAINER__DIAGRAM__V1__WATCH_RESPONSE__CHANGE_PICTURE)
        printf("%-6lld picture    %zu bytes\n", (long long)message->revision, message->picture->content.len);
    else if (message->change_case == MLTRAINER__DIAGRAM__V1__WATCH_RESPONSE__CHANGE_PATCH)
        print_patch(message);
    fflush(stdout);
    return code;
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Diagram__V1__WatchRequest request = MLTRAINER__DIAGRAM__V1__WATCH_REQUEST__INIT;
    struct mrpc_call_options options = {.struct_bytes = sizeof options,
                                        .timeout_ms = cli_duration_ms(arguments, "for", 0)};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    struct mrpc_client_call *call;
    const char *path = cli_option(arguments, "to", NULL);
    const char *name = cli_option(arguments, "terminal", NULL);
    enum terminal_way way = name ? terminal_way_named(name) : TERMINAL_NONE;
    if (name && way == TERMINAL_NONE)
        return cli_usage("--terminal: kitty or sixel");
    if (!name && cli->terminal && !path && !cli->json && !cli_switch(arguments, "lines"))
        way = terminal_ask_way();
    if (way != TERMINAL_NONE)
        fputs("\033[2J", stdout);
    int64_t left = cli_number(arguments, "count", INT64_MAX, 1, INT64_MAX);
    request.view = (char *)arguments->operands[0];
    int error =
        mltrainer__diagram__v1__diagram_service__watch__start(cli->channel, &options, &request, NULL, NULL, &call);
    if (error)
        return cli_failed("%s", mrpc_error_text(error));
    const Mltrainer__Diagram__V1__WatchResponse *message;
    int code = 0;
    while (!code && left > 0 && (message = mltrainer__diagram__v1__diagram_service__watch__recv(call))) {
        code = take(cli, message, path, way, request.view);
        left--;
    }
    mrpc_client_call_cancel(call);
    int status = mrpc_client_call_finish(call, &reply);
    bool asked = code || left == 0 || (status == MRPC_DEADLINE_EXCEEDED && options.timeout_ms > 0);
    if (!asked)
        code = cli_status(cli, &reply.status);
    mrpc_client_call_free(call);
    mrpc_reply_fini(&reply);
    return code;
}

static const struct cli_option options[] = {
    {"to", "FILE", "keep the latest whole picture in this file"},
    {"terminal", "WAY", "show it, again with each change: kitty or sixel [what the terminal says it can]"},
    {"lines", NULL, "a line for each change, also on a terminal"},
    {"count", "N", "end after N messages"},
    {"for", "TIME", "end after this time"},
    {0},
};

const struct cli_command diagram_watch_command = {
    .noun = "diagram",
    .verb = "watch",
    .operands = "VIEW",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Follow a live view",
    .examples = "  mltctl diagram watch registry --to live.svg\n",
    .run = run,
};
