/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "execution/service.h"

/* Reading the files waits for the disk: on the thread pool, then the answer from what was published. */
struct reload {
    struct thread_task task;
    struct execution *engine;
    struct mrpc_call *call;
    API(ReloadPluginsResponse) * response;
    struct fault fault;
};

static void work(struct thread_task *task)
{
    struct reload *reload = (struct reload *)task;
    if (execution_reload(reload->engine, &reload->fault) == MRPC_INVALID_ARGUMENT)
        reload->fault.code = MRPC_FAILED_PRECONDITION; /* the server's files are wrong, not the request */
}

/* On the loop, behind the publication that work() has posted. */
static void done(struct thread_task *task)
{
    struct reload *reload = (struct reload *)task;
    struct execution_stats stats;
    execution_snapshot(reload->engine, &stats);
    struct catalog *catalog = execution_catalog(reload->engine);
    reload->response->model_count = stats.models;
    reload->response->unavailable_count = stats.models - stats.models_available;
    reload->response->generation = catalog->generation;
    snapshot_release(&catalog->snapshot);
    int code = reload->fault.code ? fault_answer(reload->call, &reload->fault) : 0;
    mrpc_call_finish(reload->call, code, code ? NULL : &reload->response->base);
}

METHOD(reload_plugins, ReloadPlugins)
{
    struct execution *engine = self;
    struct fault fault = FAULT_INIT;
    struct reload *reload = mrpc_arena_calloc(mrpc_call_arena(call), 1, sizeof *reload);
    if (!reload)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *reload = (struct reload){.task = {.work = work, .done = done, .reply_loop = engine->loop},
                              .engine = engine,
                              .call = call,
                              .response = response};
    return thread_pool_submit(engine->threads, &reload->task, &fault) ? fault_answer(call, &fault) : MRPC_PENDING;
}
