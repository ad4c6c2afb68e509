/* SPDX-License-Identifier: Apache-2.0 */

/* A load generator: calls in a closed loop, CONNECTIONS x STREAMS at a time, for SECONDS after WARMUP.
 *     mrpc_bench_client --target HOST:PORT [--method /helloworld.Greeter/SayHello] [--connections 1] [--streams 1]
 *                       [--threads 1] [--seconds 5] [--warmup 1] [--payload 5] [--rate N] [--streaming] [--blocking]
 *                       [--server-pid PID] [--request FILE]
 * prints one JSON object: calls/s, latency percentiles, the client's own CPU a call, and the server's with
 * --server-pid, over the measured seconds only. The request is a message whose field 1 holds --payload bytes, or the
 * encoded one in FILE; any response will do.
 * By default each thread drives a loop of its own with asynchronous calls; --blocking instead has one thread a stream
 * and the library's loop. --rate opens the loop: N calls/s begin on time, and a call that finds no stream free waits,
 * its latency counted from when it was due. --streaming takes a stream of responses a call. Exit 1 when a call
 * failed. */

#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <google/protobuf/empty.mrpc.h>
#include <google/protobuf/wrappers.mrpc.h>
#include <mrpc/codec.h>
#include <mrpc/mrpc.h>

#include "histogram.h"
#include "server_cpu.h"

struct settings {
    const char *target;
    struct mrpc_method method;
    int connections, streams, threads, payload_bytes;
    int server_pid;
    double seconds, warmup_seconds, rate;
    int blocking, streaming;
    const char *request_file;
    Google__Protobuf__BytesValue payload;
    const ProtobufCMessage *request;
};

enum phase { WARMUP, MEASURE, STOP };

struct bench {
    struct settings settings;
    atomic_int phase;
};

/* One thread's share. */
struct worker {
    struct bench *bench;
    pthread_t thread;
    struct mrpc_loop *loop;
    struct mrpc_channel **channels; /* connections of them */
    int connections;
    int open;
    uint64_t due_ns, interval_ns;   /* of an open loop: the next call, and from one to the next; 0: closed */
    struct slot *idle;              /* of an open loop: streams without a call */
    uint64_t errors, messages;
    char first_error[256];
    struct histogram latencies;
};

/* One stream's place in the loop: the next call starts when the last has ended. */
struct slot {
    struct worker *worker;
    struct mrpc_channel *channel;
    struct slot *next_idle;
    uint64_t started_ns;
};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool measuring(const struct worker *worker)
{
    return atomic_load_explicit(&worker->bench->phase, memory_order_relaxed) == MEASURE;
}

static void note(struct worker *worker, uint64_t started_ns, const struct mrpc_status *status)
{
    if (status->code == MRPC_OK && measuring(worker))
        histogram_add(&worker->latencies, now_ns() - started_ns);
    if (status->code == MRPC_OK)
        return;
    if (worker->errors++ == 0)
        snprintf(worker->first_error, sizeof worker->first_error, "%s: %.200s", mrpc_code_name(status->code),
                 status->message ? status->message : "");
}

static bool stopped(const struct worker *worker)
{
    return worker->errors > 0 || atomic_load_explicit(&worker->bench->phase, memory_order_relaxed) == STOP;
}

/* Asynchronous. */

static void begin(struct slot *slot, uint64_t due_ns);

/* The stream is free: for the next call, for one that is overdue, or until one is due. */
static void next(struct slot *slot)
{
    struct worker *worker = slot->worker;
    if (stopped(worker)) {
        worker->open--;
    } else if (worker->interval_ns == 0) {
        begin(slot, now_ns());
    } else if (worker->due_ns <= now_ns()) {
        worker->due_ns += worker->interval_ns;
        begin(slot, worker->due_ns - worker->interval_ns);
    } else {
        slot->next_idle = worker->idle;
        worker->idle = slot;
    }
}

static void on_done(void *arg, const ProtobufCMessage *response, const struct mrpc_reply *reply)
{
    struct slot *slot = arg;
    note(slot->worker, slot->started_ns, &reply->status);
    next(slot);
}

static bool on_streamed(void *arg, struct mrpc_client_call *call, const ProtobufCMessage *message)
{
    struct worker *worker = ((struct slot *)arg)->worker;
    worker->messages += measuring(worker);
    return true;
}

