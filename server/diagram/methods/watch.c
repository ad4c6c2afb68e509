/* SPDX-License-Identifier: Apache-2.0 */
#include <event2/event.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "diagram/drawing.h"
#include "diagram/feed.h"
#include "events/scene_changed.h"

/* What a view shows is looked at when the bus tells that one of its sources has changed (events/scene_changed.h), at
 * most once in a watcher's interval; while nothing changes nothing runs, not even a timer. There is no queue of
 * changes: what was sent last is compared with what is now, so a watcher that is slow, or that waits for its interval,
 * skips what lay between and never misses the last state.
 *
 *     IDLE ─► (shape changed) DRAWING ─► IDLE      picture sent
 *     IDLE ─► (health changed) IDLE                patch sent
 *     IDLE ─► (interval not over) PAUSED ─► IDLE   looked at when it is
 *     any  ─► (send buffer full) BLOCKED ─► IDLE   on_writable; nothing was sent, so it is looked at anew
 *     any  ─► ended                                cancelled, source gone, server stops
 *
 * A watcher is freed when it has ended and no drawing is under way. */

enum { LEAST_INTERVAL_MS = 50, DEFAULT_INTERVAL_MS = 100, MAX_INTERVAL_MS = 60000, BUS_EVENTS = 64 };

struct watcher {
    struct drawing drawing;     /* first: cast back; its scene is the one being drawn */
    struct watcher *next;
    struct mrpc_call *call;     /* NULL once finished */
    const struct scene_source *source;
    char view[2 * SCENE_MAX_ID_BYTES + 2];
    const char *argument;       /* within view */
    struct feed *feed;
    struct layout_place *before; /* while it is drawn: the picture that is looked at */
    struct event *pause;        /* pending: changed, and the interval is not over */
    int64_t interval_ms, next_ms;
    int64_t revision;           /* of messages sent */
    struct scene *sent;         /* what the peer has; NULL before the first picture */
    bool changed;               /* since it was looked at */
    bool drawing_now, blocked;
    struct domain_task join_task, cancel_task, writable_task;
    _Atomic int references;     /* of tasks that may still run: see release() */
};

static int64_t now_ms(const struct watcher *w)
{
    return domain_loop_now_ms(w->drawing.diagram->loop);
}

static void hold(struct watcher *w)
{
    atomic_fetch_add_explicit(&w->references, 1, memory_order_relaxed);
}

/* Each task holds a reference and so does the call: what is released last frees the watcher. */
static void release(void *data)
{
    struct watcher *w = data;
    if (atomic_fetch_sub_explicit(&w->references, 1, memory_order_acq_rel) == 1)
        free(w);
}

/* ---- end ---- */

static void unlink_watcher(struct watcher *w)
{
    struct watcher **at = &w->drawing.diagram->watchers;
    while (*at && *at != w)
        at = &(*at)->next;
    if (*at)
        *at = w->next;
}

/* The watcher itself belongs to the call, whose data it is; here ends what it holds. */
static void end(struct watcher *w, int code)
{
    struct mrpc_call *call = w->call;
    if (!call || w->drawing_now) /* a drawing's done comes back here */
        return;
    struct diagram *d = w->drawing.diagram;
    w->call = NULL;
    unlink_watcher(w);
    feed_release(&d->feeds, w->feed);
    if (w->pause)
        event_free(w->pause);
    w->pause = NULL;
    if (!d->watchers) {
        bus_unsubscribe(d->changes);
        d->changes = NULL;
    }
    scene_unref(w->sent);
    w->sent = NULL;
    drawing_fini(&w->drawing);
    mrpc_call_finish(call, code, NULL);
}

static void end_with(struct watcher *w, const struct fault *fault)
{
    end(w, fault_answer(w->call, fault));
}

/* ---- sending ---- */

static void fill_time(Google__Protobuf__Timestamp *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    google__protobuf__timestamp__init(out);
    out->seconds = now.tv_sec;
    out->nanos = (int32_t)now.tv_nsec;
}

