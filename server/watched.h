/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_WATCHED_H
#define MLT_WATCHED_H

#include "container/component.h"

/** "watchdog", a struct watchdog with the keys watchdog and memory.limit. Needs "config" and "log". */
extern const struct component watchdog_component;

/** Has it watch every domain loop. Needs "watchdog" and all that provide "loop". The api has its connection loops
 *  watched. */
extern const struct component watched_loops_component;

#endif