static void on_streaming_done(void *arg, struct mrpc_client_call *call, const struct mrpc_status *status,
                              const struct mrpc_metadata *trailers)
{
    struct slot *slot = arg;
    note(slot->worker, slot->started_ns, status);
    mrpc_client_call_free(call);
    next(slot);
}

static void begin(struct slot *slot, uint64_t due_ns)
{
    static const struct mrpc_client_events events = {.on_message = on_streamed, .on_done = on_streaming_done};
    const struct settings *settings = &slot->worker->bench->settings;
    struct mrpc_client_call *call;
    slot->started_ns = due_ns;
    if (!settings->streaming)
        mrpc_channel_unary_async(slot->channel, &settings->method, NULL, settings->request, on_done, slot);
    else if (mrpc_client_call_start_with(slot->channel, &settings->method, NULL, settings->request, &events, slot,
                                         &call) != 0)
        exit(2);
}

static void begin_due(struct worker *worker)
{
    while (worker->idle && !stopped(worker) && worker->due_ns <= now_ns()) {
        struct slot *slot = worker->idle;
        worker->idle = slot->next_idle;
        worker->due_ns += worker->interval_ns;
        begin(slot, worker->due_ns - worker->interval_ns);
    }
    for (; worker->idle && stopped(worker); worker->idle = worker->idle->next_idle)
        worker->open--;
}

/* Until bytes come in or, in an open loop with a stream free, until the next call is due. */
static void wait_for_work(struct worker *worker)
{
    struct pollfd fd = {.fd = mrpc_loop_fd(worker->loop), .events = POLLIN};
    uint64_t now = now_ns();
    uint64_t wait_ns = worker->due_ns > now ? worker->due_ns - now : 0;
    struct timespec span = {.tv_sec = (time_t)(wait_ns / 1000000000u), .tv_nsec = (long)(wait_ns % 1000000000u)};
    (void)ppoll(&fd, 1, worker->idle ? &span : NULL, NULL);
}

static void *run_async(void *arg)
{
    struct worker *worker = arg;
    const struct settings *settings = &worker->bench->settings;
    struct slot *slots = calloc((size_t)(worker->connections * settings->streams), sizeof *slots);
    if (settings->rate > 0)
        worker->interval_ns = (uint64_t)(1e9 * settings->threads / settings->rate);
    worker->due_ns = now_ns();
    for (; worker->open < worker->connections * settings->streams; worker->open++) {
        struct slot *slot = &slots[worker->open];
        *slot = (struct slot){.worker = worker, .channel = worker->channels[worker->open % worker->connections]};
        next(slot);
    }
    while (worker->open > 0) {
        wait_for_work(worker);
        if (mrpc_loop_process(worker->loop) != 0)
            break;
        begin_due(worker);
    }
    free(slots);
    return NULL;
}

/* Blocking: a worker is one stream. */
static void *run_blocking(void *arg)
{
    struct worker *worker = arg;
    const struct settings *settings = &worker->bench->settings;
    while (!stopped(worker)) {
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        uint64_t started_ns = now_ns();
        (void)mrpc_channel_unary(worker->channels[0], &settings->method, NULL, settings->request, &reply);
        note(worker, started_ns, &reply.status);
        mrpc_reply_fini(&reply);
    }
    return NULL;
}

static struct mrpc_channel *open_channel(const char *target, struct mrpc_loop *loop)
{
    const struct mrpc_channel_options options = {.struct_bytes = sizeof options, .loop = loop};
    struct mrpc_channel *channel;
    int error = mrpc_channel_new(target, &options, &channel);
    if (error) {
        fprintf(stderr, "%s: %s\n", target, mrpc_error_text(error));
        exit(2);
    }
    return channel;
}

static void sleep_seconds(double seconds)
{
    struct timespec span = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&span, NULL);
}

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

struct result {
    double seconds;
    double cpu_seconds, server_cpu_seconds;
    uint64_t errors, messages;
    struct histogram latencies;
};

/* The threads run by now; let them. */
static void measure(struct bench *bench, struct result *result)
{
    sleep_seconds(bench->settings.warmup_seconds);
    double cpu_before = cpu_seconds();
    double server_before = server_cpu_seconds(bench->settings.server_pid);
    uint64_t start_ns = now_ns();
    atomic_store(&bench->phase, MEASURE);
    sleep_seconds(bench->settings.seconds);
    atomic_store(&bench->phase, STOP);
    result->seconds = (double)(now_ns() - start_ns) / 1e9;
    result->cpu_seconds = cpu_seconds() - cpu_before;
    result->server_cpu_seconds = server_cpu_seconds(bench->settings.server_pid) - server_before;
}

