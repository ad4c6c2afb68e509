/* SPDX-License-Identifier: Apache-2.0 */

#include "reflection/index.h"

#include <stdlib.h>
#include <string.h>

#include <mrpc/error.h>

static int append(struct reflection_name **names, size_t *count, size_t *capacity, struct reflection_name name)
{
    if (*count == *capacity) {
        size_t larger = *capacity == 0 ? 32 : *capacity * 2;
        struct reflection_name *grown = realloc(*names, larger * sizeof(*grown));
        if (grown == NULL)
            return MRPC_ERR_NOMEM;
        *names = grown;
        *capacity = larger;
    }
    (*names)[(*count)++] = name;
    return 0;
}

static bool has_file(const struct reflection_index *index, const struct mrpc_file *file)
{
    for (size_t i = 0; i < index->file_count; i++)
        if (strcmp(index->files[i].name, file->name) == 0)
            return true;
    return false;
}

int mrpc_reflection_index_add(struct reflection_index *index, const struct mrpc_file *file)
{
    if (has_file(index, file))
        return 0;
    int error = append(&index->files, &index->file_count, &index->file_capacity,
                       (struct reflection_name){file->name, file});
    for (size_t i = 0; error == 0 && i < file->symbol_count; i++)
        error = append(&index->symbols, &index->symbol_count, &index->symbol_capacity,
                       (struct reflection_name){file->symbols[i], file});
    for (size_t i = 0; error == 0 && i < file->dependency_count; i++)
        error = mrpc_reflection_index_add(index, file->dependencies[i]);
    return error;
}

static int compare(const void *left, const void *right)
{
    const struct reflection_name *a = left;
    const struct reflection_name *b = right;
    return strcmp(a->name, b->name);
}

void mrpc_reflection_index_sort(struct reflection_index *index)
{
    if (index->file_count > 0)
        qsort(index->files, index->file_count, sizeof(*index->files), compare);
    if (index->symbol_count > 0)
        qsort(index->symbols, index->symbol_count, sizeof(*index->symbols), compare);
}

void mrpc_reflection_index_fini(struct reflection_index *index)
{
    free(index->files);
    free(index->symbols);
    *index = (struct reflection_index){0};
}

static const struct mrpc_file *find(const struct reflection_name *names, size_t count, const char *name)
{
    struct reflection_name key = {.name = name};
    const struct reflection_name *found = count > 0 ? bsearch(&key, names, count, sizeof(*names), compare) : NULL;
    return found != NULL ? found->file : NULL;
}

const struct mrpc_file *mrpc_reflection_find_file(const struct reflection_index *index, const char *name)
{
    return find(index->files, index->file_count, name);
}

const struct mrpc_file *mrpc_reflection_find_symbol(const struct reflection_index *index, const char *symbol)
{
    return find(index->symbols, index->symbol_count, symbol);
}
