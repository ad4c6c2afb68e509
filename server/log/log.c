/* SPDX-License-Identifier: Apache-2.0 */
#include "log/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <mrpc/error.h>

#include "log/json_line.h"

enum { LINE_BYTES = 2048, JSON_BYTES = 4095 /* with its line feed no more than PIPE_BUF */ };

struct log {
    int fd;
    _Atomic int level;
    enum log_format format;
    _Atomic uint64_t dropped;
};

static const char *const level_names[] = {"error", "warn", "info", "debug"};

int log_new(int fd, enum log_level level, struct log **out)
{
    struct log *log = calloc(1, sizeof *log);
    if (!log)
        return MRPC_ERR_NOMEM;
    log->fd = fd;
    atomic_init(&log->level, level);
    *out = log;
    return 0;
}

void log_free(struct log *log)
{
    free(log);
}

void log_set_format(struct log *log, enum log_format format)
{
    log->format = format;
}

void log_set_level(struct log *log, enum log_level level)
{
    atomic_store(&log->level, level);
}

enum log_level log_level(const struct log *log)
{
    return atomic_load(&log->level);
}

int log_level_parse(const char *name)
{
    for (int i = 0; i <= LOG_LEVEL_DEBUG; i++)
        if (strcmp(name, level_names[i]) == 0)
            return i;
    return -1;
}

const char *log_level_name(enum log_level level)
{
    return level_names[level];
}

uint64_t log_dropped(const struct log *log)
{
    return atomic_load(&log->dropped);
}

static void write_time(char *text, size_t bytes)
{
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t used = strftime(text, bytes, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + used, bytes - used, ".%03ldZ", now.tv_nsec / 1000000);
}

/* A peer's text must not start a line of its own or drive a terminal. */
static void escape_controls(char *text)
{
    for (unsigned char *c = (unsigned char *)text; *c; c++)
        if (*c < 0x20 || *c == 0x7f)
            *c = '?';
}

/* A reader that has stopped reading must not stop who writes, who may be a loop. A pipe that says it has room has it
 * for PIPE_BUF bytes, which a line is less than. */
static bool has_room(int fd)
{
    struct pollfd ask = {.fd = fd, .events = POLLOUT};
    return poll(&ask, 1, 0) != 0;
}

static bool write_whole(int fd, const char *line, size_t size)
{
    ssize_t done;
    do {
        if (!has_room(fd))
            return false;
        done = write(fd, line, size);
    } while (done < 0 && errno == EINTR);
    return done == (ssize_t)size;
}

static void send_line(struct log *log, char *line, size_t size)
{
    line[size++] = '\n';
    if (!write_whole(log->fd, line, size))
        atomic_fetch_add(&log->dropped, 1);
}

void log_write(struct log *log, enum log_level level, const char *component, const char *format, ...)
{
    if (!log || (int)level > atomic_load_explicit(&log->level, memory_order_relaxed))
        return;
    char line[LINE_BYTES + 1], time[32];
    write_time(time, sizeof time);
    size_t used = (size_t)snprintf(line, LINE_BYTES, "%s %-5s %s: ", time, level_names[level], component);
    va_list args;
    va_start(args, format);
    int wrote = vsnprintf(line + used, LINE_BYTES - used, format, args);
    va_end(args);
    if (wrote < 0)
        return;
    escape_controls(line + used);
    if (log->format == LOG_FORMAT_TEXT) {
        send_line(log, line, used + strlen(line + used));
        return;
    }
    char json[JSON_BYTES + 1];
    send_line(log, json, log_json_line(json, JSON_BYTES, time, level_names[level], component, line + used));
}

int log_limit_pass(struct log_limit *limit, uint64_t *held_back)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t now_ms = now.tv_sec * 1000 + now.tv_nsec / 1000000;
    int64_t next_ms = atomic_load(&limit->next_ms);
    if (now_ms < next_ms || !atomic_compare_exchange_strong(&limit->next_ms, &next_ms, now_ms + 1000)) {
        atomic_fetch_add(&limit->held_back, 1);
        return 0;
    }
    *held_back = atomic_exchange(&limit->held_back, 0);
    return 1;
}
