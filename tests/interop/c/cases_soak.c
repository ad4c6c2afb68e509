/* SPDX-License-Identifier: Apache-2.0 */

/* Many large unary calls, over one channel of each thread or a fresh one each time; a call that fails or is slow
 * counts, and so does a run that does not come to its end in time. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cases.h"

struct soak {
    struct interop *interop;
    bool fresh_channels;
    int64_t ends_ms;
    int iterations; /* of one thread */
    atomic_int done, failed;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void sleep_until(int64_t at_ms)
{
    const struct timespec at = {.tv_sec = at_ms / 1000, .tv_nsec = at_ms % 1000 * 1000000};
    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static bool call_once(const struct interop *interop, struct mrpc_channel *channel)
{
    Grpc__Testing__SimpleRequest request = GRPC__TESTING__SIMPLE_REQUEST__INIT;
    Grpc__Testing__Payload payload = zeros((size_t)interop->soak.request_bytes);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.payload = &payload;
    request.response_size = interop->soak.response_bytes;
    const Grpc__Testing__SimpleResponse *response =
        grpc__testing__test_service__unary_call(channel, NULL, &request, &reply);
    bool good = response && response->payload && (int)response->payload->body.len == interop->soak.response_bytes;
    if (!good)
        (void)fprintf(stderr, "%s: %s\n", mrpc_code_name(reply.status.code),
                      reply.status.message ? reply.status.message : "the response is not what was asked for");
    mrpc_reply_fini(&reply);
    return good;
}

static void iterate(struct soak *soak, int iteration, struct mrpc_channel *channel)
{
    const struct interop *interop = soak->interop;
    int64_t began_ms = now_ms();
    bool good = call_once(interop, channel);
    int64_t took_ms = now_ms() - began_ms;
    bool slow = took_ms > interop->soak.max_latency_ms;
    (void)fprintf(stderr, "soak iteration: %d elapsed_ms: %lld server_uri: %s %s\n", iteration, (long long)took_ms,
                  interop->target, !good ? "failed" : slow ? "exceeded the acceptable latency" : "succeeded");
    if (!good || slow)
        soak->failed++;
    soak->done++;
    sleep_until(began_ms + interop->soak.min_time_ms_between);
}

static void *run_thread(void *arg)
{
    struct soak *soak = arg;
    struct mrpc_channel *channel = NULL;
    for (int i = 0; i < soak->iterations && now_ms() < soak->ends_ms; i++) {
        if (!channel)
            channel = interop_open_channel(soak->interop);
        iterate(soak, i, channel);
        if (!soak->fresh_channels)
            continue;
        mrpc_channel_free(channel);
        channel = NULL;
    }
    if (channel)
        mrpc_channel_free(channel);
    return NULL;
}

static void run_soak(struct interop *self, bool fresh_channels)
{
    const struct soak_flags *flags = &self->soak;
    require(flags->threads > 0 && flags->iterations > 0 && flags->iterations % flags->threads == 0,
            "%d iterations cannot be shared by %d threads", flags->iterations, flags->threads);
    require(flags->request_bytes >= 0 && flags->response_bytes >= 0, "a size is negative");
    int64_t timeout_ms = flags->timeout_s > 0 ? (int64_t)flags->timeout_s * 1000
                                              : (int64_t)flags->iterations * flags->max_latency_ms;
    struct soak soak = {.interop = self,
                        .fresh_channels = fresh_channels,
                        .ends_ms = now_ms() + timeout_ms,
                        .iterations = flags->iterations / flags->threads};
    pthread_t *threads = calloc((size_t)flags->threads, sizeof *threads);
    require(threads, "out of memory");
    for (int i = 0; i < flags->threads; i++)
        require(pthread_create(&threads[i], NULL, run_thread, &soak) == 0, "no thread");
    for (int i = 0; i < flags->threads; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    require(soak.done == flags->iterations, "%d of %d iterations were done in time", soak.done, flags->iterations);
    require(soak.failed <= flags->max_failures, "%d iterations failed or were slow; %d may", soak.failed,
            flags->max_failures);
}

static void rpc_soak(struct interop *self)
{
    run_soak(self, false);
}

static void channel_soak(struct interop *self)
{
    run_soak(self, true);
}

const struct interop_case soak_cases[] = {
    {"rpc_soak", rpc_soak},
    {"channel_soak", channel_soak},
    {NULL, NULL},
};
