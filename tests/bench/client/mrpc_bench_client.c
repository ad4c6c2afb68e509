/* SPDX-License-Identifier: Apache-2.0 */

/* A load generator: unary calls in a closed loop, CONNECTIONS x STREAMS at a time, for SECONDS after WARMUP.
 *     mrpc_bench_client --target HOST:PORT [--method /helloworld.Greeter/SayHello] [--connections 1] [--streams 1]
 *                       [--threads 1] [--seconds 5] [--warmup 1] [--payload 5] [--blocking]
 * prints one JSON object: calls/s, latency percentiles, the client's own CPU a call. The request is a message whose
 * field 1 holds --payload bytes; any response will do. By default each thread drives a loop of its own with
 * asynchronous calls; --blocking instead has one thread a stream and the library's loop. Exit 1 when a call failed. */

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

#include <google/protobuf/wrappers.mrpc.h>
#include <mrpc/mrpc.h>

#include "histogram.h"

struct settings {
    const char *target;
    struct mrpc_method method;
    int connections, streams, threads, payload_bytes;
    double seconds, warmup_seconds;
    int blocking;
    Google__Protobuf__BytesValue request;
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
    uint64_t errors;
    char first_error[256];
    struct histogram latencies;
};

/* One stream's place in the loop: the next call starts when the last has ended. */
struct slot {
    struct worker *worker;
    struct mrpc_channel *channel;
    uint64_t started_ns;
};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void note(struct worker *worker, uint64_t started_ns, const struct mrpc_reply *reply)
{
    if (atomic_load_explicit(&worker->bench->phase, memory_order_relaxed) == MEASURE && reply->status.code == MRPC_OK)
        histogram_add(&worker->latencies, now_ns() - started_ns);
    if (reply->status.code == MRPC_OK)
        return;
    if (worker->errors++ == 0)
        snprintf(worker->first_error, sizeof worker->first_error, "%s: %.200s", mrpc_code_name(reply->status.code),
                 reply->status.message ? reply->status.message : "");
}

static bool stopped(const struct worker *worker)
{
    return worker->errors > 0 || atomic_load_explicit(&worker->bench->phase, memory_order_relaxed) == STOP;
}

/* Asynchronous. */

static void begin(struct slot *slot);

static void on_done(void *arg, const ProtobufCMessage *response, const struct mrpc_reply *reply)
{
    struct slot *slot = arg;
    note(slot->worker, slot->started_ns, reply);
    if (stopped(slot->worker))
        slot->worker->open--;
    else
        begin(slot);
}

static void begin(struct slot *slot)
{
    const struct settings *settings = &slot->worker->bench->settings;
    slot->started_ns = now_ns();
    mrpc_channel_unary_async(slot->channel, &settings->method, NULL, &settings->request.base, on_done, slot);
}

static void *run_async(void *arg)
{
    struct worker *worker = arg;
    int streams = worker->bench->settings.streams;
    struct slot *slots = calloc((size_t)(worker->connections * streams), sizeof *slots);
    for (; worker->open < worker->connections * streams; worker->open++) {
        struct slot *slot = &slots[worker->open];
        *slot = (struct slot){.worker = worker, .channel = worker->channels[worker->open / streams]};
        begin(slot);
    }
    while (worker->open > 0) {
        struct pollfd fd = {.fd = mrpc_loop_fd(worker->loop), .events = POLLIN};
        (void)poll(&fd, 1, -1);
        if (mrpc_loop_process(worker->loop) != 0)
            break;
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
        (void)mrpc_channel_unary(worker->channels[0], &settings->method, NULL, &settings->request.base, &reply);
        note(worker, started_ns, &reply);
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
    double cpu_seconds;
    uint64_t errors;
    struct histogram latencies;
};

/* The threads run by now; let them. */
static void measure(struct bench *bench, struct result *result)
{
    sleep_seconds(bench->settings.warmup_seconds);
    double cpu_before = cpu_seconds();
    uint64_t start_ns = now_ns();
    atomic_store(&bench->phase, MEASURE);
    sleep_seconds(bench->settings.seconds);
    atomic_store(&bench->phase, STOP);
    result->seconds = (double)(now_ns() - start_ns) / 1e9;
    result->cpu_seconds = cpu_seconds() - cpu_before;
}

static void collect(struct worker *worker, struct result *result)
{
    pthread_join(worker->thread, NULL);
    histogram_merge(&result->latencies, &worker->latencies);
    if (worker->errors > 0)
        fprintf(stderr, "%s\n", worker->first_error);
    result->errors += worker->errors;
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
    printf("\"client_cpu_us_per_call\": %.2f, \"latency_us\": {", calls > 0 ? result->cpu_seconds / calls * 1e6 : 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        printf("\"%s\": %.1f, ", rows[i].name,
               (double)histogram_quantile_ns(&result->latencies, rows[i].quantile) / 1e3);
    printf("\"max\": %.1f}}\n", (double)result->latencies.largest_ns / 1e3);
}

static void usage(void)
{
    fprintf(stderr, "usage: mrpc_bench_client --target HOST:PORT [--method PATH] [--connections N] [--streams N]\n"
                    "       [--threads N] [--seconds S] [--warmup S] [--payload BYTES] [--blocking]\n");
    exit(2);
}

static void parse(int argc, char **argv, struct settings *settings)
{
    static const struct option options[] = {
        {"target", required_argument, NULL, 't'},      {"method", required_argument, NULL, 'm'},
        {"connections", required_argument, NULL, 'c'}, {"streams", required_argument, NULL, 's'},
        {"threads", required_argument, NULL, 'j'},     {"seconds", required_argument, NULL, 'd'},
        {"warmup", required_argument, NULL, 'w'},      {"payload", required_argument, NULL, 'p'},
        {"blocking", no_argument, NULL, 'b'},          {NULL, 0, NULL, 0},
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
        default:
            usage();
        }
    }
    if (!settings->target || optind < argc || settings->connections < 1 || settings->streams < 1 ||
        settings->threads < 1 || settings->payload_bytes < 0 || settings->seconds <= 0 || settings->warmup_seconds < 0)
        usage();
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
                                              .request = GOOGLE__PROTOBUF__BYTES_VALUE__INIT}};
    static struct result result;
    struct settings *settings = &bench.settings;
    parse(argc, argv, settings);
    settings->request.value.len = (size_t)settings->payload_bytes;
    settings->request.value.data = malloc((size_t)settings->payload_bytes + 1);
    memset(settings->request.value.data, 'x', (size_t)settings->payload_bytes + 1);
    if (settings->blocking)
        run_with_threads(&bench, &result);
    else
        run_with_loops(&bench, &result);
    print_result(settings, &result);
    free(settings->request.value.data);
    return result.errors > 0;
}
