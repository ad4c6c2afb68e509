/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_FILTER_H
#define REGISTRY_FILTER_H

#include <stdbool.h>

#include "registry/instance.h"

/* InstanceFilter, checked once and then applied. Pure. */

/** Errors: INVALID_ARGUMENT naming "filter.…". NULL is a filter that everything passes. */
int registry_filter_check(const PB(InstanceFilter) * filter, struct fault *fault) MRPC_MUST_USE;

/** Whether @instance passes; @filter has been checked. @healthy_only: without states given, HEALTHY ones;
 *  in any case only those that may get new work (registry_instance_in_service()). */
bool registry_filter_match(const PB(InstanceFilter) * filter, const struct registry_instance *instance,
                           bool healthy_only);

/** The same for Discover when nobody is HEALTHY: those that are held. Never when @filter names states: they say all. */
bool registry_filter_match_held(const PB(InstanceFilter) * filter, const struct registry_instance *instance);

/** Does @version satisfy @range (">=1.2 <2", "=1.4.2", "1")? False for a version that is none. */
bool registry_version_in_range(const char *version, const char *range);
bool registry_version_range_valid(const char *range);

#endif
