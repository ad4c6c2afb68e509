/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/inference/inference.h"

/* The server itself, and the method table. */

OIP_METHOD(server_live, ServerLive)
{
    response->live = true;
    return MRPC_OK;
}

/* Who is answered here has been started, and is not told by a listener that drains. */
OIP_METHOD(server_ready, ServerReady)
{
    response->ready = true;
    return MRPC_OK;
}

OIP_METHOD(server_metadata, ServerMetadata)
{
    static char *extensions[] = {"model_repository", "model_configuration", "statistics", "binary_tensor_data"};
    response->name = "mltrainerd";
    response->version = MRPC_VERSION;
    response->n_extensions = sizeof extensions / sizeof *extensions;
    response->extensions = extensions;
    return MRPC_OK;
}

static int half_close(void *self, struct mrpc_call *call)
{
    return MRPC_OK;
}

static const struct inference__grpcinference_service__handlers handlers = {
    .server_live = inference_server_live,
    .server_ready = inference_server_ready,
    .server_metadata = inference_server_metadata,
    .model_ready = inference_model_ready,
    .model_metadata = inference_model_metadata,
    .model_infer = inference_model_infer,
    .model_stream_infer = {NULL, inference_model_stream_infer_message, half_close},
    .model_config = inference_model_config,
    .model_statistics = inference_model_statistics,
    .repository_index = inference_repository_index,
    .repository_model_load = inference_repository_model_load,
    .repository_model_unload = inference_repository_model_unload,
};

int execution_add_inference_to_server(struct execution *execution, struct mrpc_server *server)
{
    return inference__grpcinference_service__add_to_server(server, &handlers, execution);
}
