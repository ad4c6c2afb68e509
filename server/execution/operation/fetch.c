/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/dataset/intake.h"
#include "execution/fetch/fetch.h"
#include "execution/operation/operation.h"

/* From a source to a dataset: what comes goes through the same intake as an upload, so it is held to the same limits
 * and counts into the same quota. */

static int take(void *arg, const void *bytes, size_t size, struct fault *fault)
{
    struct operation *operation = arg;
    return intake_take(operation->intake, bytes, size, fault);
}

static bool is_late(const struct operation *operation)
{
    return operation->deadline_ms && domain_loop_now_ms(operation->engine->loop) >= operation->deadline_ms;
}

static bool stopped(void *arg)
{
    const struct operation *operation = arg;
    return operation->cancelled || is_late(operation);
}

static void describe(const API(FetchSpec) * spec, API(UploadDatasetHeader) * out)
{
    const API(Source) *source = spec->source;
    API_INIT(upload_dataset_header, out);
    out->name = spec->dataset;
    out->format = MLTRAINER__EXECUTION__V1__DATASET_FORMAT__DATASET_FORMAT_CSV;
    if (source->source_case != MLTRAINER__EXECUTION__V1__SOURCE__SOURCE_FILE)
        return;
    out->format = source->file->format;
    out->csv = source->file->csv;
}

static int fetch(struct operation *operation, struct fault *fault)
{
    const API(FetchSpec) *spec = operation->spec->fetch;
    const struct fetch_sink sink = {.take = take, .stopped = stopped, .arg = operation};
    API(UploadDatasetHeader) header;
    API(CsvOptions) comma;
    describe(spec, &header);
    API_INIT(csv_options, &comma);
    comma.delimiter = (char *)",";
    if (spec->source->source_case != MLTRAINER__EXECUTION__V1__SOURCE__SOURCE_FILE)
        header.csv = &comma; /* what we write ourselves need not be guessed */
    int code = intake_open(operation->engine, operation->isolation, &header, &operation->intake, fault);
    if (!code)
        code = fetch_run(operation->engine->sources, spec->source, &sink, fault);
    if (!code)
        code = intake_finish(operation->intake, fault);
    if (code == MRPC_CANCELLED && !operation->cancelled && is_late(operation))
        code = fault_set(fault, MRPC_DEADLINE_EXCEEDED, "the deadline passed while fetching");
    if (code) { /* here, where the disk may be waited for */
        intake_free(operation->intake);
        operation->intake = NULL;
    }
    return code;
}

static void registered(void *arg, const struct fault *fault)
{
    struct operation *operation = arg;
    struct fault end = *fault;
    if (!end.code) {
        const API(Dataset) *dataset = intake_dataset(operation->intake);
        operation->result->dataset = mrpc_arena_printf(operation->arena, "%s@%u", dataset->name, dataset->version);
        operation->result->row_count = dataset->row_count;
        if (!operation->result->dataset)
            fault_set(&end, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    operation_end(operation, &end);
}

static void register_dataset(struct operation *operation)
{
    operation->stage = "registering";
    intake_register(operation->intake, registered, operation);
}

void operation_fetch(struct operation *operation)
{
    operation_on_thread(operation, "fetching", fetch, register_dataset);
}
