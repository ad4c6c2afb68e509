/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_OPERATION_COMPONENT_H
#define MLT_EXECUTION_OPERATION_COMPONENT_H

#include "container/component.h"

/* Each attempt of a job and each call that computes is a scope of the container: an operation, and what is made for it
 * alone. */

/** The memory of one operation, struct mrpc_arena. Scoped. */
extern const struct component operation_arena_component;
/** Factory of struct operation. Needs "operation_arena". */
extern const struct component operation_component;

#endif
