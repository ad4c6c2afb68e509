/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/service.h"

static int run(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    API(GetEngineResponse) *response = command->response;
    const struct jobs *jobs = &command->engine->jobs;
    uint64_t counts[JOB_STATES] = {0};
    for (size_t i = 0; i < jobs->count; i++)
        counts[jobs->items[i]->state]++;
    response->jobs = mrpc_arena_calloc(arena, JOB_STATES, sizeof *response->jobs);
    for (int state = 1; response->jobs && state < JOB_STATES; state++) {
        if (job_state_is_final(state) || !counts[state])
            continue;
        API(StateCount) *count = API_NEW(arena, StateCount, state_count);
        if (!count)
            break;
        count->state = (API(JobState))state;
        count->count = counts[state];
        response->jobs[response->n_jobs++] = count;
    }
    struct execution_stats stats;
    execution_snapshot(command->engine, &stats);
    response->workers = stats.workers;
    response->workers_busy = stats.workers_busy;
    response->workers_lost = stats.workers_lost;
    response->threads = stats.threads;
    response->threads_busy = stats.threads_busy;
    response->queue_limit = stats.queue_limit;
    response->models = stats.models;
    response->models_available = stats.models_available;
    return 0;
}

METHOD(get_engine, GetEngine)
{
    return command_post(self, call, request, response, run);
}
