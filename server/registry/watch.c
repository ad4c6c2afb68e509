/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/watch.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "registry/identifier.h"
#include "registry/service.h"
#include "registry/watcher.h"

enum { LOG_DEFAULT = 10000, QUEUE_DEFAULT = 1024 * 1024, WATCHERS_MAX = 100000, LOOPS_MAX = 256 };

struct registry_watches {
    struct registry_watches_options options;
    struct watch_selections *selections;
    struct watcher **table;
    size_t count;
    size_t capacity;
    struct watch_event **log; /* a ring of options.log_count */
    size_t log_begin;
    size_t log_size;
    size_t noted;   /* the newest of them that are still to be sent */
    int64_t oldest; /* changes after this revision are in the log */
};

int registry_watches_new(const struct registry_watches_options *options, struct registry_watches **out)
{
    struct registry_watches *watches = calloc(1, sizeof *watches);
    if (!watches)
        return MRPC_RESOURCE_EXHAUSTED;
    watches->options = *options;
    if (!watches->options.log_count)
        watches->options.log_count = LOG_DEFAULT;
    if (!watches->options.queue_bytes)
        watches->options.queue_bytes = QUEUE_DEFAULT;
    watches->oldest = options->revision;
    watches->log = calloc(watches->options.log_count, sizeof *watches->log);
    if (!watches->log || watch_selections_new(&watches->selections)) {
        free(watches->log);
        free(watches);
        return MRPC_RESOURCE_EXHAUSTED;
    }
    *out = watches;
    return MRPC_OK;
}

static struct watch_event **logged(struct registry_watches *watches, size_t index)
{
    return &watches->log[(watches->log_begin + index) % watches->options.log_count];
}

static void forget_oldest(struct registry_watches *watches)
{
    struct watch_event *event = *logged(watches, 0);
    watches->oldest = event->revision;
    watch_event_unref(event);
    watches->log_begin = (watches->log_begin + 1) % watches->options.log_count;
    watches->log_size--;
    if (watches->noted > watches->log_size)
        watches->noted = watches->log_size;
}

void registry_watches_free(struct registry_watches *watches)
{
    if (!watches)
        return;
    while (watches->log_size)
        forget_oldest(watches);
    watch_selections_free(watches->selections);
    free(watches->log);
    free(watches->table);
    free(watches);
}

uint64_t registry_watches_epoch(const struct registry_watches *watches)
{
    return watches->options.epoch;
}

size_t registry_watches_queue_bytes(const struct registry_watches *watches)
{
    return watches->options.queue_bytes;
}

int64_t registry_watches_oldest(const struct registry_watches *watches)
{
    return watches->oldest;
}

