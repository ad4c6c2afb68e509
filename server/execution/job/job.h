/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_JOB_H
#define MLT_EXECUTION_JOB_H

#include "execution/engine.h"
#include "execution/operation/operation.h"

/* What the files of this folder share about one job. Thread: the loop's. */

/** A job in memory, not listed yet. NULL when out of memory. */
struct job *execution_job_new(struct execution *engine, uint64_t number) MRPC_MUST_USE;
void execution_job_free(struct job *job);

/** @saved runs on the loop when the batch is durable or has failed. */
typedef void job_saved(void *arg, struct job *job, const struct fault *fault);
/** Move to @to, tell why, and save both, with what the job produced, in one batch. Without @saved a batch that fails is
 *  tried again until it does not. */
void job_move(struct job *job, enum job_state to, const char *reason, job_saved *saved, void *arg);
/** Save an event without a change of state. */
void job_tell_event(struct job *job, API(JobEvent) * event);
/** Save the record again (after a failed commit). */
void job_save(struct job *job);

/** Fill @operation with what @spec asks for. @field names the spec in errors. This is also the check at submission:
 * every error that can be known before running. Errors: INVALID_ARGUMENT naming the field, NOT_FOUND,
 * FAILED_PRECONDITION, UNIMPLEMENTED, RESOURCE_EXHAUSTED. */
int job_bind(struct operation *operation, const API(JobSpec) * spec, const char *field,
             struct fault *fault) MRPC_MUST_USE;
/** The parts of it that unary calls and trials use. */
int job_bind_artifact(struct operation *operation, const char *reference, const API(DataReference) * data,
                      bool with_target, const char *field, struct fault *fault) MRPC_MUST_USE;
int job_bind_train(struct operation *operation, const API(TrainSpec) * train, const char *field,
                   struct fault *fault) MRPC_MUST_USE;
int job_bind_compute(struct operation *operation, const API(ComputeSpec) * spec, const char *field,
                     struct fault *fault) MRPC_MUST_USE;
API(JobKind) job_kind(const API(JobSpec) * spec);

/** Take a job into the list; the newest last. Errors: -1 when out of memory. */
int job_list(struct execution *engine, struct job *job) MRPC_MUST_USE;
/** What the job does with priorities and retries, from its specification. */
void job_take_policy(struct job *job, const API(JobSpec) * spec);

/** Begin an attempt; the job is QUEUED and out of the queue. */
void job_start(struct job *job);
/** Deadline or end of a retry pause: in @delay_ms, @run(job) on the loop, once; replaces one that is set. */
void job_set_timer(struct job *job, int64_t delay_ms, void (*run)(struct job *job));
void job_clear_timer(struct job *job);
/** Put it into the queue (its state is QUEUED) and watch its deadline. */
void job_enqueue(struct job *job);

#endif
