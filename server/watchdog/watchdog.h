/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_WATCHDOG_H
#define MLT_WATCHDOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log/log.h"
#include "watchdog/overload.h"

/* One thread that looks after the others, four times a second:
 *
 *     asks every loop that it watches to answer; one that does not for a while stands still: a line in the log with its
 *     stack, a metric, and systemd hears WATCHDOG=1 only while all of them answer
 *     compares memory with its limit; near it, calls are refused in three steps (overload.h)
 *
 * How long is counted in its own looks, not in time: when all of the process stood still (SIGSTOP, a suspended
 * machine), that was one look, and nobody's fault. */

struct watchdog;

struct watchdog_options {
    struct log *log;                /* may be NULL */
    int64_t stall_ms;               /* without an answer for so long a loop stands still; 0: loops are not asked */
    int64_t memory_bytes;           /* a limit of the server's own; 0: only the cgroup's */
    int64_t alive_ms;               /* between calls of @alive; 0: never */
    void (*alive)(void);            /* all loops answer. Thread: the watchdog's */
};

int watchdog_new(const struct watchdog_options *options, struct watchdog **out) MRPC_MUST_USE;
int watchdog_start(struct watchdog *watchdog) MRPC_MUST_USE;
void watchdog_stop(struct watchdog *watchdog);
/** When nothing is watched any more. */
void watchdog_free(struct watchdog *watchdog);

/** How to ask one thread: have it run answer(beat) soon. Errors: any; then it is not asked this time. */
typedef int (*watchdog_ask)(void *arg, unsigned index, void (*answer)(void *beat), void *beat);

/** Watch a loop, named @name. Thread: any. Ownership: @arg is borrowed until watchdog_forget(). Errors:
 *  MRPC_ERR_NOMEM. */
int watchdog_watch(struct watchdog *watchdog, const char *name, watchdog_ask ask, void *arg,
                   unsigned index) MRPC_MUST_USE;
/** Watch nothing of @arg any more; returns when nothing that was asked of it is still on its way. Before its loops
 *  stop. */
void watchdog_forget(struct watchdog *watchdog, const void *arg);

/** The step that memory asks for. Thread: any. */
enum overload watchdog_overload(const struct watchdog *watchdog);

/** How its charges do. */
struct watchdog_summary {
    uint64_t stalls;                                /* since the start */
    unsigned stalled;                               /* loops that stand still now */
    char stalled_loop[24];                          /* one of them; "" */
    uint64_t memory_used_bytes, memory_limit_bytes; /* as of the last look; a limit of 0: none */
};
/** Thread: any. */
void watchdog_summary(struct watchdog *watchdog, struct watchdog_summary *out);

/** One look, by whoever keeps the time: the watchdog's thread, or a test. @now_ms is CLOCK_MONOTONIC's. */
void watchdog_look(struct watchdog *watchdog, int64_t now_ms);

/** Its part of GET /metrics. Thread: any. Errors: what @write returns. */
int watchdog_write_metrics(struct watchdog *watchdog, int (*write)(void *arg, const char *text, size_t size),
                           void *arg);

enum { WATCHDOG_LOOK_MS = 250 };

#endif
