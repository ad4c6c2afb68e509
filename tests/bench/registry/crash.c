/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "watchers.h"

/* From kill -9 of a process that keeps an instance alive until each watcher has been told that the instance is gone. */

extern char **environ;

struct deaths {
    uint64_t killed_ns; /* 0: it lives */
    size_t added, removed;
    struct histogram each;
};

static void on_change(void *arg, const PB(Change) * change, int64_t revision)
{
    struct deaths *deaths = arg;
    deaths->added += change->kind == MLTRAINER__REGISTRY__V1__CHANGE_KIND__CHANGE_KIND_ADDED;
    if (change->kind != MLTRAINER__REGISTRY__V1__CHANGE_KIND__CHANGE_KIND_REMOVED)
        return;
    if (!deaths->killed_ns)
        load_die("%s was removed while it lived: %s", change->instance->key->id, change->instance->status->text);
    deaths->removed++;
    histogram_add(&deaths->each, load_now_ns() - deaths->killed_ns);
}

static pid_t spawn_keeper(const struct load_settings *settings, uint64_t number)
{
    char ttl[32], first[32];
    snprintf(ttl, sizeof ttl, "%lld", (long long)settings->ttl_ms);
    snprintf(first, sizeof first, "%llu", (unsigned long long)number);
    const char *arguments[] = {"registry_load",
                               "hold",
                               "--target",
                               settings->target,
                               "--service",
                               settings->service,
                               "--mode",
                               settings->mode,
                               "--ttl-ms",
                               ttl,
                               "--first-number",
                               first,
                               NULL};
    pid_t pid;
    if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, (char **)(uintptr_t)arguments, environ))
        load_die("cannot start a keeper");
    return pid;
}

enum { LIVES_MS_MAX = 1000 };

/* A random moment between two heartbeats. */
static void let_it_live(struct watchers *watchers, int64_t ttl_ms)
{
    int64_t interval_ms = ttl_ms / 3 < LIVES_MS_MAX ? ttl_ms / 3 : LIVES_MS_MAX;
    uint64_t until_ns = load_now_ns() + (uint64_t)(rand() % (interval_ms + 1)) * 1000000;
    while (load_now_ns() < until_ns)
        load_turn(watchers->loop, until_ns);
}

static void one_crash(struct watchers *watchers, struct deaths *deaths, uint64_t number)
{
    deaths->killed_ns = deaths->added = deaths->removed = 0;
    pid_t pid = spawn_keeper(watchers->settings, number);
    while (deaths->added < watchers->count)
        load_turn(watchers->loop, 0);
    let_it_live(watchers, watchers->settings->ttl_ms);
    deaths->killed_ns = load_now_ns();
    kill(pid, SIGKILL);
    while (deaths->removed < watchers->count)
        load_turn(watchers->loop, 0);
    waitpid(pid, NULL, 0);
}

int load_crash(const struct load_settings *settings)
{
    static struct deaths deaths;
    struct watchers watchers;
    struct mrpc_loop *loop;
    if (mrpc_loop_new(&loop))
        load_die("no memory");
    watchers_init(&watchers, settings, loop);
    watchers.changed = on_change;
    watchers.arg = &deaths;
    watchers_grow(&watchers, settings->streams);
    for (uint64_t i = 0; i < settings->count; i++)
        one_crash(&watchers, &deaths, i);
    printf("{\"crashes\": %llu, \"watchers\": %zu, \"told_ms\": {\"p50\": %.1f, \"p99\": %.1f, \"max\": %.1f}}\n",
           (unsigned long long)settings->count, watchers.count, (double)histogram_quantile_ns(&deaths.each, 0.5) / 1e6,
           (double)histogram_quantile_ns(&deaths.each, 0.99) / 1e6, (double)deaths.each.largest_ns / 1e6);
    watchers_fini(&watchers);
    mrpc_loop_free(loop);
    return 0;
}

/* --- the process that is killed ----------------------------------------------------------------------------------- */

struct keeper {
    struct mrpc_channel *channel;
    struct mrpc_client_call *stream; /* NULL: heartbeats are calls */
    PB(HeartbeatRequest) heartbeat;
    struct load_instance instance;
    bool registered;
};

static void on_registered(void *arg, const PB(RegisterResponse) * response, const struct mrpc_reply *reply)
{
    struct keeper *keeper = arg;
    if (!response)
        load_die("register: %s: %s", mrpc_code_name(reply->status.code), reply->status.message);
    keeper->heartbeat.incarnation = response->instance->incarnation;
    keeper->registered = true;
}

static void on_heartbeat(void *arg, const PB(HeartbeatResponse) * response, const struct mrpc_reply *reply)
{
    if (!response)
        load_die("heartbeat: %s: %s", mrpc_code_name(reply->status.code), reply->status.message);
}

static void on_stream_done(void *arg, struct mrpc_client_call *call, const struct mrpc_status *status,
                           const struct mrpc_metadata *trailers)
{
    load_die("the heartbeat stream ended: %s: %s", mrpc_code_name(status->code), status->message);
}

static void beat(struct keeper *keeper)
{
    if (!keeper->stream) {
        RPC(heartbeat__async)(keeper->channel, NULL, &keeper->heartbeat, on_heartbeat, keeper);
        return;
    }
    PB(HeartbeatStreamRequest) message;
    mltrainer__registry__v1__heartbeat_stream_request__init(&message);
    message.heartbeat = &keeper->heartbeat;
    message.expire_on_disconnect = true;
    if (mrpc_client_call_send(keeper->stream, &message.base))
        load_die("a heartbeat could not be sent");
}

int load_hold(const struct load_settings *settings)
{
    static const struct mrpc_client_events events = {.on_done = on_stream_done};
    static struct keeper keeper;
    struct mrpc_loop *loop;
    if (mrpc_loop_new(&loop))
        load_die("no memory");
    keeper.channel = load_open(settings, loop);
    load_instance_init(&keeper.instance, settings, settings->first_number);
    mltrainer__registry__v1__heartbeat_request__init(&keeper.heartbeat);
    keeper.heartbeat.key = &keeper.instance.key;
    RPC(register__async)(keeper.channel, NULL, &keeper.instance.request, on_registered, &keeper);
    while (!keeper.registered)
        load_turn(loop, 0);
    if (strcmp(settings->mode, "stream") == 0 &&
        RPC(heartbeat_stream__start)(keeper.channel, NULL, &events, &keeper, &keeper.stream))
        load_die("no heartbeat stream");
    while (getppid() != 1) { /* it ends by being killed, or with the one who would */
        beat(&keeper);
        uint64_t next_ns = load_now_ns() + (uint64_t)settings->ttl_ms * 1000000 / 3;
        while (load_now_ns() < next_ns)
            load_turn(loop, next_ns);
    }
    return 1;
}
