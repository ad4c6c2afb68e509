/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXECUTION_SCENE_H
#define EXECUTION_SCENE_H

#include "execution/execution.h"
#include "execution/picture.h"
#include "pool/process/process_pool.h"
#include "scene/scene_source.h"

/** The view "execution": queue and running jobs, pools with their workers, models by family. Needs "execution". */
extern const struct component execution_scene_component;

/** The view "pipeline:ID", of the newest 16. Needs "execution". */
extern const struct component pipeline_scene_component;
/** @picture may be NULL. Thread: any. Errors: NOT_FOUND, RESOURCE_EXHAUSTED. */
int execution_pipeline_scene(const struct execution_picture *picture, const char *id, struct scene **out,
                             struct fault *fault);

/** What the scene is made of. */
struct execution_scene_family {
    const char *name;
    unsigned models, available;
    unsigned withheld; /* of them, those whose configuration says that they cannot be used: no fault of theirs */
};
struct execution_scene_parts {
    struct execution_stats stats;
    const struct execution_picture *picture; /* may be NULL */
    const struct process_worker *workers;
    unsigned worker_count;
    const struct execution_scene_family *families;
    size_t family_count;
};
/** Up to 64 workers and 32 running jobs have a card each; the rest is counted. Thread: any. Errors:
 *  RESOURCE_EXHAUSTED. */
int execution_scene(const struct execution_scene_parts *parts, struct scene **out, struct fault *fault);

#endif
