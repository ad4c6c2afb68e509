/* SPDX-License-Identifier: Apache-2.0 */

/* The filter of gRFC A16: which methods, and how much of them. */

#include "binarylog/filter.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/error.h>

#define ENTRIES_MAX 256
#define TEXT_MAX_BYTES 16384

enum kind { KIND_METHOD, KIND_SERVICE, KIND_ALL };

struct entry {
    enum kind kind;
    bool excluded;
    char *name;                  /* "package.Service/Method", "package.Service", "" */
    struct log_extent extent;
};

struct binary_log_filter {
    struct entry *entries;
    size_t count;
};

/* What is being read, and where the complaint goes. */
struct reader {
    const char *text;
    const char *at;
    char *why;
    size_t why_bytes;
};

static int complain(const struct reader *reader, const char *what)
{
    if (reader->why != NULL && reader->why_bytes > 0)
        (void)snprintf(reader->why, reader->why_bytes, "binary log filter, byte %zu: %s",
                       (size_t)(reader->at - reader->text), what);
    return MRPC_ERR_INVALID;
}

static bool name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

static size_t name_length(const char *text)
{
    size_t length = 0;
    while (name_character(text[length]))
        length++;
    return length;
}

/* A method, a service, or all. */
static int read_name(struct reader *reader, struct entry *entry)
{
    const char *begin = reader->at;
    if (*begin == '*') {
        entry->kind = KIND_ALL;
        reader->at++;
    } else {
        size_t service = name_length(begin);
        if (service == 0 || begin[service] != '/')
            return complain(reader, "Service/Method, Service/* or * is expected");
        bool whole = begin[service + 1] == '*';
        size_t method = whole ? 1 : name_length(begin + service + 1);
        if (method == 0)
            return complain(reader, "a method's name or * is expected behind the service");
        entry->kind = whole ? KIND_SERVICE : KIND_METHOD;
        reader->at += service + 1 + method;
    }
    size_t size = (size_t)(reader->at - begin) - (entry->kind == KIND_SERVICE ? 2 : entry->kind == KIND_ALL ? 1 : 0);
    entry->name = strndup(begin, size);
    return entry->name != NULL ? 0 : MRPC_ERR_NOMEM;
}

/* "h" or "m", and ":N". */
static int read_extent(struct reader *reader, char letter, uint64_t *bytes)
{
    if (*reader->at != letter)
        return complain(reader, letter == 'h' ? "h is expected" : "m is expected");
    reader->at++;
    *bytes = UINT64_MAX;
    if (*reader->at != ':')
        return 0;
    reader->at++;
    uint64_t number = 0;
    size_t digits = 0;
    for (; *reader->at >= '0' && *reader->at <= '9' && digits < 15; reader->at++, digits++)
        number = number * 10 + (uint64_t)(*reader->at - '0');
    if (digits == 0)
        return complain(reader, "a number of bytes is expected");
    *bytes = number;
    return 0;
}

static int read_braces(struct reader *reader, struct log_extent *extent)
{
    *extent = (struct log_extent){UINT64_MAX, UINT64_MAX};
    if (*reader->at != '{')
        return 0;
    reader->at++;
    *extent = (struct log_extent){0, 0};
    bool header = *reader->at == 'h';
    int error = read_extent(reader, header ? 'h' : 'm', header ? &extent->header_bytes : &extent->message_bytes);
    if (error == 0 && header && *reader->at == ';') {
        reader->at++;
        error = read_extent(reader, 'm', &extent->message_bytes);
    }
    if (error != 0)
        return error;
    if (*reader->at != '}')
        return complain(reader, "} is expected");
    reader->at++;
    return 0;
}

static bool known(const struct binary_log_filter *filter, const struct entry *entry)
{
    for (size_t i = 0; i < filter->count; i++)
        if (filter->entries[i].kind == entry->kind && strcmp(filter->entries[i].name, entry->name) == 0)
            return true;
    return false;
}

static int read_entry(struct reader *reader, struct binary_log_filter *filter)
{
    struct entry *entry = &filter->entries[filter->count];
    *entry = (struct entry){.excluded = *reader->at == '-'};
    reader->at += entry->excluded;
    int error = read_name(reader, entry);
    if (error == 0 && entry->excluded && entry->kind != KIND_METHOD)
        error = complain(reader, "only single methods may be left out");
    if (error == 0 && entry->excluded && *reader->at == '{')
        error = complain(reader, "what is left out has no extent");
    if (error == 0)
        error = read_braces(reader, &entry->extent);
    if (error == 0 && *reader->at != ',' && *reader->at != '\0')
        error = complain(reader, ", or the end is expected");
    if (error == 0 && known(filter, entry))
        error = complain(reader, "this was named before");
    if (error != 0) {
        free(entry->name);
        return error;
    }
    filter->count++;
    return 0;
}

static int read_entries(struct reader *reader, struct binary_log_filter *filter)
{
    for (;;) {
        if (filter->count == ENTRIES_MAX)
            return complain(reader, "there are too many entries");
        int error = read_entry(reader, filter);
        if (error != 0 || *reader->at == '\0')
            return error;
        reader->at++;
    }
}

int mrpc_binary_log_filter_parse(const char *text, struct binary_log_filter **out, char *why, size_t why_bytes)
{
    struct reader reader = {.text = text, .at = text, .why = why, .why_bytes = why_bytes};
    if (strnlen(text, TEXT_MAX_BYTES + 1) > TEXT_MAX_BYTES)
        return complain(&reader, "it is too long");
    struct binary_log_filter *filter = calloc(1, sizeof(*filter));
    if (filter != NULL)
        filter->entries = calloc(ENTRIES_MAX, sizeof(*filter->entries));
    int error = filter != NULL && filter->entries != NULL ? read_entries(&reader, filter) : MRPC_ERR_NOMEM;
    if (error != 0) {
        mrpc_binary_log_filter_free(filter);
        return error;
    }
    *out = filter;
    return 0;
}

void mrpc_binary_log_filter_free(struct binary_log_filter *filter)
{
    if (filter == NULL)
        return;
    for (size_t i = 0; i < filter->count; i++)
        free(filter->entries[i].name);
    free(filter->entries);
    free(filter);
}

static bool matches(const struct entry *entry, const char *name, size_t service_bytes)
{
    switch (entry->kind) {
    case KIND_METHOD:
        return strcmp(entry->name, name) == 0;
    case KIND_SERVICE:
        return strlen(entry->name) == service_bytes && memcmp(entry->name, name, service_bytes) == 0;
    default:
        return true;
    }
}

const struct log_extent *mrpc_binary_log_filter_find(const struct binary_log_filter *filter, const char *path)
{
    if (filter == NULL)
        return NULL;
    const char *name = path + 1;
    const char *slash = strrchr(name, '/');
    const struct entry *best = NULL;
    for (size_t i = 0; slash != NULL && i < filter->count; i++) {
        const struct entry *entry = &filter->entries[i];
        if ((best == NULL || entry->kind < best->kind) && matches(entry, name, (size_t)(slash - name)))
            best = entry;
    }
    return best != NULL && !best->excluded ? &best->extent : NULL;
}
