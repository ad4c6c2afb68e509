/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_DEFINITION_H
#define REGISTRY_DEFINITION_H

#include "registry/instance.h"

/** Make an instance of what a client sent: check every field, fill in the defaults, sort tags and metadata, drop what
 * is output only. Thread: any. Errors: INVALID_ARGUMENT naming the field ("instance.checks[1].http.path"),
 *  RESOURCE_EXHAUSTED. */
int registry_definition_take(const PB(Instance) * source, const char *peer, struct registry_instance **out,
                             struct fault *fault) MRPC_MUST_USE;

#endif
