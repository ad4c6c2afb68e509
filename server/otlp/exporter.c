/* SPDX-License-Identifier: Apache-2.0 */
#include "otlp/exporter.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <mrpc/channel.h>
#include <mrpc/mrpc.h>
#include <mrpc/tls.h>
#include <mrpc/trace.h>
#include <opentelemetry/proto/collector/trace/v1/trace_service.mrpc.h>

#include "metrics/page.h"
#include "otlp/endpoint.h"
#include "otlp/spans.h"

enum {
    QUEUE = 256,           /* calls that wait; when there are more the oldest goes, which the ring forgets first, too */
    BATCH = 64,            /* of a request; so many that wait are sent at once */
    INTERVAL_MS = 1000,    /* else after this time, in which steps still come */
    EXPORT_TIMEOUT_MS = 10000,
    FLUSH_MS = 1000,       /* at the end */
    ATTEMPTS = 5,
    BACKOFF_MS = 1000,     /* doubled after each */
};

struct answer {
    bool here;
    int code;
    int64_t rejected;
    char text[200];
};

struct otlp_exporter {
    struct trace_ring *ring;
    struct log *log;
    struct otlp_endpoint endpoint;
    struct mrpc_tls *tls;
    struct mrpc_channel *channel;        /* NULL: nothing is sent */
    struct mrpc_arena *arena;            /* resource and headers */
    struct mrpc_metadata headers;
    Opentelemetry__Proto__Resource__V1__Resource resource;

    pthread_mutex_t lock;                /* what follows, to the blank line */
    pthread_cond_t changed;
    uint64_t queue[QUEUE];
    size_t first, count;
    bool stopping;
    int64_t give_up_ms;                  /* once stopping */
    struct answer answer;

    pthread_t thread;
    bool running;
    bool failing;                        /* the thread's: the collector did not take the last batch */
    uint64_t numbers[BATCH];             /* the thread's */
    struct trace_record records[BATCH];  /* the thread's */
    _Atomic uint64_t sent, rejected, no_room, forgotten, not_taken;
};

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t now_ms(void)
{
    return clock_ns(CLOCK_MONOTONIC) / 1000000;
}

/* With the lock. False: the time is over. */
static bool wait_until(struct otlp_exporter *exporter, int64_t end_ms)
{
    struct timespec end = {.tv_sec = end_ms / 1000, .tv_nsec = end_ms % 1000 * 1000000};
    return pthread_cond_timedwait(&exporter->changed, &exporter->lock, &end) == 0;
}

/* ---- On threads where calls end ---- */

static void call_ended(void *arg, uint64_t call)
{
    struct otlp_exporter *exporter = arg;
    pthread_mutex_lock(&exporter->lock);
    bool full = exporter->count == QUEUE, stopping = exporter->stopping;
    if (full && !stopping) {
        exporter->first = (exporter->first + 1) % QUEUE;
        exporter->count--;
    }
    if (!stopping)
        exporter->queue[(exporter->first + exporter->count++) % QUEUE] = call;
    if (!stopping && (exporter->count == 1 || exporter->count == BATCH))
        pthread_cond_signal(&exporter->changed);
    pthread_mutex_unlock(&exporter->lock);
    if (full || stopping)
        atomic_fetch_add(&exporter->no_room, 1);
}

/* ---- One request ---- */

static void answered(void *arg, const ProtobufCMessage *response, const struct mrpc_reply *reply)
{
    struct otlp_exporter *exporter = arg;
    const Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceResponse *message = (const void *)response;
    pthread_mutex_lock(&exporter->lock);
    exporter->answer = (struct answer){.here = true, .code = reply->status.code};
    if (message && message->partial_success) {
        exporter->answer.rejected = message->partial_success->rejected_spans;
        snprintf(exporter->answer.text, sizeof exporter->answer.text, "%s", message->partial_success->error_message);
    } else if (reply->status.code) {
        snprintf(exporter->answer.text, sizeof exporter->answer.text, "%s", reply->status.message);
    }
    pthread_cond_signal(&exporter->changed);
    pthread_mutex_unlock(&exporter->lock);
}

