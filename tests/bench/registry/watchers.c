/* SPDX-License-Identifier: Apache-2.0 */
#include "watchers.h"

#include <stdlib.h>

struct watcher {
    struct watchers *watchers;
    struct mrpc_client_call *call;
    int64_t revision;
    bool complete, done;
};

static bool on_message(void *arg, struct mrpc_client_call *call, const ProtobufCMessage *bytes)
{
    struct watcher *watcher = arg;
    struct watchers *watchers = watcher->watchers;
    const PB(WatchResponse) *message = (const PB(WatchResponse) *)bytes;
    if (message->body_case == MLTRAINER__REGISTRY__V1__WATCH_RESPONSE__BODY_SNAPSHOT && message->snapshot->last) {
        watcher->complete = true;
        watchers->complete++;
    }
    if (watcher->complete && message->revision < watcher->revision)
        load_die("revision %lld came after %lld", (long long)message->revision, (long long)watcher->revision);
    if (message->body_case == MLTRAINER__REGISTRY__V1__WATCH_RESPONSE__BODY_CHANGES) {
        if (message->revision == watcher->revision)
            load_die("revision %lld came twice", (long long)message->revision);
        for (size_t i = 0; watchers->changed && i < message->changes->n_changes; i++)
            watchers->changed(watchers->arg, message->changes->changes[i], message->revision);
    }
    watcher->revision = message->revision;
    return true;
}

static void on_done(void *arg, struct mrpc_client_call *call, const struct mrpc_status *status,
                    const struct mrpc_metadata *trailers)
{
    struct watcher *watcher = arg;
    if (!watcher->done)
        load_die("a watch ended: %s: %s", mrpc_code_name(status->code), status->message ? status->message : "");
}

static void begin(struct watcher *watcher, struct watchers *watchers, struct mrpc_channel *channel)
{
    static const struct mrpc_client_events events = {.on_message = on_message, .on_done = on_done};
    static const struct mrpc_call_options options = {.struct_bytes = sizeof options, .wait_for_ready = true};
    PB(WatchRequest) request;
    Google__Protobuf__Duration hour;
    mltrainer__registry__v1__watch_request__init(&request);
    google__protobuf__duration__init(&hour);
    hour.seconds = 3600;
    request.service = (char *)(uintptr_t)watchers->settings->service;
    request.progress_interval = &hour;
    watcher->watchers = watchers;
    if (RPC(watch__start)(channel, &options, &request, &events, watcher, &watcher->call))
        load_die("a watch did not start");
}

void watchers_init(struct watchers *watchers, const struct load_settings *settings, struct mrpc_loop *loop)
{
    size_t connections = (size_t)settings->connections;
    *watchers = (struct watchers){.settings = settings, .loop = loop};
    watchers->channels = calloc(connections, sizeof(struct mrpc_channel *));
    watchers->all = calloc(connections * (size_t)settings->streams, sizeof *watchers->all);
    if (!watchers->channels || !watchers->all)
        load_die("no memory");
    for (size_t i = 0; i < connections; i++)
        watchers->channels[i] = load_open(settings, loop);
}

void watchers_grow(struct watchers *watchers, int streams)
{
    size_t connections = (size_t)watchers->settings->connections;
    for (; watchers->count < connections * (size_t)streams; watchers->count++)
        begin(&watchers->all[watchers->count], watchers, watchers->channels[watchers->count % connections]);
    while (watchers->complete < watchers->count)
        load_turn(watchers->loop, 0);
}

void watchers_fini(struct watchers *watchers)
{
    for (size_t i = 0; i < watchers->count; i++) {
        watchers->all[i].done = true;
        mrpc_client_call_free(watchers->all[i].call);
    }
    for (int i = 0; i < watchers->settings->connections; i++)
        mrpc_channel_free(watchers->channels[i]);
    free(watchers->channels);
    free(watchers->all);
}
