/* SPDX-License-Identifier: Apache-2.0 */
#include "watchdog/watchdog.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <mrpc/error.h>

#include "log/stack.h"
#include "metrics/page.h"
#include "watchdog/memory.h"

/* Who looks this much later than it should was not running, and neither was anybody else. */
enum { ASLEEP_MS = 4 * WATCHDOG_LOOK_MS, STACK_BYTES = 900, NAME_BYTES = 24 };

/* A loop that is watched. The watchdog's lock guards it. */
struct beat {
    struct beat *next;
    struct watchdog *watchdog;
    char name[NAME_BYTES];
    watchdog_ask ask;
    void *arg;
    unsigned index;
    bool asked;         /* and has not answered */
    bool stalled;       /* and it is in the log */
    unsigned looks;     /* since it was asked */
    pid_t thread;       /* that answered last; 0: none yet */
    uint64_t stalls;
};

struct watchdog {
    struct watchdog_options options;
    struct memory_probe probe;
    pthread_t thread;
    bool started;
    _Atomic int step;   /* enum overload */
    _Atomic uint64_t memory_used, memory_limit;
    int64_t looked_ms;  /* the watchdog's thread's, as what follows */
    int64_t alive_ms;

    pthread_mutex_t lock;
    pthread_cond_t answered;
    pthread_cond_t stop;
    bool stopping;
    struct beat *beats;
};

int watchdog_new(const struct watchdog_options *options, struct watchdog **out)
{
    struct watchdog *watchdog = calloc(1, sizeof *watchdog);
    if (!watchdog)
        return MRPC_ERR_NOMEM;
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&watchdog->stop, &clock);
    pthread_cond_init(&watchdog->answered, NULL);
    pthread_condattr_destroy(&clock);
    pthread_mutex_init(&watchdog->lock, NULL);
    watchdog->options = *options;
    memory_probe_init(&watchdog->probe, (uint64_t)options->memory_bytes, "/sys/fs/cgroup", "/proc/self/cgroup");
    *out = watchdog;
    return 0;
}

void watchdog_free(struct watchdog *watchdog)
{
    if (!watchdog)
        return;
    watchdog_stop(watchdog);
    pthread_cond_destroy(&watchdog->answered);
    pthread_cond_destroy(&watchdog->stop);
    pthread_mutex_destroy(&watchdog->lock);
    free(watchdog);
}

/* --- who is watched ----------------------------------------------------------------------------------------------- */

int watchdog_watch(struct watchdog *watchdog, const char *name, watchdog_ask ask, void *arg, unsigned index)
{
    struct beat *beat = calloc(1, sizeof *beat);
    if (!beat)
        return MRPC_ERR_NOMEM;
    *beat = (struct beat){.watchdog = watchdog, .ask = ask, .arg = arg, .index = index};
    snprintf(beat->name, sizeof beat->name, "%s", name);
    pthread_mutex_lock(&watchdog->lock);
    beat->next = watchdog->beats;
    watchdog->beats = beat;
    pthread_mutex_unlock(&watchdog->lock);
    return 0;
}

void watchdog_forget(struct watchdog *watchdog, const void *arg)
{
    pthread_mutex_lock(&watchdog->lock);
    struct beat **at = &watchdog->beats;
    while (*at) {
        struct beat *beat = *at;
        if (beat->arg != arg) {
            at = &beat->next;
            continue;
        }
        if (beat->asked) {
            pthread_cond_wait(&watchdog->answered, &watchdog->lock);
            at = &watchdog->beats; /* the list may have changed meanwhile */
            continue;
        }
        *at = beat->next;
        free(beat);
    }
    pthread_mutex_unlock(&watchdog->lock);
}

/* On the thread that is watched. */
static void answer(void *arg)
{
    struct beat *beat = arg;
    struct watchdog *watchdog = beat->watchdog;
    pthread_mutex_lock(&watchdog->lock);
    beat->asked = false;
    beat->thread = gettid();
    pthread_cond_broadcast(&watchdog->answered);
    pthread_mutex_unlock(&watchdog->lock);
}

