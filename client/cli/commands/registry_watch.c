/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/codec.h>

#include "commands/commands.h"
#include "commands/registry.h"
#include "commands/registry_filter.h"

/* Lines for programs and logs; on a terminal a table that is drawn anew with each message. */

static const char *change_name(Mltrainer__Registry__V1__ChangeKind kind)
{
    static const char *const names[] = {"?", "added", "updated", "removed"};
    return kind >= 0 && kind <= 3 ? names[kind] : "?";
}

static void print_change(const char *what, int64_t revision, const Mltrainer__Registry__V1__Instance *instance)
{
    const Mltrainer__Registry__V1__InstanceKey *key = instance->key;
    const Mltrainer__Registry__V1__InstanceStatus *status = instance->status;
    printf("%-8lld %-8s %s/%s/%s %s (%s)\n", (long long)revision, what, key ? key->namespace_ : "",
           key ? key->service : "", key ? key->id : "", registry_health(status ? status->state : 0),
           registry_reason(status ? status->reason : 0));
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

/* --- the table ---------------------------------------------------------------------------------------------------- */

/* What is there, by key; each row has an arena of its own. */
struct row {
    struct mrpc_arena *arena;
    const Mltrainer__Registry__V1__Instance *instance;
};

struct table {
    struct row *rows;
    size_t count, capacity;
};

static int compare_keys(const Mltrainer__Registry__V1__InstanceKey *a, const Mltrainer__Registry__V1__InstanceKey *b)
{
    int order = strcmp(a->namespace_, b->namespace_);
    if (order == 0)
        order = strcmp(a->service, b->service);
    return order ? order : strcmp(a->id, b->id);
}

static size_t place(const struct table *table, const Mltrainer__Registry__V1__InstanceKey *key, bool *found)
{
    size_t at = 0;
    while (at < table->count && compare_keys(table->rows[at].instance->key, key) < 0)
        at++;
    *found = at < table->count && compare_keys(table->rows[at].instance->key, key) == 0;
    return at;
}

static void table_remove(struct table *table, const Mltrainer__Registry__V1__InstanceKey *key)
{
    bool found;
    size_t at = place(table, key, &found);
    if (!found)
        return;
    mrpc_arena_free(table->rows[at].arena);
    table->count--;
    memmove(&table->rows[at], &table->rows[at + 1], (table->count - at) * sizeof *table->rows);
}

static void table_put(struct table *table, const Mltrainer__Registry__V1__Instance *instance)
{
    bool found;
    ProtobufCMessage *copy;
    struct row row = {.arena = mrpc_arena_new(0)};
    if (table->count == table->capacity) {
        table->capacity = table->capacity ? 2 * table->capacity : 64;
        table->rows = realloc(table->rows, table->capacity * sizeof *table->rows);
    }
    if (!row.arena || !table->rows ||
        mrpc_message_copy(&mltrainer__registry__v1__instance__info, &instance->base, row.arena, &copy) != 0)
        exit(cli_failed("out of memory"));
    row.instance = (const Mltrainer__Registry__V1__Instance *)copy;
    table_remove(table, instance->key);
    size_t at = place(table, instance->key, &found);
    memmove(&table->rows[at + 1], &table->rows[at], (table->count - at) * sizeof *table->rows);
    table->rows[at] = row;
    table->count++;
}

static void table_clear(struct table *table)
{
    while (table->count)
        mrpc_arena_free(table->rows[--table->count].arena);
}

static void table_take(struct table *table, const Mltrainer__Registry__V1__WatchResponse *message)
{
    if (message->body_case == MLTRAINER__REGISTRY__V1__WATCH_RESPONSE__BODY_SNAPSHOT) {
        if (message->snapshot->first)
            table_clear(table);
        for (size_t i = 0; i < message->snapshot->n_instances; i++)
            if (message->snapshot->instances[i]->key)
                table_put(table, message->snapshot->instances[i]);
    } else if (message->body_case == MLTRAINER__REGISTRY__V1__WATCH_RESPONSE__BODY_CHANGES) {
        for (size_t i = 0; i < message->changes->n_changes; i++) {
            const Mltrainer__Registry__V1__Change *change = message->changes->changes[i];
            if (!change->instance || !change->instance->key)
                continue;
            if (change->kind == MLTRAINER__REGISTRY__V1__CHANGE_KIND__CHANGE_KIND_REMOVED)
                table_remove(table, change->instance->key);
            else
                table_put(table, change->instance);
        }
    }
}

static void table_draw(const struct table *table, const Mltrainer__Registry__V1__WatchResponse *message)
{
    struct columns *columns = registry_columns();
    for (size_t i = 0; i < table->count; i++)
        registry_add_row(columns, table->rows[i].instance);
    fputs("\033[H\033[2J", stdout); /* to the corner, and clear */
    columns_print(columns);
    printf("\n%zu instance%s at revision %lld; Ctrl-C ends\n", table->count, table->count == 1 ? "" : "s",
           (long long)message->revision);
    fflush(stdout);
}

/* --- the command -------------------------------------------------------------------------------------------------- */

static void show(const struct cli *cli, struct table *table, bool live,
                 const Mltrainer__Registry__V1__WatchResponse *message)
{
    if (cli->json) {
        cli_print_json_line(&mltrainer__registry__v1__watch_response__info, &message->base);
    } else if (live) {
        table_take(table, message);
        table_draw(table, message);
    } else {
        print_message(message);
    }
}

/* Resuming needs the registry's epoch: the one given, or the present one. */
static int read_resume(struct cli *cli, const struct cli_arguments *arguments,
                       Mltrainer__Registry__V1__WatchRequest *request)
{
    request->after_revision = cli_number(arguments, "after", 0, 0, INT64_MAX);
    request->epoch = (uint64_t)cli_number(arguments, "epoch", 0, 0, INT64_MAX);
    if (request->after_revision == 0 || request->epoch)
        return 0;
    Mltrainer__Registry__V1__GetRegistryInfoRequest ask = MLTRAINER__REGISTRY__V1__GET_REGISTRY_INFO_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const Mltrainer__Registry__V1__GetRegistryInfoResponse *info =
        mltrainer__registry__v1__registry_service__get_registry_info(cli->channel, &options, &ask, &reply);
    if (info)
        request->epoch = info->epoch;
    int code = cli_status(cli, &reply.status);
    mrpc_reply_fini(&reply);
    return code;
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Registry__V1__WatchRequest request = MLTRAINER__REGISTRY__V1__WATCH_REQUEST__INIT;
    static struct registry_filter filter;
    struct mrpc_call_options options = {.struct_bytes = sizeof options};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    struct mrpc_client_call *call;
    struct table table = {0};
    char storage[512];
    bool live = cli_switch(arguments, "table") || (cli->terminal && !cli_switch(arguments, "lines"));
    int64_t left = cli_number(arguments, "count", INT64_MAX, 1, INT64_MAX);
    if (arguments->operand_count)
        registry_parse_service(arguments->operands[0], &request.namespace_, &request.service, storage);
    request.filter = registry_filter_read(arguments, &filter);
    options.timeout_ms = cli_duration_ms(arguments, "for", 0);
    int failed = read_resume(cli, arguments, &request);
    if (failed)
        return failed;
    int error =
        mltrainer__registry__v1__registry_service__watch__start(cli->channel, &options, &request, NULL, NULL, &call);
    if (error)
        return cli_failed("%s", mrpc_error_text(error));
    const Mltrainer__Registry__V1__WatchResponse *message;
    while (left > 0 && (message = mltrainer__registry__v1__registry_service__watch__recv(call))) {
        show(cli, &table, live, message);
        left--;
    }
    if (left == 0)
        mrpc_client_call_cancel(call);
    int status = mrpc_client_call_finish(call, &reply);
    bool asked = left == 0 || (status == MRPC_DEADLINE_EXCEEDED && options.timeout_ms > 0);
    int code = asked ? 0 : cli_status(cli, &reply.status);
    mrpc_client_call_free(call);
    mrpc_reply_fini(&reply);
    table_clear(&table);
    free(table.rows);
    return code;
}

static const struct cli_option options[] = {
    REGISTRY_FILTER_OPTIONS,
    {"after", "REVISION", "replay what came after this revision, without the list at the beginning"},
    {"epoch", "EPOCH", "that the revision is of [the present one]"},
    {"count", "N", "end after N messages"},
    {"for", "TIME", "end after this time"},
    {"table", NULL, "a table that is drawn anew with each change; a terminal gets it anyway"},
    {"lines", NULL, "a line for each change, also on a terminal"},
    {0},
};

const struct cli_command registry_watch_command = {
    .noun = "registry",
    .verb = "watch",
    .operands = "[SERVICE]",
    .operands_most = 1,
    .options = options,
    .summary = "Follow instances as they come, change and go",
    .examples = "  mltctl registry watch prices\n  mltctl registry watch --health unhealthy --lines\n"
                "  mltctl -o json registry watch --for 10\n",
    .run = run,
};
