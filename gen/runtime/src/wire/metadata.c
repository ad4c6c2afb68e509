/* SPDX-License-Identifier: Apache-2.0 */
#include <mrpc/metadata.h>

#include <stdint.h>
#include <string.h>

#include <mrpc/error.h>

#include "wire/base64.h"
#include "wire/metadata_wire.h"
#include "wire/visible.h"

#define FIRST_CAPACITY 8

bool mrpc_metadata_binary(const char *name, size_t size)
{
    return size > 4 && memcmp(name + size - 4, "-bin", 4) == 0;
}

static bool starts_with(const char *name, size_t size, const char *prefix)
{
    size_t length = strlen(prefix);
    return size >= length && memcmp(name, prefix, length) == 0;
}

bool mrpc_metadata_reserved(const char *name, size_t size)
{
#define NAME(text) {sizeof(text) - 1, text}
    static const struct {
        size_t size;
        const char *text;
    } names[] = {
        NAME("content-type"), NAME("te"),      NAME("content-length"),    NAME("connection"), NAME("host"),
        NAME("keep-alive"),   NAME("upgrade"), NAME("transfer-encoding"), NAME("trailer"),    NAME("proxy-connection")};
#undef NAME

    if (size == 0 || name[0] == ':' || starts_with(name, size, "grpc-"))
        return true;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].size == size && memcmp(names[i].text, name, size) == 0)
            return true;
    }
    return false;
}

static bool key_valid(const char *key, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char c = key[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-'))
            return false;
    }
    return size > 0;
}

static bool text_valid(const char *value, size_t size)
{
    return mrpc_visible(value, size, ' ');
}

static int out_of_memory(const struct mrpc_metadata *metadata)
{
    return mrpc_arena_exhausted(metadata->arena) ? MRPC_ERR_LIMIT : MRPC_ERR_NOMEM;
}

/* Room for one more entry; what the entries lay in before stays in the arena. */
static int grow(struct mrpc_metadata *metadata)
{
    if (metadata->count < metadata->capacity)
        return 0;
    size_t capacity = metadata->capacity ? metadata->capacity * 2 : FIRST_CAPACITY;
    struct mrpc_metadatum *entries = mrpc_arena_alloc(metadata->arena, capacity * sizeof(*entries));
    if (!entries)
        return out_of_memory(metadata);
    if (metadata->count)
        memcpy(entries, metadata->entries, metadata->count * sizeof(*entries));
    metadata->entries = entries;
    metadata->capacity = capacity;
    return 0;
}

static char *copy_text(struct mrpc_arena *arena, const void *bytes, size_t size)
{
    char *text = mrpc_arena_alloc(arena, size + 1);
    if (!text)
        return NULL;
    if (size)
        memcpy(text, bytes, size);
    text[size] = '\0';
    return text;
}

/* @value lies in the arena already. */
static int append(struct mrpc_metadata *metadata, const char *key, size_t key_bytes, const char *value,
                  size_t value_bytes)
{
    int error = grow(metadata);
    if (error)
        return error;
    char *copy = copy_text(metadata->arena, key, key_bytes);
    if (!copy)
        return out_of_memory(metadata);
    metadata->entries[metadata->count++] = (struct mrpc_metadatum){copy, value, value_bytes};
    return 0;
}

int mrpc_metadata_add(struct mrpc_metadata *metadata, const char *key, const void *value, size_t value_bytes)
{
    size_t key_bytes = strlen(key);
    if (!key_valid(key, key_bytes) || mrpc_metadata_reserved(key, key_bytes))
        return MRPC_ERR_INVALID;
    if (!mrpc_metadata_binary(key, key_bytes) && !text_valid(value, value_bytes))
        return MRPC_ERR_INVALID;
    char *copy = copy_text(metadata->arena, value, value_bytes);
    return copy ? append(metadata, key, key_bytes, copy, value_bytes) : out_of_memory(metadata);
}

int mrpc_metadata_add_text(struct mrpc_metadata *metadata, const char *key, const char *value)
{
    return mrpc_metadata_add(metadata, key, value, strlen(value));
}

const struct mrpc_metadatum *mrpc_metadata_find(const struct mrpc_metadata *metadata, const char *key)
{
    for (size_t i = 0; i < metadata->count; i++) {
        if (strcmp(metadata->entries[i].key, key) == 0)
            return &metadata->entries[i];
    }
    return NULL;
}

static void trim(const char **text, size_t *size)
{
    while (*size && ((*text)[0] == ' ' || (*text)[0] == '\t')) {
        (*text)++;
        (*size)--;
    }
    while (*size && ((*text)[*size - 1] == ' ' || (*text)[*size - 1] == '\t'))
        (*size)--;
}

static int add_base64(struct mrpc_metadata *metadata, const char *name, size_t name_bytes, const char *text,
                      size_t size)
{
    trim(&text, &size);
    char *bytes = mrpc_arena_alloc(metadata->arena, mrpc_base64_decoded_bound(size) + 1);
    if (!bytes)
        return out_of_memory(metadata);
    size_t decoded;
    int error = mrpc_base64_decode(text, size, (uint8_t *)bytes, &decoded);
    if (error)
        return error;
    bytes[decoded] = '\0';
    return append(metadata, name, name_bytes, bytes, decoded);
}

static int add_base64_list(struct mrpc_metadata *metadata, const char *name, size_t name_bytes, const char *value,
                           size_t value_bytes)
{
    const char *end = value + value_bytes;
    for (;;) {
        const char *comma = value < end ? memchr(value, ',', (size_t)(end - value)) : NULL;
        int error = add_base64(metadata, name, name_bytes, value, (size_t)((comma ? comma : end) - value));
        if (error || !comma)
            return error;
        value = comma + 1;
    }
}

int mrpc_metadata_add_wire(struct mrpc_metadata *metadata, const char *name, size_t name_bytes, const char *value,
                           size_t value_bytes)
{
    if (!key_valid(name, name_bytes))
        return MRPC_ERR_MALFORMED;
    if (mrpc_metadata_binary(name, name_bytes))
        return add_base64_list(metadata, name, name_bytes, value, value_bytes);
    trim(&value, &value_bytes);
    if (!text_valid(value, value_bytes))
        return MRPC_ERR_MALFORMED;
    char *copy = copy_text(metadata->arena, value, value_bytes);
    return copy ? append(metadata, name, name_bytes, copy, value_bytes) : out_of_memory(metadata);
}

size_t mrpc_metadata_wire_bytes(const char *key, size_t value_bytes)
{
    size_t key_bytes = strlen(key);
    size_t size = mrpc_metadata_binary(key, key_bytes) ? mrpc_base64_encoded_size(value_bytes, false) : value_bytes;
    return key_bytes + size + 32;
}

const char *mrpc_metadata_wire_value(const struct mrpc_metadatum *entry, struct mrpc_arena *arena, size_t *wire_bytes)
{
    if (!mrpc_metadata_binary(entry->key, strlen(entry->key))) {
        *wire_bytes = entry->value_bytes;
        return entry->value;
    }
    size_t size = mrpc_base64_encoded_size(entry->value_bytes, false);
    char *text = mrpc_arena_alloc(arena, size + 1);
    if (!text)
        return NULL;
    *mrpc_base64_encode(entry->value, entry->value_bytes, false, text) = '\0';
    *wire_bytes = size;
    return text;
}
