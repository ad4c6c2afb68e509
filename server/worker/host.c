/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/host.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "worker/outbox.h"
#include "worker/philox.h"
#include "utf8/utf8.h"

#define WINDOW_MS 1000
#define MESSAGES_IN_WINDOW_MAX 1000 /* curve points and log lines; results are never dropped */
#define LOG_TEXT_MAX 2000

/* Memory of one alloc(), freed with the call. */
struct host_block {
    struct host_block *next;
};

int64_t host_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A plugin that talks too much loses messages, not the server its time. */
static int may_send(struct host *host)
{
    int64_t now_ms = host_now_ms();

    pthread_mutex_lock(&host->lock);
    if (now_ms - host->window_ms >= WINDOW_MS) {
        host->window_ms = now_ms;
        host->messages_in_window = 0;
    }
    int may = host->messages_in_window < MESSAGES_IN_WINDOW_MAX;
    host->messages_in_window += (unsigned)may;
    host->messages_dropped += !may;
    pthread_mutex_unlock(&host->lock);
    return may;
}

static void send_log(struct host *host, int32_t level, const char *text)
{
    Mltrainer__Worker__Log log = MLTRAINER__WORKER__LOG__INIT;
    Mltrainer__Worker__FromWorker message = MLTRAINER__WORKER__FROM_WORKER__INIT;
    char line[LOG_TEXT_MAX];

    snprintf(line, sizeof(line), "%s", text);
    utf8_mend(line);
    log.task_id = host->task_id;
    log.level = (uint32_t)level;
    log.text = line;
    message.message_case = MLTRAINER__WORKER__FROM_WORKER__MESSAGE_LOG;
    message.log = &log;
    (void)outbox_send(&message);
}

static void host_log(const struct mltrainer_host *services, int32_t level, const char *text)
{
    struct host *host = services->context;

    if (level < MLTRAINER_LOG_DEBUG || level > MLTRAINER_LOG_ERROR)
        level = MLTRAINER_LOG_INFO;
    if (may_send(host))
        send_log(host, level, text);
}

static void host_progress(const struct mltrainer_host *services, double fraction)
{
    struct host *host = services->context;

    if (!host->control || !(fraction >= 0))
        return;
    if (fraction > 1)
        fraction = 1;
    atomic_store_explicit(&host->control->progress, (uint64_t)(fraction * WORKER_PROGRESS_WHOLE),
                          memory_order_relaxed);
}

static int is_metric_name(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.");

    return length >= 1 && length <= 64 && name[length] == 0;
}

static void host_metric(const struct mltrainer_host *services, const char *name, int64_t step, double value)
{
    Mltrainer__Worker__Metric metric = MLTRAINER__WORKER__METRIC__INIT;
    Mltrainer__Worker__FromWorker message = MLTRAINER__WORKER__FROM_WORKER__INIT;
    struct host *host = services->context;

    if (step < MLTRAINER_STEP_FINAL || !is_metric_name(name))
        return;
    if (step != MLTRAINER_STEP_FINAL && !may_send(host))
        return;
    metric.task_id = host->task_id;
    metric.name = (char *)name;
    metric.step = step;
    metric.value = value;
    message.message_case = MLTRAINER__WORKER__FROM_WORKER__MESSAGE_METRIC;
    message.metric = &metric;
    (void)outbox_send(&message);
}

static int64_t host_remaining_ms(const struct mltrainer_host *services)
{
    const struct host *host = services->context;

    if (host->deadline_ms == 0)
        return INT64_MAX;
    int64_t left_ms = host->deadline_ms - host_now_ms();
    return left_ms > 0 ? left_ms : 0;
}

static int32_t host_cancelled(const struct mltrainer_host *services)
{
    const struct host *host = services->context;

    if (host->control &&
        atomic_load_explicit(&host->control->cancelled_task, memory_order_relaxed) == host->task_id)
        return 1;
    return host_remaining_ms(services) == 0;
}

static void host_random(const struct mltrainer_host *services, uint64_t stream, uint64_t first, uint64_t *out,
                        size_t count)
{
    const uint64_t key[2] = {services->seed, stream};

    while (count > 0) {
        uint64_t counter[4] = {first / 4, 0, 0, 0}, words[4];
        philox4x64(counter, key, words);
        for (uint64_t i = first % 4; i < 4 && count > 0; i++, first++, count--)
            *out++ = words[i];
    }
}

/* Aligned memory from the heap is an eighth of what a prediction costs a worker; small pieces need none. */
static void *take_from_nest(struct host *host, size_t bytes)
{
    if (!host->nest || bytes > HOST_NEST_BYTES)
        return NULL;
    size_t room = bytes ? (bytes + HOST_ALIGNMENT - 1) / HOST_ALIGNMENT * HOST_ALIGNMENT : HOST_ALIGNMENT;
    if (room > HOST_NEST_BYTES - host->nest_used)
        return NULL;
    char *memory = host->nest + host->nest_used;
    host->nest_used += room;
    return memset(memory, 0, room);
}

static void *take_from_heap(struct host *host, size_t bytes)
{
    void *memory;

    if (bytes > SIZE_MAX - 2 * HOST_ALIGNMENT ||
        posix_memalign(&memory, HOST_ALIGNMENT, bytes + HOST_ALIGNMENT) != 0)
        return NULL;
    memset(memory, 0, bytes + HOST_ALIGNMENT);
    struct host_block *block = memory;
    block->next = host->blocks;
    host->blocks = block;
    return (char *)memory + HOST_ALIGNMENT;
}

static void *host_alloc(const struct mltrainer_host *services, size_t bytes)
{
    void *memory = take_from_nest(services->context, bytes);

    return memory ? memory : take_from_heap(services->context, bytes);
}

static const void *host_get_extension(const struct mltrainer_host *services, const char *id)
{
    return NULL;
}

void host_init(struct host *host, struct worker_control *control, uint64_t task_id, uint64_t seed, uint32_t threads,
               int64_t deadline_ms)
{
    *host = (struct host){
        .services = {.size = sizeof(host->services),
                     .abi_major = MLTRAINER_ABI_MAJOR,
                     .abi_minor = MLTRAINER_ABI_MINOR,
                     .context = host,
                     .seed = seed,
                     .threads = threads,
                     .log = host_log,
                     .progress = host_progress,
                     .metric = host_metric,
                     .cancelled = host_cancelled,
                     .remaining_ms = host_remaining_ms,
                     .random = host_random,
                     .alloc = host_alloc,
                     .get_extension = host_get_extension},
        .control = control,
        .task_id = task_id,
        .deadline_ms = deadline_ms,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .window_ms = host_now_ms(),
    };
}

void host_fini(struct host *host)
{
    char line[80];

    if (host->messages_dropped > 0) {
        snprintf(line, sizeof(line), "%" PRIu64 " log lines and curve points were dropped", host->messages_dropped);
        send_log(host, MLTRAINER_LOG_WARN, line);
    }
    while (host->blocks) {
        struct host_block *next = host->blocks->next;
        free(host->blocks);
        host->blocks = next;
    }
    pthread_mutex_destroy(&host->lock);
}
