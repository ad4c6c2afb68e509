/* SPDX-License-Identifier: Apache-2.0 */
#include "delays.h"

#include <pthread.h>
#include <stddef.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t earlier; /* the first of the list has become another one */
static struct delay *first;

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void wait_for_first(void)
{
    if (!first) {
        pthread_cond_wait(&earlier, &lock);
        return;
    }
    struct timespec at = {.tv_sec = first->at_us / 1000000, .tv_nsec = first->at_us % 1000000 * 1000};
    (void)pthread_cond_timedwait(&earlier, &lock, &at);
}

static void *run(void *unused)
{
    pthread_mutex_lock(&lock);
    for (;;) {
        struct delay *due = first;
        if (!due || due->at_us > now_us()) {
            wait_for_first();
            continue;
        }
        first = due->next;
        pthread_mutex_unlock(&lock);
        due->fire(due);
        pthread_mutex_lock(&lock);
    }
    return unused;
}

int delays_start(void)
{
    pthread_condattr_t attributes;
    pthread_t thread;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&earlier, &attributes);
    pthread_condattr_destroy(&attributes);
    int error = pthread_create(&thread, NULL, run, NULL);
    return error ? error : pthread_detach(thread);
}

void delays_add(struct delay *delay, int64_t after_us)
{
    delay->at_us = now_us() + after_us;
    pthread_mutex_lock(&lock);
    struct delay **at = &first;
    while (*at && (*at)->at_us <= delay->at_us)
        at = &(*at)->next;
    delay->next = *at;
    *at = delay;
    if (at == &first)
        pthread_cond_signal(&earlier);
    pthread_mutex_unlock(&lock);
}
