/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "load.h"

/* Everybody at once: each of `connections` connects and renews its registration, and again when a line comes on stdin,
 * which is for after the server has been killed and started. Prints how long each round took, and what came second. */

struct storm_client {
    struct mrpc_channel *channel;
    struct storm *storm;
};

struct storm {
    size_t served, refused;
    uint64_t begun_ns;
    struct histogram each;
};

static void on_registered(void *arg, const PB(RegisterResponse) * response, const struct mrpc_reply *reply)
{
    struct storm_client *client = arg;
    struct storm *storm = client->storm;
    if (!response && storm->refused++ == 0)
        fprintf(stderr, "%s: %s\n", mrpc_code_name(reply->status.code), reply->status.message);
    histogram_add(&storm->each, load_now_ns() - storm->begun_ns);
    storm->served++;
}

static void everybody(const struct load_settings *settings, struct mrpc_loop *loop, struct storm_client *clients,
                      struct storm *storm)
{
    static const struct mrpc_call_options patient = {
        .struct_bytes = sizeof patient, .wait_for_ready = true, .timeout_ms = 120000};
    *storm = (struct storm){.begun_ns = load_now_ns()};
    for (int i = 0; i < settings->connections; i++) {
        struct load_instance instance;
        load_instance_init(&instance, settings, (uint64_t)i);
        clients[i].storm = storm;
        RPC(register__async)(clients[i].channel, &patient, &instance.request, on_registered, &clients[i]);
    }
    while (storm->served < (size_t)settings->connections)
        load_turn(loop, 0);
    printf("{\"clients\": %d, \"refused\": %zu, \"p50_ms\": %.0f, \"last_ms\": %.0f}\n", settings->connections,
           storm->refused, (double)histogram_quantile_ns(&storm->each, 0.5) / 1e6,
           (double)storm->each.largest_ns / 1e6);
    fflush(stdout);
}

/* Calls that begin on a connection whose end has not been read yet would fail with it. */
static void notice_the_end(const struct load_settings *settings, struct mrpc_loop *loop, struct storm_client *clients)
{
    for (int i = 0; i < settings->connections; i++)
        while (mrpc_channel_state(clients[i].channel) == MRPC_READY)
            load_turn(loop, load_now_ns() + 100000000);
}

int load_storm(const struct load_settings *settings)
{
    static struct storm storm;
    struct mrpc_loop *loop;
    struct storm_client *clients = calloc((size_t)settings->connections, sizeof *clients);
    if (!clients || mrpc_loop_new(&loop))
        load_die("no memory");
    for (int i = 0; i < settings->connections; i++)
        clients[i].channel = load_open(settings, loop);
    everybody(settings, loop, clients, &storm);
    if (getchar() != EOF) {
        notice_the_end(settings, loop, clients);
        everybody(settings, loop, clients, &storm);
    }
    for (int i = 0; i < settings->connections; i++)
        mrpc_channel_free(clients[i].channel);
    mrpc_loop_free(loop);
    free(clients);
    return storm.refused > 0;
}
