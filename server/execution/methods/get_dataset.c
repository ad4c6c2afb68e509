/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/service.h"

static int run(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const API(GetDatasetRequest) *request = command->request;
    API(GetDatasetResponse) *response = command->response;
    struct record *record;
    int code = record_index_find(&command->engine->datasets, request->dataset, "dataset", &record, fault);
    return code ? code
                : api_decode(API_INFO(dataset), record->message.data, record->message.size, arena, &response->dataset,
                             fault);
}

METHOD(get_dataset, GetDataset)
{
    return command_post(self, call, request, response, run);
}
