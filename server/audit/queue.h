/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_AUDIT_QUEUE_H
#define MLT_AUDIT_QUEUE_H

#include <pthread.h>
#include <stdatomic.h>

#include "audit/audit.h"
#include "audit/chain.h"
#include "audit/entry.h"

/* Between those who have something to say and the thread that writes it. */

struct audit {
    bool on;
    char *file, *head_file;
    struct audit_options options;
    struct audit_key key;
    struct chain chain; /* the writer's */
    struct log *log;
    bool (*changes)(const char *path);
    _Atomic uintptr_t methods[256]; /* calls.c: what changes() has said */

    pthread_t writer;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed, reopened;
    struct audit_entry *first, **end;
    int64_t refused_full_us; /* when the budget for refused calls is whole again */
    bool ending, reopen;
    struct fault reopen_fault;

    _Atomic uint32_t waiting;      /* entries in the queue */
    _Atomic uint64_t held_back;    /* refused calls since the last line that says how many */
    _Atomic uint64_t all_held_back, lines, turned_away;
    _Atomic bool stuck;            /* the disk takes nothing */
};

/** False: what changes something has to wait. */
bool audit_has_room(const struct audit *audit);
/** Zeroed; NULL when out of memory. */
struct audit_entry *audit_entry_new(void);
/** Have it written; it is taken. Thread: any. */
void audit_submit(struct audit *audit, struct audit_entry *entry);
/** Whether a line about a refused call may be written now; false: it was counted. Thread: any. */
bool audit_refused_pass(struct audit *audit);

#endif
