/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs_world.h"

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "execution/job/job.h"
#include "execution/restore.h"
#include "execution/schedule/schedules.h"
#include "fuzzer.h"
#include "store/batch.h"

/* Midnight of 2026-01-01, UTC. */
static const int64_t beginning_ms = INT64_C(1767225600000);

struct event {
    event_callback_fn run;
    void *arg;
    int64_t due_ms;
    bool pending;
    struct event *next;
};

struct entry {
    char *key;
    uint8_t *value;
    size_t size;
};

enum { BATCHES_MAX = 4096, ENTRIES_MAX = 65536 };

static struct world {
    struct world_hooks hooks;
    struct execution engine;
    int64_t now_ms;
    struct event *events;
    struct domain_task *head, **tail;
    struct store_batch *batches[BATCHES_MAX];
    size_t batch_first, batch_count;
    struct entry disk[ENTRIES_MAX];
    size_t entry_count;
    struct operation *flights[WORLD_FLIGHT_MAX];
    size_t flight_count;
    bool gone; /* the process: nothing it does counts any more */
} world;

struct execution *world_engine(void)
{
    return &world.engine;
}

/* ---- The clock, in the place of libevent's and the system's ---- */

int64_t __wrap_api_now_ms(void);
int64_t __wrap_api_now_ms(void)
{
    return world.now_ms;
}

int64_t world_now_ms(void)
{
    return world.now_ms;
}

int64_t domain_loop_now_ms(const struct domain_loop *loop)
{
    return world.now_ms - beginning_ms;
}

struct event *event_new(struct event_base *base, evutil_socket_t fd, short what, event_callback_fn run, void *arg)
{
    struct event *event = calloc(1, sizeof *event);
    MUST(event);
    *event = (struct event){.run = run, .arg = arg, .next = world.events};
    world.events = event;
    return event;
}

int event_add(struct event *event, const struct timeval *delay)
{
    event->due_ms = world.now_ms + delay->tv_sec * 1000 + delay->tv_usec / 1000;
    event->pending = true;
    return 0;
}

int event_del(struct event *event)
{
    event->pending = false;
    return 0;
}

int event_pending(const struct event *event, short what, struct timeval *due)
{
    return event->pending;
}

void event_free(struct event *event)
{
    struct event **link = &world.events;
    while (*link != event)
        link = &(*link)->next;
    *link = event->next;
    free(event);
}

static struct event *first_due(int64_t until_ms)
{
    struct event *first = NULL;
    for (struct event *event = world.events; event; event = event->next)
        if (event->pending && event->due_ms <= until_ms && (!first || event->due_ms < first->due_ms))
            first = event;
    return first;
}

void world_advance(int64_t ms)
{
    int64_t until_ms = world.now_ms + ms;
    for (struct event *event; (event = first_due(until_ms));) {
        if (event->due_ms > world.now_ms)
            world.now_ms = event->due_ms;
        event->pending = false;
        event->run(-1, EV_TIMEOUT, event->arg);
        world_turn();
    }
    world.now_ms = until_ms;
}

void world_sleep(int64_t ms)
{
    world.now_ms += ms;
    world_advance(0);
}

/* ---- The loop ---- */

struct event_base *domain_loop_base(struct domain_loop *loop)
{
    return NULL;
}

int domain_loop_post_task(struct domain_loop *loop, struct domain_task *task)
{
    task->next = NULL;
    *world.tail = task;
    world.tail = &task->next;
    return 0;
}

void world_turn(void)
{
    while (world.head) {
        struct domain_task *task = world.head;
        world.head = task->next;
        if (!world.head)
            world.tail = &world.head;
        task->run(task);
    }
}

/* ---- The disk, in the place of the store ---- */

