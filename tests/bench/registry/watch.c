/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "server_cpu.h"
#include "watchers.h"

/* How long until a change has reached every watcher, from the moment that the registration is sent: the way to the disk
 * is in it. One change at a time; the next comes when all have heard of the last. */

struct fan_out {
    uint64_t sent_ns;
    size_t heard;
    bool answered;
    struct histogram each, last;
};

static void on_change(void *arg, const PB(Change) * change, int64_t revision)
{
    struct fan_out *fan_out = arg;
    histogram_add(&fan_out->each, load_now_ns() - fan_out->sent_ns);
    fan_out->heard++;
}

static void on_registered(void *arg, const PB(RegisterResponse) * response, const struct mrpc_reply *reply)
{
    if (!response)
        load_die("register: %s: %s", mrpc_code_name(reply->status.code), reply->status.message);
    ((struct fan_out *)arg)->answered = true;
}

/* Always the same instance, with another weight each time. */
static void change_once(struct watchers *watchers, struct fan_out *fan_out, struct mrpc_channel *channel,
                        uint64_t number)
{
    struct load_instance instance;
    load_instance_init(&instance, watchers->settings, 0);
    instance.instance.weight = 1 + (uint32_t)(number % 60000);
    fan_out->heard = 0;
    fan_out->answered = false;
    fan_out->sent_ns = load_now_ns();
    RPC(register__async)(channel, NULL, &instance.request, on_registered, fan_out);
    while (fan_out->heard < watchers->count || !fan_out->answered)
        load_turn(watchers->loop, 0);
    histogram_add(&fan_out->last, load_now_ns() - fan_out->sent_ns);
}

static void print_quantiles(const char *name, const struct histogram *histogram)
{
    printf("\"%s\": {\"p50\": %.3f, \"p99\": %.3f, \"max\": %.3f}", name,
           (double)histogram_quantile_ns(histogram, 0.5) / 1e6, (double)histogram_quantile_ns(histogram, 0.99) / 1e6,
           (double)histogram->largest_ns / 1e6);
}

int load_watch(const struct load_settings *settings)
{
    static struct fan_out fan_out;
    struct watchers watchers;
    struct mrpc_loop *loop;
    if (mrpc_loop_new(&loop))
        load_die("no memory");
    struct mrpc_channel *writer = load_open(settings, loop);
    watchers_init(&watchers, settings, loop);
    change_once(&watchers, &fan_out, writer, 0);
    long before_kib = load_rss_kib(settings->server_pid);
    watchers_grow(&watchers, 1);
    long one_each_kib = load_rss_kib(settings->server_pid);
    watchers_grow(&watchers, settings->streams);
    long all_kib = load_rss_kib(settings->server_pid);
    watchers.changed = on_change;
    watchers.arg = &fan_out;
    change_once(&watchers, &fan_out, writer, 1);
    fan_out = (struct fan_out){0};
    double cpu_before = server_cpu_seconds(settings->server_pid);
    for (uint64_t i = 0; i < settings->count; i++)
        change_once(&watchers, &fan_out, writer, 2 + i);
    double cpu_seconds = server_cpu_seconds(settings->server_pid) - cpu_before;
    long further = (long)settings->connections * (settings->streams - 1);
    printf("{\"watchers\": %zu, \"changes\": %llu, ", watchers.count, (unsigned long long)settings->count);
    print_quantiles("each_ms", &fan_out.each);
    printf(", ");
    print_quantiles("last_ms", &fan_out.last);
    printf(", \"server_cpu_us_per_message\": %.3f, \"connection_kib\": %.2f, \"further_watch_bytes\": %.0f}\n",
           cpu_seconds * 1e6 / (double)(settings->count * watchers.count),
           (double)(one_each_kib - before_kib) / settings->connections,
           further ? (double)(all_kib - one_each_kib) * 1024 / (double)further : 0);
    watchers_fini(&watchers);
    mrpc_channel_free(writer);
    mrpc_loop_free(loop);
    return 0;
}
