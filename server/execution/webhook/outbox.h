/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_WEBHOOK_OUTBOX_H
#define MLT_EXECUTION_WEBHOOK_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "fault/fault.h"

/* Who wants to be told of the end of a job by a webhook is told at least once. That it is owed is written in the batch
 * that ends the job (execution/webhook/ID) and taken out when a receiver has answered 2xx, or it is given up: after 410
 * (Gone), or a day. In between it is tried again, later and later, also over a restart. At most 10,000 are owed; a job
 * that ends beyond that is not told of, which is counted and logged.
 *
 * Thread: the execution loop's, where nothing else is said. */

enum { WEBHOOKS_OWED_MAX = 10000, WEBHOOKS_AT_ONCE = 16, WEBHOOKS_AT_ONCE_A_HOST = 4 };

struct execution;
struct job;
struct webhooks;

/** What the configuration and the environment (MLT_WEBHOOK_SECRET) say: without a secret engine->webhooks
 *  stays NULL. Before the loop runs. Errors:
 *  INVALID_ARGUMENT naming the key, RESOURCE_EXHAUSTED. */
int webhooks_init(struct execution *engine, struct fault *fault) MRPC_MUST_USE;
void webhooks_fini(struct execution *engine);
/** Begin with what was owed when the server went down: after the jobs have been restored, before the loop runs. Errors:
 *  RESOURCE_EXHAUSTED, those of the store. */
int webhooks_start(struct execution *engine, struct fault *fault) MRPC_MUST_USE;
/** Give up what is under way, for the next start. Thread: not the loop's; the loop still runs. */
void webhooks_stop(struct execution *engine);
/** Where this server listens. Thread: any. */
void webhooks_set_own(struct execution *engine, const char *const *addresses);

/** May a job ask for one at @url? Thread: any. Errors: INVALID_ARGUMENT naming @field, FAILED_PRECONDITION without a
 *  secret. */
int webhooks_check(const struct execution *engine, const char *url, const char *field,
                   struct fault *fault) MRPC_MUST_USE;

/** Is the end of @job to be told to somebody? */
bool webhooks_wanted(const struct execution *engine, const struct job *job);
/** The end of @job is on disk, and with it that a webhook is owed. */
void webhooks_job_ended(struct job *job);

/** Thread: any. */
struct webhook_counts {
    uint64_t owed, delivered, failed, given_up; /* failed: attempts */
};
void webhooks_counts(const struct execution *engine, struct webhook_counts *out);

/** The key of what is owed. */
enum { WEBHOOK_KEY_BYTES = 64 };
void webhook_key(const char *job_id, char out[WEBHOOK_KEY_BYTES]);

#endif
