/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_HTTP_SD_QUERY_H
#define REGISTRY_HTTP_SD_QUERY_H

#include "registry/filter.h"

/* What is asked of /v1/http_sd[/NAMESPACE[/SERVICE]][?tag=T&protocol=P&healthy=true]. Pure. */

enum { HTTP_SD_TAGS_MAX = 16 };

#define HTTP_SD_PATH "/v1/http_sd"

struct http_sd_query {
    char namespace_name[129]; /* "" for all */
    char service[129];        /* "" for all */
    char protocol[33];        /* "" when none was given */
    bool healthy_only;
    size_t tag_count;
    char tags[HTTP_SD_TAGS_MAX][65];
    char *tag_list[HTTP_SD_TAGS_MAX]; /* `filter` points here */
    PB(InstanceFilter) filter;
};

/** Stays where it is filled in: it points into itself. Errors: INVALID_ARGUMENT saying which part is wrong. */
int http_sd_query_read(struct http_sd_query *query, const char *path, const char *text,
                       struct fault *fault) MRPC_MUST_USE;

#endif
