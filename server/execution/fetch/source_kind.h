/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_FETCH_SOURCE_KIND_H
#define MLT_EXECUTION_FETCH_SOURCE_KIND_H

#include <pthread.h>
#include <stdint.h>

#include "execution/fetch/fetch.h"

/* What the kinds implement and share. */

enum { FETCH_CONFIGURED_MAX = 64, FETCH_PAGE_BYTES_MAX = 64 * 1024 * 1024, FETCH_CACHED_MAX = 32 };

enum database_engine { DATABASE_SQLITE, DATABASE_POSTGRESQL };

struct database {
    char *name, *address; /* a path, or a URL of libpq */
    char *shown;          /* without what a URL may hide */
    enum database_engine engine;
};

struct cached_page {
    char *url;
    char *body;
    size_t bytes;
    int64_t until_ms;
};

struct provider {
    char *name, *url; /* scheme, host and port alone */
    const struct provider_shape *shape;
    unsigned calls_per_minute; /* 0: any number */
    pthread_mutex_t mutex;
    int64_t next_call_ms; /* under the mutex, like the cache */
    struct cached_page cache[FETCH_CACHED_MAX];
    size_t cache_next;
};

struct fetch_sources {
    char *roots[FETCH_CONFIGURED_MAX];
    size_t root_count;
    struct database databases[FETCH_CONFIGURED_MAX];
    size_t database_count;
    struct provider providers[FETCH_CONFIGURED_MAX];
    size_t provider_count;
};

/** One kind of source: the interface that fetch_check() and fetch_run() choose by. */
struct source_kind {
    const char *member; /* of the oneof */
    int (*check)(const struct fetch_sources *sources, const API(Source) * source, const char *field,
                 struct fault *fault);
    int (*run)(struct fetch_sources *sources, const API(Source) * source, const struct fetch_sink *sink,
               struct fault *fault);
};
extern const struct source_kind file_source, sql_source, http_source;

/** Databases, one file an engine. Rows as CSV into @sink. */
int sqlite_fetch(const struct database *database, const API(SqlSource) * sql, const struct fetch_sink *sink,
                 struct fault *fault) MRPC_MUST_USE;
int postgres_fetch(const struct database *database, const API(SqlSource) * sql, const struct fetch_sink *sink,
                   struct fault *fault) MRPC_MUST_USE;

int fetch_stopped(struct fault *fault);
int64_t fetch_now_ms(void);

#endif
