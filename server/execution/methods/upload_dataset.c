/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "execution/dataset/arrow_dataset.h"
#include "execution/dataset/message.h"
#include "execution/dataset/scan.h"
#include "execution/service.h"

/* An upload: the connection's loop hands each message to the thread pool and holds the next one back until it has been
 * hashed, scanned and written; so a client is never read faster than the disk takes it, and memory is one message a
 * stream. At the end the file gets its name (the hash), the loop gives it a version, and the store commits it.
 *
 *     header ─► chunk* ─► half-close ─► sync, rename ─► version ─► commit ─► answer
 *
 * One task at a time; when the call goes away before, the temporary file is removed on the pool. */

enum { DESCRIPTION_BYTES_MAX = 4096, REQUIREMENTS_MAX = 4096 };
#define DATASET_BYTES_MAX (UINT64_C(4) << 30)

struct upload {
    struct thread_task task;
    struct execution *engine;
    struct mrpc_call *call;
    struct mrpc_arena *arena;
    const API(UploadDatasetHeader) * header; /* a copy in the arena; NULL before it came */
    struct dataset_requirement *required;
    struct dataset_scan *scan;
    EVP_MD_CTX *hash;
    int fd;
    char path[FILE_PATH_BYTES];
    const API(UploadDatasetRequest) * message; /* being worked on; borrowed from the call */
    uint64_t size_bytes;
    const char *owner;    /* in the arena */
    bool registering;     /* counted in engine->registering */
    uint64_t taken_bytes; /* of the owner's quota; given back unless the dataset is registered */
    char sha256[65];
    API(Dataset) * dataset;
    struct record *record; /* until it is durable */
    API(UploadDatasetResponse) * response;
};

static void clean(struct upload *upload)
{
    if (upload->fd >= 0) {
        close(upload->fd);
        unlink(upload->path);
    }
    upload->fd = -1;
}

static void upload_free(struct upload *upload)
{
    clean(upload);
    if (upload->registering)
        atomic_fetch_sub(&upload->engine->registering, 1);
    if (upload->taken_bytes)
        dataset_quota_give(upload->engine->dataset_quota, upload->owner, upload->taken_bytes);
    dataset_scan_free(upload->scan);
    EVP_MD_CTX_free(upload->hash);
    mrpc_arena_free(upload->arena);
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
    if (upload->fd < 0 || thread_pool_submit(upload->engine->threads, &upload->task, NULL))
        upload_free(upload);
}

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

static void fail(struct upload *upload, const struct fault *fault)
{
    clean(upload);
    mrpc_call_finish(upload->call, fault_answer(upload->call, fault), NULL);
}

/* ---- The header ---- */

static int check_csv(const API(CsvOptions) * csv, struct fault *fault)
{
    if (!csv)
        return 0;
    if (*csv->delimiter && (strlen(csv->delimiter) != 1 || !strchr(",;|\t", *csv->delimiter)))
        return fault_field(fault, "header.csv.delimiter", "not one of , ; | and a tab");
    if (csv->n_na_values > DATASET_NA_MAX)
        return fault_field(fault, "header.csv.na_values", "more than %d", DATASET_NA_MAX);
    return 0;
}

static bool is_arrow(const API(UploadDatasetHeader) * header)
{
    return header->format == MLTRAINER__EXECUTION__V1__DATASET_FORMAT__DATASET_FORMAT_ARROW;
}

