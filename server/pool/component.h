/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_POOL_COMPONENT_H
#define MLT_POOL_COMPONENT_H

#include "container/component.h"

/** Needs "config"; gives a struct thread_pool. */
extern const struct component thread_pool_component;
/** Needs "config", "log" and "bus"; gives a struct process_pool. */
extern const struct component process_pool_component;
/** Its loop, for who watches "loop[]". Needs "process_pool". */
extern const struct component process_pool_watched_component;

#endif
