/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include <google/protobuf/struct.mrpc.h>

#include "commands/commands.h"

/* What stock gRPC clients read from $GRPC_XDS_BOOTSTRAP: where the control plane is, and who they are (gRFC A27; for
 * TLS A65). No call is made. */



enum { MEMBERS_MAX = 4 };

/* Values of one file; it is printed once, so what it is made of is left to the end of the program's arena. */
static Google__Protobuf__Value *new_value(struct mrpc_arena *arena)
{
    Google__Protobuf__Value *made = mrpc_arena_alloc(arena, sizeof *made);
    if (made)
        google__protobuf__value__init(made);
    return made;
}

static Google__Protobuf__Value *text(struct mrpc_arena *arena, const char *string)
{
    Google__Protobuf__Value *made = new_value(arena);
    if (!made)
        return NULL;
    made->kind_case = GOOGLE__PROTOBUF__VALUE__KIND_STRING_VALUE;
    made->string_value = (char *)(uintptr_t)string;
    return made;
}

static Google__Protobuf__Value *list_of(struct mrpc_arena *arena, Google__Protobuf__Value *item)
{
    Google__Protobuf__Value *made = new_value(arena);
    Google__Protobuf__ListValue *list = mrpc_arena_alloc(arena, sizeof *list);
    Google__Protobuf__Value **items = mrpc_arena_alloc(arena, sizeof *items);
    if (!item || !made || !list || !items)
        return NULL;
    items[0] = item;
    google__protobuf__list_value__init(list);
    list->n_values = 1;
    list->values = items;
    made->kind_case = GOOGLE__PROTOBUF__VALUE__KIND_LIST_VALUE;
    made->list_value = list;
    return made;
}

static Google__Protobuf__Value *object(struct mrpc_arena *arena)
{
    Google__Protobuf__Value *made = new_value(arena);
    Google__Protobuf__Struct *fields = mrpc_arena_alloc(arena, sizeof *fields);
    if (!made || !fields)
        return NULL;
    google__protobuf__struct__init(fields);
    fields->fields = mrpc_arena_calloc(arena, MEMBERS_MAX, sizeof *fields->fields);
    made->kind_case = GOOGLE__PROTOBUF__VALUE__KIND_STRUCT_VALUE;
    made->struct_value = fields;
    return fields->fields ? made : NULL;
}

/* NULL goes through, so that a builder checks once. */
static Google__Protobuf__Value *with(struct mrpc_arena *arena, Google__Protobuf__Value *to, const char *name,
                                     Google__Protobuf__Value *member)
{
    Google__Protobuf__Struct__FieldsEntry *entry = mrpc_arena_alloc(arena, sizeof *entry);
    if (!to || !member || !entry)
        return NULL;
    google__protobuf__struct__fields_entry__init(entry);
    entry->key = (char *)(uintptr_t)name;
    entry->value = member;
    to->struct_value->fields[to->struct_value->n_fields++] = entry;
    return to;
}

static Google__Protobuf__Value *credentials(struct mrpc_arena *arena, const struct cli *cli,
                                            const struct cli_arguments *arguments)
{
    static const char *const files[][2] = {
        {"ca", "ca_certificate_file"}, {"certificate", "certificate_file"}, {"key", "private_key_file"}};
    Google__Protobuf__Value *config = object(arena), *made = object(arena);
    bool tls = cli->tls != NULL;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const char *path = cli_option(arguments, files[i][0], NULL);
        if (path)
            config = with(arena, config, files[i][1], text(arena, path));
        tls = tls || path;
    }
    made = with(arena, made, "type", text(arena, tls ? "tls" : "insecure"));
    return tls ? with(arena, made, "config", config) : made;
}

static Google__Protobuf__Value *bootstrap(struct mrpc_arena *arena, const struct cli *cli,
                                          const struct cli_arguments *arguments, const char *node)
{
    Google__Protobuf__Value *server = with(arena, object(arena), "server_uri", text(arena, cli->server));
    server = with(arena, server, "channel_creds", list_of(arena, credentials(arena, cli, arguments)));
    server = with(arena, server, "server_features", list_of(arena, text(arena, "xds_v3")));
    Google__Protobuf__Value *file = with(arena, object(arena), "xds_servers", list_of(arena, server));
    /* grpc-js wants the last two, whatever is in them. */
    const char *zone = cli_option(arguments, "zone", "");
    Google__Protobuf__Value *who = with(arena, object(arena), "id", text(arena, node));
    who = with(arena, who, "cluster", text(arena, cli_option(arguments, "cluster", "")));
    who = with(arena, who, "locality", with(arena, object(arena), "zone", text(arena, zone)));
    return with(arena, file, "node", who);
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    char host[256] = "";
    if (gethostname(host, sizeof host - 1))
        return cli_failed("the host has no name: give --node-id");
    struct mrpc_arena *arena = mrpc_arena_new(0);
    Google__Protobuf__Value *file =
        arena ? bootstrap(arena, cli, arguments, cli_option(arguments, "node-id", host)) : NULL;
    int code = file ? cli_print_json(&google__protobuf__struct__info, &file->struct_value->base)
                    : cli_failed("out of memory");
    mrpc_arena_free(arena);
    return code;
}

static const struct cli_option options[] = {
    {"node-id", "ID", "what the client calls itself; else the host's name"},
    {"cluster", "NAME", "what it is a part of"},
    {"zone", "ZONE", "where it runs"},
    {"ca", "FILE", "the authority that the client trusts; implies TLS"},
    {"certificate", "FILE", "the client's certificate; implies TLS"},
    {"key", "FILE", "its key"},
    {NULL, NULL, NULL},
};

const struct cli_command registry_bootstrap_command = {
    .noun = "registry",
    .verb = "xds-bootstrap",
    .operands = "",
    .options = options,
    .summary = "Print what xds:///SERVICE needs: a bootstrap file",
    .examples = "  mltctl registry xds-bootstrap >bootstrap.json\n"
                "  GRPC_XDS_BOOTSTRAP=bootstrap.json ./client xds:///orders\n",
    .run = run,
};
