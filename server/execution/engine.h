/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_ENGINE_H
#define MLT_EXECUTION_ENGINE_H

#include <stdatomic.h>

#include "config/config.h"
#include "events/bus.h"
#include "events/domain_loop.h"
#include "events/scene_changed.h"
#include "execution/api.h"
#include "execution/artifact/alias.h"
#include "execution/catalog/catalog.h"
#include "caller/quota.h"
#include "execution/dataset/schema.h"
#include "execution/dataset/stage.h"
#include "execution/execution.h"
#include "execution/fetch/fetch.h"
#include "execution/file.h"
#include "execution/job/jobs.h"
#include "execution/pipeline/pipelines.h"
#include "execution/quarantine.h"
#include "execution/record_index.h"
#include "execution/retention/retention.h"
#include "execution/serving/warm.h"
#include "execution/schedule/schedules.h"
#include "execution/webhook/outbox.h"
#include "log/log.h"
#include "pool/process/process_pool.h"
#include "pool/thread/thread_pool.h"
#include "store/store.h"

/* What the parts of the service share. `loop` is the one writer of everything that is marked so; connection loops read
 * the catalog and the counters, and post commands. */

struct execution {
    const struct config *config;
    struct log *log;
    struct bus *bus; /* may be NULL */
    struct store *store;
    struct thread_pool *threads;
    struct process_pool *processes;
    const struct component_factory *operation_factory; /* of struct operation */
    struct domain_loop *loop;
    char datasets_folder[FILE_PATH_BYTES];
    char artifacts_folder[FILE_PATH_BYTES];
    char models_folder[FILE_PATH_BYTES];
    char plugins_folder[FILE_PATH_BYTES];

    struct snapshot_cell catalog; /* struct catalog; the loop publishes */
    _Atomic uint64_t generation;  /* of the last catalog that somebody began to read */

    struct warm_models warm; /* the loop publishes */
    struct inference_book *inference;

    /* The loop's. */
    struct record_index datasets;
    struct quota *dataset_quota; /* of their owners; any thread */
    struct quota *job_quota;
    struct quota *schedule_quota;
    struct upload_stages *upload_stages; /* any thread */
    struct fetch_sources *sources;       /* never changes */
    struct record_index artifacts;
    struct aliases aliases; /* of artifacts */
    struct jobs jobs;
    struct schedules schedules;
    struct pipelines pipelines;
    struct retention retention;
    struct webhooks *webhooks; /* NULL: none are sent */
    struct operation *operations; /* that have not ended */
    struct quarantine quarantine;
    bool stopping;
    struct scene_notifier *scene;
    struct bus_subscription *pool_changes;

    /* Read by anybody. */
    _Atomic uint32_t queued;
    _Atomic uint32_t running;
    _Atomic uint64_t moves[JOB_STATES]; /* durable ones, into each state */
    _Atomic uint32_t registering; /* uploads whose file has its name and whose record is not durable */
    _Atomic uint32_t probes;   /* of plugins, under way: their answers are waited for at the end */
    struct snapshot_cell picture; /* struct execution_picture; the loop publishes */
};

/** The catalog now; snapshot_release(&catalog->snapshot). Thread: any. */
struct catalog *execution_catalog(struct execution *execution);

/** What execution_snapshot() or the scene shows has changed. Thread: any. */
void execution_touch(struct execution *execution);

/** A record's file. */
int execution_dataset_path(const struct execution *execution, const char *sha256, enum dataset_format format,
                           char out[FILE_PATH_BYTES], struct fault *fault) MRPC_MUST_USE;

#endif
