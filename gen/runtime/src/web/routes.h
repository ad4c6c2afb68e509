/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_WEB_ROUTES_H
#define MRPC_WEB_ROUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/web.h>

#include "web/rules.h"

/** One registered route. */
struct web_route {
    char *method;         /* NULL: any */
    char *path;
    size_t path_bytes;
    bool prefix;
    uint32_t body_bytes;
    uint32_t timeout_ms;
    void (*handle)(void *self, struct mrpc_web *web);
    void *self;
};

/** Routes, filled before the start and only read afterwards. They are few, so they are looked through. */
struct route_table {
    struct web_route *entries;
    size_t count;
};

/** What a server owes the web: fixed once it has started; shared by its sessions. */
struct session_web {
    bool http1;                   /* speak HTTP/1.1 to those who do not say the HTTP/2 preface */
    struct web_rules rules;
    struct route_table routes;
    bool (*admit)(void *arg, struct mrpc_web *web); /* NULL: everybody */
    void *admit_arg;
};

/** Errors: MRPC_ERR_INVALID when that method and path are there, or one of them is malformed; MRPC_ERR_NOMEM. */
int mrpc_routes_add(struct route_table *table, const struct mrpc_web_route *route) MRPC_MUST_USE;
/** An exact path before a prefix, a longer prefix before a shorter one; HEAD is served by GET. NULL when there is none:
 *  *@path_known then says whether another method would have found one. @path ends at a '?', if it has one. */
const struct web_route *mrpc_routes_find(const struct route_table *table, const char *method, const char *path,
                                         size_t path_bytes, bool *path_known);
/** "GET, HEAD, POST" for that path, in @out. */
void mrpc_routes_allowed(const struct route_table *table, const char *path, size_t path_bytes, char *out, size_t size);
void mrpc_routes_fini(struct route_table *table);

#endif
