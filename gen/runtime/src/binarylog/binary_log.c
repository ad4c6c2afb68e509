/* SPDX-License-Identifier: Apache-2.0 */

/* A log: a filter, and where entries go. */

#include <mrpc/binary_log.h>

#include <stdlib.h>

#include "binarylog/entry.h"
#include "binarylog/filter.h"

#define FILTER_VARIABLE "GRPC_BINARY_LOG_FILTER"

int mrpc_binary_log_new(const struct mrpc_binary_log_options *options, struct mrpc_binary_log **out, char *why,
                        size_t why_bytes)
{
    const char *filter = options->filter != NULL ? options->filter : getenv(FILTER_VARIABLE);
    if (options->write == NULL)
        return MRPC_ERR_INVALID;
    struct mrpc_binary_log *log = calloc(1, sizeof(*log));
    if (log == NULL)
        return MRPC_ERR_NOMEM;
    log->write = options->write;
    log->arg = options->arg;
    bool names_some = filter != NULL && *filter != '\0';
    int error = names_some ? mrpc_binary_log_filter_parse(filter, &log->filter, why, why_bytes) : 0;
    if (error != 0) {
        free(log);
        return error;
    }
    *out = log;
    return 0;
}

void mrpc_binary_log_free(struct mrpc_binary_log *log)
{
    if (log == NULL)
        return;
    mrpc_binary_log_filter_free(log->filter);
    free(log);
}
