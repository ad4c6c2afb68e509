/* SPDX-License-Identifier: Apache-2.0 */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "caller/quota.h"
#include "execution/job/depend.h"
#include "execution/job/job.h"

enum { RETRY_AFTER_MS = 1000, ATTEMPTS_DEFAULT = 2, BACKOFF_DEFAULT_MS = 1000 };

/* Who submitted a job, and who repeated that while it was on its way to the disk. */
struct submission {
    struct submission *next;
    jobs_submitted *submitted;
    void *arg;
    bool repeated;
};

/* ---- Requests: one job for each key of each owner ---- */

static int compare_requests(const void *a, const void *b)
{
    const struct job *one = a, *other = b;
    int order = strcmp(one->request_id, other->request_id);
    return order ? order : strcmp(one->owner, other->owner);
}

static struct job *find_request(struct execution *engine, const char *owner, const char *request_id)
{
    struct job key = {.owner = (char *)owner, .request_id = (char *)request_id};
    struct job **found = *request_id ? tfind(&key, &engine->jobs.requests, compare_requests) : NULL;
    return found ? *found : NULL;
}

void jobs_forget_request(struct job *job)
{
    if (job->keyed)
        tdelete(job, &job->engine->jobs.requests, compare_requests);
    job->keyed = false;
}

/* Of two with the same key, which a restart may find, the newer one counts: the older one's was given up. */
static int keep_request(struct job *job)
{
    struct job **node = *job->request_id ? tsearch(job, &job->engine->jobs.requests, compare_requests) : NULL;
    if (!node)
        return *job->request_id ? -1 : 0;
    (*node)->keyed = false;
    *node = job;
    job->keyed = true;
    return 0;
}

/* ---- The list ---- */

static void save_unsaved(evutil_socket_t fd, short what, void *arg)
{
    struct jobs *jobs = &((struct execution *)arg)->jobs;
    for (size_t i = 0; i < jobs->count; i++)
        if (jobs->items[i]->unsaved)
            job_save(jobs->items[i]);
}

void jobs_init(struct execution *engine, size_t running_limit)
{
    engine->jobs = (struct jobs){.running_limit = running_limit, .next_number = 1};
    job_queue_init(&engine->jobs.queue);
    engine->jobs.retry_unsaved = evtimer_new(domain_loop_base(engine->loop), save_unsaved, engine);
}

/* Of a server that has stopped: their calls have ended. */
static void drop_submissions(struct job *job)
{
    for (struct submission *next; job->submissions; job->submissions = next) {
        next = job->submissions->next;
        free(job->submissions);
    }
}

static void keep_node(void *node)
{
}

void jobs_fini(struct execution *engine)
{
    struct jobs *jobs = &engine->jobs;
    tdestroy(jobs->requests, keep_node);
    for (size_t i = 0; i < jobs->count; i++) {
        drop_submissions(jobs->items[i]);
        execution_job_free(jobs->items[i]);
    }
    free(jobs->items);
    job_queue_fini(&jobs->queue);
    if (jobs->retry_unsaved)
        event_free(jobs->retry_unsaved);
}

int job_list(struct execution *engine, struct job *job)
{
    struct jobs *jobs = &engine->jobs;
    if (jobs->count == jobs->room) {
        size_t room = jobs->room ? jobs->room * 2 : 64;
        struct job **items = realloc(jobs->items, room * sizeof *items);
        if (!items)
            return -1;
        jobs->items = items;
        jobs->room = room;
    }
    if (keep_request(job))
        return -1;
    jobs->items[jobs->count++] = job;
    if (job->number >= jobs->next_number)
        jobs->next_number = job->number + 1;
    return 0;
}

/* Only the newest ones are ever taken out again, when their submission cannot be saved. */
static void unlist_job(struct execution *engine, struct job *job)
{
    struct jobs *jobs = &engine->jobs;
    jobs_forget_request(job);
    for (size_t i = jobs->count; i > 0; i--)
        if (jobs->items[i - 1] == job) {
            memmove(jobs->items + i - 1, jobs->items + i, (jobs->count - i) * sizeof *jobs->items);
            jobs->count--;
            return;
        }
}

