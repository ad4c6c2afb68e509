/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#include "execution/field_path.h"
#include "execution/fetch/provider.h"

/* The configuration's lists:
 *
 *     execution.source_roots   /srv/data
 *     execution.databases      NAME sqlite:PATH | NAME postgresql://…
 *     execution.providers      NAME SHAPE URL [CALLS_PER_MINUTE]
 *     */

enum { MINUTE_CALLS_MAX = 60000 };

static const struct source_kind *const kinds[] = {
    [MLTRAINER__EXECUTION__V1__SOURCE__SOURCE_FILE] = &file_source,
    [MLTRAINER__EXECUTION__V1__SOURCE__SOURCE_SQL] = &sql_source,
    [MLTRAINER__EXECUTION__V1__SOURCE__SOURCE_HTTP] = &http_source,
};
static const struct provider_shape *const shapes[] = {&polygon_shape, &fred_shape};

int fetch_stopped(struct fault *fault)
{
    return fault_set(fault, MRPC_CANCELLED, "cancelled");
}

int64_t fetch_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- Configuration ---- */

static int wrong(const char *key, const char *item, const char *what, struct fault *fault)
{
    return fault_set(fault, MRPC_INVALID_ARGUMENT, "%s: \"%.*s…\": %s", key, (int)strcspn(item, " "), item, what);
}

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

/* The next word of @at, a copy; NULL at the end. */
static char *word(const char **at)
{
    *at += strspn(*at, " ");
    size_t bytes = strcspn(*at, " ");
    char *copy = bytes ? strndup(*at, bytes) : NULL;
    *at += bytes;
    return copy;
}

static int read_root(struct fetch_sources *sources, const char *key, const char *item, struct fault *fault)
{
    size_t bytes = strlen(item);
    while (bytes > 1 && item[bytes - 1] == '/')
        bytes--;
    if (*item != '/' || bytes == 1)
        return wrong(key, item, "an absolute folder below / is wanted", fault);
    char *root = strndup(item, bytes);
    if (!root)
        return no_memory(fault);
    sources->roots[sources->root_count++] = root;
    return 0;
}

/* What a URL shows of itself: neither user nor password. */
static char *show(const char *url)
{
    const char *host = strstr(url, "://"), *at = host ? strrchr(host, '@') : NULL;
    char *shown = NULL;
    size_t scheme = host ? (size_t)(host + 3 - url) : 0;
    const char *rest = at ? at + 1 : url + scheme;
    size_t bytes = strcspn(rest, "?");
    if ((shown = malloc(scheme + bytes + 1)))
        snprintf(shown, scheme + bytes + 1, "%.*s%s", (int)scheme, url, rest);
    return shown;
}

static int read_database(struct fetch_sources *sources, const char *key, const char *item, struct fault *fault)
{
    struct database *database = &sources->databases[sources->database_count++];
    const char *at = item;
    database->name = word(&at);
    char *address = word(&at);
    int code = address ? api_identifier(database->name, key, fault)
                       : wrong(key, item, "NAME sqlite:PATH or NAME postgresql://… is wanted", fault);
    if (!code && strncmp(address, "sqlite:/", 8) == 0)
        database->address = strdup(address + 7);
    else if (!code && (strncmp(address, "postgresql://", 13) == 0 || strncmp(address, "postgres://", 11) == 0))
        database->address = strdup(address);
    else if (!code)
        code = wrong(key, item, "neither sqlite: with an absolute path nor postgresql://", fault);
    if (!code) {
        database->engine = strncmp(address, "sqlite:", 7) == 0 ? DATABASE_SQLITE : DATABASE_POSTGRESQL;
        database->shown = show(address);
        code = database->address && database->shown ? 0 : no_memory(fault);
    }
    free(address);
    return code;
}

