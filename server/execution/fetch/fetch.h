/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_FETCH_H
#define MLT_EXECUTION_FETCH_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "execution/api.h"

/* Where datasets can be fetched from, behind one interface: files under allowed folders, databases, HTTP interfaces.
 * The configuration alone says where a fetch may go; a request chooses among that by name. Each kind gives bytes, of a
 * file as it is, else CSV. */

struct fetch_sources;

/** Who takes the bytes. Both run on the thread that called fetch_run(). */
struct fetch_sink {
    int (*take)(void *arg, const void *bytes, size_t size, struct fault *fault);
    bool (*stopped)(void *arg); /* cancelled, or too late: give up soon */
    void *arg;
};

/** What is configured. Errors: INVALID_ARGUMENT naming the key and what is wrong. */
int fetch_sources_new(const struct config *config, struct fetch_sources **out, struct fault *fault) MRPC_MUST_USE;
void fetch_sources_free(struct fetch_sources *sources);

/** Can this be fetched, as far as can be told without going there? @field names it in errors. Thread: any. Errors:
 *  INVALID_ARGUMENT, NOT_FOUND for a name that is not configured. */
int fetch_check(const struct fetch_sources *sources, const API(Source) * source, const char *field,
                struct fault *fault) MRPC_MUST_USE;
/** Fetch what has been checked. Blocks. Thread: any. Errors: what the sink says; CANCELLED when it wants to stop;
 *  NOT_FOUND, PERMISSION_DENIED, INVALID_ARGUMENT (a query), UNAVAILABLE, DATA_LOSS (a broken answer),
 *  RESOURCE_EXHAUSTED. */
int fetch_run(struct fetch_sources *sources, const API(Source) * source, const struct fetch_sink *sink,
              struct fault *fault) MRPC_MUST_USE;

/** One of those that are configured; NULL behind the last. Texts without secrets, of the sources' life. */
struct fetch_listed {
    const char *kind; /* "file", "sqlite", "postgresql", "polygon", "fred" */
    const char *name; /* as requests write it; of a file the folder */
    const char *where;
};
bool fetch_list(const struct fetch_sources *sources, size_t index, struct fetch_listed *out);

#endif
