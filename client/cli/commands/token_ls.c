/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <time.h>

#include <mltrainer/admin/v1/admin.mrpc.h>

#include "commands/commands.h"
#include "pages.h"

static void add_time(struct columns *columns, const Google__Protobuf__Timestamp *timestamp)
{
    struct tm local;
    char text[32] = "-";
    time_t seconds = timestamp ? (time_t)timestamp->seconds : 0;
    if (timestamp && localtime_r(&seconds, &local))
        strftime(text, sizeof text, "%F %R", &local);
    columns_add(columns, "%s", text);
}

static const char *state_of(const Mltrainer__Admin__V1__Token *token)
{
    if (token->revoke_time)
        return "revoked";
    return token->expire_time && token->expire_time->seconds <= time(NULL) ? "expired" : "valid";
}

static void add_row(struct columns *columns, const ProtobufCMessage *message)
{
    const Mltrainer__Admin__V1__Token *token = (const Mltrainer__Admin__V1__Token *)message;
    char roles[512] = "";
    size_t used = 0;
    for (size_t i = 0; i < token->n_roles && used < sizeof roles; i++)
        used += (size_t)snprintf(roles + used, sizeof roles - used, "%s%s", i ? "," : "", token->roles[i]);
    columns_add(columns, "%s", token->token_id);
    columns_add(columns, "%s", token->identity);
    columns_add(columns, "%s", roles);
    columns_add(columns, "%s", state_of(token));
    add_time(columns, token->expire_time);
    add_time(columns, token->last_use_time);
    columns_add(columns, "%s", token->description);
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    static const char *const titles[] = {"ID",      "IDENTITY", "ROLES",       "STATE",
                                         "EXPIRES", "LAST USE", "DESCRIPTION", NULL};
    Mltrainer__Admin__V1__ListTokensRequest request = MLTRAINER__ADMIN__V1__LIST_TOKENS_REQUEST__INIT;
    request.page_size = 1000;
    request.include_invalid = cli_switch(arguments, "all");
    return pages_print(cli, &mltrainer__admin__v1__admin_service__service, "ListTokens", &request.base, titles,
                       add_row);
}

static const struct cli_option options[] = {{"all", NULL, "also those that have expired or been revoked"}, {0}};

const struct cli_command token_ls_command = {
    .noun = "token",
    .verb = "ls",
    .operands = "",
    .options = options,
    .summary = "List tokens, by id",
    .examples = "  mltctl token ls --all\n",
    .run = run,
};
