/* SPDX-License-Identifier: Apache-2.0 */

/* What a task through a worker process costs, beside the least that two processes can do:
 *     pool_load pingpong|noop|rate|megabyte|crash|deaf COUNT [IN_FLIGHT]
 * prints one JSON object. `pingpong` is 64 bytes there and back over a socket pair between two processes; the others go
 * through server/pool/process with one worker and a plugin that does nothing, dies, or does not listen. */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pool/process/process_pool.h"

enum { PING_BYTES = 64, MEGABYTE_ROWS = 1 << 17 };

struct load {
    struct domain_loop *loop;
    struct process_pool *pool;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned done, started;
    struct fault fault; /* of the last */
};

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "pool_load: %s\n", what);
    exit(1);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_times(double *us, size_t count)
{
    double sum = 0;
    qsort(us, count, sizeof *us, compare);
    for (size_t i = 0; i < count; i++)
        sum += us[i];
    printf("{\"count\": %zu, \"mean_us\": %.2f, \"p50_us\": %.2f, \"p99_us\": %.2f, \"max_us\": %.2f}\n", count,
           sum / (double)count, us[count / 2], us[count * 99 / 100], us[count - 1]);
}

/* ---- The least ---- */

static void echo(int fd)
{
    char bytes[PING_BYTES];
    while (read(fd, bytes, sizeof bytes) == sizeof bytes)
        if (write(fd, bytes, sizeof bytes) != sizeof bytes)
            break;
    _exit(0);
}

static void pingpong(double *us, size_t count)
{
    int fds[2];
    char bytes[PING_BYTES] = {0};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
        die("no socket pair");
    pid_t child = fork();
    if (child == 0) {
        close(fds[0]);
        echo(fds[1]);
    }
    close(fds[1]);
    for (size_t i = 0; i < count; i++) {
        double began = now_us();
        if (write(fds[0], bytes, sizeof bytes) != sizeof bytes || read(fds[0], bytes, sizeof bytes) != sizeof bytes)
            die("the other end is gone");
        us[i] = now_us() - began;
    }
    close(fds[0]);
    waitpid(child, NULL, 0);
}

/* ---- Through the pool ---- */

static void on_event(void *arg, uint64_t ticket, const struct process_event *event)
{
    struct load *load = arg;
    pthread_mutex_lock(&load->lock);
    load->started += event->kind == PROCESS_EVENT_STARTED;
    pthread_mutex_unlock(&load->lock);
    pthread_cond_signal(&load->changed); /* who wakes up finds the lock free */
}

static void on_done(void *arg, uint64_t ticket, struct process_result *result)
{
    struct load *load = arg;
    pthread_mutex_lock(&load->lock);
    load->done++;
    load->fault = result->fault;
    pthread_mutex_unlock(&load->lock);
    pthread_cond_signal(&load->changed); /* who wakes up finds the lock free */
}

static uint64_t submit(struct load *load, const char *algorithm, const struct table *table, bool hear_start, bool brief)
{
    struct fault fault = FAULT_INIT;
    struct process_task task = {
        .operation = PROCESS_COMPUTE,
        .plugin_path = MLT_BENCH_ZOO_FOLDER "/zoo.so",
        .algorithm = algorithm,
        .schema = table ? &table->schema : NULL,
        .array = table ? &table->array : NULL,
        .reply_loop = NULL,
        .on_event = hear_start ? on_event : NULL,
        .on_done = on_done,
        .brief = brief,
        .arg = load,
    };
    uint64_t ticket;
    if (process_pool_submit(load->pool, &task, &ticket, &fault))
        die(fault.text);
    return ticket;
}

static void await(struct load *load, const unsigned *counter, unsigned wanted)
{
    pthread_mutex_lock(&load->lock);
    while ((int)(*counter - wanted) < 0)
        pthread_cond_wait(&load->changed, &load->lock);
    pthread_mutex_unlock(&load->lock);
}

static void run(struct load *load, const char *algorithm, const struct table *table, int code)
{
    unsigned wanted = load->done + 1;
    submit(load, algorithm, table, false, true);
    await(load, &load->done, wanted);
    if ((int)load->fault.code != code)
        die(load->fault.text);
}

