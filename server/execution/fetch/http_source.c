/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/dataset/number.h"
#include "execution/field_path.h"
#include "execution/fetch/provider.h"

enum { PAGES_MAX = 1000, SERIES_BYTES_MAX = 64 };

int provider_append(char url[PROVIDER_URL_BYTES], struct fault *fault, const char *format, ...)
{
    va_list arguments;
    size_t used = strlen(url);
    va_start(arguments, format);
    int size = vsnprintf(url + used, PROVIDER_URL_BYTES - used, format, arguments);
    va_end(arguments);
    return size >= 0 && (size_t)size < PROVIDER_URL_BYTES - used
               ? 0
               : fault_set(fault, MRPC_INVALID_ARGUMENT, "the request's address is too long");
}

int provider_broken(const char *what, struct fault *fault)
{
    return fault_set(fault, MRPC_DATA_LOSS, "its answer is not of the known shape: %s", what);
}

void provider_number(struct csv_writer *writer, const json_t *value)
{
    if (json_is_integer(value))
        csv_writer_integer(writer, json_integer_value(value));
    else if (json_is_real(value))
        csv_writer_number(writer, json_real_value(value));
    else
        csv_writer_absent(writer);
}

/* ---- Checks ---- */

static const struct provider *find(const struct fetch_sources *sources, const char *name)
{
    for (size_t i = 0; i < sources->provider_count; i++)
        if (strcmp(sources->providers[i].name, name) == 0)
            return &sources->providers[i];
    return NULL;
}

/* Nothing in it may mean anything in a URL. */
static bool is_series(const char *text)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";
    size_t bytes = strlen(text);
    return bytes && bytes <= SERIES_BYTES_MAX && strspn(text, allowed) == bytes && *text != '.';
}

static int check_date(const char *text, const char *field, const char *member, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    int32_t days;
    field_path(path, "%s.http.%s", field, member);
    return !*text || number_date(text, strlen(text), &days) ? 0 : fault_field(fault, path, "not a date, YYYY-MM-DD");
}

static int check(const struct fetch_sources *sources, const API(Source) * source, const char *field,
                 struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    const API(HttpSource) *http = source->http;
    const struct provider *provider = find(sources, http->provider);
    field_path(path, "%s.http.provider", field);
    if (!provider)
        return fault_set(fault, MRPC_NOT_FOUND, "%s: no provider \"%.64s\" is configured (execution.providers)", path,
                         http->provider);
    field_path(path, "%s.http.series", field);
    if (!is_series(http->series))
        return fault_field(fault, path, "1 to %d letters, digits and ._:- are wanted", SERIES_BYTES_MAX);
    int code = check_date(http->begin_date, field, "begin_date", fault);
    if (!code)
        code = check_date(http->end_date, field, "end_date", fault);
    field_path(path, "%s.http.arguments", field);
    for (size_t i = 0; !code && i < http->n_arguments; i++)
        if (!provider->shape->takes(http->arguments[i]->key, http->arguments[i]->value))
            code = fault_field(fault, path, "%s does not take %.32s=%.32s", provider->shape->name,
                               http->arguments[i]->key, http->arguments[i]->value);
    return code;
}

/* ---- Pages ---- */

static int take_page(struct provider *provider, const char *body, size_t bytes, struct csv_writer *writer,
                     char url[PROVIDER_URL_BYTES], struct fault *fault)
{
    json_error_t error;
    json_t *page = json_loadb(body, bytes, 0, &error);
    int code = json_is_object(page) ? provider->shape->take(provider, page, writer, url, fault)
                                    : provider_broken("it is not JSON", fault);
    json_decref(page);
    return code;
}

static int take_pages(struct provider *provider, const API(HttpSource) * http, struct csv_writer *writer,
                      struct fault *fault)
{
    char url[PROVIDER_URL_BYTES];
    int code = provider->shape->begin(provider, http, url, fault);
    for (int pages = 0; !code && *url; pages++) {
        char *body = NULL;
        size_t bytes = 0;
        if (pages == PAGES_MAX)
            return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "more than %d pages", PAGES_MAX);
        code = provider_get(provider, url, writer->sink, &body, &bytes, fault);
        if (!code)
            code = take_page(provider, body, bytes, writer, url, fault);
        free(body);
    }
    return code ? code : csv_writer_finish(writer);
}

static int run(struct fetch_sources *sources, const API(Source) * source, const struct fetch_sink *sink,
               struct fault *fault)
{
    struct provider *provider = (struct provider *)find(sources, source->http->provider);
    struct csv_writer *writer = calloc(1, sizeof *writer);
    if (!provider || !writer) {
        free(writer);
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory, or the provider is not configured any more");
    }
    *writer = (struct csv_writer){.sink = sink, .fault = fault};
    int code = sink->take(sink->arg, provider->shape->header, strlen(provider->shape->header), fault);
    if (!code)
        code = take_pages(provider, source->http, writer, fault);
    free(writer);
    return code ? fault_prefix(fault, "provider %s", provider->name) : 0;
}

const struct source_kind http_source = {"http", check, run};
