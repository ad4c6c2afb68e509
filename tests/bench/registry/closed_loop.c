/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "load.h"
#include "server_cpu.h"

/* A stream makes its next call when the last has been answered; with a rate, when one is due, and what is late for want
 * of a stream counts from when it was due, so that a server that stalls cannot hide it. What begins in the warm-up is
 * not counted. */

struct load_run {
    const struct load_settings *settings;
    load_begin *begin;
    uint64_t next_number, open, errors;
    uint64_t start_ns, measure_ns, end_ns; /* when calls began, count, and after which none begins */
    struct load_slot *idle;                /* wait until a call is due */
    char first_error[256];
    struct histogram latencies;
};

static bool over(const struct load_run *run, uint64_t now_ns)
{
    const struct load_settings *settings = run->settings;
    if (settings->count)
        return run->errors || run->next_number >= settings->first_number + settings->count;
    return run->errors || now_ns >= run->end_ns;
}

/* When the next call is due. */
static uint64_t due_ns(const struct load_run *run)
{
    uint64_t begun = run->next_number - run->settings->first_number;
    return run->start_ns + (uint64_t)((double)begun * 1e9 / run->settings->rate);
}

static void begin_next(struct load_slot *slot)
{
    struct load_run *run = slot->run;
    slot->started_ns = load_now_ns();
    if (over(run, slot->started_ns)) {
        run->open--;
        return;
    }
    if (run->settings->rate > 0 && due_ns(run) > slot->started_ns) {
        slot->next_idle = run->idle;
        run->idle = slot;
        return;
    }
    if (run->settings->rate > 0)
        slot->started_ns = due_ns(run);
    slot->number = run->next_number++;
    run->begin(slot);
}

static void begin_what_is_due(struct load_run *run)
{
    while (run->idle && (over(run, load_now_ns()) || due_ns(run) <= load_now_ns())) {
        struct load_slot *slot = run->idle;
        run->idle = slot->next_idle;
        begin_next(slot);
    }
}

void load_done(struct load_slot *slot, const struct mrpc_status *status)
{
    struct load_run *run = slot->run;
    if (status->code != MRPC_OK && run->errors++ == 0)
        snprintf(run->first_error, sizeof run->first_error, "%s: %.200s", mrpc_code_name(status->code),
                 status->message ? status->message : "");
    if (status->code == MRPC_OK && slot->started_ns >= run->measure_ns)
        histogram_add(&run->latencies, load_now_ns() - slot->started_ns);
    begin_next(slot);
}

static void print_figures(const struct load_run *run, double seconds, double server_seconds)
{
    double calls = (double)run->latencies.count;
    printf("{\"calls\": %.0f, \"seconds\": %.3f, \"calls_per_second\": %.0f, \"server_cpu_us_per_call\": %.3f, "
           "\"latency_ms\": {\"p50\": %.3f, \"p99\": %.3f, \"max\": %.3f}}\n",
           calls, seconds, calls / seconds, calls > 0 ? server_seconds / calls * 1e6 : 0,
           (double)histogram_quantile_ns(&run->latencies, 0.5) / 1e6,
           (double)histogram_quantile_ns(&run->latencies, 0.99) / 1e6, (double)run->latencies.largest_ns / 1e6);
}

static void connect_all(struct mrpc_channel **channels, int count, struct mrpc_loop *loop)
{
    for (int i = 0; i < count; i++)
        mrpc_channel_connect(channels[i]);
    for (int i = 0; i < count; i++)
        while (mrpc_channel_state(channels[i]) != MRPC_READY)
            load_turn(loop, load_now_ns() + 100000000);
}

int load_closed_loop(const struct load_settings *settings, load_begin *begin)
{
    static struct load_run run;
    struct mrpc_loop *loop;
    struct mrpc_channel **channels = calloc((size_t)settings->connections, sizeof(struct mrpc_channel *));
    size_t count = (size_t)settings->connections * (size_t)settings->streams;
    struct load_slot *slots = calloc(count, sizeof *slots);
    if (!channels || !slots || mrpc_loop_new(&loop))
        load_die("no memory");
    for (int i = 0; i < settings->connections; i++)
        channels[i] = load_open(settings, loop);
    connect_all(channels, settings->connections, loop);
    run = (struct load_run){.settings = settings, .begin = begin, .next_number = settings->first_number, .open = count};
    run.start_ns = load_now_ns();
    double cpu_before = server_cpu_seconds(settings->server_pid);
    run.measure_ns = run.start_ns + (uint64_t)(settings->count ? 0 : settings->warmup_seconds * 1e9);
    run.end_ns = run.measure_ns + (uint64_t)(settings->seconds * 1e9);
    for (size_t i = 0; i < count; i++) {
        slots[i] = (struct load_slot){.run = &run, .channel = channels[i % (size_t)settings->connections]};
        begin_next(&slots[i]);
    }
    for (bool warm = settings->count > 0; run.open > 0;) {
        load_turn(loop, run.idle ? due_ns(&run) : 0);
        begin_what_is_due(&run);
        if (!warm && load_now_ns() >= run.measure_ns) {
            warm = true;
            cpu_before = server_cpu_seconds(settings->server_pid);
        }
    }
    double server_seconds = server_cpu_seconds(settings->server_pid) - cpu_before;
    print_figures(&run, (double)(load_now_ns() - run.measure_ns) / 1e9, server_seconds);
    for (int i = 0; i < settings->connections; i++)
        mrpc_channel_free(channels[i]);
    mrpc_loop_free(loop);
    free(slots);
    free(channels);
    if (run.errors)
        fprintf(stderr, "%llu calls failed, the first with %s\n", (unsigned long long)run.errors, run.first_error);
    return run.errors > 0;
}
