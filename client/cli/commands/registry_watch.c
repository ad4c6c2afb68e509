/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "commands/commands.h"
#include "commands/registry.h"

static const char *change_name(Mltrainer__Registry__V1__ChangeKind kind)
{
    static const char *const names[] = {"?", "added", "updated", "removed"};
    return kind >= 0 && kind <= 3 ? names[kind] : "?";
}

static void print_change(const char *what, int64_t revision, const Mltrainer__Registry__V1__Instance *instance)
{
    const Mltrainer__Registry__V1__InstanceKey *key = instance->key;
    const Mltrainer__Registry__V1__InstanceStatus *status = instance->status;
    printf("%-8lld %-8s %s/%s/%s %s (%s)\n", (long long)revision, what, key ? key->namespace_ : "", key ? key->service : "",
           key ? key->id : "", registry_health(status ? status->state : 0), registry_reason(status ? status->reason : 0));
}

static void print_message(const Mltrainer__Registry__V1__WatchResponse *message)
{
    if (message->body_case == MLTRAINER__REGISTRY__V1__WATCH_RESPONSE__BODY_SNAPSHOT)
        for (size_t i = 0; i < message->snapshot->n_instances; i++)
            print_change("present", message->revision, message->snapshot->instances[i]);
    if (message->body_case == MLTRAINER__REGISTRY__V1__WATCH_RESPONSE__BODY_CHANGES)
        for (size_t i = 0; i < message->changes->n_changes; i++)
            if (message->changes->changes[i]->instance)
                print_change(change_name(message->changes->changes[i]->kind), message->revision,
                             message->changes->changes[i]->instance);
    fflush(stdout);
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Registry__V1__WatchRequest request = MLTRAINER__REGISTRY__V1__WATCH_REQUEST__INIT;
    struct mrpc_call_options options = {.struct_bytes = sizeof options};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    struct mrpc_client_call *call;
    char storage[512];
    int64_t left = cli_number(arguments, "count", INT64_MAX, 1, INT64_MAX);
    if (arguments->operand_count)
        registry_parse_service(arguments->operands[0], &request.namespace_, &request.service, storage);
    request.after_revision = cli_number(arguments, "after", 0, 0, INT64_MAX);
    options.timeout_ms = cli_duration_ms(arguments, "for", 0);
    int error = mltrainer__registry__v1__registry_service__watch__start(cli->channel, &options, &request, NULL, NULL, &call);
    if (error)
        return cli_failed("%s", mrpc_error_text(error));
    const Mltrainer__Registry__V1__WatchResponse *message;
    while (left > 0 && (message = mltrainer__registry__v1__registry_service__watch__recv(call))) {
        if (cli->json)
            cli_print_json_line(&mltrainer__registry__v1__watch_response__info, &message->base);
        else
            print_message(message);
        left--;
    }
    if (left == 0)
        mrpc_client_call_cancel(call);
    int status = mrpc_client_call_finish(call, &reply);
    bool asked = left == 0 || (status == MRPC_DEADLINE_EXCEEDED && options.timeout_ms > 0);
    int code = asked ? 0 : cli_status(cli, &reply.status);
    mrpc_client_call_free(call);
    mrpc_reply_fini(&reply);
    return code;
}

static const struct cli_option options[] = {
    {"after", "REVISION", "replay what came after this revision, without the list at the beginning"},
    {"count", "N", "end after N messages"},
    {"for", "TIME", "end after this time"},
    {0},
};

const struct cli_command registry_watch_command = {
    .noun = "registry",
    .verb = "watch",
    .operands = "[SERVICE]",
    .operands_most = 1,
    .options = options,
    .summary = "Follow instances as they come, change and go",
    .examples = "  mltctl registry watch prices\n  mltctl -o json registry watch --for 10\n",
    .run = run,
};