static void sequential(struct load *load, const struct table *table, double *us, size_t count)
{
    run(load, "nothing", table, 0);
    for (size_t i = 0; i < count; i++) {
        double began = now_us();
        run(load, "nothing", table, 0);
        us[i] = now_us() - began;
    }
}

static void rate(struct load *load, size_t count, unsigned in_flight)
{
    run(load, "nothing", NULL, 0);
    unsigned first = load->done;
    double began = now_us();
    for (unsigned i = 0; i < count; i++) {
        if (i >= in_flight)
            await(load, &load->done, first + i - in_flight + 1);
        submit(load, "nothing", NULL, false, true);
    }
    await(load, &load->done, first + (unsigned)count);
    double seconds = (now_us() - began) / 1e6;
    printf("{\"count\": %zu, \"seconds\": %.3f, \"per_second\": %.0f}\n", count, seconds, (double)count / seconds);
}

static struct table *megabyte(void)
{
    struct table_column column;
    struct fault fault = FAULT_INIT;
    struct table *table = table_new(MEGABYTE_ROWS);
    if (!table || table_add(table, "x", "g", 0, 0, &column, &fault))
        die("no memory");
    memset(column.values, 1, column.values_bytes);
    return table;
}

/* From the failure to the end of the next task, in the worker's successor. */
static void crash(struct load *load, double *us, size_t count)
{
    run(load, "nothing", NULL, 0);
    for (size_t i = 0; i < count; i++) {
        run(load, "segv", NULL, MRPC_INTERNAL);
        double began = now_us();
        run(load, "nothing", NULL, 0);
        us[i] = now_us() - began;
    }
}

/* From the cancel to the end of a task that hears neither it nor SIGTERM. */
static void deaf(struct load *load, double *us, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned done = load->done + 1, started = load->started + 1;
        uint64_t ticket = submit(load, "blocks_signals", NULL, true, false);
        await(load, &load->started, started);
        double began = now_us();
        process_pool_cancel(load->pool, ticket);
        await(load, &load->done, done);
        us[i] = now_us() - began;
    }
}

static void start(struct load *load)
{
    static const char *const folders[] = {MLT_BENCH_ZOO_FOLDER, NULL};
    const struct process_pool_options options = {
        .worker_path = MLT_BENCH_WORKER, .plugin_folders = folders, .workers = 1, .poll_us = 20,
        .recycle_after_tasks = 100000000};
    struct fault fault = FAULT_INIT;
    pthread_mutex_init(&load->lock, NULL);
    pthread_cond_init(&load->changed, NULL);
    if (domain_loop_new("replies", &load->loop) || domain_loop_start(load->loop) ||
        process_pool_new(&options, &load->pool, &fault) || process_pool_start(load->pool, &fault))
        die(fault.text);
}

static void stop(struct load *load)
{
    process_pool_free(load->pool);
    domain_loop_stop(load->loop);
    domain_loop_free(load->loop);
}

int main(int argc, char **argv)
{
    static struct load load;
    size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    unsigned in_flight = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 1;
    const char *what = argc > 1 ? argv[1] : "";
    double *us = calloc(count + 1, sizeof *us);
    if (!us || !count || !in_flight)
        die("usage: pool_load pingpong|noop|rate|megabyte|crash|deaf COUNT [IN_FLIGHT]");
    if (strcmp(what, "pingpong") != 0)
        start(&load);
    struct table *table = NULL;
    if (strcmp(what, "pingpong") == 0)
        pingpong(us, count);
    else if (strcmp(what, "noop") == 0)
        sequential(&load, NULL, us, count);
    else if (strcmp(what, "megabyte") == 0)
        sequential(&load, table = megabyte(), us, count);
    else if (strcmp(what, "crash") == 0)
        crash(&load, us, count);
    else if (strcmp(what, "deaf") == 0)
        deaf(&load, us, count);
    else if (strcmp(what, "rate") == 0)
        rate(&load, count, in_flight);
    else
        die("it knows pingpong, noop, rate, megabyte, crash and deaf");
    if (strcmp(what, "rate") != 0)
        print_times(us, count);
    if (load.pool)
        stop(&load);
    table_free(table);
    free(us);
    return 0;
}
