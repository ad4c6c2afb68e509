/* SPDX-License-Identifier: Apache-2.0 */

#include "server/methods.h"

#include <stdlib.h>
#include <string.h>

#include <mrpc/error.h>

/* Eight bytes at a time, by 2^64 over the golden ratio. Paths that are looked up are the peer's, but those that are
 * found are ours, so chains cannot be made long. */
static uint32_t hash_path(const char *path, size_t size)
{
    uint64_t hash = size, word;
    for (; size >= sizeof(word); path += sizeof(word), size -= sizeof(word)) {
        memcpy(&word, path, sizeof(word));
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    for (word = 0; size > 0; size--)
        word = word << 8 | (uint8_t)path[size - 1];
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(hash >> 32);
}

static struct method_entry *find_slot(const struct method_table *table, const char *path, size_t path_bytes,
                                      uint32_t hash)
{
    size_t at = hash & (table->capacity - 1);
    for (;; at = (at + 1) & (table->capacity - 1)) {
        struct method_entry *entry = &table->entries[at];
        if (entry->method == NULL)
            return entry;
        if (entry->hash == hash && entry->path_bytes == path_bytes &&
            memcmp(entry->method->path, path, path_bytes) == 0)
            return entry;
    }
}

const struct method_entry *mrpc_methods_find(const struct method_table *table, const char *path, size_t path_bytes)
{
    if (table->capacity == 0)
        return NULL;
    const struct method_entry *entry = find_slot(table, path, path_bytes, hash_path(path, path_bytes));
    return entry->method != NULL ? entry : NULL;
}

static int make_room(struct method_table *table, size_t more)
{
    size_t capacity = table->capacity == 0 ? 16 : table->capacity;
    while (capacity < 2 * (table->count + more))
        capacity *= 2;
    if (capacity == table->capacity)
        return 0;
    struct method_table larger = {.entries = calloc(capacity, sizeof(*larger.entries)), .capacity = capacity};
    if (larger.entries == NULL)
        return MRPC_ERR_NOMEM;
    for (size_t i = 0; i < table->capacity; i++) {
        const struct method_entry *entry = &table->entries[i];
        if (entry->method != NULL)
            *find_slot(&larger, entry->method->path, entry->path_bytes, entry->hash) = *entry;
    }
    free(table->entries);
    table->entries = larger.entries;
    table->capacity = capacity;
    return 0;
}

static bool has_service(const struct method_table *table, const char *full_name)
{
    for (size_t i = 0; i < table->service_count; i++)
        if (strcmp(table->services[i]->full_name, full_name) == 0)
            return true;
    return false;
}

static int append_service(struct method_table *table, const struct mrpc_service *service)
{
    const struct mrpc_service **services =
        realloc(table->services, (table->service_count + 1) * sizeof(*table->services));
    if (services == NULL)
        return MRPC_ERR_NOMEM;
    table->services = services;
    table->services[table->service_count++] = service;
    return 0;
}

int mrpc_methods_add(struct method_table *table, const struct mrpc_skeleton *skeleton, const void *handlers, void *self)
{
    const struct mrpc_service *service = skeleton->service;
    if (has_service(table, service->full_name))
        return MRPC_ERR_INVALID;
    if (make_room(table, service->method_count) != 0 || append_service(table, service) != 0)
        return MRPC_ERR_NOMEM;
    for (size_t i = 0; i < service->method_count; i++) {
        const struct mrpc_method *method = &service->methods[i];
        size_t path_bytes = strlen(method->path);
        uint32_t hash = hash_path(method->path, path_bytes);
        *find_slot(table, method->path, path_bytes, hash) = (struct method_entry){
            .method = method,
            .invoke = &skeleton->invokes[i],
            .handlers = handlers,
            .self = self,
            .path_bytes = path_bytes,
            .hash = hash,
        };
        table->count++;
    }
    return 0;
}

void mrpc_methods_fini(struct method_table *table)
{
    free(table->entries);
    free(table->services);
    *table = (struct method_table){0};
}
