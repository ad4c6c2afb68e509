/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/service.h"

static int run(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const API(GetArtifactRequest) *request = command->request;
    API(GetArtifactResponse) *response = command->response;
    struct record *record;
    int code = record_index_find(&command->engine->artifacts, request->artifact, "artifact", &record, fault);
    return code ? code
                : api_decode(API_INFO(artifact), record->message.data, record->message.size, arena, &response->artifact,
                             fault);
}

METHOD(get_artifact, GetArtifact)
{
    return command_post(self, call, request, response, run);
}
