/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/dataset/intake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "execution/dataset/arrow_dataset.h"
#include "execution/dataset/intake_internal.h"
#include "execution/dataset/message.h"
#include "pool/thread/beside.h"

enum {
    DESCRIPTION_BYTES_MAX = 4096,
    REQUIREMENTS_MAX = 4096,
    REPLAY_BYTES = 256 * 1024,
    ARENA_BYTES = 64 * 1024 * 1024
};
enum { BESIDE_BYTES_MIN = 16 * 1024, BEGIN_SYNC_BYTES = 8 * 1024 * 1024 };
#define DATASET_BYTES_MAX (UINT64_C(4) << 30)

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

/* ---- The header ---- */

static bool is_arrow(const API(UploadDatasetHeader) * header)
{
    return header->format == MLTRAINER__EXECUTION__V1__DATASET_FORMAT__DATASET_FORMAT_ARROW;
}

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

static int check_format(const API(UploadDatasetHeader) * header, struct fault *fault)
{
    if ((int)header->format < 0 || (int)header->format > DATASET_ARROW)
        return fault_field(fault, "header.format", "neither CSV nor Arrow");
    if (is_arrow(header) && header->csv)
        return fault_field(fault, "header.csv", "not for Arrow");
    return check_csv(header->csv, fault);
}

static int check_resuming(const API(UploadDatasetHeader) * header, struct fault *fault)
{
    if (*header->request_id && api_identifier(header->request_id, "header.request_id", fault))
        return fault->code;
    if (header->resume_offset_bytes && !*header->request_id)
        return fault_field(fault, "header.resume_offset_bytes", "without a request_id there is nothing to resume");
    return 0;
}

