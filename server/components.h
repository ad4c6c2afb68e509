/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_COMPONENTS_H
#define MLT_COMPONENTS_H

#include "admin/control.h"
#include "container/container.h"

/* The table of everything that the server is made of. */

/** Add every component to @container, which already holds the values "config", "log" and "control". */
int components_add(struct container *container, struct fault *fault) MRPC_MUST_USE;

/** Read again what can be; returns how many results were written. May block. */
size_t components_reload(struct container *container, struct admin_reload_result *results, size_t capacity);

#endif
