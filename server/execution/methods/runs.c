/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "execution/run/run.h"
#include "execution/service.h"

/* GetRun, ListRuns, CompareRuns: they read the store alone, on the thread pool, and ask the loop nothing. */

enum { COMPARED_MOST = 100 };

struct reading {
    struct thread_task task;
    struct store *store;
    struct mrpc_call *call;
    const void *request;
    void *response;
    int (*read)(struct reading *reading, struct mrpc_arena *arena, struct fault *fault);
};

static void work(struct thread_task *task)
{
    struct reading *reading = (struct reading *)task;
    struct fault fault = FAULT_INIT;
    int code = reading->read(reading, mrpc_call_arena(reading->call), &fault) ? fault_answer(reading->call, &fault) : 0;
    mrpc_call_finish(reading->call, code, code ? NULL : reading->response);
}

static int post(struct execution *engine, struct mrpc_call *call, const void *request, void *response,
                int (*read)(struct reading *reading, struct mrpc_arena *arena, struct fault *fault))
{
    struct fault fault = FAULT_INIT;
    struct reading *reading = mrpc_arena_calloc(mrpc_call_arena(call), 1, sizeof *reading);
    if (!reading)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *reading = (struct reading){.task.work = work,
                                .store = engine->store,
                                .call = call,
                                .request = request,
                                .response = response,
                                .read = read};
    return thread_pool_submit(engine->threads, &reading->task, &fault) ? fault_answer(call, &fault) : MRPC_PENDING;
}

static int read_one(struct reading *reading, struct mrpc_arena *arena, struct fault *fault)
{
    const API(GetRunRequest) *request = reading->request;
    return run_read(reading->store, request->id, arena, &((API(GetRunResponse) *)reading->response)->run, fault);
}

static int read_page(struct reading *reading, struct mrpc_arena *arena, struct fault *fault)
{
    return runs_page(reading->store, reading->request, arena, reading->response, fault);
}

static int read_several(struct reading *reading, struct mrpc_arena *arena, struct fault *fault)
{
    const API(CompareRunsRequest) *request = reading->request;
    API(CompareRunsResponse) *response = reading->response;
    if (request->n_ids < 2 || request->n_ids > COMPARED_MOST)
        return fault_field(fault, "ids", "%zu identifiers; 2 to %d are wanted", request->n_ids, COMPARED_MOST);
    response->runs = mrpc_arena_calloc(arena, request->n_ids, sizeof *response->runs);
    if (!response->runs)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    for (; response->n_runs < request->n_ids; response->n_runs++)
        if (run_read(reading->store, request->ids[response->n_runs], arena, &response->runs[response->n_runs], fault))
            return fault->code;
    return runs_compare(response->runs, response->n_runs, arena, response, fault);
}

METHOD(get_run, GetRun)
{
    return post(self, call, request, response, read_one);
}

METHOD(list_runs, ListRuns)
{
    return post(self, call, request, response, read_page);
}

METHOD(compare_runs, CompareRuns)
{
    return post(self, call, request, response, read_several);
}
