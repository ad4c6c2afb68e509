/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/service.h"

static int run(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const API(GetArtifactRequest) *request = command->request;
    API(GetArtifactResponse) *response = command->response;
    struct record *record;
    const struct execution *engine = command->engine;
    int code =
        aliases_find_artifact(&engine->aliases, &engine->artifacts, request->artifact, "artifact", &record, fault);
    if (!code)
        code = api_decode(API_INFO(artifact), record->message.data, record->message.size, arena, &response->artifact,
                          fault);
    return code ? code : aliases_tell(&engine->aliases, response->artifact, arena, fault);
}

METHOD(get_artifact, GetArtifact)
{
    return command_post(self, call, request, response, run);
}
