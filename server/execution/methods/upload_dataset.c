/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "execution/dataset/intake.h"
#include "execution/service.h"

/* An upload: the connection's loop hands each message to the thread pool and holds the next one back until it has been
 * hashed, scanned and written; so a client is never read faster than the disk takes it, and memory is one message a
 * stream.
 *
 *     header ─► chunk* ─► half-close ─► sync, rename ─► version ─► commit ─► answer
 *
 * One task at a time; when the call goes away before, the intake is freed on the pool. */

struct upload {
    struct thread_task task;
    struct execution *engine;
    struct mrpc_call *call;
    const API(UploadDatasetRequest) * message; /* being worked on; borrowed from the call */
    struct intake *intake;                     /* NULL before the header came */
};

static void upload_free(struct upload *upload)
{
    intake_free(upload->intake);
    free(upload);
}

static void free_on_thread(struct thread_task *task)
{
    upload_free((struct upload *)task);
}

/* The call is gone, on its loop, which must not wait for the disk. */
static void release(void *data)
{
    struct upload *upload = data;
    upload->task = (struct thread_task){.work = free_on_thread};
    bool waits = upload->intake && intake_holds_file(upload->intake);
    if (!waits || thread_pool_submit(upload->engine->threads, &upload->task, NULL))
        upload_free(upload);
}

/* On the pool: the bytes are gone before the client knows. */
static void fail(struct upload *upload, const struct fault *fault)
{
    intake_free(upload->intake);
    upload->intake = NULL;
    mrpc_call_finish(upload->call, fault_answer(upload->call, fault), NULL);
}

/* ---- What comes ---- */

static int take_header(struct upload *upload, const API(UploadDatasetHeader) * header, struct fault *fault)
{
    if (upload->intake)
        return fault_field(fault, "header", "came for the second time");
    struct caller caller;
    int code = caller_of(upload->call, &caller, fault);
    return code ? code : intake_open(upload->engine, &caller, header, &upload->intake, fault);
}

static int take_chunk(struct upload *upload, const ProtobufCBinaryData *chunk, struct fault *fault)
{
    if (!upload->intake)
        return fault_field(fault, "header", "must come before the first chunk");
    return intake_take(upload->intake, chunk->data, chunk->len, fault);
}

static void work_message(struct thread_task *task)
{
    struct upload *upload = (struct upload *)task;
    const API(UploadDatasetRequest) *message = upload->message;
    struct fault fault = FAULT_INIT;
    if (message->message_case == MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__MESSAGE_HEADER)
        take_header(upload, message->header, &fault);
    else if (message->message_case == MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__MESSAGE_CHUNK)
        take_chunk(upload, &message->chunk, &fault);
    else
        fault_field(&fault, "message", "neither a header nor a chunk");
    if (fault.code)
        fail(upload, &fault);
    else if (mrpc_call_cancelled(upload->call))
        mrpc_call_finish(upload->call, MRPC_CANCELLED, NULL);
    else
        mrpc_call_resume(upload->call);
}

/* ---- The end ---- */

static void registered(void *arg, const struct fault *fault)
{
    struct upload *upload = arg;
    ProtobufCMessage *copy;
    struct mrpc_arena *arena = mrpc_call_arena(upload->call);
    if (fault->code) {
        mrpc_call_finish(upload->call, fault_answer(upload->call, fault), NULL);
        return;
    }
    API(UploadDatasetResponse) *response = API_NEW(arena, UploadDatasetResponse, upload_dataset_response);
    if (!response || mrpc_message_copy(API_INFO(dataset), &intake_dataset(upload->intake)->base, arena, &copy) != 0) {
        mrpc_call_finish(upload->call, mrpc_call_fail(upload->call, MRPC_RESOURCE_EXHAUSTED, "out of memory"), NULL);
        return;
    }
    response->dataset = (API(Dataset) *)copy;
    response->already_existed = intake_existed(upload->intake);
    mrpc_call_finish(upload->call, MRPC_OK, &response->base);
}

/* On the loop: the file has its name and is durable. */
static void register_dataset(void *arg)
{
    struct upload *upload = arg;
    intake_register(upload->intake, registered, upload);
}

static void work_end(struct thread_task *task)
{
    struct upload *upload = (struct upload *)task;
    struct fault fault = FAULT_INIT;
    int code = upload->intake ? intake_finish(upload->intake, &fault) : fault_field(&fault, "header", "never came");
    if (!code && domain_loop_post(upload->engine->loop, register_dataset, upload))
        code = fault_set(&fault, MRPC_UNAVAILABLE, "the server is stopping");
    if (code)
        fail(upload, &fault);
}

/* ---- The call ---- */

int execution_upload_dataset_open(void *self, struct mrpc_call *call)
{
    struct upload *upload = calloc(1, sizeof *upload);
    if (!upload)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *upload = (struct upload){.engine = self, .call = call};
    mrpc_call_set_data(call, upload, release);
    return MRPC_OK;
}

static int submit(struct upload *upload, void (*work)(struct thread_task *task))
{
    struct fault fault = FAULT_INIT;
    upload->task = (struct thread_task){.work = work};
    return thread_pool_submit(upload->engine->threads, &upload->task, &fault) ? fault_answer(upload->call, &fault)
                                                                              : MRPC_PENDING;
}

int execution_upload_dataset_message(void *self, struct mrpc_call *call, const API(UploadDatasetRequest) * message)
{
    struct upload *upload = mrpc_call_data(call);
    upload->message = message;
    return submit(upload, work_message);
}

int execution_upload_dataset_half_close(void *self, struct mrpc_call *call)
{
    return submit(mrpc_call_data(call), work_end);
}
