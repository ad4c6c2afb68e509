/* SPDX-License-Identifier: Apache-2.0 */

/* The queue and the thread behind it. While the disk takes nothing, the writer tries again once a second what it has,
 * and takes nothing more: the queue fills, and what changes something is refused (calls.c). */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit/queue.h"
#include "metrics/page.h"

enum { LOOK_S = 1 };

bool audit_has_room(const struct audit *audit)
{
    return atomic_load_explicit(&audit->waiting, memory_order_relaxed) < audit->options.queue_lines;
}

struct audit_entry *audit_entry_new(void)
{
    return calloc(1, sizeof(struct audit_entry));
}

void audit_submit(struct audit *audit, struct audit_entry *entry)
{
    entry->next = NULL;
    if (!entry->time_us)
        entry->time_us = chain_now_us();
    pthread_mutex_lock(&audit->lock);
    bool idle = audit->first == NULL;
    *audit->end = entry;
    audit->end = &entry->next;
    atomic_fetch_add_explicit(&audit->waiting, 1, memory_order_relaxed);
    pthread_mutex_unlock(&audit->lock);
    if (idle)
        pthread_cond_signal(&audit->changed);
}

/* The generic cell rate algorithm (ITU-T I.371), a second's worth at once. */
static bool has_budget(struct audit *audit, int64_t now_us)
{
    int64_t interval_us = 1000000 / audit->options.refused_a_second;
    if (audit->refused_full_us > now_us + 1000000) /* the clock was set back */
        audit->refused_full_us = now_us;
    int64_t next_us = (audit->refused_full_us > now_us ? audit->refused_full_us : now_us) + interval_us;
    if (next_us - now_us > 1000000)
        return false;
    audit->refused_full_us = next_us;
    return true;
}

bool audit_refused_pass(struct audit *audit)
{
    pthread_mutex_lock(&audit->lock);
    bool pass = has_budget(audit, chain_now_us()) && audit_has_room(audit);
    bool first = !pass && atomic_fetch_add(&audit->held_back, 1) == 0;
    pthread_mutex_unlock(&audit->lock);
    if (!pass)
        atomic_fetch_add(&audit->all_held_back, 1);
    if (first)
        pthread_cond_signal(&audit->changed);
    return pass;
}

void audit_event(struct audit *audit, const char *what)
{
    struct audit_entry *entry = audit->on ? audit_entry_new() : NULL;
    if (!entry)
        return;
    entry->kind = AUDIT_EVENT;
    entry->method = what;
    audit_submit(audit, entry);
}

static void tell_held_back(struct audit *audit)
{
    uint64_t count = atomic_exchange(&audit->held_back, 0);
    char line[ENTRY_LINE_BYTES];
    const struct audit_entry entry = {
        .kind = AUDIT_EVENT, .time_us = chain_now_us(), .method = "refused_calls_not_written", .count = count};
    if (!count)
        return;
    entry_write(&entry, &audit->key, line);
    if (chain_add(&audit->chain, line) != 0)
        atomic_fetch_add(&audit->held_back, count);
}

/* An entry for which there is no memory is tried again with the next. */
static struct audit_entry *write_entries(struct audit *audit, struct audit_entry *entry)
{
    char line[ENTRY_LINE_BYTES];
    while (entry) {
        struct audit_entry *next = entry->next;
        entry_write(entry, &audit->key, line);
        if (chain_add(&audit->chain, line) != 0)
            break;
        free(entry);
        atomic_fetch_sub_explicit(&audit->waiting, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&audit->lines, 1, memory_order_relaxed);
        entry = next;
    }
    return entry;
}

static void wait_a_second(struct audit *audit)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += LOOK_S;
    pthread_cond_timedwait(&audit->changed, &audit->lock, &until);
}

/* All that waits, once there is something to do; while something is left to do later, after a second. */
static struct audit_entry *take(struct audit *audit, bool stuck, bool *ending)
{
    bool later = stuck || audit->chain.dirty;
    pthread_mutex_lock(&audit->lock);
    if ((!audit->first || stuck) && !audit->ending && !audit->reopen) {
        if (later || atomic_load(&audit->held_back))
            wait_a_second(audit);
        else
            pthread_cond_wait(&audit->changed, &audit->lock);
    }
    struct audit_entry *taken = stuck && !audit->ending ? NULL : audit->first;
    if (taken) {
        audit->first = NULL;
        audit->end = &audit->first;
    }
    *ending = audit->ending;
    pthread_mutex_unlock(&audit->lock);
    return taken;
}

static void put_back(struct audit *audit, struct audit_entry *rest)
{
    struct audit_entry *last = rest;
    while (last->next)
        last = last->next;
    pthread_mutex_lock(&audit->lock);
    if (!audit->first)
        audit->end = &last->next;
    last->next = audit->first;
    audit->first = rest;
    pthread_mutex_unlock(&audit->lock);
}

static void reopen_if_asked(struct audit *audit)
{
    pthread_mutex_lock(&audit->lock);
    bool asked = audit->reopen;
    pthread_mutex_unlock(&audit->lock);
    if (!asked)
        return;
    struct fault fault = FAULT_INIT;
    if (chain_reopen(&audit->chain, &fault) != 0)
        fault.code = MRPC_FAILED_PRECONDITION;
    pthread_mutex_lock(&audit->lock);
    audit->reopen_fault = fault;
    audit->reopen = false;
    pthread_cond_broadcast(&audit->reopened);
    pthread_mutex_unlock(&audit->lock);
}

