/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_DEFINITION_H
#define REGISTRY_DEFINITION_H

#include "registry/instance.h"

/** Make an instance of what a client sent: check every field, fill in the defaults, sort tags and metadata, drop what
 * is output only. Thread: any. Errors: INVALID_ARGUMENT naming the field ("instance.checks[1].http.path"),
 *  RESOURCE_EXHAUSTED. */
int registry_definition_take(const PB(Instance) * source, const char *peer, struct registry_instance **out,
                             struct fault *fault) MRPC_MUST_USE;

enum { REGISTRY_CHECKS_MAX = 8 };

/** Which fields an update names, as a set of bits for the next function. Errors: INVALID_ARGUMENT naming
 *  update_mask. */
int registry_update_mask_take(const Google__Protobuf__FieldMask *mask, uint32_t *fields,
                              struct fault *fault) MRPC_MUST_USE;

/** @before with those @fields of @changes. Checks whose target was the first endpoint follow it when endpoints change
 *  and checks do not. Thread: any. Errors: as registry_definition_take(). */
int registry_definition_update(const struct registry_instance *before, const PB(Instance) * changes, uint32_t fields,
                               struct registry_instance **out, struct fault *fault) MRPC_MUST_USE;

#endif
