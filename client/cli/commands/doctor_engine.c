/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <mltrainer/execution/v1/execution.mrpc.h>

#include "commands/doctor.h"

/* What runs models: plugins that are kept away, workers that were lost, a full queue, jobs that do not end. */

enum { PAGES_MAX = 20, NAMED_MAX = 8, PERCENT_NEAR = 80 };

#define STATE(name) MLTRAINER__EXECUTION__V1__JOB_STATE__JOB_STATE_##name

/* Is there a model that only the plugin keeps away? There are families of models that are not available by themselves,
 * and have no code. */
static bool is_missed(struct doctor *doctor, const Mltrainer__Execution__V1__Plugin *plugin)
{
    Mltrainer__Execution__V1__ListModelsRequest request = MLTRAINER__EXECUTION__V1__LIST_MODELS_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(doctor->cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.family = plugin->family;
    request.page_size = 1000;
    const Mltrainer__Execution__V1__ListModelsResponse *response =
        mltrainer__execution__v1__execution_service__list_models(doctor->cli->channel, &options, &request, &reply);
    bool missed = !response || response->n_models == 0;
    for (size_t i = 0; response && !missed && i < response->n_models; i++)
        missed = strcmp(response->models[i]->unavailable_reason, plugin->state_reason) == 0;
    mrpc_reply_fini(&reply);
    return missed;
}

static void look_at_plugins(struct doctor *doctor)
{
    Mltrainer__Execution__V1__ListPluginsRequest request = MLTRAINER__EXECUTION__V1__LIST_PLUGINS_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(doctor->cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    size_t bad = 0;
    request.page_size = 1000;
    const Mltrainer__Execution__V1__ListPluginsResponse *response =
        mltrainer__execution__v1__execution_service__list_plugins(doctor->cli->channel, &options, &request, &reply);
    if (!response)
        doctor_find_failure(doctor, "plugins", &reply.status);
    for (size_t i = 0; response && i < response->n_plugins; i++) {
        const Mltrainer__Execution__V1__Plugin *plugin = response->plugins[i];
        bool away = plugin->state == MLTRAINER__EXECUTION__V1__PLUGIN_STATE__PLUGIN_STATE_QUARANTINED;
        bool refused = plugin->state == MLTRAINER__EXECUTION__V1__PLUGIN_STATE__PLUGIN_STATE_REFUSED;
        if (!away && !(refused && is_missed(doctor, plugin)))
            continue;
        if (bad++ >= NAMED_MAX)
            continue;
        doctor_find(doctor, away ? DOCTOR_ERROR : DOCTOR_WARNING, "plugins",
                    away ? "mend the plugin, then mltctl plugins reload" : "build it for this server, or take it away",
                    "%s is %s: %s", plugin->family, away ? "quarantined" : "refused", plugin->state_reason);
    }
    if (bad > NAMED_MAX)
        doctor_find(doctor, DOCTOR_WARNING, "plugins", "mltctl plugins ls names them all",
                    "%zu more of %zu do not load", bad - NAMED_MAX, response->n_plugins);
    else if (response && bad == 0)
        doctor_find(doctor, DOCTOR_OK, "plugins", "", "all load that have code, of %zu families", response->n_plugins);
    mrpc_reply_fini(&reply);
}

static void look_at_queue(struct doctor *doctor, const Mltrainer__Execution__V1__GetEngineResponse *engine)
{
    uint64_t waiting = 0;
    for (size_t i = 0; i < engine->n_jobs; i++)
        if (engine->jobs[i]->state == STATE(QUEUED) || engine->jobs[i]->state == STATE(WAITING))
            waiting += engine->jobs[i]->count;
    bool near = engine->queue_limit && waiting * 100 >= engine->queue_limit * PERCENT_NEAR;
    doctor_find(doctor, near ? DOCTOR_WARNING : DOCTOR_OK, "queue",
                "more execution.workers, or a larger execution.queue", "%" PRIu64 " of %" PRIu64 " jobs wait",
                waiting, engine->queue_limit);
}

static void look_at_workers(struct doctor *doctor)
{
    Mltrainer__Execution__V1__GetEngineRequest request = MLTRAINER__EXECUTION__V1__GET_ENGINE_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(doctor->cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const Mltrainer__Execution__V1__GetEngineResponse *engine =
        mltrainer__execution__v1__execution_service__get_engine(doctor->cli->channel, &options, &request, &reply);
    if (!engine) {
        doctor_find_failure(doctor, "workers", &reply.status);
    } else {
        doctor->idle_workers = engine->workers > engine->workers_busy ? engine->workers - engine->workers_busy : 0;
        doctor_find(doctor, engine->workers_lost ? DOCTOR_WARNING : DOCTOR_OK, "workers",
                    "the log names the task that each was at",
                    "%u of %u are busy, %" PRIu64 " were lost since the start", engine->workers_busy,
                    engine->workers, engine->workers_lost);
        look_at_queue(doctor, engine);
    }
    mrpc_reply_fini(&reply);
}

struct stuck {
    size_t count;
    char id[64]; /* of one */
    int64_t longest_s;
};

/* A job that waits is stuck only where a worker has nothing to do. */
static void judge(const struct doctor *doctor, const Mltrainer__Execution__V1__Job *job, struct stuck *stuck)
{
    bool runs = job->state == STATE(RUNNING) || job->state == STATE(CANCELLING);
    const Google__Protobuf__Timestamp *since = runs ? job->start_time : job->create_time;
    int64_t age_s = since ? (int64_t)time(NULL) - since->seconds : 0;
    if (age_s < doctor->stuck_after_s || (!runs && doctor->idle_workers == 0))
        return;
    if (stuck->count++ == 0 || age_s > stuck->longest_s) {
        stuck->longest_s = age_s;
        snprintf(stuck->id, sizeof stuck->id, "%s", job->id);
    }
}

static void look_at_jobs(struct doctor *doctor)
{
    static Mltrainer__Execution__V1__JobState states[] = {STATE(RUNNING), STATE(CANCELLING), STATE(QUEUED)};
    Mltrainer__Execution__V1__ListJobsRequest request = MLTRAINER__EXECUTION__V1__LIST_JOBS_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(doctor->cli);
    struct stuck stuck = {0};
    char token[512] = "";
    bool answered = true;
    request.states = states;
    request.n_states = sizeof states / sizeof *states;
    request.page_size = 1000;
    request.page_token = token;
    for (int page = 0; answered && page < PAGES_MAX && (page == 0 || *token); page++) {
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        const Mltrainer__Execution__V1__ListJobsResponse *response =
            mltrainer__execution__v1__execution_service__list_jobs(doctor->cli->channel, &options, &request, &reply);
        answered = response != NULL;
        if (!response)
            doctor_find_failure(doctor, "jobs", &reply.status);
        for (size_t i = 0; response && i < response->n_jobs; i++)
            judge(doctor, response->jobs[i], &stuck);
        snprintf(token, sizeof token, "%s", response ? response->next_page_token : "");
        mrpc_reply_fini(&reply);
    }
    if (stuck.count)
        doctor_find(doctor, DOCTOR_WARNING, "jobs",
                    "mltctl jobs get ID says what it does, mltctl jobs cancel ID ends it",
                    "%zu do not end; %s for %" PRId64 " h",
                    stuck.count, stuck.id, stuck.longest_s / 3600);
    else if (answered)
        doctor_find(doctor, DOCTOR_OK, "jobs", "", "none is older than it should be");
}

void doctor_ask_engine(struct doctor *doctor)
{
    look_at_plugins(doctor);
    look_at_workers(doctor);
    look_at_jobs(doctor);
}
