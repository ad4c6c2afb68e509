/* SPDX-License-Identifier: Apache-2.0 */
#include "web/routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/error.h>

#define BODY_BYTES_DEFAULT (1u << 20)

static bool method_valid(const char *method)
{
    return method == NULL || (method[0] != '\0' && method[strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0');
}

static bool path_valid(const char *path)
{
    if (path == NULL || path[0] != '/')
        return false;
    for (; *path != '\0'; path++)
        if (*path <= 0x20 || *path >= 0x7f || *path == '?' || *path == '#')
            return false;
    return true;
}

static bool same_method(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool taken(const struct route_table *table, const struct mrpc_web_route *route)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct web_route *entry = &table->entries[i];
        if (entry->prefix == route->prefix && strcmp(entry->path, route->path) == 0 &&
            same_method(entry->method, route->method))
            return true;
    }
    return false;
}

int mrpc_routes_add(struct route_table *table, const struct mrpc_web_route *route)
{
    if (!method_valid(route->method) || !path_valid(route->path) || route->handle == NULL || taken(table, route))
        return MRPC_ERR_INVALID;
    struct web_route *larger = realloc(table->entries, (table->count + 1) * sizeof(*larger));
    if (larger == NULL)
        return MRPC_ERR_NOMEM;
    table->entries = larger;
    struct web_route *entry = &larger[table->count];
    *entry = (struct web_route){
        .method = route->method != NULL ? strdup(route->method) : NULL,
        .path = strdup(route->path),
        .path_bytes = strlen(route->path),
        .prefix = route->prefix,
        .body_bytes = route->body_bytes > 0 ? route->body_bytes : BODY_BYTES_DEFAULT,
        .timeout_ms = route->timeout_ms,
        .handle = route->handle,
        .self = route->self,
    };
    if (entry->path == NULL || (route->method != NULL && entry->method == NULL)) {
        free(entry->method);
        free(entry->path);
        return MRPC_ERR_NOMEM;
    }
    table->count++;
    return 0;
}

static bool path_matches(const struct web_route *route, const char *path, size_t path_bytes)
{
    if (route->prefix ? path_bytes < route->path_bytes : path_bytes != route->path_bytes)
        return false;
    return memcmp(path, route->path, route->path_bytes) == 0;
}

static bool method_matches(const struct web_route *route, const char *method)
{
    return route->method == NULL || strcmp(route->method, method) == 0 ||
           (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0);
}

static size_t path_size(const char *path, size_t path_bytes)
{
    const char *query = memchr(path, '?', path_bytes);
    return query != NULL ? (size_t)(query - path) : path_bytes;
}

static bool better(const struct web_route *route, const struct web_route *than)
{
    if (than == NULL || route->prefix != than->prefix)
        return than == NULL || !route->prefix;
    if (route->path_bytes != than->path_bytes)
        return route->path_bytes > than->path_bytes;
    return route->method != NULL && than->method == NULL;
}

const struct web_route *mrpc_routes_find(const struct route_table *table, const char *method, const char *path,
                                         size_t path_bytes, bool *path_known)
{
    const struct web_route *found = NULL;
    path_bytes = path_size(path, path_bytes);
    *path_known = false;
    for (size_t i = 0; i < table->count; i++) {
        const struct web_route *route = &table->entries[i];
        if (!path_matches(route, path, path_bytes))
            continue;
        *path_known = true;
        if (method_matches(route, method) && better(route, found))
            found = route;
    }
    return found;
}

void mrpc_routes_allowed(const struct route_table *table, const char *path, size_t path_bytes, char *out, size_t size)
{
    size_t used = 0;
    path_bytes = path_size(path, path_bytes);
    out[0] = '\0';
    for (size_t i = 0; i < table->count && used < size; i++) {
        const struct web_route *route = &table->entries[i];
        if (route->method == NULL || !path_matches(route, path, path_bytes))
            continue;
        bool get = strcmp(route->method, "GET") == 0;
        used += (size_t)snprintf(out + used, size - used, "%s%s%s", used > 0 ? ", " : "", route->method,
                                 get ? ", HEAD" : "");
    }
}

void mrpc_routes_fini(struct route_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        free(table->entries[i].method);
        free(table->entries[i].path);
    }
    free(table->entries);
    *table = (struct route_table){0};
}
