/* SPDX-License-Identifier: Apache-2.0 */
#include "client/service_config.h"

#include <stdlib.h>
#include <string.h>

#include "client/service_config_parse.h"

static const struct mrpc_method_config plain = {
    .timeout_ms = INT64_MAX, .request_bytes = SIZE_MAX, .response_bytes = SIZE_MAX, .max_attempts = 1};

int mrpc_service_config_parse(const char *json, size_t size, char *why, size_t why_bytes,
                              struct mrpc_service_config **out)
{
    struct mrpc_service_config *config = calloc(1, sizeof *config);
    if (!config)
        return MRPC_ERR_NOMEM;
    int error = mrpc_service_config_read(json, size, config, why, why_bytes);
    if (error) {
        mrpc_service_config_free(config);
        return error;
    }
    *out = config;
    return 0;
}

void mrpc_service_config_free(struct mrpc_service_config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config->name_count; i++)
        free(config->names[i].path);
    free(config->names);
    free(config->methods);
    free(config);
}

/* The first @size bytes of @path, and a NUL there. */
static int compare(const char *path, size_t size, const char *name)
{
    int order = strncmp(path, name, size);
    return order ? order : -(name[size] != '\0');
}

static const struct mrpc_method_config *find(const struct mrpc_service_config *config, const char *path, size_t size)
{
    size_t low = 0, high = config->name_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(path, size, config->names[middle].path);
        if (order == 0)
            return &config->methods[config->names[middle].method_index];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct mrpc_method_config *mrpc_service_config_method(const struct mrpc_service_config *config,
                                                            const char *path)
{
    if (!config || config->name_count == 0)
        return &plain;
    const char *slash = strrchr(path, '/');
    const struct mrpc_method_config *found = find(config, path, strlen(path));
    if (!found && slash)
        found = find(config, path, (size_t)(slash + 1 - path));
    if (!found)
        found = find(config, path, 0);
    return found ? found : &plain;
}

struct mrpc_retry_throttling mrpc_service_config_throttling(const struct mrpc_service_config *config)
{
    return config ? config->throttling : (struct mrpc_retry_throttling){0};
}

struct mrpc_lb_choice mrpc_service_config_balancing(const struct mrpc_service_config *config,
                                                    struct mrpc_lb_choice choice)
{
    if (!config)
        return choice;
    enum mrpc_balancing otherwise = choice.balancing;
    choice = config->choice;
    if (!config->has_balancing)
        choice.balancing = otherwise;
    return choice;
}

int mrpc_service_config_check(const char *json, char *why, size_t why_bytes)
{
    struct mrpc_service_config *config;
    int error = mrpc_service_config_parse(json, strlen(json), why, why_bytes, &config);
    if (!error)
        mrpc_service_config_free(config);
    return error;
}
