/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "execution/job/jobs.h"
#include "execution/methods/watch_call.h"
#include "execution/restore.h"
#include "execution/service.h"

/* Events that are on disk, in order, from the one that the client wants. */
struct watch {
    struct watch_call base; /* first */
    struct event_watcher watcher;
    struct thread_task task;
    uint64_t after; /* sequence that the client has */
    uint64_t next;  /* sequence to send */
    struct event_log *log;
    struct event_log *reading; /* being filled from the store */
    struct fault fault;
};

static void leave(struct watch_call *base)
{
    struct watch *watch = (struct watch *)base;
    event_log_unwatch(&watch->watcher);
    event_log_unref(watch->log);
    watch->log = NULL;
}

/* With a change to the state that the job is in now goes the job itself. */
static int send_event(struct watch *watch, const struct api_bytes *bytes)
{
    struct mrpc_arena *arena = mrpc_arena_new(0);
    struct fault fault = FAULT_INIT;
    API(WatchJobResponse) response;
    API_INIT(watch_job_response, &response);
    int error = MRPC_ERR_NOMEM;
    if (arena && api_decode(API_INFO(job_event), bytes->data, bytes->size, arena, &response.event, &fault) == 0) {
        const struct job *job = jobs_find(watch->base.engine, watch->base.id);
        bool moves = response.event->event_case == MLTRAINER__EXECUTION__V1__JOB_EVENT__EVENT_STATE;
        if (job && moves && (int)response.event->state->to == (int)job_shown_state(job) &&
            job_message(job, arena, &response.job, &fault))
            response.job = NULL;
        error = mrpc_call_send(watch->base.call, &response.base);
    }
    mrpc_arena_free(arena);
    return error;
}

static void pump(struct watch_call *base)
{
    struct watch *watch = (struct watch *)base;
    if (!watch->log)
        return; /* it is being read */
    while (watch->next <= watch->log->committed) {
        int error = send_event(watch, &watch->log->events[watch->next - 1]);
        if (error == MRPC_ERR_AGAIN)
            return; /* there will be room */
        if (error)
            return watch_call_finish(base, MRPC_CANCELLED);
        watch->next++;
    }
    if (watch->log->complete)
        watch_call_finish(base, MRPC_OK);
}

/* A client that has more than there is, as after a backup came back, would miss what is told until it is there. */
static void begin(struct watch *watch)
{
    struct fault fault = FAULT_INIT;
    if (watch->after <= watch->log->committed) {
        watch->next = watch->after + 1;
        return pump(&watch->base);
    }
    fault_set(&fault, MRPC_OUT_OF_RANGE, "after_sequence: %llu, and the last event is %llu",
              (unsigned long long)watch->after, (unsigned long long)watch->log->committed);
    watch_call_finish(&watch->base, fault_answer(watch->base.call, &fault));
}

static void more(struct event_watcher *watcher)
{
    pump(&((struct watch *)((char *)watcher - offsetof(struct watch, watcher)))->base);
}

/* ---- Events of a job that has ended are in the store alone ---- */

static struct watch *watch_of(struct thread_task *task)
{
    return (struct watch *)((char *)task - offsetof(struct watch, task));
}

static void read_events(struct thread_task *task)
{
    struct watch *watch = watch_of(task);
    if (execution_restore_events(watch->base.engine->store, watch->base.id, watch->reading, &watch->fault))
        watch->reading->committed = 0;
}

static void events_read(struct thread_task *task)
{
    struct watch *watch = watch_of(task);
    struct watch_call *base = &watch->base;
    if (watch->fault.code && !base->finished)
        watch_call_finish(base, fault_answer(base->call, &watch->fault));
    if (base->finished) {
        event_log_unref(watch->reading);
    } else {
        watch->log = watch->reading;
        watch->log->complete = true;
        begin(watch);
    }
    watch_call_unref(base);
}

static void read_from_store(struct watch *watch)
{
    struct fault fault = FAULT_INIT;
    struct watch_call *base = &watch->base;
    watch->task = (struct thread_task){.work = read_events, .done = events_read, .reply_loop = base->engine->loop};
    watch->reading = event_log_new();
    if (!watch->reading)
        fault_set(&fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    watch_call_ref(base);
    if (fault.code || thread_pool_submit(base->engine->threads, &watch->task, &fault)) {
        event_log_unref(watch->reading);
        watch_call_unref(base);
        watch_call_finish(base, fault_answer(base->call, &fault));
    }
}

static void attach(struct watch_call *base)
{
    struct watch *watch = (struct watch *)base;
    struct job *job = jobs_find(base->engine, base->id);
    if (!job)
        return watch_call_finish(base, mrpc_call_fail(base->call, MRPC_NOT_FOUND, "no job \"%s\"", base->id));
    if (job->log->complete && !job->log->count)
        return read_from_store(watch);
    watch->log = event_log_ref(job->log);
    event_log_watch(watch->log, &watch->watcher);
    begin(watch);
}

static const struct watch_call_kind kind = {.attach = attach, .pump = pump, .leave = leave};

int execution_watch_job(void *self, struct mrpc_call *call, const API(WatchJobRequest) * request)
{
    struct watch *watch = calloc(1, sizeof *watch);
    if (watch) {
        watch->watcher.more = more;
        watch->after = request->after_sequence;
    }
    return watch_call_open(watch ? &watch->base : NULL, &kind, self, call, request->id);
}
