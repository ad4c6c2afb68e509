/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_FUZZ_JOBS_WORLD_H
#define MLT_FUZZ_JOBS_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "execution/engine.h"
#include "execution/operation/operation.h"
#include "store/store.h"

/* What the engine's jobs and schedules live in, in memory, in one thread, and in the hands of a test: a clock that is
 * turned, timers that fire then, a loop that runs what was posted when it is told to, a disk on which batches arrive
 * one after the other, well or not, and work that ends when and how somebody says. They take the place of libevent, the
 * domain loop, the store and the operations when a program is linked; jobs, records, restoring, dependencies,
 * pipelines, schedules and the retention of jobs are the server's own. */

enum {
    WORLD_RUNNING_LIMIT = 3,
    WORLD_QUEUE_LIMIT = 8,
    WORLD_OWNER_LIMIT = 7,
    WORLD_FLIGHT_MAX = 16,
    WORLD_JOBS_KEPT = 6, /* of those that have ended */
    WORLD_JOBS_AGE_MS = 6 * 3600 * 1000,
};

/** @written is told each value before it takes the place of what is there, @removed each key before it goes, @began
 *  each attempt. */
struct world_hooks {
    void (*written)(const char *key, const void *value, size_t size);
    void (*removed)(const char *key);
    void (*began)(struct job *job);
};
/** An empty disk, at midnight; then the server starts. */
void world_open(const struct world_hooks *hooks);
void world_start(void);
/** Free everything. */
void world_close(void);

/** The server that runs; another one after world_crash(). */
struct execution *world_engine(void);
/** The process is gone, and with it what waited in memory; of what was on its way to the disk the first @arrived
 *  batches come there, unheard. Then a new one starts. */
void world_crash(size_t arrived);
/** What is answered now is answered to nobody: the process that asked is gone. */
bool world_is_gone(void);

/** Run what was posted to the loop, and what that posts. */
void world_turn(void);
/** The oldest batch arrives, or fails as on a full disk. False: there is none. */
bool world_land(bool well);
size_t world_landing(void);
/** Let time pass; timers fire in their order. */
void world_advance(int64_t ms);
/** The machine was asleep so long: what came due meanwhile fires now, once. */
void world_sleep(int64_t ms);
int64_t world_now_ms(void);

/** Attempts under way. */
size_t world_flying(void);
struct operation *world_flight(size_t at);
/** It ends so, or with what its deadline or a cancellation makes of it. */
void world_end(struct operation *operation, const struct fault *fault, bool worker_lost);

/** Put a value on the disk by hand, before anybody reads it. */
void world_put(const char *key, const void *value, size_t size);
/** NULL when it is not there. */
const void *world_get(const char *key, size_t *size);

#endif
