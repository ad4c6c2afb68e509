/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/registry.h"

enum { ITEMS_MAX = 64, PATHS_MAX = 6 };

/* The changes that the command line describes; everything that they point at. */
struct changes {
    Mltrainer__Registry__V1__UpdateInstanceRequest request;
    Mltrainer__Registry__V1__Instance instance;
    Mltrainer__Registry__V1__InstanceKey key;
    Mltrainer__Registry__V1__Endpoint endpoint, *endpoints[1];
    Mltrainer__Registry__V1__Instance__MetadataEntry entries[ITEMS_MAX], *entry_pointers[ITEMS_MAX];
    Mltrainer__Registry__V1__MetadataValue values[ITEMS_MAX];
    Google__Protobuf__FieldMask mask;
    char *paths[PATHS_MAX];
    char *tags[ITEMS_MAX];
    char keys[ITEMS_MAX][130], key_text[512], endpoint_text[512];
};

static void name(struct changes *c, const char *path)
{
    c->paths[c->mask.n_paths++] = (char *)path;
}

/* A repeated option replaces the whole list; one empty value empties it. */
static void take_tags(struct changes *c, const struct cli_arguments *arguments)
{
    const char *text;
    for (size_t i = 0; i < ITEMS_MAX && (text = cli_option_at(arguments, "tag", i)); i++)
        if (*text)
            c->tags[c->instance.n_tags++] = (char *)text;
    c->instance.tags = c->tags;
    if (cli_option(arguments, "tag", NULL))
        name(c, "tags");
}

static int take_metadata(struct changes *c, const struct cli_arguments *arguments)
{
    const char *text;
    for (size_t i = 0; i < ITEMS_MAX && (text = cli_option_at(arguments, "metadata", i)); i++) {
        size_t at = c->instance.n_metadata, length = strcspn(text, "=");
        if (!*text)
            continue;
        if (!text[length] || length >= sizeof c->keys[at])
            return cli_usage("--metadata: \"%s\" is not KEY=TEXT", text);
        memcpy(c->keys[at], text, length);
        mltrainer__registry__v1__metadata_value__init(&c->values[at]);
        c->values[at].kind_case = MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_TEXT;
        c->values[at].text = (char *)text + length + 1;
        mltrainer__registry__v1__instance__metadata_entry__init(&c->entries[at]);
        c->entries[at].key = c->keys[at];
        c->entries[at].value = &c->values[at];
        c->entry_pointers[at] = &c->entries[at];
        c->instance.n_metadata++;
    }
    c->instance.metadata = c->entry_pointers;
    if (cli_option(arguments, "metadata", NULL))
        name(c, "metadata");
    return 0;
}

static void take_scalars(struct changes *c, const struct cli_arguments *arguments)
{
    if (cli_option(arguments, "version", NULL)) {
        c->instance.version = (char *)cli_option(arguments, "version", "");
        name(c, "version");
    }
    if (cli_option(arguments, "zone", NULL)) {
        c->instance.zone = (char *)cli_option(arguments, "zone", "");
        name(c, "zone");
    }
    if (cli_option(arguments, "weight", NULL)) {
        c->instance.weight = (uint32_t)cli_number(arguments, "weight", 100, 0, 65535);
        name(c, "weight");
    }
    if (cli_option(arguments, "endpoint", NULL)) {
        registry_parse_endpoint(cli_option(arguments, "endpoint", ""), &c->endpoint, c->endpoint_text);
        c->endpoints[0] = &c->endpoint;
        c->instance.endpoints = c->endpoints;
        c->instance.n_endpoints = 1;
        name(c, "endpoints");
    }
}

static int describe(const struct cli_arguments *arguments, struct changes *c)
{
    mltrainer__registry__v1__update_instance_request__init(&c->request);
    mltrainer__registry__v1__instance__init(&c->instance);
    google__protobuf__field_mask__init(&c->mask);
    registry_parse_key(arguments->operands[0], &c->key, c->key_text);
    c->instance.key = &c->key;
    c->mask.paths = c->paths;
    c->request.instance = &c->instance;
    c->request.update_mask = &c->mask;
    if (cli_option(arguments, "if-revision", NULL)) {
        c->request.has_expected_revision_case =
            MLTRAINER__REGISTRY__V1__UPDATE_INSTANCE_REQUEST__HAS_EXPECTED_REVISION_EXPECTED_REVISION;
        c->request.expected_revision = cli_number(arguments, "if-revision", 0, 1, INT64_MAX);
    }
    take_scalars(c, arguments);
    take_tags(c, arguments);
    int code = take_metadata(c, arguments);
    return code || c->mask.n_paths ? code : cli_usage("nothing to change; name at least one field");
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    static struct changes changes;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    int code = describe(arguments, &changes);
    if (code)
        return code;
    const Mltrainer__Registry__V1__UpdateInstanceResponse *response =
        mltrainer__registry__v1__registry_service__update_instance(cli->channel, &options, &changes.request, &reply);
    code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__registry__v1__update_instance_response__info, &response->base);
    else if (response && response->instance)
        printf("updated; revision %lld\n", (long long)response->instance->revision);
    mrpc_reply_fini(&reply);
    return code;
}

static const struct cli_option options[] = {
    {"version", "VERSION", "of the instance"},
    {"zone", "ZONE", "where it stands"},
    {"weight", "N", "share of traffic, 1..65535; 0 means 100"},
    {"endpoint", "HOST:PORT", "where it is reached; checks of the first endpoint follow"},
    {"tag", "TAG", "may be repeated; replaces all tags, an empty one removes them"},
    {"metadata", "KEY=TEXT", "may be repeated; replaces all metadata, an empty one removes it"},
    {"if-revision", "N", "only if the instance has this revision"},
    {0},
};

const struct cli_command registry_update_command = {
    .noun = "registry",
    .verb = "update",
    .operands = "SERVICE/ID",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Change single fields of an instance",
    .examples = "  mltctl registry update prices/a --weight 10\n"
                "  mltctl registry update prices/a --tag blue --tag canary --if-revision 7\n",
    .run = run,
};
