/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_SERVICE_CONFIG_PARSE_H
#define MRPC_CLIENT_SERVICE_CONFIG_PARSE_H

#include "client/service_config.h"

/* A service config in memory, as service_config_parse.c fills it and service_config.c reads it. */

struct mrpc_config_name {
    char *path; /* "/Service/Method", "/Service/", "" for all */
    size_t method_index;
};

struct mrpc_service_config {
    struct mrpc_method_config *methods;
    size_t method_count;
    struct mrpc_config_name *names; /* sorted by path */
    size_t name_count;
    struct mrpc_retry_throttling throttling;
    bool has_balancing;
    struct mrpc_lb_choice choice;
};

/** Fill @config, which is zero. On failure it is to be freed all the same. Errors: as mrpc_service_config_check(). */
int mrpc_service_config_read(const char *json, size_t size, struct mrpc_service_config *config, char *why,
                             size_t why_bytes) MRPC_MUST_USE;

#endif