static int check_header(const API(UploadDatasetHeader) * header, struct fault *fault)
{
    int code = api_identifier(header->name, "header.name", fault);
    if (!code)
        code = check_csv(header->csv, fault);
    if (code)
        return code;
    if ((int)header->format < 0 || (int)header->format > DATASET_ARROW)
        return fault_field(fault, "header.format", "neither CSV nor Arrow");
    if (is_arrow(header) && header->csv)
        return fault_field(fault, "header.csv", "not for Arrow");
    if (header->resume_offset_bytes)
        return fault_set(fault, MRPC_UNIMPLEMENTED, "header.resume_offset_bytes: resuming is not there yet");
    if (*header->sha256 && (strlen(header->sha256) != 64 || strspn(header->sha256, "0123456789abcdef") != 64))
        return fault_field(fault, "header.sha256", "not 64 lower-case hexadecimal digits");
    if (header->size_bytes > DATASET_BYTES_MAX)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "header.size_bytes: more than 4 GiB");
    if (strlen(header->description) > DESCRIPTION_BYTES_MAX)
        return fault_field(fault, "header.description", "more than %d bytes", DESCRIPTION_BYTES_MAX);
    if (header->n_columns > REQUIREMENTS_MAX)
        return fault_field(fault, "header.columns", "more than %d", REQUIREMENTS_MAX);
    for (size_t i = 0; i < header->n_columns; i++)
        if ((int)header->columns[i]->type < 0 || (int)header->columns[i]->type > DATASET_DATE)
            return fault_field(fault, "header.columns", "%d is not a type", (int)header->columns[i]->type);
    return 0;
}

static int make_scan(struct upload *upload, struct fault *fault)
{
    const API(UploadDatasetHeader) *header = upload->header;
    const API(CsvOptions) *csv = header->csv;
    upload->required = mrpc_arena_calloc(upload->arena, header->n_columns + 1, sizeof *upload->required);
    if (!upload->required)
        return no_memory(fault);
    for (size_t i = 0; i < header->n_columns; i++)
        upload->required[i] =
            (struct dataset_requirement){header->columns[i]->name, (enum dataset_type)header->columns[i]->type};
    upload->hash = EVP_MD_CTX_new();
    if (!upload->hash || EVP_DigestInit_ex(upload->hash, EVP_sha256(), NULL) != 1)
        return no_memory(fault);
    if (is_arrow(header))
        return 0; /* it is read from its end, when that has come */
    struct dataset_schema *schema = dataset_schema_new(csv ? *csv->delimiter : 0, csv && csv->no_header,
                                                       csv ? csv->na_values : NULL, csv ? csv->n_na_values : 0);
    upload->scan = dataset_scan_new(schema, upload->required, header->n_columns);
    return upload->scan ? 0 : no_memory(fault);
}

/* Up to @bytes in all: what is announced is taken at once, what is not as it comes. */
static int take_quota(struct upload *upload, uint64_t bytes, struct fault *fault)
{
    if (bytes <= upload->taken_bytes)
        return 0;
    int code = dataset_quota_take(upload->engine->dataset_quota, upload->owner, bytes - upload->taken_bytes, fault);
    if (!code)
        upload->taken_bytes = bytes;
    return code;
}

static int take_header(struct upload *upload, const API(UploadDatasetHeader) * header, struct fault *fault)
{
    ProtobufCMessage *copy;
    if (upload->header)
        return fault_field(fault, "header", "came for the second time");
    int code = check_header(header, fault);
    if (code)
        return code;
    if (mrpc_message_copy(API_INFO(upload_dataset_header), &header->base, upload->arena, &copy) != 0)
        return no_memory(fault);
    upload->header = (API(UploadDatasetHeader) *)copy;
    upload->owner = mrpc_arena_strdup(upload->arena, command_owner(upload->call));
    code = upload->owner ? take_quota(upload, upload->header->size_bytes, fault) : no_memory(fault);
    if (!code)
        code = make_scan(upload, fault);
    if (!code && (upload->fd = file_temporary(upload->engine->datasets_folder, upload->path, fault)) < 0)
        code = fault->code;
    return code;
}

/* ---- Chunks ---- */

static int take_chunk(struct upload *upload, const ProtobufCBinaryData *chunk, struct fault *fault)
{
    if (!upload->header)
        return fault_field(fault, "header", "must come before the first chunk");
    upload->size_bytes += chunk->len;
    if (upload->size_bytes > DATASET_BYTES_MAX)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "the dataset has more than 4 GiB");
    if (upload->header->size_bytes && upload->size_bytes > upload->header->size_bytes)
        return fault_set(fault, MRPC_DATA_LOSS, "header.size_bytes: more than %llu bytes came",
                         (unsigned long long)upload->header->size_bytes);
    int code = take_quota(upload, upload->size_bytes, fault);
    if (code)
        return code;
    EVP_DigestUpdate(upload->hash, chunk->data, chunk->len);
    code = upload->scan ? dataset_scan_feed(upload->scan, chunk->data, chunk->len, fault) : 0;
    return code ? code : file_write_all(upload->fd, chunk->data, chunk->len, fault);
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

