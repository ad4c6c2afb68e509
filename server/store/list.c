/* SPDX-License-Identifier: Apache-2.0 */
#include "store/list.h"

#include <stdlib.h>
#include <string.h>

struct list_row {
    size_t at;
    size_t key_bytes;
    size_t value_bytes;
    uint64_t revision;
    bool deleted;
};

static bool reserve(struct list_builder *builder, size_t bytes)
{
    if (builder->count == builder->capacity) {
        size_t capacity = builder->capacity ? builder->capacity * 2 : 16;
        struct list_row *rows = realloc(builder->rows, capacity * sizeof *rows);
        if (!rows)
            return false;
        builder->rows = rows;
        builder->capacity = capacity;
    }
    size_t needed = builder->buffer_bytes + bytes;
    if (needed <= builder->buffer_capacity)
        return true;
    size_t capacity = builder->buffer_capacity ? builder->buffer_capacity * 2 : 1024;
    if (capacity < needed)
        capacity = needed;
    unsigned char *buffer = realloc(builder->buffer, capacity);
    if (!buffer)
        return false;
    builder->buffer = buffer;
    builder->buffer_capacity = capacity;
    return true;
}

/* Keys and values get a NUL behind them, so that text can be read as text. */
static void append(struct list_builder *builder, struct store_slice slice)
{
    unsigned char *to = builder->buffer + builder->buffer_bytes;
    if (slice.bytes)
        memcpy(to, slice.data, slice.bytes);
    to[slice.bytes] = '\0';
    builder->buffer_bytes += slice.bytes + 1;
}

bool list_builder_add(struct list_builder *builder, struct store_slice key, struct store_slice value, uint64_t revision,
                      bool deleted)
{
    if (!reserve(builder, key.bytes + value.bytes + 2))
        return false;
    builder->rows[builder->count++] =
        (struct list_row){builder->buffer_bytes, key.bytes, value.bytes, revision, deleted};
    append(builder, key);
    append(builder, value);
    return true;
}

uint64_t list_builder_last_revision(const struct list_builder *builder)
{
    return builder->count ? builder->rows[builder->count - 1].revision : 0;
}

bool list_builder_finish(struct list_builder *builder, bool more, uint64_t revision, struct store_list *list)
{
    struct store_entry *entries = calloc(builder->count ? builder->count : 1, sizeof *entries);
    if (!entries)
        return false;
    for (size_t i = 0; i < builder->count; i++) {
        const struct list_row *row = &builder->rows[i];
        const unsigned char *at = builder->buffer + row->at;
        entries[i] = (struct store_entry){
            {at, row->key_bytes}, {at + row->key_bytes + 1, row->value_bytes}, row->revision, row->deleted};
    }
    *list = (struct store_list){entries, builder->count, more, revision, builder->buffer};
    free(builder->rows);
    *builder = (struct list_builder){0};
    return true;
}

void list_builder_fini(struct list_builder *builder)
{
    free(builder->rows);
    free(builder->buffer);
    *builder = (struct list_builder){0};
}

void store_list_fini(struct store_list *list)
{
    free(list->entries);
    free(list->memory);
    *list = (struct store_list)STORE_LIST_INIT;
}
