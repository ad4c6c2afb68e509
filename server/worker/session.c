/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/session.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <mrpc/codec.h>
#include <mrpc/error.h>

#include "worker/confine.h"
#include "worker/frame.h"
#include "worker/host.h"
#include "worker/outbox.h"
#include "worker/task.h"

#define ARENA_BYTES_MAX (256u << 20)

/* Once confined this process cannot run anything of use after a broken conversation, so it just ends. */
static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "mltrainer-worker: %s\n", what);
    _exit(1);
}

static ssize_t read_some(uint8_t *out, size_t size)
{
    ssize_t done;

    do
        done = read(WORKER_FD_SOCKET, out, size);
    while (done < 0 && errno == EINTR);
    return done;
}

/* What was read with a message, and is not of it: a short message takes one call. */
static uint8_t ahead[4096];
static size_t ahead_bytes, ahead_used;

static size_t take_ahead(uint8_t *out, size_t size)
{
    size_t have = ahead_bytes - ahead_used < size ? ahead_bytes - ahead_used : size;

    memcpy(out, ahead + ahead_used, have);
    ahead_used += have;
    return have;
}

/* 1: all read; 0: the server closed its end before the first byte. */
static int read_all(uint8_t *out, size_t size)
{
    size_t have = take_ahead(out, size);

    while (have < size) {
        bool large = size - have >= sizeof(ahead);
        ssize_t done = large ? read_some(out + have, size - have) : read_some(ahead, sizeof(ahead));
        if (done <= 0)
            return 0;
        if (large) {
            have += (size_t)done;
            continue;
        }
        ahead_bytes = (size_t)done;
        ahead_used = 0;
        have += take_ahead(out + have, size - have);
    }
    return 1;
}

/* The next message, in @arena; NULL when the server is gone. */
static const Mltrainer__Worker__ToWorker *receive(struct mrpc_arena *arena)
{
    uint8_t header[WORKER_FRAME_HEADER_BYTES];
    ProtobufCMessage *message;

    if (!read_all(header, sizeof(header)))
        return NULL;
    uint32_t size = worker_frame_length(header);
    uint8_t *bytes = size <= WORKER_FRAME_TO_WORKER_MAX ? mrpc_arena_alloc(arena, size) : NULL;
    if (!bytes)
        give_up("the server sent too large a message");
    if (!read_all(bytes, size))
        return NULL;
    if (mrpc_decode(&mltrainer__worker__to_worker__info, bytes, size, NULL, arena, &message, NULL) != 0)
        give_up("the server sent a malformed message");
    return (const Mltrainer__Worker__ToWorker *)message;
}

static void *map(int fd, int protection, size_t *size)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        give_up("a shared memory is missing");
    *size = (size_t)status.st_size;
    void *bytes = mmap(NULL, *size, protection, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED)
        give_up("a shared memory cannot be mapped");
    close(fd);
    return bytes;
}

/* Only says that the process is scheduled at all; what a plugin does or not is judged by deadlines. */
static void *beat(void *arg)
{
    const struct timespec pause = {0, WORKER_HEARTBEAT_MS * 1000000L};
    struct worker_control *control = arg;

    for (;;) {
        atomic_fetch_add_explicit(&control->heartbeat, 1, memory_order_relaxed);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static void start_heart(struct worker_control *control)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;

    /* signals are for the thread that computes */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attributes, beat, control) != 0)
        give_up("the heartbeat cannot start");
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void send_ready(const char *confinement)
{
    Mltrainer__Worker__Ready ready = MLTRAINER__WORKER__READY__INIT;
    Mltrainer__Worker__FromWorker message = MLTRAINER__WORKER__FROM_WORKER__INIT;

    ready.pid = (uint32_t)getpid();
    ready.confinement = (char *)confinement;
    message.message_case = MLTRAINER__WORKER__FROM_WORKER__MESSAGE_READY;
    message.ready = &ready;
    if (outbox_send(&message) != 0)
        give_up("no memory to say ready");
}

/* A result that cannot be said (a name that is not UTF-8, a megabyte of columns) is replaced by one that says so. */
static void send_result(Mltrainer__Worker__Result *result)
{
    Mltrainer__Worker__FromWorker message = MLTRAINER__WORKER__FROM_WORKER__INIT;

    message.message_case = MLTRAINER__WORKER__FROM_WORKER__MESSAGE_RESULT;
    message.result = result;
    int error = outbox_send(&message);
    if (!error)
        return;
    Mltrainer__Worker__Result instead = MLTRAINER__WORKER__RESULT__INIT;
    instead.task_id = result->task_id;
    instead.code = error == MRPC_ERR_INVALID ? MRPC_INTERNAL : MRPC_RESOURCE_EXHAUSTED;
    instead.text = error == MRPC_ERR_INVALID ? "the plugin's texts are not UTF-8" : "the result has too many columns";
    message.result = &instead;
    if (outbox_send(&message) != 0)
        give_up("no memory to say how a task ended");
}