/* --- a look ------------------------------------------------------------------------------------------------------- */

static void tell_stall(const struct watchdog *watchdog, const struct beat *beat)
{
    char stack[STACK_BYTES];
    stack_of_thread(beat->thread, stack, sizeof stack);
    log_error(watchdog->options.log, "watchdog", "loop %s stands still thread=%d ms=%u at %s", beat->name,
              (int)beat->thread, beat->looks * WATCHDOG_LOOK_MS, stack);
}

/* Copies of those that are to be told of: the log and the stack take time, and loops answer under the lock. */
struct news {
    struct beat stalled[4];
    size_t count;
};

static void judge(struct watchdog *watchdog, struct beat *beat, bool was_asleep, struct news *news)
{
    if (!beat->asked && beat->stalled) {
        log_warn(watchdog->options.log, "watchdog", "loop %s goes on after ms=%u", beat->name,
                 beat->looks * WATCHDOG_LOOK_MS);
        beat->stalled = false;
    }
    if (!beat->asked || was_asleep)
        beat->looks = 0;
    if (!beat->asked)
        return;
    beat->looks++;
    if (beat->stalled || (int64_t)beat->looks * WATCHDOG_LOOK_MS < watchdog->options.stall_ms ||
        news->count == sizeof news->stalled / sizeof *news->stalled)
        return;
    beat->stalled = true;
    beat->stalls++;
    news->stalled[news->count++] = *beat;
}

static void ask_again(struct beat *beat)
{
    if (beat->asked)
        return;
    beat->asked = true;
    if (beat->ask(beat->arg, beat->index, answer, beat) != 0)
        beat->asked = false;
}

/* Returns whether all answer, and have done so before. The lock is held while they are asked, so an ask must only
 * post. */
static bool look_at_loops(struct watchdog *watchdog, bool was_asleep)
{
    struct news news = {.count = 0};
    pthread_mutex_lock(&watchdog->lock);
    bool all = watchdog->beats != NULL;
    for (struct beat *beat = watchdog->beats; beat; beat = beat->next) {
        judge(watchdog, beat, was_asleep, &news);
        ask_again(beat);
        all = all && !beat->stalled && (beat->thread != 0 || !beat->asked);
    }
    pthread_mutex_unlock(&watchdog->lock);
    for (size_t i = 0; i < news.count; i++)
        tell_stall(watchdog, &news.stalled[i]);
    return all;
}

static void look_at_memory(struct watchdog *watchdog)
{
    struct memory_state memory = memory_read(&watchdog->probe);
    enum overload before = watchdog_overload(watchdog);
    enum overload step = overload_step(before, memory.used_bytes, memory.limit_bytes);
    atomic_store(&watchdog->memory_used, memory.used_bytes);
    atomic_store(&watchdog->memory_limit, memory.limit_bytes);
    if (step == before)
        return;
    atomic_store(&watchdog->step, (int)step);
    log_write(watchdog->options.log, step > before ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "watchdog",
              "memory: refusing=%s used=%llu limit=%llu", overload_name(step), (unsigned long long)memory.used_bytes,
              (unsigned long long)memory.limit_bytes);
    if (step > before)
        malloc_trim(0);
}

void watchdog_look(struct watchdog *watchdog, int64_t now_ms)
{
    if (watchdog->looked_ms && now_ms - watchdog->looked_ms < WATCHDOG_LOOK_MS / 2)
        return; /* woken before its time: no look that counts */
    bool was_asleep = watchdog->looked_ms && now_ms - watchdog->looked_ms >= WATCHDOG_LOOK_MS + ASLEEP_MS;
    watchdog->looked_ms = now_ms;
    bool all = watchdog->options.stall_ms == 0 || look_at_loops(watchdog, was_asleep);
    look_at_memory(watchdog);
    if (!all || watchdog->options.alive_ms == 0 || now_ms - watchdog->alive_ms < watchdog->options.alive_ms)
        return;
    watchdog->alive_ms = now_ms;
    watchdog->options.alive();
}