/* Export the first @count records; at the end of the exporter only for a while. */
static struct answer export(struct otlp_exporter *exporter, size_t count)
{
    static const struct answer no_memory = {.here = true, .code = MRPC_RESOURCE_EXHAUSTED, .text = "out of memory"};
    static const struct answer given_up = {.here = true, .code = MRPC_CANCELLED, .text = "the server stops"};
    Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest *request;
    struct mrpc_arena *arena = mrpc_arena_new(0);
    int64_t offset_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
    if (!arena || otlp_request(exporter->records, count, &exporter->resource, offset_ns, arena, &request)) {
        mrpc_arena_free(arena);
        return no_memory;
    }
    const struct mrpc_call_options options = {
        .struct_bytes = sizeof options,
        .timeout_ms = EXPORT_TIMEOUT_MS,
        .metadata = exporter->headers.entries,
        .metadata_count = exporter->headers.count,
    };
    exporter->answer.here = false;
    mrpc_channel_unary_async(exporter->channel,
                             &opentelemetry__proto__collector__trace__v1__trace_service__service.methods[0], &options,
                             &request->base, answered, exporter);
    mrpc_arena_free(arena);
    pthread_mutex_lock(&exporter->lock);
    while (!exporter->answer.here && (!exporter->stopping || now_ms() < exporter->give_up_ms))
        wait_until(exporter, exporter->stopping ? exporter->give_up_ms : now_ms() + EXPORT_TIMEOUT_MS);
    struct answer answer = exporter->answer.here ? exporter->answer : given_up;
    pthread_mutex_unlock(&exporter->lock);
    return answer;
}

/* Source: OTLP specification, "OTLP/gRPC Response", retryable codes. */
static bool may_pass(int code)
{
    return code == MRPC_CANCELLED || code == MRPC_DEADLINE_EXCEEDED || code == MRPC_ABORTED ||
           code == MRPC_OUT_OF_RANGE || code == MRPC_UNAVAILABLE || code == MRPC_DATA_LOSS ||
           code == MRPC_RESOURCE_EXHAUSTED;
}

static void tell(struct otlp_exporter *exporter, const struct answer *answer)
{
    bool failing = answer->code != 0;
    if (failing && !exporter->failing)
        log_warn(exporter->log, "otlp", "collector %s: %s: %s", exporter->endpoint.target, mrpc_code_name(answer->code),
                 answer->text);
    else if (!failing && exporter->failing)
        log_info(exporter->log, "otlp", "collector %s takes spans again", exporter->endpoint.target);
    if (answer->rejected)
        log_warn(exporter->log, "otlp", "collector %s rejected %lld spans: %s", exporter->endpoint.target,
                 (long long)answer->rejected, answer->text);
    exporter->failing = failing;
}

/* False: the exporter stops. */
static bool pause_for(struct otlp_exporter *exporter, int64_t pause_ms)
{
    int64_t end_ms = now_ms() + pause_ms;
    pthread_mutex_lock(&exporter->lock);
    while (!exporter->stopping && now_ms() < end_ms)
        wait_until(exporter, end_ms);
    bool stopping = exporter->stopping;
    pthread_mutex_unlock(&exporter->lock);
    return !stopping;
}

static void deliver(struct otlp_exporter *exporter, size_t count)
{
    int64_t pause_ms = BACKOFF_MS;
    struct answer answer = {0};
    for (int attempt = 1;; attempt++, pause_ms *= 2) {
        answer = export(exporter, count);
        tell(exporter, &answer);
        if (answer.code == 0 || !may_pass(answer.code) || attempt == ATTEMPTS || !pause_for(exporter, pause_ms))
            break;
    }
    /* What a collector says is not to be believed whatever it is. */
    int64_t limit = (int64_t)count;
    uint64_t rejected = (uint64_t)(answer.rejected < 0 ? 0 : answer.rejected < limit ? answer.rejected : limit);
    atomic_fetch_add(answer.code ? &exporter->not_taken : &exporter->sent, count - rejected);
    atomic_fetch_add(&exporter->rejected, rejected);
}

/* ---- The thread ---- */

