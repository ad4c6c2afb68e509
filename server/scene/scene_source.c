/* SPDX-License-Identifier: Apache-2.0 */
#include "scene/scene_source.h"

#include <stdlib.h>
#include <string.h>

#include "fault/fault.h"
#include "scene/text_check.h"

int scene_source_new(struct scene_source source, void **out, struct fault *fault)
{
    struct scene_source *copy = malloc(sizeof *copy);
    if (!copy)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *copy = source;
    *out = copy;
    return 0;
}

struct kept {
    void *object;
    void (*release)(void *object);
    struct kept *older;
};

struct scene_sources {
    const struct scene_source **list; /* ordered by name */
    size_t count;
    struct kept *kept;
};

struct scene_sources *scene_sources_new(void)
{
    return calloc(1, sizeof(struct scene_sources));
}

void scene_sources_free(struct scene_sources *sources)
{
    if (!sources)
        return;
    for (struct kept *kept = sources->kept, *older; kept; kept = older) {
        older = kept->older;
        kept->release(kept->object);
        free(kept);
    }
    free(sources->list);
    free(sources);
}

int scene_sources_keep(struct scene_sources *sources, void *object, void (*release)(void *object), struct fault *fault)
{
    struct kept *kept = malloc(sizeof *kept);
    if (!kept) {
        release(object);
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    *kept = (struct kept){object, release, sources->kept};
    sources->kept = kept;
    return 0;
}

int scene_sources_add(struct scene_sources *sources, const struct scene_source *source, struct fault *fault)
{
    if (!scene_id_valid(source->name))
        return fault_field(fault, "name", "\"%.64s\" does not match [A-Za-z0-9._-]{1,128}", source->name);
    size_t at = 0;
    while (at < sources->count && strcmp(sources->list[at]->name, source->name) < 0)
        at++;
    if (at < sources->count && strcmp(sources->list[at]->name, source->name) == 0)
        return fault_set(fault, MRPC_ALREADY_EXISTS, "there is a view \"%s\" already", source->name);
    const struct scene_source **list = realloc(sources->list, (sources->count + 1) * sizeof *list);
    if (!list)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    memmove(list + at + 1, list + at, (sources->count - at) * sizeof *list);
    list[at] = source;
    sources->list = list;
    sources->count++;
    return 0;
}

size_t scene_sources_count(const struct scene_sources *sources)
{
    return sources->count;
}

const struct scene_source *scene_sources_at(const struct scene_sources *sources, size_t index)
{
    return sources->list[index];
}

char *scene_sources_names(const struct scene_sources *sources, bool (*wanted)(const struct scene_source *source))
{
    size_t bytes = 1;
    for (size_t i = 0; i < sources->count; i++)
        bytes += strlen(sources->list[i]->name) + 1;
    char *names = calloc(bytes, 1), *end = names;
    for (size_t i = 0; names && i < sources->count; i++) {
        if (!wanted(sources->list[i]))
            continue;
        if (end > names)
            *end++ = ' ';
        end = stpcpy(end, sources->list[i]->name);
    }
    return names;
}

const struct scene_source *scene_sources_find(const struct scene_sources *sources, const char *view,
                                              const char **argument)
{
    size_t length = strcspn(view, ":");
    *argument = view[length] == ':' ? view + length + 1 : "";
    for (size_t i = 0; i < sources->count; i++)
        if (strncmp(sources->list[i]->name, view, length) == 0 && sources->list[i]->name[length] == '\0')
            return sources->list[i];
    return NULL;
}
