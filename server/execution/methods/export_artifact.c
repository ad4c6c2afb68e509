/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "execution/service.h"

enum { CHUNK_BYTES = 64 * 1024 };

/* An export under way. The loop finds the record, the thread pool reads and sends; one task at a time, so nothing here
 * needs a lock. It lives as long as its call. */
struct export
{
    struct thread_task task;
    struct execution *engine;
    struct mrpc_call *call;
    const char *reference;  /* the request's */
    _Atomic unsigned wakes; /* reasons to go on; whoever makes it 1 submits the task, the task ends at 0 */
    uint64_t offset;
    char path[FILE_PATH_BYTES];
    struct api_bytes artifact; /* a copy of the record; sent first */
    int fd;
    size_t chunk_bytes; /* read, but not taken by the call yet */
    uint8_t chunk[CHUNK_BYTES];
};

static void release(void *data)
{
    struct export *export = data;
    free(export->artifact.data);
    free(export);
}

static void end(struct export *export, int code)
{
    if (export->fd >= 0)
        close(export->fd);
    mrpc_call_finish(export->call, code, NULL);
}

static int send_header(struct export *export)
{
    struct fault fault = FAULT_INIT;
    struct mrpc_arena *arena = mrpc_arena_new(0);
    API(ExportArtifactResponse) message;
    API_INIT(export_artifact_response, &message);
    message.message_case = MLTRAINER__EXECUTION__V1__EXPORT_ARTIFACT_RESPONSE__MESSAGE_ARTIFACT;
    int error = !arena || api_decode(API_INFO(artifact), export->artifact.data, export->artifact.size, arena,
                                     &message.artifact, &fault)
                    ? MRPC_ERR_NOMEM
                    : mrpc_call_send(export->call, &message.base);
    mrpc_arena_free(arena);
    if (error)
        return error;
    free(export->artifact.data);
    export->artifact.data = NULL;
    return 0;
}

static int send_chunk(struct export *export)
{
    API(ExportArtifactResponse) message;
    API_INIT(export_artifact_response, &message);
    message.message_case = MLTRAINER__EXECUTION__V1__EXPORT_ARTIFACT_RESPONSE__MESSAGE_CHUNK;
    message.chunk = (ProtobufCBinaryData){export->chunk_bytes, export->chunk};
    int error = mrpc_call_send(export->call, &message.base);
    if (!error)
        export->chunk_bytes = 0;
    return error;
}

/* Until the call's buffer is full (on_writable goes on then), the file has ended, or the peer has gone. */
static void send_all(struct thread_task *task)
{
    struct export *export = (struct export *)task;
    for (;;) {
        int error = export->artifact.data ? send_header(export) : export->chunk_bytes ? send_chunk(export) : 0;
        if (error == MRPC_ERR_AGAIN) {
            if (atomic_fetch_sub(&export->wakes, 1) == 1)
                return; /* and touch nothing: the next round may have begun already */
            continue;
        }
        if (error)
            return end(export, MRPC_CANCELLED);
        if (export->chunk_bytes)
            continue;
        ssize_t size = read(export->fd, export->chunk, CHUNK_BYTES);
        if (size < 0)
            return end(export,
                       mrpc_call_fail(export->call, MRPC_INTERNAL, "reading the artifact: %s", strerror(errno)));
        if (size == 0)
            return end(export, MRPC_OK);
        export->chunk_bytes = (size_t)size;
    }
}

static void begin(struct thread_task *task)
{
    struct export *export = (struct export *)task;
    export->fd = open(export->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (export->fd < 0 || lseek(export->fd, (off_t) export->offset, SEEK_SET) < 0)
        return end(export, mrpc_call_fail(export->call, MRPC_DATA_LOSS, "opening the artifact: %s", strerror(errno)));
    task->work = send_all;
    send_all(task);
}

static void submit(struct export *export)
{
    struct fault fault = FAULT_INIT;
    if (thread_pool_submit(export->engine->threads, &export->task, &fault))
        end(export, fault_answer(export->call, &fault));
}

/* There is room, or the peer has gone, which the next send will say. On the call's loop. */
static void go_on(void *arg, struct mrpc_call *call)
{
    struct export *export = arg;
    if (atomic_fetch_add(&export->wakes, 1) == 0)
        submit(export);
}

static int copy_record(struct export *export, const struct record *record, struct fault *fault)
{
    if (export->offset > record->size_bytes)
        return fault_set(fault, MRPC_OUT_OF_RANGE, "offset_bytes: the artifact has %llu bytes",
                         (unsigned long long)record->size_bytes);
    export->artifact = (struct api_bytes){malloc(record->message.size + 1), record->message.size};
    if (!export->artifact.data)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    memcpy(export->artifact.data, record->message.data, record->message.size);
    return file_path(export->engine->artifacts_folder, record->sha256, ".mlta", export->path, fault);
}

static void find(void *arg)
{
    struct export *export = arg;
    struct fault fault = FAULT_INIT;
    struct record *record;
    if (aliases_find_artifact(&export->engine->aliases, &export->engine->artifacts, export->reference, "artifact",
                              &record, &fault) ||
        copy_record(export, record, &fault))
        return end(export, fault_answer(export->call, &fault));
    submit(export);
}

int execution_export_artifact(void *self, struct mrpc_call *call, const API(ExportArtifactRequest) * request)
{
    struct export *export = calloc(1, sizeof *export);
    if (!export)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *export = (struct export){.task.work = begin,
                              .engine = self,
                              .call = call,
                              .reference = request->artifact,
                              .wakes = 1,
                              .offset = request->offset_bytes,
                              .fd = -1};
    mrpc_call_set_data(call, export, release);
    mrpc_call_on_writable(call, go_on, export);
    mrpc_call_on_cancel(call, go_on, export);
    if (domain_loop_post(export->engine->loop, find, export) == 0)
        return MRPC_PENDING;
    return mrpc_call_fail_retry(call, MRPC_UNAVAILABLE, 1000, "the server is stopping");
}