struct job *jobs_find(struct execution *engine, const char *id)
{
    struct jobs *jobs = &engine->jobs;
    size_t low = 0, high = jobs->count;
    while (low < high) { /* ids of one width sort as their numbers do */
        size_t middle = low + (high - low) / 2;
        if (strcmp(jobs->items[middle]->id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    struct job *job = low < jobs->count ? jobs->items[low] : NULL;
    return job && job->accepted && strcmp(job->id, id) == 0 ? job : NULL;
}

/* ---- Submission ---- */

static int64_t end_of(int64_t begin_ms, const API(JobSpec) * spec)
{
    return spec->timeout ? begin_ms + api_duration_ms(spec->timeout) : 0;
}

void job_take_policy(struct job *job, const API(JobSpec) * spec)
{
    const API(RetryPolicy) *retry = spec->retry;
    job->kind = job_kind(spec);
    job->priority = spec->priority;
    job->webhook = *spec->webhook_url != '\0';
    job->max_attempts = retry && retry->max_attempts ? retry->max_attempts : ATTEMPTS_DEFAULT;
    job->backoff_ms = retry && retry->backoff ? api_duration_ms(retry->backoff) : BACKOFF_DEFAULT_MS;
    job->interrupt_on_restart = retry && retry->interrupt_on_restart;
}

/* What somebody wants done, and on whose behalf. */
struct request {
    API(JobSpec) * spec;
    const char *owner, *request_id;
    const struct job_origin *origin; /* NULL: a caller */
    struct api_bytes encoded;
};

static bool keep_origin(struct job *job, const struct job_origin *origin)
{
    job->schedule = origin->schedule ? strdup(origin->schedule) : NULL;
    job->pipeline = origin->pipeline ? strdup(origin->pipeline) : NULL;
    job->pipeline_key = origin->pipeline ? strdup(origin->pipeline_key) : NULL;
    return (job->schedule || !origin->schedule) && ((job->pipeline && job->pipeline_key) || !origin->pipeline);
}

static int new_job(struct execution *engine, struct request *request, struct job **out, struct fault *fault)
{
    struct job *job = execution_job_new(engine, engine->jobs.next_number);
    if (job) {
        job->owner = strdup(request->owner);
        job->request_id = strdup(request->request_id);
        job->due_ms = request->origin ? request->origin->due_ms : 0;
        job->create_ms = api_now_ms();
        job->deadline_ms = end_of(job->create_ms, request->spec);
        job_take_policy(job, request->spec);
    }
    bool whole = job && job->owner && job->request_id && (!request->origin || keep_origin(job, request->origin));
    if (!whole || job_list(engine, job)) {
        execution_job_free(job);
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    job->spec = request->encoded;
    request->encoded.data = NULL;
    *out = job;
    if (depend_link(job, request->spec, fault) == 0)
        return 0;
    unlist_job(engine, job);
    execution_job_free(job);
    return fault->code;
}

static void join_submissions(struct job *job, struct submission *submission)
{
    submission->next = job->submissions;
    job->submissions = submission;
}

static void answer_submissions(struct job *job, struct job *outcome, const struct fault *fault)
{
    while (job->submissions) {
        struct submission *submission = job->submissions;
        job->submissions = submission->next;
        submission->submitted(submission->arg, outcome, submission->repeated, fault);
        free(submission);
    }
}

static void on_saved(void *arg, struct job *job, const struct fault *fault)
{
    struct execution *engine = job->engine;
    if (!fault->code) {
        answer_submissions(job, job, fault);
        if (job->state == JOB_WAITING)
            depend_begin(job);
        else
            job_enqueue(job);
        jobs_dispatch(engine);
        return;
    }
    job_is_over(job);
    unlist_job(engine, job);
    answer_submissions(job, NULL, fault);
    execution_job_free(job);
}

/* Without memory to count it, it is one more than its owner should have. */
void job_goes_live(struct job *job)
{
    job->engine->jobs.live++;
    (void)!quota_count(job->engine->job_quota, job->owner, 1, NULL);
}

void job_is_over(struct job *job)
{
    job->engine->jobs.live--;
    quota_give(job->engine->job_quota, job->owner, 1);
}

int jobs_check_room(struct execution *engine, const char *owner, size_t count, struct fault *fault)
{
    size_t limit = (size_t)config_number(engine->config, "execution.queue");
    if (engine->stopping)
        return fault_retry(fault, MRPC_UNAVAILABLE, RETRY_AFTER_MS, "the server is stopping");
    if (engine->jobs.live - engine->jobs.running + count <= limit)
        return quota_check(engine->job_quota, owner, count, RETRY_AFTER_MS, fault);
    return fault_retry(fault, MRPC_RESOURCE_EXHAUSTED, RETRY_AFTER_MS, "%zu jobs wait already, of %zu at most",
                       engine->jobs.live - engine->jobs.running, limit);
}

int jobs_check_timeout(const Google__Protobuf__Duration *timeout, const char *field, struct fault *fault)
{
    int64_t timeout_ms = api_duration_ms(timeout);
    if (timeout && (timeout_ms < 10 || timeout_ms > INT64_C(30) * 24 * 3600 * 1000))
        return fault_field(fault, field, "%lld ms are not in 10 ms to 30 days", (long long)timeout_ms);
    return 0;
}

/* Binding it to an operation that is thrown away is the whole check. */
int jobs_check_work(struct execution *engine, const API(JobSpec) * spec, const char *field, struct fault *fault)
{
    struct operation *operation = operation_new(engine);
    if (!operation)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    int code = job_bind(operation, spec, field, fault);
    operation_free(operation);
    return code;
}

int jobs_check(struct execution *engine, const API(JobSpec) * spec, const char *owner, const char *field,
               struct fault *fault)
{
    int code = depend_check(engine, spec, field, fault);
    if (!code)
        code = jobs_check_work(engine, spec, field, fault);
    return code ? code : jobs_check_names(engine, spec, owner, field, fault);
}

static int by_key(const void *a, const void *b)
{
    struct map_entry {
        ProtobufCMessage base;
        char *key;
    };
    return strcmp((*(const struct map_entry *const *)a)->key, (*(const struct map_entry *const *)b)->key);
}

static void sort(void *entries, size_t count)
{
    if (count > 1)
        qsort(entries, count, sizeof(void *), by_key);
}

void jobs_sort_maps(API(JobSpec) * spec)
{
    sort(spec->labels, spec->n_labels);
    if (spec->work_case == MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_TRAIN)
        sort(spec->train->parameters, spec->train->n_parameters);
    if (spec->work_case == MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_TUNE) {
        sort(spec->tune->searcher_parameters, spec->tune->n_searcher_parameters);
        if (spec->tune->train)
            sort(spec->tune->train->parameters, spec->tune->train->n_parameters);
    }
    if (spec->work_case == MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_COMPUTE) {
        sort(spec->compute->parameters, spec->compute->n_parameters);
        sort(spec->compute->column_names, spec->compute->n_column_names);
    }
}

static bool same_spec(const struct job *job, const struct api_bytes *spec)
{
    return job->spec.size == spec->size && memcmp(job->spec.data, spec->data, spec->size) == 0;
}

static int accept_job(struct execution *engine, struct request *request, struct job **job, bool *existed,
                      struct fault *fault)
{
    struct job *known = find_request(engine, request->owner, request->request_id);
    if (known && api_now_ms() - known->create_ms > JOBS_REQUEST_KEPT_MS) {
        jobs_forget_request(known);
        known = NULL;
    }
    *existed = known != NULL;
    if (known && !same_spec(known, &request->encoded))
        return fault_set(fault, MRPC_ALREADY_EXISTS, "request_id \"%s\" belongs to job %s with another specification",
                         request->request_id, known->id);
    *job = known;
    if (known)
        return 0;
    int code = jobs_check_room(engine, request->owner, 1, fault);
    if (!code)
        code = jobs_check(engine, request->spec, request->owner, "spec", fault);
    return code ? code : new_job(engine, request, job, fault);
}

struct waiter {
    struct event_watcher watcher;
    struct job *job;
    uint64_t sequence;
    void (*durable)(void *arg, struct job *job);
    void *arg;
};

static void look_again(struct event_watcher *watcher)
{
    struct waiter waiter = *(struct waiter *)watcher;
    if (waiter.job->log->committed < waiter.sequence)
        return;
    event_log_unwatch(watcher);
    free(watcher);
    waiter.durable(waiter.arg, waiter.job);
}

int jobs_when_durable(struct job *job, void (*durable)(void *arg, struct job *job), void *arg)
{
    bool dropped = job->log->complete && !job->log->count;
    if (dropped || job->log->committed >= job->sequence) {
        durable(arg, job);
        return 0;
    }
    struct waiter *waiter = calloc(1, sizeof *waiter);
    if (!waiter)
        return -1;
    *waiter = (struct waiter){{.more = look_again}, job, job->sequence, durable, arg};
    event_log_watch(job->log, &waiter->watcher);
    return 0;
}

/* What was done since to a job that a request asks for again may still be on its way to the disk. */
static void known_is_durable(void *arg, struct job *job)
{
    struct submission submission = *(struct submission *)arg;
    struct fault none = FAULT_INIT;
    free(arg);
    submission.submitted(submission.arg, job, true, &none);
}

void jobs_submit(struct execution *engine, API(JobSpec) * spec, const char *owner, const char *request_id,
                 const struct job_origin *origin, jobs_submitted *submitted, void *arg)
{
    struct fault fault = FAULT_INIT;
    struct request request = {.spec = spec, .owner = owner, .request_id = request_id, .origin = origin};
    struct job *job = NULL;
    bool existed = false;
    struct submission *submission = calloc(1, sizeof *submission);
    int code = submission ? api_encode(API_INFO(job_spec), spec, &request.encoded, &fault)
                          : fault_set(&fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (!code)
        code = accept_job(engine, &request, &job, &existed, &fault);
    free(request.encoded.data);
    if (!code)
        *submission = (struct submission){NULL, submitted, arg, existed};
    if (!code && existed && job->accepted && jobs_when_durable(job, known_is_durable, submission))
        code = fault_set(&fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (code) {
        free(submission);
        return submitted(arg, NULL, false, &fault);
    }
    if (!existed || !job->accepted)
        join_submissions(job, submission);
    if (existed)
        return;
    job_goes_live(job);
    job_move(job, job->dependency_count ? JOB_WAITING : JOB_QUEUED, "", on_saved, NULL);
}

/* ---- Queue and timers ---- */

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct job *job = arg;
    void (*run)(struct job *) = job->on_timer;
    job_clear_timer(job);
    run(job);
}

void job_set_timer(struct job *job, int64_t delay_ms, void (*run)(struct job *job))
{
    job_clear_timer(job);
    if (delay_ms < 0)
        delay_ms = 0;
    struct timeval delay = {.tv_sec = delay_ms / 1000, .tv_usec = delay_ms % 1000 * 1000};
    job->on_timer = run;
    job->timer = evtimer_new(domain_loop_base(job->engine->loop), on_timer, job);
    if (job->timer)
        evtimer_add(job->timer, &delay);
}

void job_clear_timer(struct job *job)
{
    if (job->timer)
        event_free(job->timer);
    job->timer = NULL;
}

static void publish_counts(struct execution *engine)
{
    atomic_store(&engine->queued, (uint32_t)engine->jobs.queue.count);
    atomic_store(&engine->running, (uint32_t)engine->jobs.running);
}

static void deadline_passed(struct job *job)
{
    job_queue_remove(&job->engine->jobs.queue, &job->entry);
    job->end_ms = api_now_ms();
    job_is_over(job);
    publish_counts(job->engine);
    job_move(job, JOB_TIMED_OUT, "the deadline passed before it began", NULL, NULL);
}

void job_enqueue(struct job *job)
{
    struct execution *engine = job->engine;
    if (job->state != JOB_QUEUED) /* cancelled meanwhile */
        return;
    if (job_queue_push(&engine->jobs.queue, &job->entry, job->owner, job->priority, domain_loop_now_ms(engine->loop))) {
        log_error(engine->log, "execution", "no memory to queue job %s", job->id);
        return job_set_timer(job, RETRY_AFTER_MS, job_enqueue);
    }
    if (job->deadline_ms)
        job_set_timer(job, job->deadline_ms - api_now_ms(), deadline_passed);
    publish_counts(engine);
}

void jobs_dispatch(struct execution *engine)
{
    struct jobs *jobs = &engine->jobs;
    while (!engine->stopping && jobs->running < jobs->running_limit) {
        struct job *job = (struct job *)job_queue_pop(&jobs->queue);
        if (!job)
            break;
        job_clear_timer(job);
        jobs->running++;
        job_start(job);
    }
    publish_counts(engine);
}

void jobs_cancel(struct job *job, const char *reason)
{
    struct execution *engine = job->engine;
    switch (job->state) {
    case JOB_WAITING:
    case JOB_QUEUED:
    case JOB_RETRY_WAIT:
        job_clear_timer(job);
        job_queue_remove(&engine->jobs.queue, &job->entry);
        job->end_ms = api_now_ms();
        job_is_over(job);
        publish_counts(engine);
        return job_move(job, JOB_CANCELLED, reason, NULL, NULL);
    case JOB_RUNNING:
        job_move(job, JOB_CANCELLING, reason, NULL, NULL);
        operation_cancel(job->operation);
        return;
    default:
        return;
    }
}
