/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_FETCH_PROVIDER_H
#define MLT_EXECUTION_FETCH_PROVIDER_H

#include <jansson.h>

#include "execution/fetch/csv_writer.h"
#include "execution/fetch/source_kind.h"

enum { PROVIDER_URL_BYTES = 1024 };

/** How an HTTP interface is asked and how it answers; one file a shape. */
struct provider_shape {
    const char *name;
    const char *header;         /* of the CSV that it becomes */
    const char *key_parameter;  /* of the query; NULL: the key goes as Authorization: Bearer */
    /** May the request have this argument? */
    bool (*takes)(const char *name, const char *value);
    /** URL of the first page, without the key. Errors: INVALID_ARGUMENT. */
    int (*begin)(const struct provider *provider, const API(HttpSource) * http, char url[PROVIDER_URL_BYTES],
                 struct fault *fault);
    /** Write the rows of @page; the next one's URL into @url, "" at the end. Errors: DATA_LOSS. */
    int (*take)(const struct provider *provider, json_t *page, struct csv_writer *writer, char url[PROVIDER_URL_BYTES],
                struct fault *fault);
};
extern const struct provider_shape polygon_shape, fred_shape;

/** Appends to a URL that has room, or INVALID_ARGUMENT. */
int provider_append(char url[PROVIDER_URL_BYTES], struct fault *fault, const char *format, ...) MRPC_PRINTF(3, 4);
/** The answer of another shape than is known. */
int provider_broken(const char *what, struct fault *fault);
/** A number or an absent value. */
void provider_number(struct csv_writer *writer, const json_t *value);

/** GET @url of @provider, within its rate, out of its cache when it was asked for lately. Ownership: *@body is the
 *  caller's, with a NUL behind. Blocks. Errors: UNAVAILABLE, FAILED_PRECONDITION without a key, PERMISSION_DENIED when
 *  it is refused or the address is not one to go to, NOT_FOUND, RESOURCE_EXHAUSTED, CANCELLED. */
int provider_get(struct provider *provider, const char *url, const struct fetch_sink *sink, char **body, size_t *bytes,
                 struct fault *fault) MRPC_MUST_USE;
void provider_forget(struct provider *provider);

struct sockaddr;
/** May a provider's name lead there? @literal: the configuration gives the address itself, or localhost. Never to
 *  link-local addresses (where clouds keep their metadata), to multicast or to nowhere. */
bool provider_may_connect(const struct sockaddr *address, bool literal);

#endif
