/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_FUZZ_JOBS_LEDGER_H
#define MLT_FUZZ_JOBS_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "execution/api.h"
#include "execution/job/jobs.h"

/* What the disk has said of jobs and pipelines, and what callers were told: jobs_fuzzer.c keeps the jobs' part,
 * jobs_pipelines.c that of pipelines. */

enum {
    LEDGER_JOBS_MAX = 4096,
    LEDGER_CALLS_MAX = 1024,
    LEDGER_NEEDS_MAX = 4,
    LEDGER_REQUEST_BYTES = 96,
    INTERVAL_MS = 3 * 3600 * 1000, /* of the schedules */
};

struct line {
    bool on_disk, told, cancelled, changed;
    bool gone; /* retention has let go of it: nothing of it comes back, nor its number */
    enum job_state state, event_state;
    uint32_t attempt;
    uint64_t events, events_gone;
    int64_t due_ms, create_ms;
    char request[LEDGER_REQUEST_BYTES]; /* owner and request_id; "": none */
    uint64_t dependencies[LEDGER_NEEDS_MAX];
    uint64_t pipeline; /* 0: of none */
};

/** Of a job, by its number. */
struct line *line_of(uint64_t number);
/** "REQUEST_ID OWNER", or "" without a request_id. */
void ledger_request(char out[LEDGER_REQUEST_BYTES], const char *owner, const char *request_id);
extern const char *const ledger_owners[2];
extern const char *const ledger_keys[4];

/* ---- Pipelines ---- */

void pipelines_open(void);
/** Who has not been told is not told any more, and what is not on the disk has never been. */
void pipelines_crashed(void);
/** @who and @shape are bytes of the input. */
void pipelines_try_submit(unsigned who, unsigned shape);
void pipelines_try_cancel(unsigned which);
/** A record comes to the disk; NULL: it goes from there. */
void pipelines_note(uint64_t number, const void *value, size_t size);
/** A job of a pipeline comes to the disk, perhaps for the first time. */
void pipelines_note_job(uint64_t job, const API(Job) * message, bool first);
/** May retention let go of a job of it? */
bool pipelines_are_done_with(uint64_t number);
void pipelines_check_memory(void);
/** When all was let run to its end. */
void pipelines_check_ends(void);
/** The definition of a schedule that submits one. @arena holds it. */
API(PipelineSpec) * pipelines_scheduled(struct mrpc_arena *arena);

/** Due times of a schedule, and how many runs they brought: each due time up to now one. */
struct due_times {
    size_t runs;
    int64_t first_ms;
};
void due_times_add(struct due_times *times, int64_t due_ms);
void due_times_check(const struct due_times *times);

#endif
