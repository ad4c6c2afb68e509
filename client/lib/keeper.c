/* SPDX-License-Identifier: Apache-2.0 */
#include "keeper.h"

#include <stdio.h>
#include <time.h>

enum { PAUSE_LEAST_MS = 100, PAUSE_MOST_MS = 10000 };

void keeper_init(struct client_keeper *keeper)
{
    struct timespec now;
    pthread_condattr_t attributes;
    *keeper = (struct client_keeper){.pause_ms = PAUSE_LEAST_MS, .pause_most_ms = PAUSE_MOST_MS};
    pthread_mutex_init(&keeper->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&keeper->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    clock_gettime(CLOCK_MONOTONIC, &now);
    keeper->random = ((uint64_t)now.tv_nsec << 20) ^ (uintptr_t)keeper ^ 0x9e3779b97f4a7c15u;
}

void keeper_fini(struct client_keeper *keeper)
{
    pthread_cond_destroy(&keeper->changed);
    pthread_mutex_destroy(&keeper->lock);
}

int keeper_start(struct client_keeper *keeper, void *(*run)(void *arg), void *arg)
{
    return pthread_create(&keeper->thread, NULL, run, arg);
}

void keeper_end(struct client_keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    keeper->ending = true;
    pthread_cond_broadcast(&keeper->changed);
    pthread_mutex_unlock(&keeper->lock);
    pthread_join(keeper->thread, NULL);
}

int64_t keeper_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t keeper_after_ms(int64_t ms)
{
    int64_t now_ms = keeper_now_ms();
    return ms < INT64_MAX - now_ms ? now_ms + ms : INT64_MAX;
}

bool keeper_wait(struct client_keeper *keeper, int64_t until_ms)
{
    const struct timespec until = {until_ms / 1000, until_ms % 1000 * 1000000};
    return pthread_cond_timedwait(&keeper->changed, &keeper->lock, &until) == 0;
}

/* Source: xorshift64 (Marsaglia 2003). */
int64_t keeper_random(struct client_keeper *keeper, int64_t most)
{
    uint64_t x = keeper->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    keeper->random = x;
    return (int64_t)(x % ((uint64_t)most + 1));
}

static int64_t with_jitter(struct client_keeper *keeper, int64_t ms)
{
    return ms - ms / 5 + keeper_random(keeper, 2 * (ms / 5));
}

bool keeper_rest(struct client_keeper *keeper, int64_t ms)
{
    int64_t until_ms = keeper_now_ms() + with_jitter(keeper, ms);
    pthread_mutex_lock(&keeper->lock);
    while (!keeper->ending && keeper_now_ms() < until_ms)
        keeper_wait(keeper, until_ms);
    bool ending = keeper->ending;
    pthread_mutex_unlock(&keeper->lock);
    return ending;
}

bool keeper_pause(struct client_keeper *keeper)
{
    int64_t ms = keeper->pause_ms;
    keeper->pause_ms = 2 * ms < keeper->pause_most_ms ? 2 * ms : keeper->pause_most_ms;
    return keeper_rest(keeper, ms);
}

void keeper_worked(struct client_keeper *keeper)
{
    keeper->pause_ms = PAUSE_LEAST_MS;
}

void keeper_on_done(void *arg, struct mrpc_client_call *call, const struct mrpc_status *status,
                    const struct mrpc_metadata *trailers)
{
    struct client_keeper *keeper = arg;
    (void)call, (void)trailers;
    pthread_mutex_lock(&keeper->lock);
    keeper->done = true;
    keeper->code = (int)status->code;
    snprintf(keeper->why, sizeof keeper->why, "%s", status->message ? status->message : mrpc_code_name(status->code));
    pthread_cond_broadcast(&keeper->changed);
    pthread_mutex_unlock(&keeper->lock);
}

int keeper_close_stream(struct client_keeper *keeper)
{
    if (!keeper->call)
        return MRPC_OK;
    mrpc_client_call_cancel(keeper->call);
    pthread_mutex_lock(&keeper->lock);
    while (!keeper->done)
        pthread_cond_wait(&keeper->changed, &keeper->lock);
    int code = keeper->code;
    keeper->done = false;
    pthread_mutex_unlock(&keeper->lock);
    mrpc_client_call_free(keeper->call);
    keeper->call = NULL;
    return code;
}