/* Wait for a batch and take it off the queue. 0: the exporter stops and nothing is left. */
static size_t take(struct otlp_exporter *exporter)
{
    pthread_mutex_lock(&exporter->lock);
    while (exporter->count == 0 && !exporter->stopping)
        pthread_cond_wait(&exporter->changed, &exporter->lock);
    int64_t end_ms = now_ms() + INTERVAL_MS;
    while (exporter->count < BATCH && !exporter->stopping && now_ms() < end_ms)
        wait_until(exporter, end_ms);
    size_t count = exporter->stopping && now_ms() >= exporter->give_up_ms ? 0
                   : exporter->count < BATCH                              ? exporter->count
                                                                          : BATCH;
    for (size_t i = 0; i < count; i++)
        exporter->numbers[i] = exporter->queue[(exporter->first + i) % QUEUE];
    exporter->first = (exporter->first + count) % QUEUE;
    exporter->count -= count;
    pthread_mutex_unlock(&exporter->lock);
    return count;
}

static bool is_recorded(const struct trace_record *record)
{
    static const uint8_t none[TRACE_SPAN_BYTES];
    return record->flags & MRPC_TRACE_SAMPLED || memcmp(record->parent_id, none, sizeof none) == 0;
}

static size_t read_records(struct otlp_exporter *exporter, size_t count)
{
    size_t read = 0;
    for (size_t i = 0; i < count; i++) {
        if (!trace_ring_read(exporter->ring, exporter->numbers[i], &exporter->records[read]))
            atomic_fetch_add(&exporter->forgotten, 1);
        else if (is_recorded(&exporter->records[read]))
            read++;
    }
    return read;
}

static void *run(void *arg)
{
    struct otlp_exporter *exporter = arg;
    size_t taken;
    while ((taken = take(exporter)) > 0) {
        size_t count = read_records(exporter, taken);
        if (count > 0)
            deliver(exporter, count);
    }
    return NULL;
}

/* ---- Life ---- */

static int add_attribute(void *arg, const char *key, const char *value)
{
    struct otlp_exporter *exporter = arg;
    return otlp_resource_add(&exporter->resource, exporter->arena, key, value);
}

static int add_header(void *arg, const char *key, const char *value)
{
    struct otlp_exporter *exporter = arg;
    return mrpc_metadata_add_text(&exporter->headers, key, value);
}

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory for traces.otlp");
}

static int set_resource(struct otlp_exporter *exporter, const struct otlp_options *options, struct fault *fault)
{
    char host[256] = "", instance[300];
    gethostname(host, sizeof host - 1);
    snprintf(instance, sizeof instance, "%s:%d", host, (int)getpid());
    opentelemetry__proto__resource__v1__resource__init(&exporter->resource);
    const char *name = options->service_name && *options->service_name ? options->service_name : "mltrainerd";
    if (add_attribute(exporter, "service.name", name) || add_attribute(exporter, "service.version", MRPC_VERSION) ||
        add_attribute(exporter, "service.instance.id", instance) || add_attribute(exporter, "host.name", host) ||
        add_attribute(exporter, "telemetry.sdk.name", "mltrainer") ||
        add_attribute(exporter, "telemetry.sdk.language", "c"))
        return no_memory(fault);
    return otlp_pairs(options->resource_attributes, "OTEL_RESOURCE_ATTRIBUTES", add_attribute, exporter, fault);
}

static int set_headers(struct otlp_exporter *exporter, const struct otlp_options *options, struct fault *fault)
{
    exporter->headers.arena = exporter->arena;
    int code = otlp_pairs(options->headers, "OTEL_EXPORTER_OTLP_HEADERS", add_header, exporter, fault);
    if (code || exporter->headers.count == 0 || exporter->endpoint.tls || exporter->endpoint.local)
        return code;
    return fault_set(fault, MRPC_INVALID_ARGUMENT,
                     "OTEL_EXPORTER_OTLP_HEADERS: headers would leave this machine in clear text: %s needs https://",
                     options->endpoint);
}

