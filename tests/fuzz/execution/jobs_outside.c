/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "execution/engine.h"
#include "execution/dataset/message.h"
#include "execution/job/job.h"
#include "execution/picture.h"
#include "execution/restore.h"
#include "execution/run/run.h"
#include "execution/tune/tune.h"
#include "fuzzer.h"
#include "jobs_world.h"

/* What jobs ask of the rest of the engine, in short: every job computes, any name may be given, nobody is told of ends.
 * What a world without trainings and webhooks never asks ends the program. */

int64_t config_number(const struct config *config, const char *name)
{
    static const struct {
        const char *name;
        int64_t value;
    } numbers[] = {{"execution.queue", WORLD_QUEUE_LIMIT},
                   {"retention.jobs", WORLD_JOBS_KEPT},
                   {"retention.jobs_age", WORLD_JOBS_AGE_MS}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (strcmp(name, numbers[i].name) == 0)
            return numbers[i].value;
    return 100;
}

int job_bind(struct operation *operation, const API(JobSpec) * spec, const char *field, struct fault *fault)
{
    return 0;
}

API(JobKind) job_kind(const API(JobSpec) * spec)
{
    return MLTRAINER__EXECUTION__V1__JOB_KIND__JOB_KIND_COMPUTE;
}

int jobs_check_names(struct execution *engine, const API(JobSpec) * spec, const char *owner, const char *field,
                     struct fault *fault)
{
    return 0;
}

void execution_touch(struct execution *engine)
{
}

bool webhooks_wanted(const struct execution *engine, const struct job *job)
{
    return false;
}

void webhooks_job_ended(struct job *job)
{
}

void execution_picture_publish(void *engine)
{
}

int restore_migrate_owners(struct store *store, struct fault *fault)
{
    return 0;
}

/* ---- Never asked ---- */

void operation_train(struct operation *operation)
{
    MUST(!__func__[0]);
}

void operation_evaluate(struct operation *operation)
{
    MUST(!__func__[0]);
}

void operation_predict(struct operation *operation)
{
    MUST(!__func__[0]);
}

void operation_fetch(struct operation *operation)
{
    MUST(!__func__[0]);
}

void operation_tune(struct operation *operation)
{
    MUST(!__func__[0]);
}

double operation_progress(const struct operation *operation, double fraction)
{
    MUST(!__func__[0]);
    return 0;
}

int dataset_table_write(const struct table *table, size_t limit_bytes, struct mrpc_arena *arena, API(Table) * *out,
                        struct fault *fault)
{
    MUST(!__func__[0]);
    return -1;
}

int run_make(const struct job *job, const struct operation *operation, struct api_bytes *out, struct fault *fault)
{
    MUST(!__func__[0]);
    return -1;
}

void run_key(const char *id, char key[RUN_KEY_BYTES])
{
    MUST(!__func__[0]);
}

void webhook_key(const char *job_id, char out[WEBHOOK_KEY_BYTES])
{
    MUST(!__func__[0]);
}

void warm_models_forget(struct warm_models *models)
{
    MUST(!__func__[0]);
}

int aliases_add(struct aliases *aliases, const char *name, const char *alias, struct alias **out, struct fault *fault)
{
    MUST(!__func__[0]);
    return -1;
}
