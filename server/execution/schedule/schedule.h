/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_SCHEDULE_H
#define MLT_EXECUTION_SCHEDULE_H

#include "execution/engine.h"
#include "execution/schedule/plan.h"

/* One schedule: what its owner wrote (kept encoded) and how it stands. Thread: the execution loop's. */

struct schedule {
    struct execution *engine;
    char *name;
    char *owner;
    struct api_bytes definition; /* Schedule as its owner wrote it */
    struct plan plan;            /* made of it; owns the zone */
    int64_t create_ms, last_ms;  /* last_ms: when it submitted last; 0: never */
    char last_job[24], last_pipeline[24]; /* what that was */
    char last_error[300];
    uint64_t run_count, left_out_count;
    int64_t wake_ms;     /* when to look again, by the wall clock */
    bool durable;        /* nobody is shown one that is not */
    bool changing;       /* a change of its definition is on its way to the disk */
    bool submitting;     /* a job of it is */
    bool unsaved;        /* what it stands at is not on disk */
    int64_t saved_ms;    /* the plan's cursor on disk: what is due after it a restart asks for again */
    bool removed;        /* out of the list; freed when nothing is on its way any more */
};

/** Check @message (Create, or a change merged) but for its zone: names, expression, ranges, the job as SubmitJob checks
 *  it for the owner. Errors: those of CreateSchedule, naming fields below "schedule". */
int schedule_check(struct execution *engine, API(Schedule) * message, struct fault *fault) MRPC_MUST_USE;
/** The part of it that is about time and policy. */
int schedule_check_when(const API(Schedule) * message, struct fault *fault) MRPC_MUST_USE;
/** The plan that @message, which was checked, makes with @zone (taken over). */
struct plan schedule_plan(const API(Schedule) * message, struct zone *zone, int64_t anchor_ms, int64_t cursor_ms);

/** @definition and @zone are taken over, also on failure. NULL when out of memory. */
struct schedule *schedule_new(struct execution *engine, const API(Schedule) * message, struct api_bytes definition,
                              struct zone *zone) MRPC_MUST_USE;
void schedule_free(struct schedule *schedule);
/** Replace definition and plan; both are taken over. */
void schedule_redefine(struct schedule *schedule, struct api_bytes definition, struct plan plan);

/** As it stands, of @arena. Errors: RESOURCE_EXHAUSTED, DATA_LOSS. */
int schedule_message(const struct schedule *schedule, struct mrpc_arena *arena, API(Schedule) * *out,
                     struct fault *fault) MRPC_MUST_USE;

/** Where the zones are. */
extern const char schedule_zones_folder[];

#endif
