/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/fetch/fetch.h"
#include "execution/operation/deposit.h"

/* From a source to a dataset. */

static int write_source(struct operation *operation, const struct fetch_sink *sink, struct fault *fault)
{
    return fetch_run(operation->engine->sources, operation->spec->fetch->source, sink, fault);
}

static int fetch(struct operation *operation, struct fault *fault)
{
    const API(FetchSpec) *spec = operation->spec->fetch;
    const API(Source) *source = spec->source;
    API(UploadDatasetHeader) header;
    API(CsvOptions) comma;
    deposit_describe(spec->dataset, &comma, &header);
    if (source->source_case == MLTRAINER__EXECUTION__V1__SOURCE__SOURCE_FILE) {
        header.format = source->file->format;
        header.csv = source->file->csv;
    }
    return deposit_fill(operation, &header, write_source, fault);
}

void operation_fetch(struct operation *operation)
{
    operation_on_thread(operation, "fetching", fetch, deposit_register);
}