/* True when it was sent; else the watcher is blocked or ended. @scene becomes what the peer has. */
static bool send_change(struct watcher *w, Mltrainer__Diagram__V1__WatchResponse *message, struct scene *scene)
{
    Google__Protobuf__Timestamp time;
    fill_time(&time);
    message->time = &time;
    message->revision = w->revision + 1;
    w->blocked = true; /* on_writable is posted to this loop, so it cannot overtake */
    int error = mrpc_call_send(w->call, &message->base);
    if (error == MRPC_ERR_AGAIN) {
        w->changed = true; /* what was not taken counts as not looked at */
        return false;
    }
    w->blocked = false;
    if (error) {
        end(w, MRPC_CANCELLED);
        return false;
    }
    w->revision++;
    w->next_ms = now_ms(w) + w->interval_ms;
    struct scene *before = w->sent;
    w->sent = scene_ref(scene);
    scene_unref(before);
    return true;
}

static void send_picture(struct watcher *w, const struct message_response *answer)
{
    Mltrainer__Diagram__V1__WatchResponse message;
    Mltrainer__Diagram__V1__Picture picture;
    Mltrainer__Diagram__V1__PictureInfo info;
    struct fault fault = FAULT_INIT;
    struct mrpc_arena *arena = mrpc_arena_new(0); /* not the call's: a watch may last for weeks */
    int code = arena ? drawing_describe(&w->drawing, answer, arena, &info, &fault)
                     : fault_set(&fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (code == 0) {
        mltrainer__diagram__v1__watch_response__init(&message);
        mltrainer__diagram__v1__picture__init(&picture);
        picture.info = &info;
        picture.content.data = (uint8_t *)(uintptr_t)answer->content;
        picture.content.len = answer->content_bytes;
        message.change_case = MLTRAINER__DIAGRAM__V1__WATCH_RESPONSE__CHANGE_PICTURE;
        message.picture = &picture;
        send_change(w, &message, w->drawing.scene);
    } else {
        end_with(w, &fault);
    }
    mrpc_arena_free(arena);
}

static void send_patch(struct watcher *w, struct scene *scene, const int *changed, int count)
{
    Mltrainer__Diagram__V1__WatchResponse message;
    Mltrainer__Diagram__V1__Patch patch;
    Mltrainer__Diagram__V1__ItemChange *items = calloc((size_t)count, sizeof *items);
    Mltrainer__Diagram__V1__ItemChange **list = calloc((size_t)count, sizeof(void *));
    for (int i = 0; items && list && i < count; i++) {
        const struct scene_item *item = &scene->items[changed[i]];
        mltrainer__diagram__v1__item_change__init(&items[i]);
        items[i].id = (char *)(uintptr_t)item->id;
        items[i].detail = (char *)(uintptr_t)item->detail;
        items[i].health = (Mltrainer__Diagram__V1__Health)item->health;
        list[i] = &items[i];
    }
    if (items && list) {
        mltrainer__diagram__v1__watch_response__init(&message);
        mltrainer__diagram__v1__patch__init(&patch);
        patch.items = list;
        patch.n_items = (size_t)count;
        message.change_case = MLTRAINER__DIAGRAM__V1__WATCH_RESPONSE__CHANGE_PATCH;
        message.patch = &patch;
        send_change(w, &message, scene);
    } else {
        w->changed = true; /* tried again with the next change */
    }
    free(items);
    free(list);
}

/* ---- looking ---- */

static void look_when_due(struct watcher *w);

static void forget_before(struct watcher *w)
{
    free(w->before);
    w->before = NULL;
}

static void take_drawn(struct watcher *w, const struct message_response *answer)
{
    struct drawing *drawing = &w->drawing;
    struct fault fault = answer->fault;
    forget_before(w);
    w->drawing_now = false;
    if (fault.code == 0 && answer->places_bytes == (size_t)drawing->scene->item_count * sizeof *w->before)
        feed_remember(w->feed, drawing->scene, answer->places);
    if (w->drawing.diagram->stopping || mrpc_call_cancelled(w->call)) {
        fault_set(&fault, MRPC_UNAVAILABLE, "the server stops");
        end_with(w, &fault);
        return;
    }
    if (fault.code == 0 && answer->content_bytes > DRAWING_MAX_UNARY_BYTES)
        fault_set(&fault, MRPC_RESOURCE_EXHAUSTED, "the picture has %zu bytes, more than %d", answer->content_bytes,
                  DRAWING_MAX_UNARY_BYTES);
    if (fault.code) {
        end_with(w, &fault);
        return;
    }
    send_picture(w, answer);
    if (!w->call)
        return;
    drawing_fini(drawing);
    look_when_due(w);
}

/* What is sent may end the call, and with it, on its own loop, the watcher. */
static void on_drawn(struct drawing *drawing, const struct message_response *answer)
{
    struct watcher *w = (struct watcher *)drawing;
    hold(w);
    take_drawn(w, answer);
    release(w);
}

static void draw(struct watcher *w, struct scene *scene)
{
    struct fault fault = FAULT_INIT;
    w->drawing.scene = scene_ref(scene);
    w->drawing.job.request.scene = scene;
    w->before = feed_places(w->feed, scene);
    w->drawing.job.request.before = w->before;
    w->drawing.job.request.before_bytes = w->before ? (size_t)scene->item_count * sizeof *w->before : 0;
    w->drawing_now = true;
    if (drawing_start(&w->drawing, &fault) == 0)
        return;
    forget_before(w);
    w->drawing_now = false;
    end_with(w, &fault);
}

static void compare(struct watcher *w, struct scene *scene)
{
    int *changed = w->sent ? malloc((size_t)(scene->item_count + 1) * sizeof *changed) : NULL;
    int count = changed ? scene_compare(scene, w->sent, changed) : -1;
    if (count < 0)
        draw(w, scene);
    else if (count > 0)
        send_patch(w, scene, changed, count);
    free(changed);
}

static void look(struct watcher *w)
{
    struct scene *scene;
    struct fault fault = FAULT_INIT;
    w->changed = false;
    if (feed_scene(w->feed, &scene, &fault))
        end_with(w, &fault);
    else
        compare(w, scene);
}

/* Looks at what has changed, now or when the interval is over; what is being drawn or is blocked comes here
 * afterwards. */
static void look_when_due(struct watcher *w)
{
    if (!w->changed || w->drawing_now || w->blocked)
        return;
    int64_t wait_ms = w->next_ms - now_ms(w);
    if (wait_ms <= 0) {
        look(w);
        return;
    }
    const struct timeval wait = {wait_ms / 1000, wait_ms % 1000 * 1000};
    event_add(w->pause, &wait);
}

static void on_pause_over(evutil_socket_t fd, short what, void *arg)
{
    look_when_due(arg);
}

/* Events that did not fit may have been about any view. */
static bool any_dropped(struct diagram *d)
{
    uint64_t dropped = bus_subscription_dropped(d->changes);
    bool more = dropped != d->changes_dropped;
    d->changes_dropped = dropped;
    return more;
}

static void on_source_changed(void *arg, const void *event)
{
    struct diagram *d = arg;
    const struct scene_source_event *change = event;
    bool all = any_dropped(d);
    for (struct feed *feed = d->feeds; feed; feed = feed->next) {
        feed->changed = all || feed_shows(feed, change->source);
        if (feed->changed)
            feed_forget(feed);
    }
    for (struct watcher *w = d->watchers, *next; w; w = next) {
        next = w->next; /* looking may end it */
        w->changed |= w->feed->changed;
        look_when_due(w);
    }
}

/* Listening begins before the first scene is taken, so that no change lies between. */
static int begin_listening(struct diagram *d)
{
    if (d->changes)
        return 0;
    d->changes_dropped = 0;
    return bus_subscribe(d->bus, &scene_source_changed, d->loop, BUS_EVENTS, on_source_changed, d, &d->changes);
}

void watch_stop(struct diagram *d)
{
    struct fault fault = FAULT_INIT;
    fault_set(&fault, MRPC_UNAVAILABLE, "the server stops");
    for (struct watcher *w = d->watchers, *next; w; w = next) {
        next = w->next;
        end_with(w, &fault); /* those being drawn end when the renderer does */
    }
}

/* ---- the connection's side ---- */

static struct watcher *watcher_of(struct domain_task *task, size_t offset)
{
    return (struct watcher *)((char *)task - offset);
}

/* False when the loop has stopped, and thereby ended everything. */
static bool post(struct watcher *w, struct domain_task *task)
{
    hold(w);
    if (domain_loop_post_task(w->drawing.diagram->loop, task) == 0)
        return true;
    release(w);
    return false;
}

static void run_cancel(struct domain_task *task)
{
    struct watcher *w = watcher_of(task, offsetof(struct watcher, cancel_task));
    end(w, MRPC_CANCELLED);
    release(w);
}

static void run_writable(struct domain_task *task)
{
    struct watcher *w = watcher_of(task, offsetof(struct watcher, writable_task));
    w->blocked = false;
    if (w->call)
        look_when_due(w);
    release(w);
}

static void join(struct watcher *w)
{
    struct diagram *d = w->drawing.diagram;
    w->next = d->watchers;
    d->watchers = w;
    w->pause = evtimer_new(domain_loop_base(d->loop), on_pause_over, w);
    w->feed = feed_use(&d->feeds, w->source, w->view, w->argument);
    if (!w->pause || !w->feed || begin_listening(d)) {
        end(w, mrpc_call_fail(w->call, MRPC_RESOURCE_EXHAUSTED, "out of memory"));
        return;
    }
    w->changed = true;
    look_when_due(w);
}

static void run_join(struct domain_task *task)
{
    struct watcher *w = watcher_of(task, offsetof(struct watcher, join_task));
    if (w->drawing.diagram->stopping)
        end(w, mrpc_call_fail(w->call, MRPC_UNAVAILABLE, "the server stops"));
    else if (w->call)
        join(w);
    release(w);
}

static void on_cancel(void *arg, struct mrpc_call *call)
{
    struct watcher *w = arg;
    post(w, &w->cancel_task);
}

static void on_writable(void *arg, struct mrpc_call *call)
{
    struct watcher *w = arg;
    post(w, &w->writable_task);
}

static int read_interval(const Google__Protobuf__Duration *interval, int64_t *out, struct fault *fault)
{
    *out = DEFAULT_INTERVAL_MS;
    if (!interval)
        return 0;
    if (interval->seconds < 0 || interval->seconds > MAX_INTERVAL_MS / 1000 || interval->nanos < 0 ||
        interval->nanos > 999999999)
        return fault_field(fault, "min_interval", "is not in 0 s..60 s");
    *out = interval->seconds * 1000 + interval->nanos / 1000000;
    if (*out > MAX_INTERVAL_MS)
        return fault_field(fault, "min_interval", "is not in 0 s..60 s");
    if (*out < LEAST_INTERVAL_MS)
        *out = LEAST_INTERVAL_MS;
    return 0;
}

static int read_request(struct diagram *d, const Mltrainer__Diagram__V1__WatchRequest *request, struct watcher *w,
                        struct fault *fault)
{
    struct render_options *options = &w->drawing.job.request.options;
    const char *argument;
    int code = drawing_read_options((int)request->format, (int)request->theme, 0, 0, options, fault);
    if (code == 0 && (options->format == RENDER_PNG || options->format == RENDER_PDF))
        code = fault_field(fault, "format", "%s cannot be patched: ask for SVG", render_format_name(options->format));
    if (code == 0)
        code = read_interval(request->min_interval, &w->interval_ms, fault);
    if (code == 0)
        code = drawing_find_view(d, request->view, &w->source, &argument, fault); /* also checks the id's length */
    if (code)
        return code;
    memcpy(w->view, request->view, strlen(request->view) + 1);
    w->argument = strchr(w->view, ':') ? strchr(w->view, ':') + 1 : w->view + strlen(w->view);
    return 0;
}

int diagram_watch(void *self, struct mrpc_call *call, const Mltrainer__Diagram__V1__WatchRequest *request)
{
    struct fault fault = FAULT_INIT;
    struct watcher *w = calloc(1, sizeof *w);
    if (!w)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    w->references = 1;
    w->call = call;
    w->drawing.diagram = self;
    w->drawing.done = on_drawn;
    w->drawing.job.request.operation = MESSAGE_RENDER;
    w->join_task.run = run_join;
    w->cancel_task.run = run_cancel;
    w->writable_task.run = run_writable;
    if (read_request(self, request, w, &fault)) {
        release(w);
        return fault_answer(call, &fault);
    }
    mrpc_call_set_data(call, w, release);
    mrpc_call_on_writable(call, on_writable, w);
    mrpc_call_on_cancel(call, on_cancel, w);
    if (!post(w, &w->join_task))
        return mrpc_call_fail(call, MRPC_UNAVAILABLE, "the server stops");
    return MRPC_PENDING;
}
