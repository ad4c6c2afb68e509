/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/trace.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mrpc/error.h>

/* Every slot has a lock of its own, held for as long as a few lines are written: two threads meet at one only when they
 * work for the same call, or somebody looks. */
struct slot {
    pthread_mutex_t lock;
    struct trace_record record; /* number 0: none yet */
};

/* Slots of one kind, used in turn. */
struct part {
    struct slot *slots;
    size_t count;
    _Atomic uint64_t next;
};

/* A call's number says which part it is in, by its lowest bit, and which turn it had. */
struct trace_ring {
    struct part followed, slow;
    _Atomic bool read;                 /* since the last change was told */
    void (*_Atomic changed)(void *arg);
    void *arg;
    void (*ended)(void *arg, uint64_t call); /* may be NULL */
    void *ended_arg;
};

_Thread_local struct trace_place trace_here;

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int part_init(struct part *part, size_t count)
{
    part->slots = calloc(count ? count : 1, sizeof *part->slots);
    if (!part->slots)
        return MRPC_ERR_NOMEM;
    part->count = count;
    for (size_t i = 0; i < count; i++)
        pthread_mutex_init(&part->slots[i].lock, NULL);
    return 0;
}

static void part_fini(struct part *part)
{
    for (size_t i = 0; i < part->count; i++)
        pthread_mutex_destroy(&part->slots[i].lock);
    free(part->slots);
}

int trace_ring_new(size_t calls, struct trace_ring **out)
{
    struct trace_ring *ring = calloc(1, sizeof *ring);
    if (!ring || part_init(&ring->followed, calls) || part_init(&ring->slow, (calls + 3) / 4)) {
        trace_ring_free(ring);
        return MRPC_ERR_NOMEM;
    }
    *out = ring;
    return 0;
}

void trace_ring_free(struct trace_ring *ring)
{
    if (!ring)
        return;
    part_fini(&ring->followed);
    part_fini(&ring->slow);
    free(ring);
}

/* ---- Telling ---- */

void trace_ring_tell(struct trace_ring *ring, void (*changed)(void *arg), void *arg)
{
    if (changed)
        ring->arg = arg;
    atomic_store(&ring->changed, changed);
}

/* After a slot was written and unlocked. A reader sets `read` before it locks its first slot: either it saw what was
 * written, or this sees that it has read. What is told is not part of the call that it tells of, or telling of a call
 * would be a step of it, without end. */
static void tell(struct trace_ring *ring)
{
    if (!atomic_load(&ring->read) || !atomic_exchange(&ring->read, false))
        return;
    void (*changed)(void *arg) = atomic_load(&ring->changed);
    struct trace_place here = trace_here;
    trace_depart();
    if (changed)
        changed(ring->arg);
    trace_here = here;
}

/* ---- Writing ---- */

static uint64_t begin(struct part *part, bool slow, const struct trace_start *start, int64_t start_us)
{
    if (part->count == 0)
        return 0;
    uint64_t turn = atomic_fetch_add_explicit(&part->next, 1, memory_order_relaxed);
    struct slot *slot = &part->slots[turn % part->count];
    struct trace_record *record = &slot->record;
    uint64_t number = (turn + 1) << 1 | slow;
    pthread_mutex_lock(&slot->lock);
    record->number = number;
    memcpy(record->trace_id, start->trace_id, TRACE_ID_BYTES);
    memcpy(record->span_id, start->span_id, TRACE_SPAN_BYTES);
    memcpy(record->parent_id, start->parent_id, TRACE_SPAN_BYTES);
    record->flags = start->flags;
    snprintf(record->method, sizeof record->method, "%s", start->method);
    snprintf(record->peer, sizeof record->peer, "%s", start->peer);
    record->start_us = start_us;
    record->duration_us = -1;
    record->code = 0;
    record->slow = false;
    record->participant_count = record->step_count = record->dropped_count = 0;
    pthread_mutex_unlock(&slot->lock);
    return number;
}

/* The slot of @call, locked; NULL when it is another's by now. */
static struct slot *lock_slot(struct trace_ring *ring, uint64_t call)
{
    struct part *part = call & 1 ? &ring->slow : &ring->followed;
    struct slot *slot = &part->slots[((call >> 1) - 1) % part->count];
    pthread_mutex_lock(&slot->lock);
    if (slot->record.number == call)
        return slot;
    pthread_mutex_unlock(&slot->lock);
    return NULL;
}

uint64_t trace_call_begin(struct trace_ring *ring, const struct trace_start *start)
{
    uint64_t call = begin(&ring->followed, false, start, now_us());
    tell(ring);
    return call;
}

/* Of the call whose slot is locked; unlocks it. */
static void end(struct trace_ring *ring, struct slot *slot, int code, int64_t duration_us, bool slow)
{
    uint64_t call = slot->record.number;
    slot->record.code = code;
    slot->record.duration_us = duration_us;
    slot->record.slow = slow;
    pthread_mutex_unlock(&slot->lock);
    tell(ring);
    if (ring->ended)
        ring->ended(ring->ended_arg, call);
}

