/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_TRACE_SCENE_H
#define MLT_TRACE_SCENE_H

#include "scene/scene.h"

struct fault;

/* What the ring holds as scenes; @self is a struct trace_ring. Signatures of scene_source.snapshot. */

/** @argument: a trace id (32 hexadecimal digits), "latest", or "slow" for the newest one of the slow. All calls of the
 *  trace that are kept are one sequence. Errors: NOT_FOUND, RESOURCE_EXHAUSTED. */
int trace_scene_call(void *self, const char *argument, struct scene **out, struct fault *fault);

int trace_scene_calls(void *self, const char *argument, struct scene **out, struct fault *fault);

#endif
