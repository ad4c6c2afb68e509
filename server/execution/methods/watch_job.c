/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "execution/job/jobs.h"
#include "execution/restore.h"
#include "execution/service.h"

/* A watch: events that are on disk, in order, from the one that the client wants, as fast as it reads. It belongs to
 * the execution loop; the call's callbacks only post to it. One reference is the call's, one the loop's, one each
 * posted task's. */
struct watch {
    struct event_watcher watcher; /* first */
    struct thread_task task;
    _Atomic unsigned references;
    struct execution *engine;
    struct mrpc_call *call;
    char id[64];
    uint64_t after; /* sequence that the client has */
    uint64_t next;  /* sequence to send */
    struct event_log *log;
    struct event_log *reading; /* being filled from the store */
    struct fault fault;
    bool finished;
};

static void unref(struct watch *watch)
{
    if (atomic_fetch_sub(&watch->references, 1) == 1)
        free(watch);
}

static void release(void *data)
{
    unref(data);
}

static void finish(struct watch *watch, int code)
{
    if (watch->finished)
        return;
    watch->finished = true;
    event_log_unwatch(&watch->watcher);
    event_log_unref(watch->log);
    watch->log = NULL;
    mrpc_call_finish(watch->call, code, NULL);
    unref(watch);
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
        const struct job *job = jobs_find(watch->engine, watch->id);
        if (job && response.event->event_case == MLTRAINER__EXECUTION__V1__JOB_EVENT__EVENT_STATE &&
            (int)response.event->state->to == (int)job->state && job_message(job, arena, &response.job, &fault))
            response.job = NULL;
        error = mrpc_call_send(watch->call, &response.base);
    }
    mrpc_arena_free(arena);
    return error;
}

static void pump(struct watch *watch)
{
    while (!watch->finished && watch->next <= watch->log->committed) {
        int error = send_event(watch, &watch->log->events[watch->next - 1]);
        if (error == MRPC_ERR_AGAIN)
            return; /* on_writable goes on */
        if (error)
            return finish(watch, MRPC_CANCELLED);
        watch->next++;
    }
    if (!watch->finished && watch->log->complete && watch->next > watch->log->committed)
        finish(watch, MRPC_OK);
}

/* A client that has more than there is, as after a backup came back, would miss what is told until it is there. */
static void begin(struct watch *watch)
{
    struct fault fault = FAULT_INIT;
    if (watch->after <= watch->log->committed) {
        watch->next = watch->after + 1;
        return pump(watch);
    }
    fault_set(&fault, MRPC_OUT_OF_RANGE, "after_sequence: %llu, and the last event is %llu",
              (unsigned long long)watch->after, (unsigned long long)watch->log->committed);
    finish(watch, fault_answer(watch->call, &fault));
}

static void more(struct event_watcher *watcher)
{
    pump((struct watch *)watcher);
}

static void pump_posted(void *arg)
{
    struct watch *watch = arg;
    if (!watch->finished && watch->log)
        pump(watch);
    unref(watch);
}

static void cancel_posted(void *arg)
{
    finish(arg, MRPC_CANCELLED);
    unref(arg);
}

static void post(struct watch *watch, void (*task)(void *arg))
{
    atomic_fetch_add(&watch->references, 1);
    if (domain_loop_post(watch->engine->loop, task, watch))
        unref(watch);
}

static void on_writable(void *arg, struct mrpc_call *call)
{
    post(arg, pump_posted);
}

static void on_cancel(void *arg, struct mrpc_call *call)
{
    post(arg, cancel_posted);
}

/* ---- Events of a job that has ended are in the store alone ---- */

static void read_events(struct thread_task *task)
{
    struct watch *watch = (struct watch *)((char *)task - offsetof(struct watch, task));
    if (execution_restore_events(watch->engine->store, watch->id, watch->reading, &watch->fault))
        watch->reading->committed = 0;
}

static void events_read(struct thread_task *task)
{
    struct watch *watch = (struct watch *)((char *)task - offsetof(struct watch, task));
    if (!watch->finished && watch->fault.code)
        finish(watch, fault_answer(watch->call, &watch->fault));
    if (watch->finished) {
        event_log_unref(watch->reading);
    } else {
        watch->log = watch->reading;
        watch->log->complete = true;
        begin(watch);
    }
    unref(watch);
}

static void read_from_store(struct watch *watch)
{
    struct fault fault = FAULT_INIT;
    watch->task = (struct thread_task){.work = read_events, .done = events_read, .reply_loop = watch->engine->loop};
    watch->reading = event_log_new();
    if (!watch->reading)
        fault_set(&fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    atomic_fetch_add(&watch->references, 1);
    if (fault.code || thread_pool_submit(watch->engine->threads, &watch->task, &fault)) {
        event_log_unref(watch->reading);
        unref(watch);
        finish(watch, fault_answer(watch->call, &fault));
    }
}

static void attach(void *arg)
{
    struct watch *watch = arg;
    struct job *job = jobs_find(watch->engine, watch->id);
    if (!job)
        return finish(watch, mrpc_call_fail(watch->call, MRPC_NOT_FOUND, "no job \"%s\"", watch->id));
    if (mrpc_call_cancelled(watch->call))
        return finish(watch, MRPC_CANCELLED);
    if (job->log->complete && !job->log->count)
        return read_from_store(watch);
    watch->log = event_log_ref(job->log);
    event_log_watch(watch->log, &watch->watcher);
    begin(watch);
}

int execution_watch_job(void *self, struct mrpc_call *call, const API(WatchJobRequest) * request)
{
    struct watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *watch = (struct watch){
        .watcher.more = more, .references = 2, .engine = self, .call = call, .after = request->after_sequence};
    snprintf(watch->id, sizeof watch->id, "%.63s", request->id);
    mrpc_call_set_data(call, watch, release);
    mrpc_call_on_writable(call, on_writable, watch);
    mrpc_call_on_cancel(call, on_cancel, watch);
    if (domain_loop_post(watch->engine->loop, attach, watch) == 0)
        return MRPC_PENDING;
    unref(watch);
    return mrpc_call_fail_retry(call, MRPC_UNAVAILABLE, 1000, "the server is stopping");
}
