/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_IDENTIFIER_H
#define REGISTRY_IDENTIFIER_H

#include <stdbool.h>
#include <stddef.h>

#include "fault/fault.h"
#include "registry/message.h"

/** [A-Za-z0-9._-]{1,most}: the one grammar of names; what passes is safe in keys, logs and pages. */
bool registry_identifier_valid(const char *text, size_t most);
/** "default" for "". */
const char *registry_namespace(const char *namespace_name);
/** Check a key; errors name @field.service and so on. */
int registry_key_check(const PB(InstanceKey) * key, const char *field, struct fault *fault) MRPC_MUST_USE;

#endif
