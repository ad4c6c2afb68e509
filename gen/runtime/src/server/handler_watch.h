/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_SERVER_HANDLER_WATCH_H
#define MRPC_SERVER_HANDLER_WATCH_H

#include <stdint.h>

struct mrpc_call;

/** A handler must not hold its loop. Debug builds measure each one's time on the processor (wall time would blame it
 *  for a loaded machine) and on the wall: a handler that computes for 50 ms, or waits for a second, is logged, and
 *  aborts the program when MRPC_ABORT_ON_BLOCK=1 is in the environment. Release builds measure nothing. */
struct handler_watch {
    int64_t cpu_us;
    int64_t wall_us;
};

#ifdef NDEBUG
static inline struct handler_watch mrpc_handler_watch_begin(void)
{
    return (struct handler_watch){0};
}
static inline void mrpc_handler_watch_end(const struct handler_watch *watch, struct mrpc_call *call)
{
    (void)watch;
    (void)call;
}
#else
struct handler_watch mrpc_handler_watch_begin(void);
void mrpc_handler_watch_end(const struct handler_watch *watch, struct mrpc_call *call);
#endif

#endif
