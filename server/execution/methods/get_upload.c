/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "execution/service.h"

/* Asking makes durable what is there, so it waits for the disk, on the thread pool. */
struct received {
    struct thread_task task;
    struct execution *engine;
    struct mrpc_call *call;
    const API(GetUploadRequest) * request;
    API(GetUploadResponse) * response;
};

static void work(struct thread_task *task)
{
    struct received *received = (struct received *)task;
    struct fault fault = FAULT_INIT;
    struct mrpc_call *call = received->call;
    struct caller caller;
    if (caller_of(call, &caller, &fault) ||
        upload_stage_received(received->engine->upload_stages, caller.owner, received->request->request_id,
                              &received->response->received_bytes, &fault))
        mrpc_call_finish(call, fault_answer(call, &fault), NULL);
    else
        mrpc_call_finish(call, MRPC_OK, &received->response->base);
}

METHOD(get_upload, GetUpload)
{
    struct fault fault = FAULT_INIT;
    struct execution *engine = self;
    if (api_identifier(request->request_id, "request_id", &fault))
        return fault_answer(call, &fault);
    struct received *received = mrpc_arena_calloc(mrpc_call_arena(call), 1, sizeof *received);
    if (!received)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *received = (struct received){{.work = work}, engine, call, request, response};
    return thread_pool_submit(engine->threads, &received->task, &fault) ? fault_answer(call, &fault) : MRPC_PENDING;
}
