/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/identifier.h"
#include "registry/methods/methods.h"

#include <string.h>

static PB(ServiceSummary) * summarise(struct mrpc_arena *arena, const struct registry_service_view *service)
{
    PB(ServiceSummary) *summary = mrpc_arena_alloc(arena, sizeof *summary);
    if (!summary)
        return NULL;
    mltrainer__registry__v1__service_summary__init(summary);
    summary->namespace_ = service->namespace_name;
    summary->service = service->name;
    summary->instance_count = (int32_t)service->count;
    summary->healthy_count = (int32_t)service->healthy_count;
    summary->unhealthy_count = (int32_t)service->unhealthy_count;
    summary->unknown_count = (int32_t)service->unknown_count;
    summary->revision = service->revision;
    return summary;
}

/* Where the page begins. */
static int find_start(struct mrpc_call *call, const PB(ListServicesRequest) * request, const struct registry_view *view,
                      size_t *start, struct fault *fault)
{
    const char *parts[2];
    *start = registry_view_lower_bound(view, request->namespace_, "");
    if (!request->page_token[0])
        return MRPC_OK;
    int code = registry_page_token(mrpc_call_arena(call), request->page_token, parts, 2, fault);
    if (code)
        return code;
    size_t at = registry_view_lower_bound(view, parts[0], parts[1]);
    at += at < view->service_count && strcmp(view->services[at]->namespace_name, parts[0]) == 0 &&
          strcmp(view->services[at]->name, parts[1]) == 0;
    *start = at > *start ? at : *start;
    return MRPC_OK;
}

static int fill(struct mrpc_call *call, const char *namespace_name, const struct registry_view *view, size_t start,
                size_t limit, PB(ListServicesResponse) * response)
{
    struct mrpc_arena *arena = mrpc_call_arena(call);
    response->services = mrpc_arena_calloc(arena, limit, sizeof *response->services);
    if (!response->services)
        return MRPC_RESOURCE_EXHAUSTED;
    for (size_t i = start; i < view->service_count; i++) {
        const struct registry_service_view *service = view->services[i];
        if (namespace_name[0] && strcmp(service->namespace_name, namespace_name) != 0)
            break;
        if (response->n_services == limit) {
            const PB(ServiceSummary) *last = response->services[limit - 1];
            response->next_page_token = mrpc_arena_printf(arena, "%s/%s", last->namespace_, last->service);
            return response->next_page_token ? MRPC_OK : MRPC_RESOURCE_EXHAUSTED;
        }
        PB(ServiceSummary) *summary = summarise(arena, service);
        if (!summary)
            return MRPC_RESOURCE_EXHAUSTED;
        response->services[response->n_services++] = summary;
    }
    return MRPC_OK;
}

int registry_list_services(void *self, struct mrpc_call *call, const PB(ListServicesRequest) * request,
                           PB(ListServicesResponse) * response)
{
    struct fault fault = FAULT_INIT;
    size_t limit, start;
    if (request->namespace_[0] && !registry_identifier_valid(request->namespace_, 128))
        return mrpc_call_fail_field(call, "namespace", "is not [A-Za-z0-9._-]{1,128}");
    if (registry_page_size(request->page_size, &limit, &fault))
        return fault_answer(call, &fault);
    const struct registry_view *view = registry_snapshot(self);
    registry_hold_view(call, view);
    if (find_start(call, request, view, &start, &fault))
        return fault_answer(call, &fault);
    if (fill(call, request->namespace_, view, start, limit, response))
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "no memory");
    response->epoch = view->epoch;
    response->revision = view->revision;
    return MRPC_OK;
}