static int check_whole(struct upload *upload, struct fault *fault)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int bytes = 0;
    if (!upload->header)
        return fault_field(fault, "header", "never came");
    EVP_DigestFinal_ex(upload->hash, digest, &bytes);
    file_hex(digest, bytes, upload->sha256);
    if (*upload->header->sha256 && strcmp(upload->header->sha256, upload->sha256) != 0)
        return fault_set(fault, MRPC_DATA_LOSS, "header.sha256: the bytes that came have %s", upload->sha256);
    if (upload->header->size_bytes && upload->header->size_bytes != upload->size_bytes)
        return fault_set(fault, MRPC_DATA_LOSS, "header.size_bytes: %llu bytes came",
                         (unsigned long long)upload->size_bytes);
    return upload->scan ? dataset_scan_finish(upload->scan, fault) : 0;
}

static int make_message(struct upload *upload, struct fault *fault)
{
    struct dataset_schema *schema = upload->scan ? dataset_scan_take(upload->scan) : NULL;
    int code = schema ? 0
                      : dataset_arrow_scan_fd(upload->fd, upload->required, upload->header->n_columns, &schema, fault);
    if (code)
        return code;
    upload->dataset = API_NEW(upload->arena, Dataset, dataset);
    code = upload->dataset ? dataset_describe(schema, upload->arena, upload->dataset, fault) : no_memory(fault);
    dataset_schema_free(schema);
    if (code)
        return code;
    upload->dataset->name = upload->header->name;
    upload->dataset->sha256 = upload->sha256;
    upload->dataset->size_bytes = upload->size_bytes;
    upload->dataset->description = upload->header->description;
    upload->dataset->owner = (char *)upload->owner;
    return 0;
}

static int keep_file(struct upload *upload, struct fault *fault)
{
    char path[FILE_PATH_BYTES];
    upload->registering = true;
    atomic_fetch_add(&upload->engine->registering, 1);
    int code = execution_dataset_path(upload->engine, upload->sha256, (enum dataset_format)upload->dataset->format,
                                      path, fault);
    if (!code)
        code = file_commit(upload->fd, upload->engine->datasets_folder, upload->path, path, fault);
    if (!code) {
        close(upload->fd);
        upload->fd = -1;
    }
    return code;
}

static void answer(struct upload *upload, API(Dataset) * dataset, bool existed)
{
    ProtobufCMessage *copy;
    struct mrpc_arena *arena = mrpc_call_arena(upload->call);
    struct fault fault = FAULT_INIT;
    API(UploadDatasetResponse) *response = API_NEW(arena, UploadDatasetResponse, upload_dataset_response);
    if (!response || mrpc_message_copy(API_INFO(dataset), &dataset->base, arena, &copy) != 0) {
        no_memory(&fault);
        return fail(upload, &fault);
    }
    response->dataset = (API(Dataset) *)copy;
    response->already_existed = existed;
    mrpc_call_finish(upload->call, MRPC_OK, &response->base);
}

static void committed(void *arg)
{
    struct upload *upload = arg;
    struct fault fault = FAULT_INIT;
    if (upload->record->durable) {
        upload->taken_bytes = 0; /* the record's from now on */
        return answer(upload, upload->dataset, false);
    }
    record_index_remove(&upload->engine->datasets, upload->record);
    record_free(upload->record);
    fault_set(&fault, MRPC_UNAVAILABLE, "the dataset could not be registered: the store refused");
    fail(upload, &fault);
}

struct dataset_commit {
    struct upload *upload;
    int code;
};

static void committed_on_loop(void *arg)
{
    struct dataset_commit commit = *(struct dataset_commit *)arg;
    free(arg);
    commit.upload->record->durable = commit.code == 0;
    if (!commit.code)
        execution_touch(commit.upload->engine);
    committed(commit.upload);
}

