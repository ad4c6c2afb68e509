/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_TRACE_COMPONENT_H
#define MLT_TRACE_COMPONENT_H

#include "container/component.h"

/** "traces": the struct trace_ring of the server, as large as the key traces.kept says. Needs "config"; everybody who
 *  works for a call may hold it, so it is made first and ended last. */
extern const struct component traces_component;

/** The views "call" (one trace as a sequence) and "calls" (which there are). Need "traces". */
extern const struct component call_scene_component, calls_scene_component;

#endif
