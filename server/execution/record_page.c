/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/record_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The records of one name lie from `first` to before `end`, oldest first; a page wants them the other way round. */
struct group {
    size_t first, end;
};

static struct group group_at(const struct record_index *index, size_t first)
{
    size_t end = first;
    while (end < index->count && strcmp(index->items[end]->name, index->items[first]->name) == 0)
        end++;
    return (struct group){first, end};
}

static int read_token(const char *token, char name[130], uint32_t *version, struct fault *fault)
{
    const char *at = strchr(token, '@');
    char *end = NULL;
    unsigned long number = at ? strtoul(at + 1, &end, 10) : 0;
    if (!at || at - token > 128 || *end || !number || number > UINT32_MAX)
        return fault_field(fault, "page_token", "not a token of this list");
    snprintf(name, 130, "%.*s", (int)(at - token), token);
    *version = (uint32_t)number;
    return 0;
}

static int add(struct record_page *page, struct record *record, size_t size, struct mrpc_arena *arena)
{
    if (page->count < size) {
        page->items[page->count++] = record;
        return 0;
    }
    const struct record *last = page->items[size - 1];
    page->next_token = mrpc_arena_printf(arena, "%s@%u", last->name, last->version);
    return 1;
}

int record_page_make(const struct record_index *index, const char *token, size_t size, bool newest_only,
                     bool (*wanted)(void *arg, const struct record *record), void *arg, struct mrpc_arena *arena,
                     struct record_page *out, struct fault *fault)
{
    char name[130] = "";
    uint32_t version = 0;
    if (*token && read_token(token, name, &version, fault))
        return fault->code;
    *out = (struct record_page){.items = mrpc_arena_calloc(arena, size + 1, sizeof *out->items), .next_token = ""};
    if (!out->items)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    int full = 0;
    size_t next = *name ? record_index_seek(index, name, 0) : 0;
    for (struct group group; !full && next < index->count; next = group.end) {
        group = group_at(index, next);
        for (size_t i = group.end; !full && i > group.first; i--) {
            struct record *record = index->items[i - 1];
            bool seen = strcmp(record->name, name) == 0 && (newest_only || record->version >= version);
            if (seen || !record->durable || (wanted && !wanted(arg, record)))
                continue;
            full = add(out, record, size, arena);
            if (newest_only)
                break;
        }
    }
    return out->next_token ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}
