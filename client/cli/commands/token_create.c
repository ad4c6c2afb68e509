/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <mltrainer/admin/v1/admin.mrpc.h>

#include "commands/commands.h"
#include "files.h"

/* Into a file that only its owner reads, and never both there and on the terminal. */
static int keep(const char *path, const char *secret)
{
    struct files_output output;
    int code = files_begin(&output, path);
    if (code)
        return code;
    fprintf(output.stream, "%s\n", secret);
    return files_commit(&output);
}

static int show(struct cli *cli, const Mltrainer__Admin__V1__CreateTokenResponse *response, const char *path)
{
    int code = path ? keep(path, response->secret) : 0;
    if (path)
        response->secret[0] = '\0';
    if (code)
        return cli_failed("the token has been made and is lost: mltctl token revoke %s", response->token->token_id);
    if (cli->json)
        return cli_print_json(&mltrainer__admin__v1__create_token_response__info, &response->base);
    if (path)
        printf("%s\n", response->token->token_id);
    else
        printf("%s\n", response->secret);
    return 0;
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Admin__V1__CreateTokenRequest request = MLTRAINER__ADMIN__V1__CREATE_TOKEN_REQUEST__INIT;
    Google__Protobuf__Duration lifetime = GOOGLE__PROTOBUF__DURATION__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    char *roles[CLI_OPTIONS_MAX];
    request.identity = (char *)arguments->operands[0];
    request.roles = roles;
    for (const char *role; (role = cli_option_at(arguments, "role", request.n_roles));)
        roles[request.n_roles++] = (char *)role;
    if (request.n_roles == 0)
        return cli_usage("token create: give --role at least once");
    int64_t lifetime_ms = cli_duration_ms(arguments, "lifetime", 0);
    lifetime.seconds = lifetime_ms / 1000;
    request.lifetime = lifetime_ms > 0 ? &lifetime : NULL;
    request.description = (char *)cli_option(arguments, "description", "");
    request.request_id = (char *)cli_option(arguments, "request-id", "");
    const Mltrainer__Admin__V1__CreateTokenResponse *response =
        mltrainer__admin__v1__admin_service__create_token(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response)
        code = show(cli, response, cli_option(arguments, "to", NULL));
    mrpc_reply_fini(&reply);
    return code;
}

static const struct cli_option options[] = {
    {"role", "ROLE", "viewer, service, trainer, operator, admin, or one of the policy; may be repeated"},
    {"lifetime", "TIME", "how long it is valid: 12h, 30d [90d]"},
    {"description", "TEXT", "what it is for"},
    {"to", "FILE", "write it to this file, mode 0600, and print its id"},
    {"request-id", "KEY", "make one token of this key, however often it is asked for"},
    {0},
};

const struct cli_command token_create_command = {
    .noun = "token",
    .verb = "create",
    .operands = "IDENTITY",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Make a token; it is shown once",
    .examples = "  mltctl token create ada --role trainer --lifetime 30d --to ada.token\n"
                "  mltctl token create root --role admin --token-file bootstrap-token\n",
    .run = run,
};
