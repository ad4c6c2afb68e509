/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/job/jobs.h"

#include "execution/engine.h"
#include "execution/field_path.h"

/* Names that a job gives to what it makes. They are looked at when it is submitted, so that nobody trains in vain, and
 * again when it ends: somebody else may have been faster. */

static int check_artifact(struct execution *engine, const API(TrainSpec) * train, const struct caller *caller,
                          const char *field, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    if (!train)
        return 0;
    field_path(path, "%s.artifact_name", field);
    const char *name = *train->artifact_name ? train->artifact_name : train->model;
    return record_index_check_owner(&engine->artifacts, name, caller, path, fault);
}

static int check_dataset(struct execution *engine, const char *name, const char *field, const struct caller *caller,
                         struct fault *fault)
{
    return *name ? record_index_check_owner(&engine->datasets, name, caller, field, fault) : 0;
}

int jobs_check_names(struct execution *engine, const API(JobSpec) * spec, const char *owner, const char *field,
                     struct fault *fault)
{
    const struct caller caller = {.owner = owner};
    char path[FIELD_PATH_BYTES];
    switch (spec->work_case) {
    case MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_TRAIN:
        field_path(path, "%s.train", field);
        return check_artifact(engine, spec->train, &caller, path, fault);
    case MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_TUNE:
        field_path(path, "%s.tune.train", field);
        return check_artifact(engine, spec->tune->train, &caller, path, fault);
    case MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_PREDICT:
        field_path(path, "%s.predict.output_dataset", field);
        return check_dataset(engine, spec->predict->output_dataset, path, &caller, fault);
    case MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_COMPUTE:
        field_path(path, "%s.compute.output_dataset", field);
        return check_dataset(engine, spec->compute->output_dataset, path, &caller, fault);
    case MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_FETCH:
        field_path(path, "%s.fetch.dataset", field);
        return check_dataset(engine, spec->fetch->dataset, path, &caller, fault);
    default:
        return 0;
    }
}
