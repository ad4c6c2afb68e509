/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTCTL_REGISTRY_FILTER_H
#define MLTCTL_REGISTRY_FILTER_H

#include <mltrainer/registry/v1/registry.mrpc.h>

#include "cli.h"

/* The options that say which instances are meant, alike in ls, discover and watch. */

#define REGISTRY_FILTER_OPTIONS                                                                                        \
    {"version", "RANGE", "only versions in it: \">=1.2 <2\", 1.4.2, 1"},                                               \
        {"zone", "ZONE", "only of this zone; may be repeated: one of them"},                                           \
        {"tag", "TAG", "only with this tag; may be repeated: all of them"},                                            \
        {"metadata", "KEY[=TEXT]", "only with this key, or key and text (KEY:=VALUE: number, true, false); repeated"}, \
        {"health", "STATE", "only healthy, unhealthy or unknown; may be repeated: one of them"},                       \
        {"protocol", "NAME", "only with an endpoint that speaks it"}

enum { REGISTRY_CONDITIONS_MAX = 16 };

/** The filter and all that it points to. */
struct registry_filter {
    Mltrainer__Registry__V1__InstanceFilter filter;
    char *zones[REGISTRY_CONDITIONS_MAX];
    char *tags[REGISTRY_CONDITIONS_MAX];
    Mltrainer__Registry__V1__MetadataMatch matches[REGISTRY_CONDITIONS_MAX], *metadata[REGISTRY_CONDITIONS_MAX];
    Mltrainer__Registry__V1__MetadataValue values[REGISTRY_CONDITIONS_MAX];
    char keys[REGISTRY_CONDITIONS_MAX][132];
    Mltrainer__Registry__V1__HealthState states[REGISTRY_CONDITIONS_MAX];
};

/** Read the options. Returns the filter, or NULL when none was given. Exits with CLI_USAGE. */
Mltrainer__Registry__V1__InstanceFilter *registry_filter_read(const struct cli_arguments *arguments,
                                                              struct registry_filter *out);

#endif
