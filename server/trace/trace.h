/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_TRACE_H
#define MLT_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>

#include "scene/scene.h"

/* What happens to a call inside the server, step by step, for some calls: those whose caller asks for it by the sampled
 * flag of traceparent, one in so many of the others, and the end of those that were slow.
 *
 *     connection loop            domain loop              store's thread
 *     trace_enter(call)
 *       post(task) ── left ──►   trace_arrive(left)
 *                                  commit ── left ──────►   trace_arrive(left)
 *                                                           done, post ── left ──► …
 *                                trace_depart()             trace_depart()
 *     trace_depart()
 *
 * A thread knows by a variable of its own which call it works for, and in whose name. Whoever hands work to another
 * thread writes that down with it (trace_leave), and who takes the work up records the step and goes on in its own name
 * (trace_arrive … trace_depart). So loops, pools and store pass the trace on without knowing who works for whom. With
 * nothing traced all of that is a test of one number. */

struct trace_ring;

enum {
    TRACE_STEPS = 64,           /* of a call; further ones are counted */
    TRACE_PARTICIPANTS = 12,
    TRACE_NAME_BYTES = 40,
    TRACE_LABEL_BYTES = 64,
    TRACE_METHOD_BYTES = 128,
    TRACE_PEER_BYTES = 72,
    TRACE_ID_BYTES = 16,
    TRACE_ID_TEXT_BYTES = 33,
    TRACE_SPAN_BYTES = 8,
};

/** Where somebody is: in the name of whom a thread works, or worked when it handed something over. call 0: for nobody
 *  that is traced. @name is borrowed and outlives the work. */
struct trace_place {
    struct trace_ring *ring;
    uint64_t call;
    const char *name;
    int64_t left_us;            /* by trace_leave() */
};

/** Room for @calls of the newest calls with their steps, and for a quarter as many slow ones; 0: nothing is kept.
 *  Errors: MRPC_ERR_NOMEM. */
int trace_ring_new(size_t calls, struct trace_ring **out) MRPC_MUST_USE;
/** When nobody works for a call any more. */
void trace_ring_free(struct trace_ring *ring);

struct trace_start {
    const uint8_t *trace_id;    /* TRACE_ID_BYTES */
    const uint8_t *span_id;     /* TRACE_SPAN_BYTES, the call's own */
    const uint8_t *parent_id;   /* TRACE_SPAN_BYTES; zeros: the trace begins here */
    uint8_t flags;              /* MRPC_TRACE_… */
    const char *method;         /* "mltrainer.registry.v1.RegistryService/Register" */
    const char *peer;
};

/** A call begins to be traced; the oldest one that was is forgotten. Returns its number; 0 when the ring has no
 *  room. Thread: any. */
uint64_t trace_call_begin(struct trace_ring *ring, const struct trace_start *start);
/** It has ended; steps of what it set going may still come. */
void trace_call_end(struct trace_ring *ring, uint64_t call, int code, int64_t duration_us, bool slow);
/** A call that was not followed was slow: kept with its begin and its end alone. */
void trace_call_slow(struct trace_ring *ring, const struct trace_start *start, int code, int64_t duration_us);

/** A step from @from to @to, now. @label is copied; "" for none. Of a call that is forgotten, or
 *  from somebody to himself, nothing is recorded. Thread: any. */
void trace_step(const struct trace_place *from, const char *to, enum scene_icon icon, const char *label);

/** This thread's. */
extern _Thread_local struct trace_place trace_here;

/** From now on this thread works for @call as @name, until trace_depart(). */
void trace_enter(struct trace_ring *ring, uint64_t call, const char *name);
void trace_depart(void);

/* Out of the way of calls that are not traced. */
struct trace_place trace_left(void);
void trace_arrived(const struct trace_place *left, const char *name, enum scene_icon icon, const char *label);

/** What to write down with work that another thread will take up. */
static inline struct trace_place trace_leave(void)
{
    return trace_here.call ? trace_left() : (struct trace_place){0};
}

/** Work that was left is taken up by @name: a step, and trace_enter(). Undone by trace_depart_from(). */
static inline void trace_arrive(const struct trace_place *left, const char *name, enum scene_icon icon,
                                const char *label)
{
    if (left->call)
        trace_arrived(left, name, icon, label);
}

static inline void trace_depart_from(const struct trace_place *left)
{
    if (left->call)
        trace_depart();
}

/** Have @changed(@arg) called when something is other than what was last read: at most once for each
 *  trace_ring_each(), so that who reads sets the pace. Thread of @changed: any that works for a call, without locks of
 *  the ring and for nobody that is traced; it must not wait. Set up before calls begin; NULL ends it, and one more may
 *  be under way then. */
void trace_ring_tell(struct trace_ring *ring, void (*changed)(void *arg), void *arg);

/* ---- Reading ---- */

struct trace_record_step {
    int64_t left_us, arrived_us; /* CLOCK_MONOTONIC */
    uint8_t from, to;            /* participants */
    char label[TRACE_LABEL_BYTES];
};

struct trace_participant {
    char name[TRACE_NAME_BYTES];
    enum scene_icon icon;
};

/** A copy. */
struct trace_record {
    uint64_t number;             /* ascending */
    uint8_t trace_id[TRACE_ID_BYTES];
    uint8_t span_id[TRACE_SPAN_BYTES], parent_id[TRACE_SPAN_BYTES];
    uint8_t flags;
    char method[TRACE_METHOD_BYTES];
    char peer[TRACE_PEER_BYTES];
    int64_t start_us;            /* CLOCK_MONOTONIC */
    int64_t duration_us;         /* -1: it runs */
    int code;
    bool slow;
    unsigned participant_count, step_count, dropped_count;
    struct trace_participant participants[TRACE_PARTICIPANTS];
    struct trace_record_step steps[TRACE_STEPS];
};

void trace_id_text(const uint8_t trace_id[TRACE_ID_BYTES], char out[TRACE_ID_TEXT_BYTES]);

/** Call @see with each record that is kept, in no order; the record is borrowed for the callback. It returns false to
 *  end. Thread: any that may allocate. Errors: MRPC_ERR_NOMEM. */
int trace_ring_each(struct trace_ring *ring, bool (*see)(void *arg, const struct trace_record *record), void *arg);

/** A copy of the record of @call. False: it is forgotten. Thread: any. */
bool trace_ring_read(struct trace_ring *ring, uint64_t call, struct trace_record *out);

/** Call @ended with the number of each call that has ended, on the thread that ended it: it must not block. Set before
 *  there are calls; NULL: nobody. */
void trace_ring_on_end(struct trace_ring *ring, void (*ended)(void *arg, uint64_t call), void *arg);

#endif