void trace_call_end(struct trace_ring *ring, uint64_t call, int code, int64_t duration_us, bool slow)
{
    struct slot *slot = lock_slot(ring, call);
    if (slot)
        end(ring, slot, code, duration_us, slow);
}

/* -1 when there are too many. */
static int participant(struct trace_record *record, const char *name, enum scene_icon icon)
{
    unsigned at = 0;
    while (at < record->participant_count && strncmp(record->participants[at].name, name, TRACE_NAME_BYTES - 1) != 0)
        at++;
    if (at == TRACE_PARTICIPANTS)
        return -1;
    if (at == record->participant_count) {
        record->participant_count++;
        record->participants[at].icon = SCENE_ICON_NONE;
        snprintf(record->participants[at].name, TRACE_NAME_BYTES, "%s", name);
    }
    if (icon)
        record->participants[at].icon = icon;
    return (int)at;
}

/* False when it was dropped. */
static bool add_step(struct trace_record *record, const struct trace_place *from, const char *to, enum scene_icon icon,
                     const char *label, int64_t arrived_us)
{
    int one = participant(record, from->name, SCENE_ICON_NONE), other = participant(record, to, icon);
    if (one < 0 || other < 0 || record->step_count == TRACE_STEPS) {
        record->dropped_count++;
        return false;
    }
    struct trace_record_step *step = &record->steps[record->step_count++];
    step->arrived_us = arrived_us;
    step->left_us = from->left_us ? from->left_us : step->arrived_us;
    step->from = (uint8_t)one;
    step->to = (uint8_t)other;
    snprintf(step->label, sizeof step->label, "%s", label);
    return true;
}

void trace_step(const struct trace_place *from, const char *to, enum scene_icon icon, const char *label)
{
    if (strcmp(from->name, to) == 0)
        return;
    struct slot *slot = lock_slot(from->ring, from->call);
    if (!slot)
        return;
    bool added = add_step(&slot->record, from, to, icon, label, now_us());
    pthread_mutex_unlock(&slot->lock);
    if (added) /* who watches a call that draws its own picture would have no end of steps that are dropped */
        tell(from->ring);
}

void trace_call_slow(struct trace_ring *ring, const struct trace_start *start, int code, int64_t duration_us)
{
    int64_t end_us = now_us();
    uint64_t call = begin(&ring->slow, true, start, end_us - duration_us);
    struct slot *slot = call ? lock_slot(ring, call) : NULL;
    if (!slot)
        return;
    const struct trace_place client = {.name = "client"}, service = {.name = "service"};
    const char *slash = strrchr(start->method, '/');
    add_step(&slot->record, &client, service.name, SCENE_ICON_SERVICE, slash ? slash + 1 : start->method,
             end_us - duration_us);
    add_step(&slot->record, &service, client.name, SCENE_ICON_USER, "", end_us);
    end(ring, slot, code, duration_us, true);
}

void trace_enter(struct trace_ring *ring, uint64_t call, const char *name)
{
    trace_here = (struct trace_place){.ring = ring, .call = call, .name = name};
}

void trace_depart(void)
{
    trace_here = (struct trace_place){0};
}

struct trace_place trace_left(void)
{
    struct trace_place left = trace_here;
    left.left_us = now_us();
    return left;
}

void trace_arrived(const struct trace_place *left, const char *name, enum scene_icon icon, const char *label)
{
    trace_step(left, name, icon, label);
    trace_enter(left->ring, left->call, name);
}

/* ---- Reading ---- */

void trace_id_text(const uint8_t trace_id[TRACE_ID_BYTES], char out[TRACE_ID_TEXT_BYTES])
{
    for (int i = 0; i < TRACE_ID_BYTES; i++)
        snprintf(out + (size_t)2 * (size_t)i, 3, "%02x", trace_id[i]);
}

static bool each(struct part *part, struct trace_record *copy,
                 bool (*see)(void *arg, const struct trace_record *record), void *arg)
{
    for (size_t i = 0; i < part->count; i++) {
        pthread_mutex_lock(&part->slots[i].lock);
        bool used = part->slots[i].record.number != 0;
        if (used)
            *copy = part->slots[i].record;
        pthread_mutex_unlock(&part->slots[i].lock);
        if (used && !see(arg, copy))
            return false;
    }
    return true;
}

int trace_ring_each(struct trace_ring *ring, bool (*see)(void *arg, const struct trace_record *record), void *arg)
{
    struct trace_record *copy = malloc(sizeof *copy);
    if (!copy)
        return MRPC_ERR_NOMEM;
    atomic_store(&ring->read, true);
    if (each(&ring->followed, copy, see, arg))
        each(&ring->slow, copy, see, arg);
    free(copy);
    return 0;
}

bool trace_ring_read(struct trace_ring *ring, uint64_t call, struct trace_record *out)
{
    struct slot *slot = lock_slot(ring, call);
    if (!slot)
        return false;
    *out = slot->record;
    pthread_mutex_unlock(&slot->lock);
    return true;
}

void trace_ring_on_end(struct trace_ring *ring, void (*ended)(void *arg, uint64_t call), void *arg)
{
    ring->ended = ended;
    ring->ended_arg = arg;
}
