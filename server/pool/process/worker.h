/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_POOL_WORKER_H
#define MLT_POOL_WORKER_H

#include <stdint.h>
#include <signal.h>
#include <sys/types.h>

#include "pool/process/job.h"
#include "pool/process/pool_state.h"
#include "pool/process/shared_memory.h"
#include "worker/control.h"
#include "worker/model_shelf.h"

struct evbuffer;

/** What stands at a place of a worker's shelf. */
struct model_place {
    char name[65];  /* "": nothing that we know of */
    struct task_form *form; /* of the task that the worker keeps there; NULL: of none that we know of */
    uint64_t used;  /* when, by the worker's model_clock */
};

/* One place in the pool and the process in it.
 *
 *   EMPTY ─spawn─► STARTING ─Ready─► IDLE ◄─────────┐
 *     ▲                               │ task        │ result
 *     │                               └─► BUSY ─────┘
 *     └───────── process gone ◄─── from each of them (doomed ones are on their way there) */

enum worker_state {
    WORKER_EMPTY,
    WORKER_STARTING,
    WORKER_IDLE,
    WORKER_BUSY,
};

/** Why we let a process die. */
enum worker_doom {
    WORKER_LIVES = 0,
    WORKER_BROKE_PROTOCOL,
    WORKER_STOOD_STILL,
    WORKER_NEVER_STARTED,
    WORKER_OBEYS_JOB,  /* killed because its job had to end */
    WORKER_RECYCLED,
};

struct worker {
    struct process_pool *pool;
    enum worker_state state;
    enum worker_doom doom;
    char doom_text[160];
    struct process_job *job;
    struct job_queue behind;   /* went there with it; it comes to them in this order */

    pid_t pid;
    int pidfd, socket, errors; /* errors: the read end behind its stdout and stderr */
    struct event *on_exit, *on_readable, *on_writable, *on_errors;
    struct evbuffer *in, *out;
    bool stuck;                /* its socket had no room for all of `out` */
    struct shared_memory control_memory, input, output;
    struct worker_control *control;

    char isolation[PROCESS_ISOLATION_BYTES]; /* whose tasks it has run; "" none yet */
    unsigned tasks_run;
    uint64_t wear;             /* by tasks: BRIEF_FOR_ONE each, 1 by a brief one */
    struct model_place models[MODEL_SHELF_PLACES]; /* what stays in it */
    uint64_t model_clock;
    size_t input_touched;      /* bytes of the input memory that have pages by now */
    int64_t spawned_ms;
    int64_t heartbeat_ms;      /* when its count was last seen to change */
    uint64_t heartbeat;
    int64_t progress_ms;       /* when progress was last looked at */
    int64_t terminate_ms;      /* SIGTERM is due; 0: not planned */
    int64_t kill_ms;           /* SIGKILL is due; 0: not planned */
    int64_t respawn_ms;        /* EMPTY: not before */
    unsigned young_deaths;     /* one after another */
    char error_tail[8192];     /* the last that it wrote to stderr, printable: words and a backtrace */
    size_t error_bytes;
};

/** Start a process in an empty place. Returns 0, or -1 with errno. */
int worker_spawn(struct worker *worker);
/** Give it @job and what is behind. A job that cannot be given (its table is too large) is settled. */
void worker_assign(struct worker *worker, struct process_job *job);
/** Does the model @name stay in it? */
bool worker_has_model(const struct worker *worker, const char *name);
/** @job failed there: what it was to put on the shelf may not be there. */
void worker_forget_model(struct worker *worker, const struct process_job *job);
/** It is to die, now, for @doom; the first reason stays. */
void worker_kill(struct worker *worker, enum worker_doom doom, const char *text);
void worker_signal(struct worker *worker, int signal);
/** What its process holds that is neither shared nor a file's; 0 when that cannot be known. */
size_t worker_memory_bytes(const struct worker *worker);
/** Have what it had no room for written when there is some. Thread: the pool's. */
void worker_await_room(struct worker *worker);

/** posix_spawn() of the executable with the worker's descriptors in place. Returns 0 or an errno value. */
int spawn_process(const struct process_pool_options *options, int socket, int control, int input, int output,
                  int errors, pid_t *pid);

/** Read and handle all that its socket has. Returns 1 when the other end is closed. */
int inbox_drain(struct worker *worker);
/** Read what it wrote to stdout and stderr into error_tail. */
void inbox_drain_errors(struct worker *worker);

/** Fill the result of the job of a process that is gone. */
void verdict_of_death(const struct worker *worker, const siginfo_t *how, struct process_job *job);
/** Fill the result's fault of a job that was ended by us; 0 if it was not. */
int verdict_of_ending(struct process_job *job);

#endif
