/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "execution/dataset/intake.h"
#include "execution/service.h"

/* An upload: the connection's loop hands each message to the thread pool, where it is hashed, scanned and written.
 *
 *     header ─► chunk* ─► checksum? ─► half-close ─► sync, rename ─► version ─► commit ─► answer
 *
 * While one is worked on the next may come: it is copied and waits. What comes behind that is held back, and with it
 * the client; so nobody is read faster than the disk takes it, and memory is three messages a stream. The pool works on
 * one at a time, in their order, each in a task of its own, so that uploads take turns.
 *
 * The call is kept: it ends by one mrpc_call_finish(), of who has it in hand. That is the pool while @working, and
 * behind it the engine's loop; else the connection's loop. */

enum { AHEAD_BYTES_MAX = 1024 * 1024 };

struct upload {
    struct thread_task task;
    struct execution *engine;
    struct mrpc_call *call;
    struct intake *intake; /* NULL before the header came */
    pthread_mutex_t lock;  /* guards what follows */
    uint8_t *ahead;        /* a chunk that waits, or NULL */
    size_t ahead_bytes;
    const API(UploadDatasetRequest) * held; /* comes behind it; borrowed from the call, which waits to be resumed */
    bool half_closed, cancelled;
    bool working; /* a task is on its way, or the call has been finished */
};

static void upload_free(struct upload *upload)
{
    intake_free(upload->intake);
    pthread_mutex_destroy(&upload->lock);
    free(upload->ahead);
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

static int take_checksum(struct upload *upload, const char *sha256, struct fault *fault)
{
    if (!upload->intake)
        return fault_field(fault, "header", "must come before the checksum");
    return intake_expect(upload->intake, sha256, fault);
}

static int take_message(struct upload *upload, const API(UploadDatasetRequest) * message, struct fault *fault)
{
    if (message->message_case == MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__MESSAGE_HEADER)
        return take_header(upload, message->header, fault);
    if (message->message_case == MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__MESSAGE_CHUNK)
        return take_chunk(upload, &message->chunk, fault);
    if (message->message_case == MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__MESSAGE_SHA256)
        return take_checksum(upload, message->sha256, fault);
    return fault_field(fault, "message", "neither a header nor a chunk");
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

static int take_end(struct upload *upload, struct fault *fault)
{
    int code = upload->intake ? intake_finish(upload->intake, fault) : fault_field(fault, "header", "never came");
    if (!code && domain_loop_post(upload->engine->loop, register_dataset, upload))
        code = fault_set(fault, MRPC_UNAVAILABLE, "the server is stopping");
    return code;
}

/* ---- One after the other ---- */

struct step {
    uint8_t *ahead;
    ProtobufCBinaryData chunk;
    const API(UploadDatasetRequest) * held;
    bool cancelled, end;
};

/* What is to be done next. False: nothing yet, and who brings something begins anew. */
static bool next_step(struct upload *upload, struct step *step)
{
    *step = (struct step){.cancelled = false};
    pthread_mutex_lock(&upload->lock);
    if (upload->cancelled) {
        step->cancelled = true;
    } else if (upload->ahead) {
        step->ahead = upload->ahead;
        step->chunk = (ProtobufCBinaryData){upload->ahead_bytes, upload->ahead};
        upload->ahead = NULL;
    } else if (upload->held) {
        step->held = upload->held;
        upload->held = NULL;
    } else {
        step->end = upload->half_closed;
        upload->working = upload->half_closed;
    }
    bool some = upload->working;
    pthread_mutex_unlock(&upload->lock);
    return some;
}

static int do_step(struct upload *upload, const struct step *step, struct fault *fault)
{
    if (step->ahead)
        return take_chunk(upload, &step->chunk, fault);
    return step->held ? take_message(upload, step->held, fault) : take_end(upload, fault);
}

static void work(struct thread_task *task)
{
    struct upload *upload = (struct upload *)task;
    struct step step;
    do {
        struct fault fault = FAULT_INIT;
        if (!next_step(upload, &step))
            return;
        if (step.cancelled) {
            mrpc_call_finish(upload->call, MRPC_CANCELLED, NULL);
            return;
        }
        int code = do_step(upload, &step, &fault);
        free(step.ahead);
        if (code)
            return fail(upload, &fault);
        if (step.end)
            return; /* the engine's loop has it */
        if (step.held)
            mrpc_call_resume(upload->call);
        upload->task = (struct thread_task){.work = work};
    } while (thread_pool_submit(upload->engine->threads, &upload->task, NULL) != 0);
}

/* ---- The call ---- */

/* Cancelled while nobody works on it; a task that is on its way sees it by itself. */
static void on_cancel(void *arg, struct mrpc_call *call)
{
    struct upload *upload = arg;
    pthread_mutex_lock(&upload->lock);
    bool mine = !upload->working;
    upload->working = upload->cancelled = true;
    pthread_mutex_unlock(&upload->lock);
    if (mine)
        mrpc_call_finish(call, MRPC_CANCELLED, NULL);
}

int execution_upload_dataset_open(void *self, struct mrpc_call *call)
{
    struct upload *upload = calloc(1, sizeof *upload);
    if (!upload)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *upload = (struct upload){.engine = self, .call = call, .lock = PTHREAD_MUTEX_INITIALIZER};
    mrpc_call_set_data(call, upload, release);
    mrpc_call_on_cancel(call, on_cancel, upload);
    return MRPC_PENDING;
}

/* Something came: a task, if none is on its way. The lock is held, and given back. */
static int go_on(struct upload *upload, int answer)
{
    bool idle = !upload->working;
    struct fault fault = FAULT_INIT;
    upload->working = true;
    pthread_mutex_unlock(&upload->lock);
    if (idle)
        upload->task = (struct thread_task){.work = work};
    if (!idle || thread_pool_submit(upload->engine->threads, &upload->task, &fault) == 0)
        return answer;
    mrpc_call_finish(upload->call, fault_answer(upload->call, &fault), NULL);
    return MRPC_PENDING;
}

static bool copy_ahead(struct upload *upload, const API(UploadDatasetRequest) * message)
{
    bool chunk = message->message_case == MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__MESSAGE_CHUNK;
    size_t size = chunk ? message->chunk.len : 0;
    if (!size || size > AHEAD_BYTES_MAX || upload->ahead || !(upload->ahead = malloc(size)))
        return false;
    memcpy(upload->ahead, message->chunk.data, size);
    upload->ahead_bytes = size;
    return true;
}

int execution_upload_dataset_message(void *self, struct mrpc_call *call, const API(UploadDatasetRequest) * message)
{
    struct upload *upload = mrpc_call_data(call);
    pthread_mutex_lock(&upload->lock);
    bool copied = copy_ahead(upload, message);
    if (!copied)
        upload->held = message;
    return go_on(upload, copied ? MRPC_OK : MRPC_PENDING);
}

int execution_upload_dataset_half_close(void *self, struct mrpc_call *call)
{
    struct upload *upload = mrpc_call_data(call);
    pthread_mutex_lock(&upload->lock);
    upload->half_closed = true;
    return go_on(upload, MRPC_PENDING);
}
