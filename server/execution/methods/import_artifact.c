/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "execution/service.h"

/* An import: as an upload of a dataset, the connection's loop hands each message to the thread pool and holds the next
 * one back meanwhile. At the end the container is opened and checked, gets its name (the hash), a version, and a
 * record.
 *
 *     header ─► chunk* ─► half-close ─► open, check, sync, rename ─► version ─► commit ─► answer
 *
 * One task at a time; when the call goes away before, the temporary file is removed on the pool. */

enum { IMPORT_BYTES_MAX = 512 * 1024 * 1024, ARENA_BYTES = 64 * 1024 * 1024 };

struct import
{
    struct thread_task task;
    struct domain_task posted;
    struct execution *engine;
    struct mrpc_call *call;
    struct caller caller;
    struct mrpc_arena *arena;
    const API(ImportArtifactHeader) * header; /* a copy in the arena; NULL before it came */
    const API(ImportArtifactRequest) * message; /* being worked on; borrowed from the call */
    int fd;
    char path[FILE_PATH_BYTES];
    uint64_t size_bytes;
    struct artifact_file file;
    API(Artifact) * artifact; /* what will be listed; in the arena */
    struct record *record;    /* until it is durable */
    struct fault fault;
};

static void clean(struct import *import)
{
    if (import->fd >= 0) {
        close(import->fd);
        unlink(import->path);
    }
    import->fd = -1;
}

static void import_free(struct import *import)
{
    clean(import);
    artifact_file_fini(&import->file);
    mrpc_arena_free(import->arena);
    free(import);
}

static void free_on_thread(struct thread_task *task)
{
    import_free((struct import *)task);
}

/* The call is gone, on its loop, which must not wait for the disk. */
static void release(void *data)
{
    struct import *import = data;
    import->task = (struct thread_task){.work = free_on_thread};
    if (import->fd < 0 || thread_pool_submit(import->engine->threads, &import->task, NULL))
        import_free(import);
}

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

static void fail(struct import *import)
{
    clean(import);
    mrpc_call_finish(import->call, fault_answer(import->call, &import->fault), NULL);
}

/* ---- What comes ---- */

static int take_header(struct import *import, const API(ImportArtifactHeader) * header, struct fault *fault)
{
    ProtobufCMessage *copy;
    if (import->header)
        return fault_field(fault, "header", "came for the second time");
    if (*header->name && api_identifier(header->name, "header.name", fault))
        return fault->code;
    if (*header->sha256 && (strlen(header->sha256) != 64 || strspn(header->sha256, "0123456789abcdef") != 64))
        return fault_field(fault, "header.sha256", "not 64 lower-case hexadecimal digits");
    if (mrpc_message_copy(API_INFO(import_artifact_header), &header->base, import->arena, &copy) != 0)
        return no_memory(fault);
    import->header = (API(ImportArtifactHeader) *)copy;
    import->fd = file_temporary(import->engine->artifacts_folder, import->path, fault);
    return import->fd < 0 ? fault->code : 0;
}

static int take_chunk(struct import *import, const ProtobufCBinaryData *chunk, struct fault *fault)
{
    if (!import->header)
        return fault_field(fault, "header", "must come before the first chunk");
    import->size_bytes += chunk->len;
    if (import->size_bytes > IMPORT_BYTES_MAX)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "the artifact has more than 512 MiB");
    return file_write_all(import->fd, chunk->data, chunk->len, fault);
}

static void work_message(struct thread_task *task)
{
    struct import *import = (struct import *)task;
    const API(ImportArtifactRequest) *message = import->message;
    if (message->message_case == MLTRAINER__EXECUTION__V1__IMPORT_ARTIFACT_REQUEST__MESSAGE_HEADER)
        take_header(import, message->header, &import->fault);
    else if (message->message_case == MLTRAINER__EXECUTION__V1__IMPORT_ARTIFACT_REQUEST__MESSAGE_CHUNK)
        take_chunk(import, &message->chunk, &import->fault);
    else
        fault_field(&import->fault, "message", "neither a header nor a chunk");
    if (import->fault.code)
        fail(import);
    else if (mrpc_call_cancelled(import->call))
        mrpc_call_finish(import->call, MRPC_CANCELLED, NULL);
    else
        mrpc_call_resume(import->call);
}

/* ---- The end ---- */

static int open_container(struct import *import, struct fault *fault)
{
    void *bytes;
    size_t size;
    if (!import->header)
        return fault_field(fault, "header", "never came");
    if (file_read(import->path, &bytes, &size, fault) ||
        artifact_file_open(bytes, size, import->arena, &import->file, fault))
        return fault->code;
    if (*import->header->sha256 && strcmp(import->header->sha256, import->file.sha256) != 0)
        return fault_set(fault, MRPC_DATA_LOSS, "header.sha256: the bytes that came have %s", import->file.sha256);
    return 0;
}

/* The header inside was written by somebody: what only this server can know is not taken from it. */
static int describe(struct import *import, struct fault *fault)
{
    API(Artifact) *artifact = import->file.header;
    int code = api_identifier(artifact->model, "artifact.model", fault);
    if (!code)
        code = api_identifier(artifact->family, "artifact.family", fault);
    if (!code)
        code = api_identifier(artifact->algorithm, "artifact.algorithm", fault);
    if (code)
        return code;
    artifact->name = *import->header->name ? import->header->name : artifact->model;
    artifact->sha256 = import->file.sha256;
    artifact->size_bytes = import->file.size;
    artifact->owner = (char *)import->caller.owner;
    artifact->create_time = api_timestamp(import->arena, api_now_ms());
    artifact->lineage = NULL;
    artifact->n_aliases = artifact->n_test_metrics = 0;
    import->artifact = artifact;
    return artifact->create_time ? 0 : no_memory(fault);
}