static uint32_t poll_time_us(const Mltrainer__Worker__Setup *setup)
{
    cpu_set_t cores;

    return sched_getaffinity(0, sizeof(cores), &cores) == 0 && CPU_COUNT(&cores) > 1 ? setup->poll_us : 0;
}

static void set_up(struct worker_bench *bench, const Mltrainer__Worker__Setup *setup)
{
    char report[160];

    bench->folders = (const char *const *)setup->plugin_folders;
    bench->folder_count = setup->n_plugin_folders;
    bench->threads = setup->threads ? setup->threads : 1;
    bench->poll_us = poll_time_us(setup);
    if (confine(bench->folders, bench->folder_count, setup->memory_bytes, report, sizeof(report)) != 0)
        give_up(report);
    start_heart(bench->control);
    send_ready(report);
}

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Where there is more than one core: the next message often comes sooner than a sleeper wakes up. Whoever else wants
 * this core has it. */
static void look_for_next(const struct worker_bench *bench, uint32_t seen)
{
    const _Atomic uint32_t *sent = &bench->control->sent;

    if (!bench->poll_us)
        return;
    for (int64_t until_ns = now_ns() + (int64_t)bench->poll_us * 1000;
         atomic_load_explicit(sent, memory_order_acquire) == seen && now_ns() < until_ns;)
        sched_yield();
}

/* The server reads the output memory when it has the results, and sends nothing before it has all of them. */
static void run_all(struct worker_bench *bench, const Mltrainer__Worker__Tasks *tasks, struct mrpc_arena *arena)
{
    bench->output_used = 0;
    if (tasks->n_tasks > 1)
        outbox_hold();
    for (size_t i = 0; i < tasks->n_tasks; i++) {
        Mltrainer__Worker__Result result = MLTRAINER__WORKER__RESULT__INIT;
        task_run(bench, tasks->tasks[i], arena, &result);
        process_state_restore(&bench->state);
        send_result(&result);
    }
    if (tasks->n_tasks > 1)
        outbox_let_go();
}

static int work(struct worker_bench *bench, struct mrpc_arena *arena)
{
    const Mltrainer__Worker__ToWorker *message;

    while ((message = receive(arena))) {
        uint32_t seen = atomic_load_explicit(&bench->control->sent, memory_order_relaxed);
        if (message->message_case != MLTRAINER__WORKER__TO_WORKER__MESSAGE_TASKS)
            give_up("the server sent something other than tasks");
        run_all(bench, message->tasks, arena);
        mrpc_arena_reset(arena);
        look_for_next(bench, seen);
    }
    return 0;
}

/* Under the sanitizer each allocation has bounds of its own. */
static char *new_nest(void)
{
#ifdef __SANITIZE_ADDRESS__
    return NULL;
#else
    return aligned_alloc(HOST_ALIGNMENT, HOST_NEST_BYTES);
#endif
}

int session_run(int server_pid)
{
    struct worker_bench bench = {.shelf = plugin_shelf_new(), .models = model_shelf_new(), .nest = new_nest()};
    struct mrpc_arena *setup_arena = mrpc_arena_new(ARENA_BYTES_MAX), *arena = mrpc_arena_new(ARENA_BYTES_MAX);
    size_t control_bytes;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != server_pid)
        return 1; /* the server went before it could be followed */
    if (!bench.shelf || !bench.models || !setup_arena || !arena)
        return 1;
    bench.control = map(WORKER_FD_CONTROL, PROT_READ | PROT_WRITE, &control_bytes);
    bench.input = map(WORKER_FD_INPUT, PROT_READ, &bench.input_bytes);
    bench.output = map(WORKER_FD_OUTPUT, PROT_READ | PROT_WRITE, &bench.output_bytes);
    const Mltrainer__Worker__ToWorker *first = receive(setup_arena);
    if (!first)
        return 0;
    if (first->message_case != MLTRAINER__WORKER__TO_WORKER__MESSAGE_SETUP || control_bytes < sizeof(*bench.control))
        give_up("the server did not begin with a setup");
    set_up(&bench, first->setup);
    process_state_take(&bench.state);
    return work(&bench, arena);
}
