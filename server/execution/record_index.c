/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/record_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/dataset/number.h"
#include "store/store.h"

void record_free(struct record *record)
{
    if (!record)
        return;
    free(record->name);
    free(record->owner);
    free(record->message.data);
    free(record);
}

void record_index_fini(struct record_index *index)
{
    for (size_t i = 0; i < index->count; i++)
        record_free(index->items[i]);
    free(index->items);
}

struct record *record_new(const char *name, uint32_t version, const char *sha256, uint64_t size_bytes,
                          const char *owner, struct api_bytes message)
{
    struct record *record = calloc(1, sizeof *record);
    if (!record) {
        free(message.data);
        return NULL;
    }
    *record = (struct record){
        .name = strdup(name), .version = version, .size_bytes = size_bytes, .owner = strdup(owner), .message = message};
    snprintf(record->sha256, sizeof record->sha256, "%s", sha256);
    if (record->name && record->owner)
        return record;
    record_free(record);
    return NULL;
}

static int compare(const struct record *record, const char *name, uint32_t version)
{
    int order = strcmp(record->name, name);
    return order ? order : (record->version > version) - (record->version < version);
}

size_t record_index_seek(const struct record_index *index, const char *name, uint32_t version)
{
    size_t low = 0, high = index->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(index->items[middle], name, version) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int record_index_add(struct record_index *index, struct record *record)
{
    if (index->count == index->room) {
        size_t room = index->room ? index->room * 2 : 16;
        struct record **items = realloc(index->items, room * sizeof *items);
        if (!items)
            return -1;
        index->items = items;
        index->room = room;
    }
    size_t at = record_index_seek(index, record->name, record->version);
    memmove(index->items + at + 1, index->items + at, (index->count - at) * sizeof *index->items);
    index->items[at] = record;
    index->count++;
    return 0;
}

void record_index_remove(struct record_index *index, struct record *record)
{
    size_t at = record_index_seek(index, record->name, record->version);
    index->count--;
    memmove(index->items + at, index->items + at + 1, (index->count - at) * sizeof *index->items);
}

static struct record *newest(const struct record_index *index, const char *name, bool durable)
{
    for (size_t at = record_index_seek(index, name, UINT32_MAX); at > 0; at--) {
        struct record *record = index->items[at - 1];
        if (strcmp(record->name, name) != 0)
            return NULL;
        if (record->durable || !durable)
            return record;
    }
    return NULL;
}

uint32_t record_index_next_version(const struct record_index *index, const char *name)
{
    const struct record *record = newest(index, name, false);
    return record ? record->version + 1 : 1;
}

const char *record_index_owner(const struct record_index *index, const char *name)
{
    size_t at = record_index_seek(index, name, 0);
    return at < index->count && strcmp(index->items[at]->name, name) == 0 ? index->items[at]->owner : NULL;
}

int record_index_check_owner(const struct record_index *index, const char *name, const struct caller *caller,
                             const char *field, struct fault *fault)
{
    const char *owner = record_index_owner(index, name);
    if (!owner || caller_check(caller, owner, index->noun, name, fault) == 0)
        return 0;
    return fault_prefix(fault, "%s", field);
}

struct record *record_index_with_content(const struct record_index *index, const char *sha256)
{
    for (size_t i = index->count; i > 0; i--)
        if (index->items[i - 1]->durable && strcmp(index->items[i - 1]->sha256, sha256) == 0)
            return index->items[i - 1];
    return NULL;
}

static int find_version(const struct record_index *index, const char *reference, const char *at, const char *field,
                        struct record **out, struct fault *fault)
{
    char name[130];
    int64_t version;
    snprintf(name, sizeof name, "%.*s", (int)(at - reference), reference);
    int code = api_identifier(name, field, fault);
    if (code)
        return code;
    if (!number_integer(at + 1, strlen(at + 1), &version) || version < 1 || version >= UINT32_MAX)
        return fault_field(fault, field, "\"%.64s\" is not a version", at + 1);
    size_t place = record_index_seek(index, name, (uint32_t)version);
    if (place == index->count || compare(index->items[place], name, (uint32_t)version) != 0 ||
        !index->items[place]->durable)
        return fault_set(fault, MRPC_NOT_FOUND, "%s: no %s \"%.128s\"", field, index->noun, reference);
    *out = index->items[place];
    return 0;
}

int record_index_find(const struct record_index *index, const char *reference, const char *field, struct record **out,
                      struct fault *fault)
{
    struct record *record;
    const char *at = strchr(reference, '@');
    if (strlen(reference) > 256)
        return fault_field(fault, field, "a reference of more than 256 bytes");
    if (strncmp(reference, "sha256:", 7) == 0) {
        if (strlen(reference) != 7 + 64 || strspn(reference + 7, "0123456789abcdef") != 64)
            return fault_field(fault, field, "sha256: wants 64 lower-case hexadecimal digits");
        record = record_index_with_content(index, reference + 7);
    } else if (at) {
        return find_version(index, reference, at, field, out, fault);
    } else {
        int code = api_identifier(reference, field, fault);
        if (code)
            return code;
        record = newest(index, reference, true);
    }
    if (!record)
        return fault_set(fault, MRPC_NOT_FOUND, "%s: no %s \"%.128s\"", field, index->noun, reference);
    *out = record;
    return 0;
}

static void write_artifact_key(char key[200], const struct record *record)
{
    snprintf(key, 200, "execution/artifact/%s/%010u", record->name, record->version);
}

void artifact_put(struct store_batch *batch, const struct record *record)
{
    char key[200];
    write_artifact_key(key, record);
    store_batch_put(batch, store_text(key), (struct store_slice){record->message.data, record->message.size},
                    STORE_EXPECT_ABSENT);
}

void artifact_delete(struct store_batch *batch, const struct record *record)
{
    char key[200];
    write_artifact_key(key, record);
    store_batch_delete(batch, store_text(key), STORE_EXPECT_ANY);
}