static bool is_sha256(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static int check_header(const API(UploadDatasetHeader) * header, struct fault *fault)
{
    int code = api_identifier(header->name, "header.name", fault);
    if (!code)
        code = check_format(header, fault);
    if (!code)
        code = check_resuming(header, fault);
    if (code)
        return code;
    if (*header->sha256 && !is_sha256(header->sha256))
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

/* ---- Opening ---- */

static int make_scan(struct intake *intake, struct fault *fault)
{
    const API(UploadDatasetHeader) *header = intake->header;
    const API(CsvOptions) *csv = header->csv;
    intake->required = mrpc_arena_calloc(intake->arena, header->n_columns + 1, sizeof *intake->required);
    if (!intake->required)
        return no_memory(fault);
    for (size_t i = 0; i < header->n_columns; i++)
        intake->required[i] =
            (struct dataset_requirement){header->columns[i]->name, (enum dataset_type)header->columns[i]->type};
    intake->hash = EVP_MD_CTX_new();
    if (!intake->hash || EVP_DigestInit_ex(intake->hash, EVP_sha256(), NULL) != 1)
        return no_memory(fault);
    if (is_arrow(header))
        return 0; /* it is read from its end, when that has come */
    struct dataset_schema *schema = dataset_schema_new(csv ? *csv->delimiter : 0, csv && csv->no_header,
                                                       csv ? csv->na_values : NULL, csv ? csv->n_na_values : 0);
    intake->scan = dataset_scan_new(schema, intake->required, header->n_columns);
    return intake->scan ? 0 : no_memory(fault);
}

/* Up to @bytes in all: what is announced is taken at once, what is not as it comes. */
static int take_quota(struct intake *intake, uint64_t bytes, struct fault *fault)
{
    uint64_t *taken = &intake->stage.taken_bytes;
    if (bytes <= *taken)
        return 0;
    int code = quota_take(intake->engine->dataset_quota, intake->caller.owner, bytes - *taken, 0, fault);
    if (!code)
        *taken = bytes;
    return code;
}

static int open_file(struct intake *intake, struct fault *fault)
{
    const API(UploadDatasetHeader) *header = intake->header;
    struct execution *engine = intake->engine;
    if (*header->request_id) {
        int code = upload_stage_open(engine->upload_stages, intake->caller.owner, header->request_id,
                                     header->resume_offset_bytes, &intake->stage, fault);
        return code ? code : take_quota(intake, header->size_bytes, fault);
    }
    if (take_quota(intake, header->size_bytes, fault))
        return fault->code;
    intake->stage.fd = file_temporary(engine->datasets_folder, intake->stage.path, fault);
    return intake->stage.fd < 0 ? fault->code : 0;
}

static int count(struct intake *intake, size_t size, struct fault *fault)
{
    intake->size_bytes += size;
    if (intake->size_bytes > DATASET_BYTES_MAX)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "the dataset has more than 4 GiB");
    if (intake->header->size_bytes && intake->size_bytes > intake->header->size_bytes)
        return fault_set(fault, MRPC_DATA_LOSS, "header.size_bytes: more than %llu bytes came",
                         (unsigned long long)intake->header->size_bytes);
    return take_quota(intake, intake->size_bytes, fault);
}

/* What every byte goes through, but for being written. */
static int look_at(struct intake *intake, const void *bytes, size_t size, struct fault *fault)
{
    int code = count(intake, size, fault);
    if (code)
        return code;
    EVP_DigestUpdate(intake->hash, bytes, size);
    return intake->scan ? dataset_scan_feed(intake->scan, bytes, size, fault) : 0;
}

static int replay(struct intake *intake, struct fault *fault)
{
    char *buffer = malloc(REPLAY_BYTES);
    int code = buffer ? 0 : no_memory(fault);
    uint64_t all = intake->header->resume_offset_bytes;
    while (!code && intake->size_bytes < all) {
        ssize_t got = pread(intake->stage.fd, buffer, REPLAY_BYTES, (off_t)intake->size_bytes);
        if (got < 0 && errno == EINTR)
            continue;
        code = got <= 0 ? fault_set(fault, MRPC_INTERNAL, "a staged upload cannot be read")
                        : look_at(intake, buffer, (size_t)got, fault);
    }
    free(buffer);
    return code;
}

static int begin(struct intake *intake, const struct caller *caller, const API(UploadDatasetHeader) * header,
                 struct fault *fault)
{
    ProtobufCMessage *copy;
    if (mrpc_message_copy(API_INFO(upload_dataset_header), &header->base, intake->arena, &copy) != 0)
        return no_memory(fault);
    intake->header = (API(UploadDatasetHeader) *)copy;
    intake->expected = *intake->header->sha256 ? intake->header->sha256 : NULL;
    intake->caller = (struct caller){mrpc_arena_strdup(intake->arena, caller->owner), caller->privileged};
    int code = intake->caller.owner ? make_scan(intake, fault) : no_memory(fault);
    if (!code)
        code = open_file(intake, fault);
    return code ? code : replay(intake, fault);
}

int intake_open(struct execution *engine, const struct caller *caller, const API(UploadDatasetHeader) * header,
                struct intake **out, struct fault *fault)
{
    int code = check_header(header, fault);
    if (code)
        return code;
    struct intake *intake = calloc(1, sizeof *intake);
    struct mrpc_arena *arena = mrpc_arena_new(ARENA_BYTES);
    if (!intake || !arena) {
        free(intake);
        mrpc_arena_free(arena);
        return no_memory(fault);
    }
    *intake = (struct intake){.engine = engine, .arena = arena, .stage.fd = -1};
    code = begin(intake, caller, header, fault);
    intake->failed = code && code != MRPC_RESOURCE_EXHAUSTED; /* what is there may be resumed when there is room */
    if (code)
        intake_free(intake);
    else
        *out = intake;
    return code;
}

/* ---- Bytes ---- */

struct keeping {
    struct intake *intake;
    const void *bytes;
    size_t size;
    struct fault fault;
};

/* Half of the work: hash and write. The other half is to understand them. */
static void keep(void *arg)
{
    struct keeping *keeping = arg;
    struct intake *intake = keeping->intake;
    EVP_DigestUpdate(intake->hash, keeping->bytes, keeping->size);
    if (file_write_all(intake->stage.fd, keeping->bytes, keeping->size, &keeping->fault))
        return;
    if (intake->size_bytes - intake->begun_bytes < BEGIN_SYNC_BYTES)
        return;
    file_begin_sync(intake->stage.fd, intake->begun_bytes, intake->size_bytes - intake->begun_bytes);
    intake->begun_bytes = intake->size_bytes;
}

static int keep_and_scan(struct intake *intake, const void *bytes, size_t size, struct fault *fault)
{
    struct keeping keeping = {.intake = intake, .bytes = bytes, .size = size, .fault = FAULT_INIT};
    struct beside *half = intake->scan && size >= BESIDE_BYTES_MIN
                              ? beside_begin(intake->engine->threads, keep, &keeping)
                              : NULL;
    int code = intake->scan ? dataset_scan_feed(intake->scan, bytes, size, fault) : 0;
    if (half)
        beside_join(half);
    else
        keep(&keeping);
    if (!code && keeping.fault.code)
        *fault = keeping.fault;
    return code ? code : (int)keeping.fault.code;
}

int intake_take(struct intake *intake, const void *bytes, size_t size, struct fault *fault)
{
    int code = intake->ended ? fault_field(fault, "chunk", "behind the checksum") : count(intake, size, fault);
    if (!code)
        code = keep_and_scan(intake, bytes, size, fault);
    intake->failed |= code != 0;
    return code;
}

int intake_expect(struct intake *intake, const char *sha256, struct fault *fault)
{
    if (!is_sha256(sha256))
        return fault_field(fault, "sha256", "not 64 lower-case hexadecimal digits");
    if (intake->expected)
        return fault_field(fault, "sha256", "came for the second time");
    intake->ended = true;
    intake->expected = mrpc_arena_strdup(intake->arena, sha256);
    return intake->expected ? 0 : no_memory(fault);
}

static int check_whole(struct intake *intake, struct fault *fault)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int bytes = 0;
    EVP_DigestFinal_ex(intake->hash, digest, &bytes);
    file_hex(digest, bytes, intake->sha256);
    if (intake->expected && strcmp(intake->expected, intake->sha256) != 0)
        return fault_set(fault, MRPC_DATA_LOSS, "%s: the bytes that came have %s",
                         intake->ended ? "sha256" : "header.sha256", intake->sha256);
    if (intake->header->size_bytes && intake->header->size_bytes != intake->size_bytes)
        return fault_set(fault, MRPC_DATA_LOSS, "header.size_bytes: %llu bytes came",
                         (unsigned long long)intake->size_bytes);
    return intake->scan ? dataset_scan_finish(intake->scan, fault) : 0;
}