/* Clear text only to loopback: keys go with each request. */
static bool is_origin(const char *url)
{
    bool clear = strncmp(url, "http://", 7) == 0, tls = strncmp(url, "https://", 8) == 0;
    const char *host = url + (tls ? 8 : 7);
    bool loopback = strncmp(host, "127.0.0.1", 9) == 0 || strncmp(host, "localhost", 9) == 0 ||
                    strncmp(host, "[::1]", 5) == 0;
    bool plain = strlen(host) < 256 &&
                 strspn(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:[]") == strlen(host);
    return (tls || (clear && loopback)) && *host && plain;
}

static int read_provider(struct fetch_sources *sources, const char *key, const char *item, struct fault *fault)
{
    struct provider *provider = &sources->providers[sources->provider_count++];
    const char *at = item;
    *provider = (struct provider){.mutex = PTHREAD_MUTEX_INITIALIZER};
    provider->name = word(&at);
    char *shape = word(&at);
    provider->url = word(&at);
    char *rate = word(&at);
    for (size_t i = 0; shape && i < sizeof shapes / sizeof *shapes; i++)
        if (strcmp(shapes[i]->name, shape) == 0)
            provider->shape = shapes[i];
    free(shape);
    unsigned long calls = rate ? strtoul(rate, NULL, 10) : 0;
    bool rated = !rate || (calls >= 1 && calls <= MINUTE_CALLS_MAX);
    free(rate);
    provider->calls_per_minute = (unsigned)calls;
    if (!provider->url || !provider->shape)
        return wrong(key, item, "NAME polygon|fred URL [CALLS_PER_MINUTE] is wanted", fault);
    if (!is_origin(provider->url))
        return wrong(key, item, "https://HOST[:PORT] is wanted; http:// to loopback alone", fault);
    return rated ? api_identifier(provider->name, key, fault)
                 : wrong(key, item, "calls a minute are a number from 1 to 60000", fault);
}

static int read_list(struct fetch_sources *sources, const struct config *config, const char *key,
                     int (*read)(struct fetch_sources *, const char *, const char *, struct fault *),
                     struct fault *fault)
{
    size_t count = config_list_count(config, key);
    if (count > FETCH_CONFIGURED_MAX)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "%s: more than %d", key, FETCH_CONFIGURED_MAX);
    int code = 0;
    for (size_t i = 0; !code && i < count; i++)
        code = read(sources, key, config_list_item(config, key, i), fault);
    return code;
}

int fetch_sources_new(const struct config *config, struct fetch_sources **out, struct fault *fault)
{
    struct fetch_sources *sources = calloc(1, sizeof *sources);
    if (!sources)
        return no_memory(fault);
    int code = read_list(sources, config, "execution.source_roots", read_root, fault);
    if (!code)
        code = read_list(sources, config, "execution.databases", read_database, fault);
    if (!code)
        code = read_list(sources, config, "execution.providers", read_provider, fault);
    if (!code && sources->provider_count && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        code = fault_set(fault, MRPC_INTERNAL, "libcurl does not start");
    if (code) {
        fetch_sources_free(sources);
        return code;
    }
    *out = sources;
    return 0;
}

void fetch_sources_free(struct fetch_sources *sources)
{
    if (!sources)
        return;
    for (size_t i = 0; i < sources->root_count; i++)
        free(sources->roots[i]);
    for (size_t i = 0; i < sources->database_count; i++) {
        free(sources->databases[i].name);
        free(sources->databases[i].address);
        free(sources->databases[i].shown);
    }
    for (size_t i = 0; i < sources->provider_count; i++) {
        free(sources->providers[i].name);
        free(sources->providers[i].url);
        provider_forget(&sources->providers[i]);
    }
    free(sources);
}

/* ---- By kind ---- */

static const struct source_kind *kind_of(const API(Source) * source)
{
    size_t index = source ? (size_t)source->source_case : 0;
    return index < sizeof kinds / sizeof *kinds ? kinds[index] : NULL;
}

int fetch_check(const struct fetch_sources *sources, const API(Source) * source, const char *field,
                struct fault *fault)
{
    const struct source_kind *kind = kind_of(source);
    return kind ? kind->check(sources, source, field, fault)
                : fault_field(fault, field, "a file, a query or an HTTP interface is wanted");
}

int fetch_run(struct fetch_sources *sources, const API(Source) * source, const struct fetch_sink *sink,
              struct fault *fault)
{
    return kind_of(source)->run(sources, source, sink, fault);
}

bool fetch_list(const struct fetch_sources *sources, size_t index, struct fetch_listed *out)
{
    static const char *const engines[] = {"sqlite", "postgresql"};
    if (index < sources->root_count) {
        *out = (struct fetch_listed){"file", sources->roots[index], sources->roots[index]};
        return true;
    }
    index -= sources->root_count;
    if (index < sources->database_count) {
        const struct database *database = &sources->databases[index];
        *out = (struct fetch_listed){engines[database->engine], database->name, database->shown};
        return true;
    }
    index -= sources->database_count;
    if (index >= sources->provider_count)
        return false;
    const struct provider *provider = &sources->providers[index];
    *out = (struct fetch_listed){provider->shape->name, provider->name, provider->url};
    return true;
}
