/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/http_sd/query.h"

#include <stdio.h>
#include <string.h>

#include "registry/identifier.h"

/* A name in a path or a query: of the alphabet of identifiers, so there is nothing to decode. */
static int take_name(const char *text, size_t size, const char *what, char *out, size_t room, struct fault *fault)
{
    if (size < room) {
        memcpy(out, text, size);
        out[size] = '\0';
        if (registry_identifier_valid(out, room - 1))
            return MRPC_OK;
    }
    out[0] = '\0';
    return fault_set(fault, MRPC_INVALID_ARGUMENT, "%s is not [A-Za-z0-9._-]{1,%zu}", what, room - 1);
}

static int read_path(struct http_sd_query *query, const char *path, struct fault *fault)
{
    const char *rest = path + sizeof HTTP_SD_PATH - 1;
    if (rest[0] == '\0' || strcmp(rest, "/") == 0)
        return MRPC_OK;
    const char *name = rest + 1, *slash = strchr(name, '/');
    size_t size = slash ? (size_t)(slash - name) : strlen(name);
    int code = rest[0] == '/' ? take_name(name, size, "the namespace", query->namespace_name,
                                          sizeof query->namespace_name, fault)
                              : fault_set(fault, MRPC_INVALID_ARGUMENT, "there is nothing at this path");
    if (code || !slash || !slash[1])
        return code;
    return take_name(slash + 1, strlen(slash + 1), "the service", query->service, sizeof query->service, fault);
}

static bool is(const char *text, size_t size, const char *word)
{
    return strlen(word) == size && memcmp(text, word, size) == 0;
}

static int take_pair(struct http_sd_query *query, const char *text, size_t size, struct fault *fault)
{
    const char *equals = memchr(text, '=', size);
    size_t name_size = equals ? (size_t)(equals - text) : size;
    const char *value = equals ? equals + 1 : "";
    size_t value_size = equals ? size - name_size - 1 : 0;
    if (is(text, name_size, "protocol"))
        return take_name(value, value_size, "protocol", query->protocol, sizeof query->protocol, fault);
    if (is(text, name_size, "healthy")) {
        query->healthy_only = is(value, value_size, "true");
        return query->healthy_only || is(value, value_size, "false")
                   ? MRPC_OK
                   : fault_set(fault, MRPC_INVALID_ARGUMENT, "healthy is neither true nor false");
    }
    if (!is(text, name_size, "tag"))
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "the query knows tag, protocol and healthy");
    if (query->tag_count == HTTP_SD_TAGS_MAX)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "more than %d tags", HTTP_SD_TAGS_MAX);
    char *tag = query->tags[query->tag_count];
    query->tag_list[query->tag_count++] = tag;
    return take_name(value, value_size, "tag", tag, sizeof query->tags[0], fault);
}

int http_sd_query_read(struct http_sd_query *query, const char *path, const char *text, struct fault *fault)
{
    *query = (struct http_sd_query){.tag_count = 0};
    mltrainer__registry__v1__instance_filter__init(&query->filter);
    int code = read_path(query, path, fault);
    while (!code && *text) {
        size_t size = strcspn(text, "&");
        code = size ? take_pair(query, text, size, fault) : MRPC_OK;
        text += size + (text[size] == '&');
    }
    query->filter.n_tags = query->tag_count;
    query->filter.tags = query->tag_list;
    query->filter.protocol = query->protocol;
    return code;
}
