/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/map_index.h"

#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/siphash.h"
#include "codec/array.h"
#include "codec/field.h"

/* Up to this many entries are compared one by one. */
#define SCAN_COUNT 8

struct mrpc_map_index {
    ProtobufCMessage *spare;
    uint32_t *slots; /* entry number + 1, 0 is free; linear probing, at most half full */
    size_t slot_count;
};

static const ProtobufCFieldDescriptor *key_field(const ProtobufCMessage *entry)
{
    return &entry->descriptor->fields[0];
}

static uint64_t hash_key(const ProtobufCMessage *entry)
{
    /* 16 random bytes that the kernel gives every process. */
    uint64_t secret[2];
    memcpy(secret, (const void *)getauxval(AT_RANDOM), sizeof(secret));
    const ProtobufCFieldDescriptor *field = key_field(entry);
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text = mrpc_field_pointer(field, entry);
        return mrpc_siphash(secret, text, strlen(text));
    }
    return mrpc_siphash(secret, mrpc_field_slot(field, entry), mrpc_type_traits(field->type).size_bytes);
}

static bool keys_equal(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    const ProtobufCFieldDescriptor *field = key_field(a);
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return strcmp(mrpc_field_pointer(field, a), mrpc_field_pointer(field, b)) == 0;
    return memcmp(mrpc_field_slot(field, a), mrpc_field_slot(field, b), mrpc_type_traits(field->type).size_bytes) == 0;
}

static void insert(struct mrpc_map_index *index, const ProtobufCMessage *entry, size_t number)
{
    size_t at = hash_key(entry) & (index->slot_count - 1);
    while (index->slots[at])
        at = (at + 1) & (index->slot_count - 1);
    index->slots[at] = (uint32_t)number + 1;
}

static int rehash(struct mrpc_arena *arena, struct mrpc_map_index *index, ProtobufCMessage **entries, size_t count)
{
    size_t slot_count = index->slot_count ? index->slot_count * 4 : SCAN_COUNT * 8;
    uint32_t *slots = mrpc_arena_calloc(arena, slot_count, sizeof(*slots));
    if (!slots)
        return -1;
    index->slots = slots;
    index->slot_count = slot_count;
    for (size_t i = 0; i < count; i++)
        insert(index, entries[i], i);
    return 0;
}

static ProtobufCMessage *find(const struct mrpc_map_index *index, ProtobufCMessage **entries, size_t count,
                              const ProtobufCMessage *entry)
{
    if (!index || !index->slots) {
        for (size_t i = 0; i < count; i++) {
            if (keys_equal(entries[i], entry))
                return entries[i];
        }
        return NULL;
    }
    size_t mask = index->slot_count - 1;
    for (size_t at = hash_key(entry) & mask; index->slots[at]; at = (at + 1) & mask) {
        if (keys_equal(entries[index->slots[at] - 1], entry))
            return entries[index->slots[at] - 1];
    }
    return NULL;
}

static struct mrpc_map_index *index_of(struct mrpc_arena *arena, ProtobufCMessage **entries)
{
    struct mrpc_array_head *head = mrpc_array_head(entries);
    if (!head->index)
        head->index = mrpc_arena_calloc(arena, 1, sizeof(*head->index));
    return head->index;
}

static int replace(struct mrpc_arena *arena, ProtobufCMessage **entries, ProtobufCMessage *old, ProtobufCMessage *entry)
{
    struct mrpc_map_index *index = index_of(arena, entries);
    if (!index)
        return -1;
    memcpy(old, entry, entry->descriptor->sizeof_message);
    index->spare = entry;
    return 0;
}

int mrpc_map_put(struct mrpc_arena *arena, const ProtobufCFieldDescriptor *field, void *message,
                 ProtobufCMessage *entry)
{
    ProtobufCMessage **entries = mrpc_field_pointer(field, message);
    size_t count = mrpc_field_count(field, message);
    ProtobufCMessage *old = find(mrpc_array_head(entries)->index, entries, count, entry);
    if (old)
        return replace(arena, entries, old, entry);

    entries[count++] = entry;
    memcpy(mrpc_field_quantifier(field, message), &count, sizeof(count));
    if (count <= SCAN_COUNT)
        return 0;
    struct mrpc_map_index *index = index_of(arena, entries);
    if (!index)
        return -1;
    if (count * 2 > index->slot_count)
        return rehash(arena, index, entries, count);
    insert(index, entry, count - 1);
    return 0;
}

ProtobufCMessage *mrpc_map_take_spare(const ProtobufCFieldDescriptor *field, const void *message)
{
    void *entries = mrpc_field_pointer(field, message);
    struct mrpc_map_index *index = entries ? mrpc_array_head(entries)->index : NULL;
    if (!index)
        return NULL;
    ProtobufCMessage *spare = index->spare;
    index->spare = NULL;
    return spare;
}
