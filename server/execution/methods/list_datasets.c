/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "execution/record_page.h"
#include "execution/service.h"

static bool has_prefix(void *arg, const struct record *record)
{
    const char *prefix = arg;
    return strncmp(record->name, prefix, strlen(prefix)) == 0;
}

static int run(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const API(ListDatasetsRequest) *request = command->request;
    API(ListDatasetsResponse) *response = command->response;
    struct record_page page;
    size_t size;
    if (api_page_size(request->page_size, &size, fault) ||
        record_page_make(&command->engine->datasets, request->page_token, size, !request->all_versions, has_prefix,
                         request->name_prefix, arena, &page, fault))
        return fault->code;
    response->next_page_token = page.next_token;
    response->datasets = mrpc_arena_calloc(arena, page.count + 1, sizeof *response->datasets);
    if (!response->datasets)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    for (size_t i = 0; i < page.count; i++) {
        const struct api_bytes *message = &page.items[i]->message;
        if (api_decode(API_INFO(dataset), message->data, message->size, arena, &response->datasets[i], fault))
            return fault->code;
    }
    response->n_datasets = page.count;
    return 0;
}

METHOD(list_datasets, ListDatasets)
{
    return command_post(self, call, request, response, run);
}