static int open_channel(struct otlp_exporter *exporter, const struct otlp_options *options, struct fault *fault)
{
    char why[200] = "";
    const struct mrpc_tls_options tls = {.struct_bytes = sizeof tls, .ca_file = options->ca_file};
    if (exporter->endpoint.tls && mrpc_tls_client_new(&tls, &exporter->tls, why, sizeof why))
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "traces.otlp_ca: %s", why);
    const struct mrpc_channel_options channel = {.struct_bytes = sizeof channel,
                                                 .tls = exporter->tls,
                                                 .user_agent = "OTel-OTLP-Exporter-C",
                                                 .backoff_max_ms = 30000};
    int error = mrpc_channel_new(exporter->endpoint.target, &channel, &exporter->channel);
    return error ? fault_set(fault, MRPC_INVALID_ARGUMENT, "traces.otlp: %s: %s", options->endpoint,
                             mrpc_error_text(error))
                 : 0;
}

static void init_lock(struct otlp_exporter *exporter)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&exporter->lock, NULL);
    pthread_cond_init(&exporter->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static int set_up(struct otlp_exporter *exporter, const struct otlp_options *options, struct fault *fault)
{
    exporter->arena = mrpc_arena_new(0);
    int code = exporter->arena ? otlp_endpoint_parse(options->endpoint, "traces.otlp", &exporter->endpoint, fault)
                               : no_memory(fault);
    if (!code)
        code = set_resource(exporter, options, fault);
    if (!code)
        code = set_headers(exporter, options, fault);
    if (!code)
        code = open_channel(exporter, options, fault);
    if (!code)
        trace_ring_on_end(exporter->ring, call_ended, exporter);
    return code;
}

int otlp_exporter_new(const struct otlp_options *options, struct trace_ring *ring, struct log *log,
                      struct otlp_exporter **out, struct fault *fault)
{
    struct otlp_exporter *exporter = calloc(1, sizeof *exporter);
    if (!exporter)
        return no_memory(fault);
    init_lock(exporter);
    exporter->ring = ring;
    exporter->log = log;
    int code = options->endpoint ? set_up(exporter, options, fault) : 0;
    if (code)
        otlp_exporter_free(exporter);
    else
        *out = exporter;
    return code;
}

int otlp_exporter_start(struct otlp_exporter *exporter, struct fault *fault)
{
    if (!exporter->channel)
        return 0;
    if (pthread_create(&exporter->thread, NULL, run, exporter))
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "traces.otlp: no thread");
    exporter->running = true;
    return 0;
}

void otlp_exporter_stop(struct otlp_exporter *exporter)
{
    pthread_mutex_lock(&exporter->lock);
    exporter->stopping = true;
    exporter->give_up_ms = now_ms() + FLUSH_MS;
    pthread_cond_signal(&exporter->changed);
    pthread_mutex_unlock(&exporter->lock);
    if (exporter->running)
        pthread_join(exporter->thread, NULL);
    exporter->running = false;
}

void otlp_exporter_free(struct otlp_exporter *exporter)
{
    if (!exporter)
        return;
    trace_ring_on_end(exporter->ring, NULL, NULL);
    mrpc_channel_free(exporter->channel);
    mrpc_tls_free(exporter->tls);
    mrpc_arena_free(exporter->arena);
    pthread_cond_destroy(&exporter->changed);
    pthread_mutex_destroy(&exporter->lock);
    free(exporter);
}

int otlp_exporter_write_metrics(const struct otlp_exporter *exporter,
                                int (*write)(void *arg, const char *text, size_t size), void *arg)
{
    struct metrics_page page = {.write = write, .arg = arg};
    if (!exporter->channel)
        return 0;
    metrics_single(&page, "mltrainer_otlp_spans_sent_total", "counter", "Spans that the collector has taken.",
                   atomic_load(&exporter->sent));
    metrics_head(&page, "mltrainer_otlp_spans_dropped_total", "counter",
                 "Spans that did not reach the collector, by reason.");
    const struct {
        const char *reason;
        uint64_t count;
    } dropped[] = {
        {"queue_full", atomic_load(&exporter->no_room)},
        {"forgotten", atomic_load(&exporter->forgotten)},
        {"not_taken", atomic_load(&exporter->not_taken)},
        {"rejected", atomic_load(&exporter->rejected)},
    };
    for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++)
        metrics_put(&page, "mltrainer_otlp_spans_dropped_total{reason=\"%s\"} %llu\n", dropped[i].reason,
                    (unsigned long long)dropped[i].count);
    return page.error;
}