static int keep_file(struct import *import, struct fault *fault)
{
    char path[FILE_PATH_BYTES];
    const char *folder = import->engine->artifacts_folder;
    int code = file_path(folder, import->file.sha256, ".mlta", path, fault);
    if (!code)
        code = file_commit(import->fd, folder, import->path, path, fault);
    if (code)
        return code;
    close(import->fd);
    import->fd = -1;
    return 0;
}

static void answer(struct import *import, const API(Artifact) * artifact, bool existed)
{
    ProtobufCMessage *copy;
    struct mrpc_arena *arena = mrpc_call_arena(import->call);
    API(ImportArtifactResponse) *response = API_NEW(arena, ImportArtifactResponse, import_artifact_response);
    if (!response || mrpc_message_copy(API_INFO(artifact), &artifact->base, arena, &copy) != 0) {
        no_memory(&import->fault);
        return fail(import);
    }
    response->artifact = (API(Artifact) *)copy;
    response->already_existed = existed;
    mrpc_call_finish(import->call, MRPC_OK, &response->base);
}

static void committed(struct domain_task *task)
{
    struct import *import = (struct import *)((char *)task - offsetof(struct import, posted));
    if (!import->fault.code) {
        import->record->durable = true;
        warm_models_forget(&import->engine->warm);
        execution_touch(import->engine);
        return answer(import, import->artifact, false);
    }
    record_index_remove(&import->engine->artifacts, import->record);
    record_free(import->record);
    fail(import);
}

/* On the store's thread. */
static void on_commit(void *arg, const struct store_commit_result *result)
{
    struct import *import = arg;
    struct mrpc_call *call = import->call;
    if (result->code)
        fault_set(&import->fault, MRPC_UNAVAILABLE, "the store refused: %s", result->text ? result->text : "");
    import->posted = (struct domain_task){.run = committed};
    if (domain_loop_post_task(import->engine->loop, &import->posted))
        mrpc_call_finish(call, mrpc_call_fail(call, MRPC_UNAVAILABLE, "the server is stopping"), NULL);
}

static int add_record(struct import *import, struct fault *fault)
{
    struct record_index *index = &import->engine->artifacts;
    API(Artifact) *artifact = import->artifact;
    struct api_bytes bytes;
    artifact->version = record_index_next_version(index, artifact->name);
    int code = api_encode(API_INFO(artifact), artifact, &bytes, fault);
    if (code)
        return code;
    import->record = record_new(artifact->name, artifact->version, artifact->sha256, artifact->size_bytes,
                                artifact->owner, bytes);
    if (import->record && record_index_add(index, import->record) == 0)
        return 0;
    record_free(import->record);
    return no_memory(fault);
}

/* On the loop: the file has its name and is durable. */
static void register_artifact(void *arg)
{
    struct import *import = arg;
    struct execution *engine = import->engine;
    struct fault unknown = FAULT_INIT;
    struct record *newest;
    API(Artifact) * known;
    if (!record_index_find(&engine->artifacts, import->artifact->name, "name", &newest, &unknown) &&
        strcmp(newest->sha256, import->file.sha256) == 0 &&
        !api_decode(API_INFO(artifact), newest->message.data, newest->message.size, import->arena, &known, &unknown))
        return answer(import, known, true);
    if (record_index_check_owner(&engine->artifacts, import->artifact->name, &import->caller, "name", &import->fault) ||
        add_record(import, &import->fault))
        return fail(import);
    struct store_batch *batch = store_batch_new();
    artifact_put(batch, import->record);
    store_commit(engine->store, batch, on_commit, import);
}

static void work_end(struct thread_task *task)
{
    struct import *import = (struct import *)task;
    if (open_container(import, &import->fault) || describe(import, &import->fault) || keep_file(import, &import->fault))
        return fail(import);
    if (domain_loop_post(import->engine->loop, register_artifact, import)) {
        fault_set(&import->fault, MRPC_UNAVAILABLE, "the server is stopping");
        fail(import);
    }
}

/* ---- The call ---- */

int execution_import_artifact_open(void *self, struct mrpc_call *call)
{
    struct import *import = calloc(1, sizeof *import);
    struct mrpc_arena *arena = mrpc_arena_new(ARENA_BYTES);
    struct caller caller;
    if (!import || !arena || caller_of(call, &caller, NULL)) {
        free(import);
        mrpc_arena_free(arena);
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    *import = (struct import){.engine = self, .call = call, .caller = caller, .arena = arena, .fd = -1};
    mrpc_call_set_data(call, import, release);
    return MRPC_OK;
}

static int submit(struct import *import, void (*work)(struct thread_task *task))
{
    import->task = (struct thread_task){.work = work};
    return thread_pool_submit(import->engine->threads, &import->task, &import->fault)
               ? fault_answer(import->call, &import->fault)
               : MRPC_PENDING;
}

int execution_import_artifact_message(void *self, struct mrpc_call *call, const API(ImportArtifactRequest) * message)
{
    struct import *import = mrpc_call_data(call);
    import->message = message;
    return submit(import, work_message);
}

int execution_import_artifact_half_close(void *self, struct mrpc_call *call)
{
    return submit(mrpc_call_data(call), work_end);
}
