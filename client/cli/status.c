/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"

int cli_status(const struct cli *cli, const struct mrpc_status *status)
{
    if (status->code == MRPC_OK)
        return 0;
    fprintf(stderr, "mltctl: %s: %s\n", mrpc_code_name(status->code), status->message ? status->message : "");
    if (status->code == MRPC_UNAVAILABLE)
        fprintf(stderr, "mltctl: is the server at %s running? --server or $MLTRAINER_SERVER names another\n", cli->server);
    return CLI_STATUS + (int)status->code;
}

struct mrpc_call_options cli_call_options(const struct cli *cli)
{
    return (struct mrpc_call_options){.struct_bytes = sizeof(struct mrpc_call_options), .timeout_ms = cli->timeout_ms};
}

static int print_json(const struct mrpc_message_info *info, const ProtobufCMessage *message, unsigned flags)
{
    char *text;
    if (mrpc_json_print(info, message, flags, &text) != 0)
        return cli_failed("the answer cannot be shown as JSON");
    puts(text);
    fflush(stdout);
    free(text);
    return 0;
}

int cli_print_json(const struct mrpc_message_info *info, const ProtobufCMessage *message)
{
    return print_json(info, message, MRPC_JSON_INDENT | MRPC_JSON_DEFAULTS);
}

int cli_print_json_line(const struct mrpc_message_info *info, const ProtobufCMessage *message)
{
    return print_json(info, message, MRPC_JSON_DEFAULTS);
}
