/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands/commands.h"
#include "commands/execution.h"
#include "pages.h"

/* aliases ls | set | back | rm: names that point to versions of artifacts. */

static void add_row(struct columns *columns, const ProtobufCMessage *row)
{
    const Mltrainer__Execution__V1__Alias *alias = (const Mltrainer__Execution__V1__Alias *)row;
    columns_add(columns, "%s:%s", alias->name, alias->alias);
    columns_add(columns, "%u", alias->version);
    if (alias->previous_version)
        columns_add(columns, "%u", alias->previous_version);
    else
        columns_add(columns, "-");
}

static int list(struct cli *cli, const struct cli_arguments *arguments)
{
    static const char *const titles[] = {"ALIAS", ">VERSION", ">BEFORE", NULL};
    Mltrainer__Execution__V1__ListAliasesRequest request = MLTRAINER__EXECUTION__V1__LIST_ALIASES_REQUEST__INIT;
    request.name = arguments->operand_count ? (char *)arguments->operands[0] : "";
    return pages_print(cli, &mltrainer__execution__v1__execution_service__service, "ListAliases", &request.base, titles,
                       add_row);
}

static int point(struct cli *cli, const struct cli_arguments *arguments, uint32_t version, uint32_t expected)
{
    Mltrainer__Execution__V1__SetAliasRequest request = MLTRAINER__EXECUTION__V1__SET_ALIAS_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.name = (char *)arguments->operands[0];
    request.alias = (char *)arguments->operands[1];
    request.version = version;
    request.expected_version = expected;
    const Mltrainer__Execution__V1__SetAliasResponse *response =
        mltrainer__execution__v1__execution_service__set_alias(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__execution__v1__set_alias_response__info, &response->base);
    else if (response && response->alias)
        printf("%s:%s points to %u\n", response->alias->name, response->alias->alias, response->alias->version);
    mrpc_reply_fini(&reply);
    return code;
}

static uint32_t parse_version(const char *text)
{
    char *end;
    errno = 0;
    unsigned long version = strtoul(text, &end, 10);
    if (errno || *end || end == text || !version || version > UINT32_MAX)
        exit(cli_usage("\"%s\" is not a version", text));
    return (uint32_t)version;
}

static int set(struct cli *cli, const struct cli_arguments *arguments)
{
    const char *expected = cli_option(arguments, "expected", NULL);
    return point(cli, arguments, parse_version(arguments->operands[2]), expected ? parse_version(expected) : 0);
}

static int back(struct cli *cli, const struct cli_arguments *arguments)
{
    return point(cli, arguments, 0, 0);
}

static int drop(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Execution__V1__DeleteAliasRequest request = MLTRAINER__EXECUTION__V1__DELETE_ALIAS_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.name = (char *)arguments->operands[0];
    request.alias = (char *)arguments->operands[1];
    const Mltrainer__Execution__V1__DeleteAliasResponse *response =
        mltrainer__execution__v1__execution_service__delete_alias(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__execution__v1__delete_alias_response__info, &response->base);
    else if (response)
        printf("%s:%s deleted\n", request.name, request.alias);
    mrpc_reply_fini(&reply);
    return code;
}

static const struct cli_option set_options[] = {
    {"expected", "VERSION", "only if it points there now"},
    {NULL, NULL, NULL},
};

const struct cli_command aliases_ls_command = {
    .noun = "aliases",
    .verb = "ls",
    .operands = "[NAME]",
    .operands_most = 1,
    .summary = "List names that point to versions of trained models",
    .examples = "  mltctl aliases ls\n",
    .run = list,
};

const struct cli_command aliases_set_command = {
    .noun = "aliases",
    .verb = "set",
    .operands = "NAME ALIAS VERSION",
    .operands_least = 3,
    .operands_most = 3,
    .options = set_options,
    .summary = "Let NAME:ALIAS stand for a version",
    .examples = "  mltctl aliases set sp500-ridge champion 2\n  mltctl artifacts predict sp500-ridge:champion "
                "--dataset sp500 --last\n",
    .run = set,
};

const struct cli_command aliases_back_command = {
    .noun = "aliases",
    .verb = "back",
    .operands = "NAME ALIAS",
    .operands_least = 2,
    .operands_most = 2,
    .summary = "Point an alias to where it pointed before",
    .examples = "  mltctl aliases back sp500-ridge champion\n",
    .run = back,
};

const struct cli_command aliases_rm_command = {
    .noun = "aliases",
    .verb = "rm",
    .operands = "NAME ALIAS",
    .operands_least = 2,
    .operands_most = 2,
    .summary = "Remove an alias; the version stays",
    .examples = "  mltctl aliases rm sp500-ridge challenger\n",
    .run = drop,
};