static size_t place_of(const char *key, size_t bytes)
{
    size_t low = 0, high = world.entry_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct store_slice there = store_text(world.disk[middle].key);
        if (store_slice_compare(there, (struct store_slice){key, bytes}) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(size_t place, const char *key, size_t bytes)
{
    return place < world.entry_count && strlen(world.disk[place].key) == bytes &&
           memcmp(world.disk[place].key, key, bytes) == 0;
}

static void write_entry(struct store_slice key, struct store_slice value)
{
    size_t at = place_of(key.data, key.bytes);
    char name[256];
    snprintf(name, sizeof name, "%.*s", (int)key.bytes, (const char *)key.data);
    if (world.hooks.written)
        world.hooks.written(name, value.data, value.bytes);
    if (!is_at(at, key.data, key.bytes)) {
        MUST(world.entry_count < ENTRIES_MAX);
        memmove(world.disk + at + 1, world.disk + at, (world.entry_count++ - at) * sizeof *world.disk);
        world.disk[at] = (struct entry){.key = strndup(key.data, key.bytes)};
    }
    struct entry *entry = &world.disk[at];
    free(entry->value);
    entry->value = malloc(value.bytes + 1);
    entry->size = value.bytes;
    if (value.bytes)
        memcpy(entry->value, value.data, value.bytes);
    entry->value[value.bytes] = 0;
}

static void remove_entry(struct store_slice key)
{
    size_t at = place_of(key.data, key.bytes);
    if (!is_at(at, key.data, key.bytes))
        return;
    world.hooks.removed(world.disk[at].key);
    free(world.disk[at].key);
    free(world.disk[at].value);
    memmove(world.disk + at, world.disk + at + 1, (--world.entry_count - at) * sizeof *world.disk);
}

void world_put(const char *key, const void *value, size_t size)
{
    write_entry(store_text(key), (struct store_slice){value, size});
}

const void *world_get(const char *key, size_t *size)
{
    size_t at = place_of(key, strlen(key));
    if (!is_at(at, key, strlen(key)))
        return NULL;
    *size = world.disk[at].size;
    return world.disk[at].value;
}

static void apply(const struct store_batch *batch)
{
    if (world.gone)
        return;
    for (size_t i = 0; i < batch->operation_count; i++) {
        const struct store_operation *operation = &batch->operations[i];
        if (operation->kind == STORE_PUT)
            write_entry(store_batch_key(batch, operation), store_batch_value(batch, operation));
        else
            remove_entry(store_batch_key(batch, operation));
    }
}

void store_commit(struct store *store, struct store_batch *batch, store_commit_done *done, void *arg)
{
    MUST(world.batch_count < BATCHES_MAX && !batch->broken);
    batch->done = done;
    batch->arg = arg;
    world.batches[(world.batch_first + world.batch_count++) % BATCHES_MAX] = batch;
}

static struct store_batch *take_batch(void)
{
    struct store_batch *batch = world.batches[world.batch_first];
    world.batch_first = (world.batch_first + 1) % BATCHES_MAX;
    world.batch_count--;
    return batch;
}

size_t world_landing(void)
{
    return world.batch_count;
}

bool world_land(bool well)
{
    if (!world.batch_count)
        return false;
    struct store_batch *batch = take_batch();
    struct store_commit_result result = {.code = well ? MRPC_OK : MRPC_RESOURCE_EXHAUSTED, .text = "the disk is full"};
    if (well)
        apply(batch);
    if (batch->done)
        batch->done(batch->arg, &result);
    store_batch_free(batch);
    return true;
}

int store_range(struct store *store, const struct store_range *range, struct store_list *list, struct fault *fault)
{
    list->entries = calloc(world.entry_count + 1, sizeof *list->entries);
    list->memory = list->entries;
    list->count = 0;
    for (size_t i = place_of(range->prefix.data, range->prefix.bytes); i < world.entry_count; i++) {
        struct store_slice key = store_text(world.disk[i].key);
        if (!store_slice_has_prefix(key, range->prefix))
            break;
        if (range->after.bytes && store_slice_compare(key, range->after) <= 0)
            continue;
        list->entries[list->count++] =
            (struct store_entry){.key = key, .value = {world.disk[i].value, world.disk[i].size}};
    }
    list->more = false;
    return 0;
}

void store_list_fini(struct store_list *list)
{
    free(list->memory);
}

/* ---- Work ---- */

struct operation *operation_new(struct execution *engine)
{
    struct operation *operation = calloc(1, sizeof *operation);
    MUST(operation);
    operation->engine = engine;
    operation->arena = mrpc_arena_new(0);
    operation->result = API_NEW(operation->arena, JobResult, job_result);
    operation->timings = API_NEW(operation->arena, JobTimings, job_timings);
    operation->signal_name = operation->stderr_tail = operation->stage = operation->isolation = "";
    return operation;
}

void operation_free(struct operation *operation)
{
    if (!operation)
        return;
    mrpc_arena_free(operation->arena);
    free(operation);
}

void operation_compute(struct operation *operation)
{
    MUST(world.flight_count < WORLD_FLIGHT_MAX);
    world.flights[world.flight_count++] = operation;
    world.hooks.began((struct job *)(uintptr_t)operation->job);
}

void operation_cancel(struct operation *operation)
{
    operation->cancelled = true;
}

void operation_end(struct operation *operation, const struct fault *fault)
{
    operation->fault = *fault;
    operation->on_done(operation);
}

size_t world_flying(void)
{
    return world.flight_count;
}

struct operation *world_flight(size_t at)
{
    return world.flights[at];
}

static void take_off_list(const struct operation *operation)
{
    size_t at = 0;
    while (world.flights[at] != operation)
        at++;
    memmove(world.flights + at, world.flights + at + 1, (--world.flight_count - at) * sizeof *world.flights);
}

void world_end(struct operation *operation, const struct fault *fault, bool worker_lost)
{
    struct fault end = *fault;
    bool late = operation->deadline_ms && domain_loop_now_ms(NULL) >= operation->deadline_ms;
    take_off_list(operation);
    if (late && !operation->cancelled)
        fault_set(&end, MRPC_DEADLINE_EXCEEDED, "the deadline passed");
    if (operation->cancelled && end.code)
        fault_set(&end, MRPC_CANCELLED, "cancelled");
    operation->worker_lost = end.code && worker_lost;
    operation_end(operation, &end);
}

/* ---- Beginning and end ---- */

void world_start(void)
{
    struct fault fault = FAULT_INIT;
    world.engine = (struct execution){.datasets.noun = "dataset", .artifacts.noun = "artifact"};
    world.engine.job_quota = quota_new("execution.job_quota", "jobs that have not ended", WORLD_OWNER_LIMIT);
    world.engine.schedule_quota = quota_new("execution.schedule_quota", "schedules", 0);
    MUST(world.engine.job_quota && world.engine.schedule_quota && schedules_init(&world.engine) == 0);
    jobs_init(&world.engine, WORLD_RUNNING_LIMIT);
    MUST(execution_restore(&world.engine, &fault) == 0);
    jobs_resume(&world.engine);
    pipelines_resume(&world.engine);
    schedules_start(&world.engine);
}

static void save_unsaved(void)
{
    for (size_t i = 0; i < world.engine.jobs.count; i++)
        if (world.engine.jobs.items[i]->unsaved)
            job_save(world.engine.jobs.items[i]);
}

/* What a process that is gone had asked for is answered all the same, to nobody, so that its memory is given back. */
static void stop(void)
{
    world.gone = true;
    world.engine.stopping = true;
    do {
        world_turn();
        save_unsaved();
    } while (world_land(true));
    while (world.flight_count)
        operation_free(world.flights[--world.flight_count]);
    schedules_fini(&world.engine);
    pipelines_fini(&world.engine);
    jobs_fini(&world.engine);
    quota_free(world.engine.job_quota);
    quota_free(world.engine.schedule_quota);
    MUST(!world.events && !world.head);
    world.gone = false;
}

void world_crash(size_t arrived)
{
    for (size_t i = 0; i < arrived && i < world.batch_count; i++)
        apply(world.batches[(world.batch_first + i) % BATCHES_MAX]);
    stop();
    world_start();
}

bool world_is_gone(void)
{
    return world.gone;
}

void world_open(const struct world_hooks *hooks)
{
    world = (struct world){.hooks = *hooks, .now_ms = beginning_ms};
    world.tail = &world.head;
}

void world_close(void)
{
    stop();
    for (size_t i = 0; i < world.entry_count; i++) {
        free(world.disk[i].key);
        free(world.disk[i].value);
    }
}
