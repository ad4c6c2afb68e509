/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_WORKER_HOST_H
#define MLT_WORKER_HOST_H

#include <mltrainer/plugin.h>
#include <pthread.h>

#include "worker/control.h"

/* What a plugin gets from us during one call (struct mltrainer_host). */

struct host_block;

enum { HOST_ALIGNMENT = 64, HOST_NEST_BYTES = 8192 };

struct host {
    struct mltrainer_host services; /* its context points here */
    struct worker_control *control;
    uint64_t task_id;
    int64_t deadline_ms; /* CLOCK_MONOTONIC; 0: none */
    struct host_block *blocks;
    char *nest; /* HOST_NEST_BYTES, aligned, for small allocations of this call; NULL: there are none */
    size_t nest_used;

    pthread_mutex_t lock; /* guards the budget of messages */
    int64_t window_ms;
    unsigned messages_in_window;
    uint64_t messages_dropped;
};

/** @control may be NULL: nobody watches. */
void host_init(struct host *host, struct worker_control *control, uint64_t task_id, uint64_t seed, uint32_t threads,
               int64_t deadline_ms);
/** Frees all that the plugin allocated, and reports what was dropped. */
void host_fini(struct host *host);

int64_t host_now_ms(void);

#endif
