/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include <string.h>

#include <google/rpc/error_details.mrpc.h>
#include <google/rpc/status.mrpc.h>

#include "cli.h"

enum { DETAILS_BYTES = 1 << 20 };

/* The message inside @any if it is a @info, else NULL. */
static const ProtobufCMessage *unwrap(const Google__Protobuf__Any *any, const struct mrpc_message_info *info,
                                      struct mrpc_arena *arena)
{
    const char *slash = strrchr(any->type_url, '/');
    ProtobufCMessage *message = NULL;
    if (strcmp(slash ? slash + 1 : any->type_url, info->full_name) != 0 ||
        mrpc_decode(info, any->value.data, any->value.len, NULL, arena, &message, NULL) != 0)
        return NULL;
    return message;
}

static void print_detail(const Google__Protobuf__Any *any, const char *text, struct mrpc_arena *arena)
{
    const Google__Rpc__BadRequest *bad =
        (const Google__Rpc__BadRequest *)unwrap(any, &google__rpc__bad_request__info, arena);
    for (size_t i = 0; bad && i < bad->n_field_violations; i++)
        if (!strstr(text, bad->field_violations[i]->field))
            fprintf(stderr, "mltctl: field %s: %s\n", bad->field_violations[i]->field,
                    bad->field_violations[i]->description);
    const Google__Rpc__RetryInfo *retry =
        (const Google__Rpc__RetryInfo *)unwrap(any, &google__rpc__retry_info__info, arena);
    if (retry && retry->retry_delay)
        fprintf(stderr, "mltctl: try again in %.3g s\n",
                (double)retry->retry_delay->seconds + retry->retry_delay->nanos / 1e9);
}

static void print_details(const struct mrpc_status *status, const char *text)
{
    struct mrpc_arena *arena = mrpc_arena_new(DETAILS_BYTES);
    ProtobufCMessage *message;
    if (arena && mrpc_decode(&google__rpc__status__info, status->details, status->details_bytes, NULL, arena, &message,
                             NULL) == 0) {
        const Google__Rpc__Status *details = (const Google__Rpc__Status *)message;
        for (size_t i = 0; i < details->n_details; i++)
            print_detail(details->details[i], text, arena);
    }
    mrpc_arena_free(arena);
}

/* The runtime's own words for a connection that could not be made; a server that answers UNAVAILABLE says why
 * itself. */
static bool never_connected(const struct mrpc_status *status)
{
    const char *text = status->message ? status->message : "";
    return status->code == MRPC_UNAVAILABLE &&
           (strncmp(text, "connect to ", 11) == 0 || strncmp(text, "resolve ", 8) == 0);
}

int cli_status(const struct cli *cli, const struct mrpc_status *status)
{
    if (status->code == MRPC_OK)
        return 0;
    const char *text = status->message ? status->message : "";
    fprintf(stderr, "mltctl: %s: %s\n", mrpc_code_name(status->code), text);
    if (status->details_bytes > 0)
        print_details(status, text);
    if (never_connected(status))
        fprintf(stderr, "mltctl: is the server at %s running? --server or $MLTRAINER_SERVER names another\n",
                cli->server);
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
