/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/checks/board.h"
#include "registry/filter.h"
#include "registry/identifier.h"
#include "registry/methods/methods.h"

#include <string.h>

/* How much a page may hold beside its number of rows: metadata and checks make instances as large as 20 KiB. */
enum { PAGE_BYTES_ABOUT = 2 * 1024 * 1024 };

struct page {
    struct mrpc_arena *arena;
    const PB(InstanceFilter) * filter;
    const char *namespace_name; /* "" for all */
    const char *service;        /* "" for all */
    const char *after[3];       /* NULL: from the beginning */
    bool with_checks;
    bool no_memory;
    size_t limit;
    size_t bytes;
    PB(ListInstancesResponse) * response;
};

static int check(const PB(ListInstancesRequest) * request, struct fault *fault)
{
    if (request->namespace_[0] && !registry_identifier_valid(request->namespace_, 128))
        return fault_field(fault, "namespace", "is not [A-Za-z0-9._-]{1,128}");
    if (request->service[0] && !registry_identifier_valid(request->service, 128))
        return fault_field(fault, "service", "is not [A-Za-z0-9._-]{1,128}");
    if ((unsigned)request->view > MLTRAINER__REGISTRY__V1__INSTANCE_VIEW__INSTANCE_VIEW_FULL)
        return fault_field(fault, "view", "%d is not a view", (int)request->view);
    return registry_filter_check(request->filter, fault);
}

static bool selects(const struct page *page, const struct registry_service_view *service)
{
    return (!page->namespace_name[0] || strcmp(page->namespace_name, service->namespace_name) == 0) &&
           (!page->service[0] || strcmp(page->service, service->name) == 0);
}

static size_t about_bytes(const PB(Instance) * message)
{
    size_t bytes = 512;
    for (size_t i = 0; i < message->n_metadata; i++)
        bytes += 64 + (message->metadata[i]->value->kind_case == MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_TEXT
                           ? strlen(message->metadata[i]->value->text)
                       : message->metadata[i]->value->kind_case == MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_DATA
                           ? message->metadata[i]->value->data.len
                           : 8);
    return bytes + message->n_checks * 256;
}

/* A copy of the message, all but its status shared, with the state of its checks. */
static PB(Instance) * with_checks(struct page *page, const struct registry_instance *instance)
{
    PB(Instance) *message = mrpc_arena_memdup(page->arena, instance->message, sizeof *message);
    PB(InstanceStatus) *status = mrpc_arena_memdup(page->arena, instance->message->status, sizeof *status);
    if (!message || !status || !board_describe(instance->board, message, page->arena, status))
        return NULL;
    message->status = status;
    return message;
}

/* False when the page is full. */
static bool take(struct page *page, struct registry_instance *instance)
{
    PB(ListInstancesResponse) *response = page->response;
    if (response->n_instances == page->limit || page->bytes > PAGE_BYTES_ABOUT)
        return false;
    PB(Instance) *message = page->with_checks ? with_checks(page, instance) : instance->message;
    page->no_memory = !message;
    if (!message)
        return false;
    response->instances[response->n_instances++] = message;
    page->bytes += about_bytes(message);
    return true;
}

static bool is_after(const struct page *page, const struct registry_service_view *service, const char *id)
{
    if (!page->after[0])
        return true;
    int order = strcmp(service->namespace_name, page->after[0]);
    if (order == 0)
        order = strcmp(service->name, page->after[1]);
    return order > 0 || (order == 0 && strcmp(id, page->after[2]) > 0);
}

/* False when the page was full before the end. */
static bool fill(struct page *page, const struct registry_view *view)
{
    size_t at = page->after[0] ? registry_view_lower_bound(view, page->after[0], page->after[1])
                               : registry_view_lower_bound(view, page->namespace_name, page->service);
    for (; at < view->service_count; at++) {
        const struct registry_service_view *service = view->services[at];
        if (!selects(page, service))
            continue;
        for (size_t i = 0; i < service->count; i++) {
            struct registry_instance *instance = service->instances[i];
            if (is_after(page, service, instance->message->key->id) &&
                registry_filter_match(page->filter, instance, false) && !take(page, instance))
                return false;
        }
    }
    return true;
}

static int make_token(struct page *page)
{
    const PB(InstanceKey) *key = page->response->instances[page->response->n_instances - 1]->key;
    page->response->next_page_token =
        mrpc_arena_printf(page->arena, "%s/%s/%s", key->namespace_, key->service, key->id);
    return page->response->next_page_token ? MRPC_OK : MRPC_RESOURCE_EXHAUSTED;
}

int registry_list_instances(void *self, struct mrpc_call *call, const PB(ListInstancesRequest) * request,
                            PB(ListInstancesResponse) * response)
{
    struct fault fault = FAULT_INIT;
    struct page page = {
        .arena = mrpc_call_arena(call),
        .filter = request->filter,
        .namespace_name = request->service[0] ? registry_namespace(request->namespace_) : request->namespace_,
        .service = request->service,
        .with_checks = request->view == MLTRAINER__REGISTRY__V1__INSTANCE_VIEW__INSTANCE_VIEW_FULL,
        .response = response,
    };
    if (check(request, &fault) || registry_page_size(request->page_size, &page.limit, &fault) ||
        (request->page_token[0] && registry_page_token(page.arena, request->page_token, page.after, 3, &fault)))
        return fault_answer(call, &fault);
    response->instances = mrpc_arena_calloc(page.arena, page.limit, sizeof *response->instances);
    if (!response->instances)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "no memory");
    const struct registry_view *view = registry_snapshot(self);
    registry_hold_view(call, view);
    if (!fill(&page, view) && (page.no_memory || make_token(&page)))
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "no memory");
    response->epoch = view->epoch;
    response->revision = view->revision;
    return MRPC_OK;
}
