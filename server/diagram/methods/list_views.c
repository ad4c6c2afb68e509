/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "diagram/service.h"

enum { DEFAULT_PAGE = 100, MAX_PAGE = 1000 };

static Mltrainer__Diagram__V1__View *make_view(const struct scene_source *source, struct mrpc_arena *arena)
{
    Mltrainer__Diagram__V1__View *view = mrpc_arena_alloc(arena, sizeof *view);
    if (!view)
        return NULL;
    mltrainer__diagram__v1__view__init(view);
    view->id = mrpc_arena_strdup(arena, source->name);
    view->title = mrpc_arena_strdup(arena, source->title);
    view->description = mrpc_arena_strdup(arena, source->description);
    view->argument = mrpc_arena_strdup(arena, source->argument);
    view->live = source->live;
    return view->id && view->title && view->description && view->argument ? view : NULL;
}

/* The page token is the id of the last view of the page before: views come and go without upsetting a listing. */
static size_t first_after(const struct scene_sources *sources, const char *token)
{
    size_t at = 0;
    while (*token && at < scene_sources_count(sources) && strcmp(scene_sources_at(sources, at)->name, token) <= 0)
        at++;
    return at;
}

int diagram_list_views(void *self, struct mrpc_call *call, const Mltrainer__Diagram__V1__ListViewsRequest *request,
                       Mltrainer__Diagram__V1__ListViewsResponse *response)
{
    struct diagram *diagram = self;
    struct mrpc_arena *arena = mrpc_call_arena(call);
    if (request->page_size < 0 || request->page_size > MAX_PAGE)
        return mrpc_call_fail_field(call, "page_size", "%d is not in 0..%d", request->page_size, MAX_PAGE);
    size_t first = first_after(diagram->sources, request->page_token), all = scene_sources_count(diagram->sources);
    size_t page = request->page_size ? (size_t)request->page_size : DEFAULT_PAGE;
    size_t count = all - first < page ? all - first : page;
    response->views = mrpc_arena_calloc(arena, count + 1, sizeof *response->views);
    for (size_t i = 0; response->views && i < count; i++) {
        response->views[i] = make_view(scene_sources_at(diagram->sources, first + i), arena);
        if (!response->views[i])
            return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    if (!response->views)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    response->n_views = count;
    if (first + count < all && count > 0)
        response->next_page_token = response->views[count - 1]->id;
    return MRPC_OK;
}