enum overload watchdog_overload(const struct watchdog *watchdog)
{
    return (enum overload)atomic_load_explicit(&watchdog->step, memory_order_relaxed);
}

/* --- its thread --------------------------------------------------------------------------------------------------- */

static int64_t ms_of(const struct timespec *time)
{
    return time->tv_sec * 1000 + time->tv_nsec / 1000000;
}

static bool is_stopping(struct watchdog *watchdog)
{
    pthread_mutex_lock(&watchdog->lock);
    bool stopping = watchdog->stopping;
    pthread_mutex_unlock(&watchdog->lock);
    return stopping;
}

static void wait_until(struct watchdog *watchdog, const struct timespec *until)
{
    pthread_mutex_lock(&watchdog->lock);
    while (!watchdog->stopping && pthread_cond_timedwait(&watchdog->stop, &watchdog->lock, until) == 0)
        continue;
    pthread_mutex_unlock(&watchdog->lock);
}

static void *run(void *arg)
{
    struct watchdog *watchdog = arg;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    pthread_setname_np(pthread_self(), "watchdog");
    while (!is_stopping(watchdog)) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        watchdog_look(watchdog, ms_of(&now));
        now.tv_nsec += WATCHDOG_LOOK_MS * 1000000L;
        now.tv_sec += now.tv_nsec / 1000000000;
        now.tv_nsec %= 1000000000;
        wait_until(watchdog, &now);
    }
    return NULL;
}

int watchdog_start(struct watchdog *watchdog)
{
    if (pthread_create(&watchdog->thread, NULL, run, watchdog) != 0)
        return MRPC_ERR_SYSTEM;
    watchdog->started = true;
    return 0;
}

void watchdog_stop(struct watchdog *watchdog)
{
    if (!watchdog->started)
        return;
    pthread_mutex_lock(&watchdog->lock);
    watchdog->stopping = true;
    pthread_cond_signal(&watchdog->stop);
    pthread_mutex_unlock(&watchdog->lock);
    pthread_join(watchdog->thread, NULL);
    watchdog->started = false;
}

void watchdog_summary(struct watchdog *watchdog, struct watchdog_summary *out)
{
    *out = (struct watchdog_summary){.memory_used_bytes = atomic_load(&watchdog->memory_used),
                                     .memory_limit_bytes = atomic_load(&watchdog->memory_limit)};
    pthread_mutex_lock(&watchdog->lock);
    for (const struct beat *beat = watchdog->beats; beat; beat = beat->next) {
        out->stalls += beat->stalls;
        out->stalled += beat->stalled;
        if (beat->stalled)
            memcpy(out->stalled_loop, beat->name, sizeof out->stalled_loop);
    }
    pthread_mutex_unlock(&watchdog->lock);
}

int watchdog_write_metrics(struct watchdog *watchdog, int (*write)(void *arg, const char *text, size_t size), void *arg)
{
    struct metrics_page page = {.write = write, .arg = arg};
    metrics_single(&page, "mltrainer_memory_used_bytes", "gauge", "Memory that counts towards the limit.",
                   atomic_load(&watchdog->memory_used));
    metrics_single(&page, "mltrainer_memory_limit_bytes", "gauge",
                   "The control group's limit, or memory.limit; 0: none.", atomic_load(&watchdog->memory_limit));
    metrics_single(&page, "mltrainer_overload_step", "gauge",
                   "What is refused for memory: 0 nothing, 1 work, 2 most, 3 all.",
                   (uint64_t)watchdog_overload(watchdog));
    metrics_head(&page, "mltrainer_loop_stalls_total", "counter", "Times that a loop stood still.");
    pthread_mutex_lock(&watchdog->lock);
    for (const struct beat *beat = watchdog->beats; beat; beat = beat->next)
        metrics_put(&page, "mltrainer_loop_stalls_total{loop=\"%s\"} %llu\n", beat->name,
                    (unsigned long long)beat->stalls);
    pthread_mutex_unlock(&watchdog->lock);
    return page.error;
}
