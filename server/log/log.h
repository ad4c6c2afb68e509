/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_LOG_H
#define MLT_LOG_H

#include <stdint.h>

#include <mrpc/attributes.h>

/* Structured logs, one line an entry: time, level, component, text with key=value pairs written by the caller.
 * Lines go to a file descriptor, whole and without waiting: what cannot be written now is dropped and counted.
 * Control characters from outside are escaped here, so a peer cannot forge a line. */

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log;

/** Ownership: @fd stays the caller's. Errors: MRPC_ERR_NOMEM. */
int log_new(int fd, enum log_level level, struct log **out) MRPC_MUST_USE;
void log_free(struct log *log);

enum log_format {
    LOG_FORMAT_TEXT, /* "TIME LEVEL COMPONENT: TEXT" */
    LOG_FORMAT_JSON, /* an object a line (log/json_line.h) */
};
/** Before others write. Text until then. */
void log_set_format(struct log *log, enum log_format format);

/** Change the level at run time. Thread: any. */
void log_set_level(struct log *log, enum log_level level);
enum log_level log_level(const struct log *log);
/** "error", "warn", "info", "debug"; -1 for anything else. */
int log_level_parse(const char *name);
const char *log_level_name(enum log_level level);

/** Lines that could not be written. */
uint64_t log_dropped(const struct log *log);

/** Write one line. @component is a short lower-case name: "registry". A NULL log drops it. Thread: any. */
void log_write(struct log *log, enum log_level level, const char *component, const char *format, ...)
    MRPC_PRINTF(4, 5);

#define log_error(log, component, ...) log_write(log, LOG_LEVEL_ERROR, component, __VA_ARGS__)
#define log_warn(log, component, ...) log_write(log, LOG_LEVEL_WARN, component, __VA_ARGS__)
#define log_info(log, component, ...) log_write(log, LOG_LEVEL_INFO, component, __VA_ARGS__)
#define log_debug(log, component, ...) log_write(log, LOG_LEVEL_DEBUG, component, __VA_ARGS__)

/** One line a second for each reason that is logged through it; how many were held back stands on the next.
 *  Zero-initialised by its owner; one a reason. Thread: any. */
struct log_limit {
    _Atomic int64_t next_ms;
    _Atomic uint64_t held_back;
};
/** True when a line may be written now; *@held_back receives how many were not since the last. */
int log_limit_pass(struct log_limit *limit, uint64_t *held_back);

#endif