static void lose(struct audit *audit)
{
    const struct chain *chain = &audit->chain;
    size_t count = 0;
    for (size_t i = chain->sent; i < chain->used; i++)
        count += chain->waiting[i] == '\n';
    for (struct audit_entry *next; audit->first; audit->first = next, count++) {
        next = audit->first->next;
        free(audit->first);
    }
    if (count)
        log_error(audit->log, "audit", "%zu lines could not be written and are lost", count);
}

static void *run(void *arg)
{
    struct audit *audit = arg;
    int64_t looked_s = 0;
    for (bool ending = false, stuck = false; !ending;) {
        struct audit_entry *rest = write_entries(audit, take(audit, stuck, &ending));
        int64_t now_s = chain_now_us() / 1000000;
        reopen_if_asked(audit);
        if (!stuck && (ending || now_s != looked_s))
            tell_held_back(audit);
        if (rest)
            put_back(audit, rest);
        stuck = chain_flush(&audit->chain) != 0 || rest;
        atomic_store(&audit->stuck, stuck);
        if (ending || now_s != looked_s)
            chain_sync(&audit->chain);
        looked_s = now_s;
    }
    lose(audit);
    return NULL;
}

static int start(struct audit *audit, struct fault *fault)
{
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&audit->changed, &clock);
    pthread_condattr_destroy(&clock);
    pthread_cond_init(&audit->reopened, NULL);
    pthread_mutex_init(&audit->lock, NULL);
    audit->end = &audit->first;
    audit_event(audit, "start");
    if (pthread_create(&audit->writer, NULL, run, audit) == 0)
        return 0;
    free(audit->first);
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "audit: no thread");
}

static int open_all(struct audit *audit, struct fault *fault)
{
    const struct audit_options *options = &audit->options;
    audit->chain = (struct chain){
        .path = audit->file, .head_path = audit->head_file, .rotate_bytes = options->rotate_bytes,
        .files = options->files, .key = &audit->key, .log = audit->log, .fd = -1, .head_fd = -1};
    if (!audit->file || !audit->head_file)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    int code = audit_key_load(options->key_file, &audit->key, fault);
    if (!code)
        code = chain_open(&audit->chain, fault);
    return code ? code : start(audit, fault);
}

int audit_new(const struct audit_options *options, struct audit **out, struct fault *fault)
{
    struct audit *audit = calloc(1, sizeof *audit);
    if (!audit)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    audit->on = options->file != NULL;
    audit->options = *options;
    audit->log = options->log;
    if (audit->on) {
        audit->file = strdup(options->file);
        audit->head_file = strdup(options->head_file);
        int code = open_all(audit, fault);
        if (code) {
            chain_close(&audit->chain);
            free(audit->file);
            free(audit->head_file);
            free(audit);
            return code;
        }
    }
    *out = audit;
    return 0;
}

void audit_free(struct audit *audit)
{
    if (!audit)
        return;
    if (audit->on) {
        audit_event(audit, "stop");
        pthread_mutex_lock(&audit->lock);
        audit->ending = true;
        pthread_mutex_unlock(&audit->lock);
        pthread_cond_signal(&audit->changed);
        pthread_join(audit->writer, NULL);
        chain_close(&audit->chain);
        pthread_mutex_destroy(&audit->lock);
        pthread_cond_destroy(&audit->changed);
        pthread_cond_destroy(&audit->reopened);
    }
    free(audit->file);
    free(audit->head_file);
    free(audit);
}

int audit_reopen(struct audit *audit, struct fault *fault)
{
    if (!audit->on)
        return 0;
    audit_event(audit, "reload");
    pthread_mutex_lock(&audit->lock);
    audit->reopen = true;
    pthread_cond_signal(&audit->changed);
    while (audit->reopen)
        pthread_cond_wait(&audit->reopened, &audit->lock);
    struct fault why = audit->reopen_fault;
    pthread_mutex_unlock(&audit->lock);
    return why.code ? fault_set(fault, MRPC_FAILED_PRECONDITION, "%s", why.text) : 0;
}

int audit_write_metrics(const struct audit *audit, int (*write)(void *arg, const char *text, size_t size), void *arg)
{
    struct metrics_page page = {.write = write, .arg = arg};
    if (!audit->on)
        return 0;
    metrics_single(&page, "mltrainer_audit_lines_total", "counter", "Lines of the audit log since the start.",
                   atomic_load(&audit->lines));
    metrics_single(&page, "mltrainer_audit_lines_waiting", "gauge", "Lines that are not in the file yet.",
                   atomic_load(&audit->waiting));
    metrics_single(&page, "mltrainer_audit_stuck", "gauge", "1 while the file cannot be written to.",
                   atomic_load(&audit->stuck));
    metrics_single(&page, "mltrainer_audit_held_back_total", "counter",
                   "Refused calls that were counted without a line.", atomic_load(&audit->all_held_back));
    metrics_single(&page, "mltrainer_audit_turned_away_total", "counter",
                   "Calls refused because the audit log has no room for them.", atomic_load(&audit->turned_away));
    return page.error;
}
