/* SPDX-License-Identifier: Apache-2.0 */

#include <mrpc/call_log.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/interceptor.h>
#include <mrpc/trace.h>

#include "intercept/token_bucket.h"

#define LINES_DEFAULT 100
#define LINE_BYTES 1024
#define TEXT_MAX_BYTES 256       /* of one value that somebody else chose */

struct mrpc_call_log {
    void (*write)(void *arg, int level, const char *line);
    void *arg;
    bool failed_only;
    struct token_rate rate;
    _Atomic int64_t good_full_ns, bad_full_ns;
    _Atomic uint64_t held_back;
};

int mrpc_call_log_new(const struct mrpc_call_log_options *options, struct mrpc_call_log **out)
{
    if (options->write == NULL)
        return MRPC_ERR_INVALID;
    struct mrpc_call_log *log = calloc(1, sizeof(*log));
    if (log == NULL)
        return MRPC_ERR_NOMEM;
    uint32_t lines = options->lines_per_second > 0 ? options->lines_per_second : LINES_DEFAULT;
    log->write = options->write;
    log->arg = options->arg;
    log->failed_only = options->failed_only;
    log->rate = mrpc_token_rate(lines, lines);
    *out = log;
    return 0;
}

void mrpc_call_log_free(struct mrpc_call_log *log)
{
    free(log);
}

static int level_of(int code)
{
    switch (code) {
    case MRPC_UNKNOWN:
    case MRPC_UNIMPLEMENTED:
    case MRPC_INTERNAL:
    case MRPC_DATA_LOSS:
        return 0;
    case MRPC_DEADLINE_EXCEEDED:
    case MRPC_PERMISSION_DENIED:
    case MRPC_RESOURCE_EXHAUSTED:
    case MRPC_FAILED_PRECONDITION:
    case MRPC_ABORTED:
    case MRPC_OUT_OF_RANGE:
    case MRPC_UNAVAILABLE:
        return 1;
    default:
        return 2;
    }
}

struct line {
    char text[LINE_BYTES];
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void put(struct line *line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(line->text + line->used, sizeof(line->text) - line->used, format, args);
    va_end(args);
    if (size > 0)
        line->used += (size_t)size;
    if (line->used >= sizeof(line->text))
        line->used = sizeof(line->text) - 1;
}

static bool plain(const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~' || *at == '"' || *at == '\\' || *at == '=')
            return false;
    return text[0] != '\0' && strlen(text) <= TEXT_MAX_BYTES;
}

/* A value that might forge another: quoted, controls and bytes outside ASCII as \xNN, cut when it is long. */
static void put_text(struct line *line, const char *name, const char *text)
{
    if (plain(text)) {
        put(line, " %s=%s", name, text);
        return;
    }
    put(line, " %s=\"", name);
    size_t length = strnlen(text, TEXT_MAX_BYTES);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            put(line, "\\%c", c);
        else if (c < ' ' || c > '~')
            put(line, "\\x%02x", c);
        else
            put(line, "%c", c);
    }
    put(line, text[length] == '\0' ? "\"" : "…\"");
}

static void put_trace(struct line *line, const struct mrpc_call *call)
{
    const struct mrpc_trace *trace = mrpc_call_trace(call);
    if (trace == NULL)
        return;
    char text[MRPC_TRACEPARENT_BYTES];
    mrpc_trace_format(trace, text);
    put(line, " trace=%.32s", text + 3);
}

static void compose(struct line *line, const struct mrpc_call *call, const struct mrpc_call_end *end)
{
    const struct mrpc_identity *identity = mrpc_call_identity(call);
    put(line, "call method=%s status=%s duration_us=%lld", mrpc_call_method(call)->path + 1, mrpc_code_name(end->code),
        (long long)end->duration_us);
    put_text(line, "peer", mrpc_call_peer(call));
    if (identity->kind != MRPC_IDENTITY_ANONYMOUS)
        put_text(line, "identity", identity->name);
    put(line, " received=%llu/%llu sent=%llu/%llu", (unsigned long long)end->received.messages,
        (unsigned long long)end->received.wire_bytes, (unsigned long long)end->sent.messages,
        (unsigned long long)end->sent.wire_bytes);
    put_trace(line, call);
    if (end->message != NULL && end->message[0] != '\0')
        put_text(line, "message", end->message);
    if (end->cancelled)
        put(line, " cancelled");
}

static void ended(void *self, void *state, struct mrpc_call *call, const struct mrpc_call_end *end)
{
    struct mrpc_call_log *log = self;
    if (log->failed_only && end->code == 0)
        return;
    int64_t wait_ns;
    if (!mrpc_token_take(end->code == 0 ? &log->good_full_ns : &log->bad_full_ns, &log->rate,
                         mrpc_call_now_ms(call) * 1000000, &wait_ns)) {
        atomic_fetch_add_explicit(&log->held_back, 1, memory_order_relaxed);
        return;
    }
    struct line line;
    line.used = 0;
    compose(&line, call, end);
    uint64_t held_back = atomic_exchange_explicit(&log->held_back, 0, memory_order_relaxed);
    if (held_back > 0)
        put(&line, " held_back=%llu", (unsigned long long)held_back);
    log->write(log->arg, level_of(end->code), line.text);
}

static const struct mrpc_interceptor interceptor = {
    .struct_bytes = sizeof(interceptor),
    .name = "call log",
    .ended = ended,
    .forget = mrpc_interceptor_forgets,
};

int mrpc_call_log_add_to_server(struct mrpc_call_log *log, struct mrpc_server *server)
{
    return mrpc_server_add_interceptor(server, &interceptor, log);
}