static void collect(struct worker *worker, struct result *result)
{
    pthread_join(worker->thread, NULL);
    histogram_merge(&result->latencies, &worker->latencies);
    if (worker->errors > 0)
        fprintf(stderr, "%s\n", worker->first_error);
    result->errors += worker->errors;
    result->messages += worker->messages;
}

static void run_with_loops(struct bench *bench, struct result *result)
{
    const struct settings *settings = &bench->settings;
    struct worker *workers = calloc((size_t)settings->threads, sizeof *workers);
    for (int i = 0; i < settings->threads; i++) {
        struct worker *worker = &workers[i];
        worker->bench = bench;
        worker->connections =
            settings->connections / settings->threads + (i < settings->connections % settings->threads);
        worker->channels = calloc((size_t)worker->connections + 1, sizeof(struct mrpc_channel *));
        if (mrpc_loop_new(&worker->loop) != 0)
            exit(2);
        for (int c = 0; c < worker->connections; c++)
            worker->channels[c] = open_channel(settings->target, worker->loop);
        pthread_create(&worker->thread, NULL, run_async, worker);
    }
    measure(bench, result);
    for (int i = 0; i < settings->threads; i++) {
        collect(&workers[i], result);
        /* Nobody drives the loop any more: this thread does, and so it is the loop's own. */
        (void)mrpc_loop_process(workers[i].loop);
        for (int c = 0; c < workers[i].connections; c++)
            mrpc_channel_free(workers[i].channels[c]);
        mrpc_loop_free(workers[i].loop);
        free(workers[i].channels);
    }
    free(workers);
}

static void run_with_threads(struct bench *bench, struct result *result)
{
    const struct settings *settings = &bench->settings;
    int count = settings->connections * settings->streams;
    struct mrpc_channel **channels = calloc((size_t)settings->connections, sizeof(struct mrpc_channel *));
    struct worker *workers = calloc((size_t)count, sizeof *workers);
    for (int c = 0; c < settings->connections; c++)
        channels[c] = open_channel(settings->target, NULL);
    for (int i = 0; i < count; i++) {
        workers[i].bench = bench;
        workers[i].channels = &channels[i / settings->streams];
        pthread_create(&workers[i].thread, NULL, run_blocking, &workers[i]);
    }
    measure(bench, result);
    for (int i = 0; i < count; i++)
        collect(&workers[i], result);
    for (int c = 0; c < settings->connections; c++)
        mrpc_channel_free(channels[c]);
    free(workers);
    free(channels);
}

