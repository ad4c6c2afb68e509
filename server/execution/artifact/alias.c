/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/artifact/alias.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

/* ---- The list ---- */

void aliases_fini(struct aliases *aliases)
{
    for (size_t i = 0; i < aliases->count; i++)
        free(aliases->items[i]);
    free(aliases->items);
}

size_t aliases_seek(const struct aliases *aliases, const char *name, const char *alias)
{
    size_t low = 0, high = aliases->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(aliases->items[middle]->name, name);
        if (order == 0)
            order = strcmp(aliases->items[middle]->alias, alias);
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct alias *aliases_find(const struct aliases *aliases, const char *name, const char *alias)
{
    size_t at = aliases_seek(aliases, name, alias);
    struct alias *found = at < aliases->count ? aliases->items[at] : NULL;
    return found && strcmp(found->name, name) == 0 && strcmp(found->alias, alias) == 0 ? found : NULL;
}

static bool is_of(const struct aliases *aliases, size_t at, const char *name)
{
    return at < aliases->count && strcmp(aliases->items[at]->name, name) == 0;
}

static int check_room(struct aliases *aliases, const char *name, struct fault *fault)
{
    size_t first = aliases_seek(aliases, name, ""), end = first;
    while (is_of(aliases, end, name))
        end++;
    if (end - first >= ALIASES_AN_ARTIFACT)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "artifact \"%s\" has %d aliases already", name,
                         ALIASES_AN_ARTIFACT);
    if (aliases->count >= ALIASES_MAX)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "there are %d aliases already", ALIASES_MAX);
    if (aliases->count < aliases->room)
        return 0;
    size_t room = aliases->room ? aliases->room * 2 : 16;
    struct alias **items = realloc(aliases->items, room * sizeof *items);
    if (!items)
        return no_memory(fault);
    aliases->items = items;
    aliases->room = room;
    return 0;
}

int aliases_add(struct aliases *aliases, const char *name, const char *alias, struct alias **out, struct fault *fault)
{
    int code = check_room(aliases, name, fault);
    struct alias *made = code ? NULL : calloc(1, sizeof *made);
    if (!made)
        return code ? code : no_memory(fault);
    snprintf(made->name, sizeof made->name, "%s", name);
    snprintf(made->alias, sizeof made->alias, "%s", alias);
    size_t at = aliases_seek(aliases, name, alias);
    memmove(aliases->items + at + 1, aliases->items + at, (aliases->count - at) * sizeof *aliases->items);
    aliases->items[at] = made;
    aliases->count++;
    *out = made;
    return 0;
}

void aliases_remove(struct aliases *aliases, struct alias *alias)
{
    size_t at = aliases_seek(aliases, alias->name, alias->alias);
    aliases->count--;
    memmove(aliases->items + at, aliases->items + at + 1, (aliases->count - at) * sizeof *aliases->items);
    free(alias);
}

const struct alias *aliases_pointing_to(const struct aliases *aliases, const char *name, uint32_t version)
{
    for (size_t at = aliases_seek(aliases, name, ""); is_of(aliases, at, name); at++) {
        const struct alias *alias = aliases->items[at];
        if ((alias->durable && alias->version == version) || (alias->changing && alias->coming_version == version))
            return alias;
    }
    return NULL;
}

/* ---- References ---- */

static int find_by_alias(const struct aliases *aliases, const struct record_index *artifacts, const char *reference,
                         const char *colon, const char *field, struct record **out, struct fault *fault)
{
    char name[130], version[150];
    snprintf(name, sizeof name, "%.*s", (int)(colon - reference), reference);
    int code = api_identifier(name, field, fault);
    if (!code)
        code = api_identifier(colon + 1, field, fault);
    if (code)
        return code;
    const struct alias *alias = aliases_find(aliases, name, colon + 1);
    if (!alias || !alias->durable)
        return fault_set(fault, MRPC_NOT_FOUND, "%s: artifact \"%s\" has no alias \"%s\"", field, name, colon + 1);
    snprintf(version, sizeof version, "%s@%u", name, alias->version);
    return record_index_find(artifacts, version, field, out, fault);
}

int aliases_find_artifact(const struct aliases *aliases, const struct record_index *artifacts, const char *reference,
                          const char *field, struct record **out, struct fault *fault)
{
    const char *colon = strchr(reference, ':');
    if (colon && strncmp(reference, "sha256:", 7) != 0)
        return find_by_alias(aliases, artifacts, reference, colon, field, out, fault);
    return record_index_find(artifacts, reference, field, out, fault);
}

/* ---- Messages ---- */

API(Alias) * alias_message(const struct alias *alias, struct mrpc_arena *arena)
{
    API(Alias) *message = API_NEW(arena, Alias, alias);
    if (!message)
        return NULL;
    message->name = mrpc_arena_strdup(arena, alias->name);
    message->alias = mrpc_arena_strdup(arena, alias->alias);
    message->version = alias->version;
    message->previous_version = alias->previous_version;
    message->update_time = api_timestamp(arena, alias->update_ms);
    return message->name && message->alias && message->update_time ? message : NULL;
}

static void write_key(char key[300], const char *name, const char *alias)
{
    snprintf(key, 300, "execution/alias/%s/%s", name, alias);
}

int alias_put(struct store_batch *batch, const API(Alias) * message, struct fault *fault)
{
    char key[300];
    struct api_bytes bytes;
    int code = message ? api_encode(API_INFO(alias), message, &bytes, fault) : no_memory(fault);
    if (code)
        return code;
    write_key(key, message->name, message->alias);
    store_batch_put(batch, store_text(key), (struct store_slice){bytes.data, bytes.size}, STORE_EXPECT_ANY);
    free(bytes.data);
    return 0;
}

void alias_delete(struct store_batch *batch, const struct alias *alias)
{
    char key[300];
    write_key(key, alias->name, alias->alias);
    store_batch_delete(batch, store_text(key), STORE_EXPECT_ANY);
}

int aliases_tell(const struct aliases *aliases, API(Artifact) * artifact, struct mrpc_arena *arena, struct fault *fault)
{
    artifact->aliases = mrpc_arena_calloc(arena, ALIASES_AN_ARTIFACT, sizeof *artifact->aliases);
    if (!artifact->aliases)
        return no_memory(fault);
    artifact->n_aliases = 0;
    for (size_t at = aliases_seek(aliases, artifact->name, ""); is_of(aliases, at, artifact->name); at++) {
        const struct alias *alias = aliases->items[at];
        if (!alias->durable || alias->version != artifact->version)
            continue;
        char *text = mrpc_arena_strdup(arena, alias->alias);
        if (!text)
            return no_memory(fault);
        artifact->aliases[artifact->n_aliases++] = text;
    }
    return 0;
}