/* On the store's thread. */
static void on_commit(void *arg, const struct store_commit_result *result)
{
    struct dataset_commit *commit = arg;
    commit->code = result->code;
    struct mrpc_call *call = commit->upload->call;
    if (domain_loop_post(commit->upload->engine->loop, committed_on_loop, commit)) {
        free(commit);
        mrpc_call_finish(call, mrpc_call_fail(call, MRPC_UNAVAILABLE, "the server is stopping"), NULL);
    }
}

/* Is this what the newest version of the name holds already? All but when and by whom is compared. */
static bool same_as(const struct upload *upload, API(Dataset) * other)
{
    API(Dataset) mine = *upload->dataset;
    struct api_bytes a = {NULL, 0}, b = {NULL, 0};
    struct fault fault = FAULT_INIT;
    mine.version = other->version;
    mine.create_time = other->create_time;
    mine.owner = other->owner;
    mine.description = other->description;
    bool same = !api_encode(API_INFO(dataset), &mine, &a, &fault) &&
                !api_encode(API_INFO(dataset), other, &b, &fault) && a.size == b.size &&
                memcmp(a.data, b.data, a.size) == 0;
    free(a.data);
    free(b.data);
    return same;
}

static int register_record(struct upload *upload, struct fault *fault)
{
    struct record_index *index = &upload->engine->datasets;
    API(Dataset) *dataset = upload->dataset;
    struct api_bytes bytes;
    dataset->version = record_index_next_version(index, dataset->name);
    dataset->create_time = api_timestamp(upload->arena, api_now_ms());
    int code = api_encode(API_INFO(dataset), dataset, &bytes, fault);
    if (code)
        return code;
    upload->record =
        record_new(dataset->name, dataset->version, dataset->sha256, dataset->size_bytes, dataset->owner, bytes);
    if (upload->record && record_index_add(index, upload->record) == 0)
        return 0;
    record_free(upload->record);
    return no_memory(fault);
}

static void commit_record(struct upload *upload)
{
    struct dataset_commit *commit = calloc(1, sizeof *commit);
    if (!commit)
        return committed(upload);
    commit->upload = upload;
    char key[200];
    const struct record *record = upload->record;
    struct store_batch *batch = store_batch_new();
    snprintf(key, sizeof key, "execution/dataset/%s/%010u", record->name, record->version);
    store_batch_put(batch, store_text(key), (struct store_slice){record->message.data, record->message.size},
                    STORE_EXPECT_ABSENT);
    store_commit(upload->engine->store, batch, on_commit, commit);
}

/* On the loop: the file has its name and is durable. */
static void register_dataset(void *arg)
{
    struct upload *upload = arg;
    struct fault fault = FAULT_INIT;
    struct record *newest;
    API(Dataset) * known;
    if (!record_index_find(&upload->engine->datasets, upload->dataset->name, "name", &newest, &fault) &&
        !api_decode(API_INFO(dataset), newest->message.data, newest->message.size, upload->arena, &known, &fault) &&
        same_as(upload, known))
        return answer(upload, known, true);
    fault = (struct fault)FAULT_INIT;
    if (register_record(upload, &fault))
        return fail(upload, &fault);
    commit_record(upload);
}

static void work_end(struct thread_task *task)
{
    struct upload *upload = (struct upload *)task;
    struct fault fault = FAULT_INIT;
    if (check_whole(upload, &fault) || make_message(upload, &fault) || keep_file(upload, &fault))
        return fail(upload, &fault);
    if (domain_loop_post(upload->engine->loop, register_dataset, upload)) {
        fault_set(&fault, MRPC_UNAVAILABLE, "the server is stopping");
        fail(upload, &fault);
    }
}

/* ---- The call ---- */

int execution_upload_dataset_open(void *self, struct mrpc_call *call)
{
    struct upload *upload = calloc(1, sizeof *upload);
    struct mrpc_arena *arena = mrpc_arena_new(64 * 1024 * 1024);
    if (!upload || !arena) {
        free(upload);
        mrpc_arena_free(arena);
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    *upload = (struct upload){.engine = self, .call = call, .arena = arena, .fd = -1};
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