static void print_result(const struct settings *settings, const struct result *result)
{
    static const struct {
        const char *name;
        double quantile;
    } rows[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};
    double calls = (double)result->latencies.count;
    printf("{\"connections\": %d, \"streams\": %d, \"threads\": %d, \"blocking\": %s, \"payload_bytes\": %d, ",
           settings->connections, settings->streams,
           settings->blocking ? settings->connections * settings->streams : settings->threads,
           settings->blocking ? "true" : "false", settings->payload_bytes);
    printf("\"seconds\": %.3f, \"calls\": %.0f, \"calls_per_second\": %.0f, \"errors\": %llu, ", result->seconds, calls,
           calls / result->seconds, (unsigned long long)result->errors);
    printf("\"messages\": %llu, \"client_cpu_us_per_call\": %.2f, ", (unsigned long long)result->messages,
           calls > 0 ? result->cpu_seconds / calls * 1e6 : 0);
    printf("\"server_cpu_seconds\": %.6f, \"server_cpu_us_per_call\": %.3f, \"latency_us\": {",
           result->server_cpu_seconds, calls > 0 ? result->server_cpu_seconds / calls * 1e6 : 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        printf("\"%s\": %.1f, ", rows[i].name,
               (double)histogram_quantile_ns(&result->latencies, rows[i].quantile) / 1e3);
    printf("\"max\": %.1f}}\n", (double)result->latencies.largest_ns / 1e3);
}

static void usage(void)
{
    fprintf(stderr, "usage: mrpc_bench_client --target HOST:PORT [--method PATH] [--connections N] [--streams N]\n"
                    "       [--threads N] [--seconds S] [--warmup S] [--payload BYTES] [--rate N] [--streaming]\n"
                    "       [--blocking] [--server-pid PID] [--request FILE]\n");
    exit(2);
}

static void parse(int argc, char **argv, struct settings *settings)
{
    static const struct option options[] = {
        {"target", required_argument, NULL, 't'},      {"method", required_argument, NULL, 'm'},
        {"connections", required_argument, NULL, 'c'}, {"streams", required_argument, NULL, 's'},
        {"threads", required_argument, NULL, 'j'},     {"seconds", required_argument, NULL, 'd'},
        {"warmup", required_argument, NULL, 'w'},      {"payload", required_argument, NULL, 'p'},
        {"blocking", no_argument, NULL, 'b'},          {"rate", required_argument, NULL, 'r'},
        {"streaming", no_argument, NULL, 'x'},         {"server-pid", required_argument, NULL, 'i'},
        {"request", required_argument, NULL, 'f'},     {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 't':
            settings->target = optarg;
            break;
        case 'm':
            settings->method.path = optarg;
            break;
        case 'c':
            settings->connections = atoi(optarg);
            break;
        case 's':
            settings->streams = atoi(optarg);
            break;
        case 'j':
            settings->threads = atoi(optarg);
            break;
        case 'd':
            settings->seconds = atof(optarg);
            break;
        case 'w':
            settings->warmup_seconds = atof(optarg);
            break;
        case 'p':
            settings->payload_bytes = atoi(optarg);
            break;
        case 'b':
            settings->blocking = 1;
            break;
        case 'r':
            settings->rate = atof(optarg);
            break;
        case 'x':
            settings->streaming = 1;
            settings->method.server_streaming = true;
            break;
        case 'i':
            settings->server_pid = atoi(optarg);
            break;
        case 'f':
            settings->request_file = optarg;
            break;
        default:
            usage();
        }
    }
    if (!settings->target || optind < argc || settings->connections < 1 || settings->streams < 1 ||
        settings->threads < 1 || settings->payload_bytes < 0 || settings->seconds <= 0 ||
        settings->warmup_seconds < 0 || settings->rate < 0 ||
        (settings->blocking && (settings->streaming || settings->rate > 0)))
        usage();
}

/* A message of which nothing is known but its fields, which are sent as they are. */
static const ProtobufCMessage *read_request(const char *path, struct mrpc_arena *arena)
{
    static const struct mrpc_decode_options options = {.keep_unknown = 1};
    static uint8_t bytes[4 << 20];
    ProtobufCMessage *message;
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    if (!file || ferror(file) ||
        mrpc_decode(&google__protobuf__empty__info, bytes, size, &options, arena, &message, NULL)) {
        fprintf(stderr, "%s: not an encoded message\n", path);
        exit(2);
    }
    fclose(file);
    return message;
}

int main(int argc, char **argv)
{
    static struct bench bench = {.settings = {.method = {.name = "Bench",
                                                         .path = "/helloworld.Greeter/SayHello",
                                                         .request = &google__protobuf__bytes_value__info,
                                                         .response = &google__protobuf__bytes_value__info},
                                              .connections = 1,
                                              .streams = 1,
                                              .threads = 1,
                                              .payload_bytes = 5,
                                              .seconds = 5,
                                              .warmup_seconds = 1,
                                              .payload = GOOGLE__PROTOBUF__BYTES_VALUE__INIT}};
    static struct result result;
    struct settings *settings = &bench.settings;
    parse(argc, argv, settings);
    struct mrpc_arena *arena = mrpc_arena_new(0);
    settings->payload.value.len = (size_t)settings->payload_bytes;
    settings->payload.value.data = malloc((size_t)settings->payload_bytes + 1);
    memset(settings->payload.value.data, 'x', (size_t)settings->payload_bytes + 1);
    settings->request = &settings->payload.base;
    if (settings->request_file) {
        settings->method.request = &google__protobuf__empty__info;
        settings->request = read_request(settings->request_file, arena);
    }
    if (settings->blocking)
        run_with_threads(&bench, &result);
    else
        run_with_loops(&bench, &result);
    print_result(settings, &result);
    free(settings->payload.value.data);
    mrpc_arena_free(arena);
    return result.errors > 0;
}