size_t registry_watches_count(const struct registry_watches *watches)
{
    return watches->count;
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static bool add_to_table(struct registry_watches *watches, struct watcher *watcher)
{
    if (watches->count == watches->capacity) {
        size_t capacity = watches->capacity ? watches->capacity * 2 : 64;
        struct watcher **grown = realloc(watches->table, capacity * sizeof *grown);
        if (!grown)
            return false;
        watches->table = grown;
        watches->capacity = capacity;
    }
    watches->table[watches->count++] = watcher_ref(watcher);
    watcher->at = (uint32_t)watches->count;
    return true;
}

static void strike_off(struct registry_watches *watches, struct watcher *watcher)
{
    if (!watcher->at)
        return;
    struct watcher *last = watches->table[--watches->count];
    watches->table[watcher->at - 1] = last;
    last->at = watcher->at;
    watcher->at = 0;
    watcher_unref(watcher);
}

/* --- the end of a watch ------------------------------------------------------------------------------------------- */

/* As in registry_post_surely(). */
static void wait_for_memory(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* On the connection loop, behind everything that was posted for the call. */
static void finish_call(void *arg)
{
    struct watcher *watcher = arg;
    int code = watcher->end_code;
    if (code)
        mrpc_call_fail(watcher->call, (enum mrpc_code)code, "%s", watcher->end_text);
    mrpc_call_finish(watcher->call, code, NULL);
    watcher_unref(watcher);
}

static void end_on_domain(struct domain_task *task)
{
    struct watcher *watcher = (struct watcher *)((char *)task - offsetof(struct watcher, end_task));
    strike_off(watcher->watches, watcher);
    registry_post_surely(watcher->call, finish_call, watcher);
}

void watcher_ask_end(struct watcher *watcher, int code, const char *text)
{
    if (watcher->ending)
        return;
    watcher->ending = true;
    watcher->end_code = code;
    watcher->end_text = text;
    watcher->end_task.run = end_on_domain;
    watcher_ref(watcher);
    if (domain_loop_post_task(registry_loop(watcher->watches->options.registry), &watcher->end_task))
        finish_call(watcher); /* the domain has stopped: nobody posts any more */
}

static void on_cancel(void *arg, struct mrpc_call *call)
{
    watcher_ask_end(arg, MRPC_CANCELLED, "cancelled");
}

static void on_writable(void *arg, struct mrpc_call *call)
{
    watcher_pump(arg);
}

static void on_release(void *data)
{
    watcher_unref(data);
}

/* --- the beginning ------------------------------------------------------------------------------------------------ */

/* From the connection loop to the domain: what only the beginning needs. */
struct opening {
    struct domain_task task;
    struct watcher *watcher;
    int64_t after_revision; /* 0: from the present state */
    uint64_t epoch;
};

/* From the domain to the connection loop: the state, or what was missed. */
struct beginning {
    struct watcher *watcher;
    struct registry_view *view; /* NULL when resuming */
    int64_t after_revision;
    size_t count;
    struct watch_event *events[];
};

static void begin_on_loop(void *arg)
{
    struct beginning *beginning = arg;
    struct watcher *watcher = beginning->watcher;
    if (beginning->view && watcher->ending)
        snapshot_release(&beginning->view->snapshot);
    else if (beginning->view)
        watcher_begin_snapshot(watcher, beginning->view);
    for (size_t i = 0; i < beginning->count; i++) {
        watcher_send_event(watcher, beginning->events[i], false);
        watch_event_unref(beginning->events[i]);
    }
    if (!beginning->view && beginning->count == 0)
        watcher_send_progress(watcher, beginning->after_revision);
    watcher_unref(watcher);
    free(beginning);
}

static struct beginning *resume(struct registry_watches *watches, const struct opening *opening)
{
    const struct watch_selection *selection = opening->watcher->selection;
    struct beginning *beginning = calloc(1, sizeof *beginning + watches->log_size * sizeof beginning->events[0]);
    if (!beginning)
        return NULL;
    beginning->after_revision = opening->after_revision;
    for (size_t i = 0; i < watches->log_size; i++) {
        struct watch_event *event = *logged(watches, i);
        const PB(InstanceKey) *key = event->shown->message->key;
        if (event->revision <= opening->after_revision ||
            !watch_selection_has(selection, key->namespace_, key->service))
            continue;
        while (!watch_event_encode(event, watches->options.epoch))
            wait_for_memory();
        beginning->events[beginning->count++] = watch_event_ref(event);
    }
    return beginning;
}

static struct beginning *from_the_start(struct registry_watches *watches)
{
    struct beginning *beginning = calloc(1, sizeof *beginning);
    if (beginning)
        beginning->view = (struct registry_view *)(uintptr_t)registry_snapshot(watches->options.registry);
    return beginning;
}

struct refusal {
    struct watcher *watcher; /* a reference */
    int code;
    const char *text;
};

static void refuse_on_loop(void *arg)
{
    struct refusal *refusal = arg;
    watcher_ask_end(refusal->watcher, refusal->code, refusal->text);
    watcher_unref(refusal->watcher);
    free(refusal);
}

static void refuse(struct watcher *watcher, int code, const char *text)
{
    struct refusal *refusal;
    while (!(refusal = malloc(sizeof *refusal)))
        wait_for_memory();
    *refusal = (struct refusal){.watcher = watcher, .code = code, .text = text};
    registry_post_surely(watcher->call, refuse_on_loop, refusal);
}

void registry_watches_end_all(struct registry_watches *watches, int code, const char *text)
{
    for (size_t i = 0; i < watches->count; i++)
        refuse(watcher_ref(watches->table[i]), code, text);
}

static bool can_resume(const struct registry_watches *watches, const struct opening *opening)
{
    const struct catalog *catalog = registry_catalog(watches->options.registry);
    return opening->epoch == watches->options.epoch && opening->after_revision >= watches->oldest &&
           opening->after_revision <= catalog->committed_revision;
}

/* The call is the domain's until the refusal is posted, and so is its arena. */
static void refuse_to_resume(const struct registry_watches *watches, const struct opening *opening)
{
    struct mrpc_arena *arena = mrpc_call_arena(opening->watcher->call);
    const char *text =
        arena ? mrpc_arena_printf(arena,
                                  "cannot resume after revision %lld of epoch %llu: changes are known after "
                                  "revision %lld of epoch %llu; watch again without a revision",
                                  (long long)opening->after_revision, (unsigned long long)opening->epoch,
                                  (long long)watches->oldest, (unsigned long long)watches->options.epoch)
              : NULL;
    refuse(opening->watcher, MRPC_OUT_OF_RANGE, text ? text : "that revision is no longer known");
}

/* The view and the log agree here: changes are noted, shown and sent in one go on this loop. */
static void begin(struct registry_watches *watches, const struct opening *opening)
{
    struct watcher *watcher = opening->watcher;
    bool resuming = opening->after_revision > 0;
    if (resuming && !can_resume(watches, opening)) {
        refuse_to_resume(watches, opening);
        return;
    }
    watcher->heard_ms = domain_loop_now_ms(registry_loop(watches->options.registry));
    struct beginning *beginning = resuming ? resume(watches, opening) : from_the_start(watches);
    if (!beginning || watches->count >= WATCHERS_MAX || !add_to_table(watches, watcher)) {
        for (size_t i = 0; beginning && i < beginning->count; i++)
            watch_event_unref(beginning->events[i]);
        if (beginning && beginning->view)
            snapshot_release(&beginning->view->snapshot);
        free(beginning);
        refuse(watcher, MRPC_RESOURCE_EXHAUSTED, "too many watchers");
        return;
    }
    beginning->watcher = watcher;
    registry_post_surely(watcher->call, begin_on_loop, beginning);
}

static void begin_on_domain(struct domain_task *task)
{
    struct opening *opening = (struct opening *)((char *)task - offsetof(struct opening, task));
    begin(opening->watcher->watches, opening);
    free(opening);
}

static struct watcher *watcher_new(struct registry_watches *watches, struct mrpc_call *call,
                                   const PB(WatchRequest) * request)
{
    struct watcher *watcher = calloc(1, sizeof *watcher);
    struct watch_selection *selection = watch_selection_get(watches->selections, request);
    if (!watcher || !selection) {
        watch_selection_unref(selection);
        free(watcher);
        return NULL;
    }
    atomic_init(&watcher->references, 2); /* the call's, and the beginning's */
    watcher->watches = watches;
    watcher->call = call;
    watcher->selection = selection;
    return watcher;
}

int registry_watch_start(struct registry_watches *watches, struct mrpc_call *call, const PB(WatchRequest) * request,
                         int64_t progress_ms)
{
    struct watcher *watcher = watcher_new(watches, call, request);
    struct opening *opening = malloc(sizeof *opening);
    if (watcher)
        mrpc_call_set_data(call, watcher, on_release);
    if (!watcher || !opening) {
        free(opening);
        if (watcher)
            watcher_unref(watcher);
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "no memory");
    }
    watcher->progress_ms = (int32_t)progress_ms;
    *opening = (struct opening){.task.run = begin_on_domain, .watcher = watcher,
                                .after_revision = request->after_revision, .epoch = request->epoch};
    mrpc_call_on_writable(call, on_writable, watcher);
    mrpc_call_on_cancel(call, on_cancel, watcher);
    mrpc_call_forget_request(call);
    if (domain_loop_post_task(registry_loop(watches->options.registry), &opening->task)) {
        free(opening);
        mrpc_call_on_cancel(call, NULL, NULL);
        watcher_unref(watcher);
        return mrpc_call_fail(call, MRPC_UNAVAILABLE, "the registry is stopping");
    }
    return MRPC_PENDING;
}

/* --- changes ------------------------------------------------------------------------------------------------------ */

void registry_watches_note(struct registry_watches *watches, const struct catalog_change *change)
{
    struct watch_event *event;
    if (change->removal && !change->before)
        return; /* of one whose registration could not be written: nobody was told that it came */
    while (!(event = watch_event_new(change)))
        wait_for_memory();
    if (watches->log_size == watches->options.log_count)
        forget_oldest(watches);
    *logged(watches, watches->log_size++) = event;
    watches->noted++;
}

/* From the domain to one connection loop. */
struct delivery {
    struct watch_event *event; /* NULL: progress */
    int64_t revision;
    size_t count;
    struct watcher *watchers[];
};

static void deliver(void *arg)
{
    struct delivery *delivery = arg;
    for (size_t i = 0; i < delivery->count; i++) {
        if (delivery->event)
            watcher_send_event(delivery->watchers[i], delivery->event, true);
        else
            watcher_send_progress(delivery->watchers[i], delivery->revision);
        watcher_unref(delivery->watchers[i]);
    }
    watch_event_unref(delivery->event);
    free(delivery);
}

static struct delivery *delivery_new(size_t count, struct watch_event *event, int64_t revision)
{
    struct delivery *delivery;
    while (!(delivery = calloc(1, sizeof *delivery + count * sizeof delivery->watchers[0])))
        wait_for_memory();
    delivery->event = event ? watch_event_ref(event) : NULL;
    delivery->revision = revision;
    return delivery;
}

/* Send to every watcher that is marked as wanted: one post a loop. */
static void fan_out(struct registry_watches *watches, struct watch_event *event, int64_t revision, int64_t now_ms)
{
    size_t counts[LOOPS_MAX] = {0};
    struct delivery *deliveries[LOOPS_MAX] = {NULL};
    for (size_t i = 0; i < watches->count; i++)
        counts[mrpc_call_loop_index(watches->table[i]->call) % LOOPS_MAX] += watches->table[i]->wanted;
    for (size_t i = 0; i < watches->count; i++) {
        struct watcher *watcher = watches->table[i];
        unsigned loop = mrpc_call_loop_index(watcher->call) % LOOPS_MAX;
        if (!watcher->wanted)
            continue;
        watcher->wanted = false;
        watcher->heard_ms = now_ms;
        if (!deliveries[loop])
            deliveries[loop] = delivery_new(counts[loop], event, revision);
        deliveries[loop]->watchers[deliveries[loop]->count++] = watcher_ref(watcher);
    }
    for (size_t i = 0; i < LOOPS_MAX; i++)
        if (deliveries[i])
            registry_post_surely(deliveries[i]->watchers[0]->call, deliver, deliveries[i]);
}

void registry_watches_flush(struct registry_watches *watches, int64_t now_ms)
{
    for (; watches->noted; watches->noted--) {
        struct watch_event *event = *logged(watches, watches->log_size - watches->noted);
        const PB(InstanceKey) *key = event->shown->message->key;
        bool any = false;
        for (size_t i = 0; i < watches->count; i++) {
            watches->table[i]->wanted =
                watch_selection_has(watches->table[i]->selection, key->namespace_, key->service);
            any = any || watches->table[i]->wanted;
        }
        if (!any)
            continue;
        while (!watch_event_encode(event, watches->options.epoch))
            wait_for_memory();
        fan_out(watches, event, event->revision, now_ms);
    }
}

void registry_watches_tick(struct registry_watches *watches, int64_t revision, int64_t now_ms)
{
    bool any = false;
    for (size_t i = 0; i < watches->count; i++) {
        struct watcher *watcher = watches->table[i];
        watcher->wanted = now_ms - watcher->heard_ms >= watcher->progress_ms;
        any = any || watcher->wanted;
    }
    if (any)
        fan_out(watches, NULL, revision, now_ms);
}
