/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/audit.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/config.h"
#include "config/reloadable.h"

/* Key and head stay in the data folder, wherever the file is. */
static int create(void *const *needs, void **out, struct fault *fault)
{
    const struct config *config = needs[0];
    const char *folder = config_text(config, "data_dir"), *asked = config_text(config, "audit.file");
    char file[PATH_MAX], key[PATH_MAX], head[PATH_MAX];
    snprintf(file, sizeof file, "%s/audit.log", folder);
    snprintf(key, sizeof key, "%s/audit.key", folder);
    snprintf(head, sizeof head, "%s/audit.head", folder);
    const struct audit_options options = {
        .file = !config_switch(config, "audit.log") ? NULL : asked ? asked : file,
        .key_file = key,
        .head_file = head,
        .rotate_bytes = (uint64_t)config_number(config, "audit.rotate"),
        .files = (unsigned)config_number(config, "audit.files"),
        .queue_lines = (uint32_t)config_number(config, "audit.queue"),
        .refused_a_second = (uint32_t)config_number(config, "audit.refused_per_second"),
        .log = needs[1],
    };
    struct audit *audit;
    int code = audit_new(&options, &audit, fault);
    if (!code)
        *out = audit;
    return code;
}

static void destroy(void *instance)
{
    audit_free(instance);
}

static const char *const needs[] = {"config", "log", NULL};

const struct component audit_component = {
    .name = "audit",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = needs,
    .create = create,
    .destroy = destroy,
};

static int reload(void *self, const char **done, struct fault *fault)
{
    *done = "the audit log's file is open anew";
    return audit_reopen(self, fault);
}

static int create_reload(void *const *given, void **out, struct fault *fault)
{
    struct reloadable *part = malloc(sizeof *part);
    if (!part)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *part = (struct reloadable){.name = "audit", .reload = reload, .self = given[0]};
    *out = part;
    return 0;
}

static const char *const reload_needs[] = {"audit", NULL};

const struct component audit_reload_component = {
    .name = "audit_reload",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = reload_needs,
    .create = create_reload,
    .destroy = free,
    .provides = "reloadable",
    .key = "audit",
};
