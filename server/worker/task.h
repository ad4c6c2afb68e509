/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_WORKER_TASK_H
#define MLT_WORKER_TASK_H

#include <mrpc/arena.h>

#include <worker.mrpc.h>

#include "worker/control.h"
#include "worker/model_shelf.h"
#include "worker/plugin_file.h"
#include "worker/process_state.h"
#include "worker/table_span.h"

/* One task in a plugin's hands, from its message to its result. */

/** What a worker works with, for as long as it lives. */
struct worker_bench {
    struct plugin_shelf *shelf;
    struct model_shelf *models;
    const char *const *folders;
    size_t folder_count;
    uint32_t threads;
    uint32_t poll_us; /* for the next message, before sleeping; 0: not at all */
    struct worker_control *control;
    const uint8_t *input;
    size_t input_bytes;
    uint8_t *output;
    size_t output_bytes;
    size_t output_used; /* by results that the server may not have read yet */
    struct process_state state; /* as each task finds it */
    char *nest; /* for small allocations of a task (host.h); NULL: all come from the heap */
};

/** Run @task; @result, which comes initialised, gets everything, with memory of @arena. Results larger than the output
 *  memory end with RESOURCE_EXHAUSTED. */
void task_run(struct worker_bench *bench, const Mltrainer__Worker__Task *task, struct mrpc_arena *arena,
              Mltrainer__Worker__Result *result);

/** Describe a plugin. Errors: RESOURCE_EXHAUSTED. */
int task_describe(const struct mltrainer_plugin *plugin, struct mrpc_arena *arena,
                  Mltrainer__Worker__Description **out, struct fault *fault);

#endif