static int describe(struct intake *intake, struct fault *fault)
{
    struct dataset_schema *schema = intake->scan ? dataset_scan_take(intake->scan) : NULL;
    int code =
        schema ? 0
               : dataset_arrow_scan_fd(intake->stage.fd, intake->required, intake->header->n_columns, &schema, fault);
    if (code)
        return code;
    intake->dataset = API_NEW(intake->arena, Dataset, dataset);
    code = intake->dataset ? dataset_describe(schema, intake->arena, intake->dataset, fault) : no_memory(fault);
    dataset_schema_free(schema);
    if (code)
        return code;
    intake->dataset->name = intake->header->name;
    intake->dataset->sha256 = intake->sha256;
    intake->dataset->size_bytes = intake->size_bytes;
    intake->dataset->description = intake->header->description;
    intake->dataset->owner = (char *)intake->caller.owner;
    return 0;
}

static int keep_file(struct intake *intake, struct fault *fault)
{
    char path[FILE_PATH_BYTES];
    struct execution *engine = intake->engine;
    intake->registering = true;
    atomic_fetch_add(&engine->registering, 1);
    int code =
        execution_dataset_path(engine, intake->sha256, (enum dataset_format)intake->dataset->format, path, fault);
    if (!code)
        code = file_commit(intake->stage.fd, engine->datasets_folder, intake->stage.path, path, fault);
    if (code)
        return code;
    close(intake->stage.fd);
    intake->stage.fd = -1;
    if (intake->stage.taken_bytes > intake->size_bytes) { /* it was left with more, and resumed with less */
        quota_give(engine->dataset_quota, intake->caller.owner, intake->stage.taken_bytes - intake->size_bytes);
        intake->stage.taken_bytes = intake->size_bytes;
    }
    return 0;
}

int intake_finish(struct intake *intake, struct fault *fault)
{
    int code = check_whole(intake, fault);
    if (!code)
        code = describe(intake, fault);
    if (!code)
        code = keep_file(intake, fault);
    intake->failed |= code != 0;
    return code;
}

/* ---- The end ---- */

const API(Dataset) * intake_dataset(const struct intake *intake)
{
    return intake->dataset;
}

bool intake_existed(const struct intake *intake)
{
    return intake->existed;
}

bool intake_holds_file(const struct intake *intake)
{
    return intake->stage.fd >= 0;
}

static void end_file(struct intake *intake)
{
    struct execution *engine = intake->engine;
    struct upload_stage *stage = &intake->stage;
    if (stage->fd >= 0 && !intake->failed && *intake->header->request_id)
        return upload_stage_leave(engine->upload_stages, intake->caller.owner, stage);
    if (stage->fd >= 0) {
        unlink(stage->path); /* while the lock is held: nobody else has begun to work on it */
        close(stage->fd);
    }
    if (stage->taken_bytes)
        quota_give(engine->dataset_quota, intake->caller.owner, stage->taken_bytes);
}

void intake_free(struct intake *intake)
{
    if (!intake)
        return;
    end_file(intake);
    if (intake->registering)
        atomic_fetch_sub(&intake->engine->registering, 1);
    dataset_scan_free(intake->scan);
    EVP_MD_CTX_free(intake->hash);
    mrpc_arena_free(intake->arena);
    free(intake);
}
