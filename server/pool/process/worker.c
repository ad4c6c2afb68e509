/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/process/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include <mrpc/arena.h>

#include "log/log.h"
#include "worker/frame.h"
#include "worker/table_span.h"

#define FDS_ABOVE 16 /* descriptors for the child start here, clear of the numbers they get there */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void free_event(struct event **event)
{
    if (*event)
        event_free(*event);
    *event = NULL;
}

/* Take all that belongs to the process away from the place. */
static void clear(struct worker *worker)
{
    free_event(&worker->on_exit);
    free_event(&worker->on_readable);
    free_event(&worker->on_writable);
    free_event(&worker->on_errors);
    close_fd(&worker->pidfd);
    close_fd(&worker->socket);
    close_fd(&worker->errors);
    if (worker->in)
        evbuffer_free(worker->in);
    if (worker->out)
        evbuffer_free(worker->out);
    worker->in = worker->out = NULL;
    shared_memory_free(&worker->control_memory);
    shared_memory_free(&worker->input);
    shared_memory_free(&worker->output);
    worker->control = NULL;
    worker->state = WORKER_EMPTY;
    worker->doom = WORKER_LIVES;
    worker->pid = 0;
}

static int lift(int *fd)
{
    int lifted = fcntl(*fd, F_DUPFD_CLOEXEC, FDS_ABOVE);

    close_fd(fd);
    *fd = lifted;
    return lifted < 0 ? -1 : 0;
}

static int open_memories(struct worker *worker)
{
    const struct process_pool_options *options = &worker->pool->options;

    if (shared_memory_new(SHARED_MEMORY_CONTROL, sizeof(struct worker_control), &worker->control_memory) ||
        shared_memory_new(SHARED_MEMORY_INPUT, options->input_bytes, &worker->input) ||
        shared_memory_new(SHARED_MEMORY_OUTPUT, options->output_bytes, &worker->output))
        return -1;
    worker->control = worker->control_memory.bytes;
    return lift(&worker->control_memory.fd) || lift(&worker->input.fd) || lift(&worker->output.fd) ? -1 : 0;
}

/* The process itself; the child's ends of socket and pipe are closed here whatever happens. */
static int open_process(struct worker *worker)
{
    int sockets[2], errors[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
        return -1;
    worker->socket = sockets[0];
    if (pipe2(errors, O_CLOEXEC) != 0) {
        close(sockets[1]);
        return -1;
    }
    worker->errors = errors[0];
    int failed = lift(&sockets[1]) || lift(&errors[1]) || fcntl(worker->socket, F_SETFL, O_NONBLOCK) ||
                 fcntl(worker->errors, F_SETFL, O_NONBLOCK);
    if (!failed) {
        errno = spawn_process(&worker->pool->options, sockets[1], worker->control_memory.fd, worker->input.fd,
                              worker->output.fd, errors[1], &worker->pid);
        failed = errno != 0;
    }
    int error = errno;
    close_fd(&sockets[1]);
    close_fd(&errors[1]);
    errno = error;
    if (failed)
        worker->pid = 0;
    return failed ? -1 : 0;
}

static void on_exit_of(evutil_socket_t fd, short what, void *arg);
static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);
static void on_errors(evutil_socket_t fd, short what, void *arg);

static int watch(struct worker *worker)
{
    struct event_base *base = domain_loop_base(worker->pool->loop);

    worker->pidfd = pidfd_open(worker->pid, 0);
    if (worker->pidfd < 0 || fcntl(worker->pidfd, F_SETFD, FD_CLOEXEC) != 0)
        return -1;
    worker->in = evbuffer_new();
    worker->out = evbuffer_new();
    worker->on_exit = event_new(base, worker->pidfd, EV_READ, on_exit_of, worker);
    worker->on_readable = event_new(base, worker->socket, EV_READ | EV_PERSIST, on_readable, worker);
    worker->on_writable = event_new(base, worker->socket, EV_WRITE, on_writable, worker);
    worker->on_errors = event_new(base, worker->errors, EV_READ | EV_PERSIST, on_errors, worker);
    if (!worker->in || !worker->out || !worker->on_exit || !worker->on_readable || !worker->on_writable ||
        !worker->on_errors)
        return -1;
    return event_add(worker->on_exit, NULL) || event_add(worker->on_readable, NULL) ||
                   event_add(worker->on_errors, NULL)
               ? -1
               : 0;
}

static int send_frame(struct worker *worker, const Mltrainer__Worker__ToWorker *message, struct mrpc_arena *arena)
{
    uint8_t *frame;
    size_t size;
    int error = worker_frame_encode(&mltrainer__worker__to_worker__info, &message->base, WORKER_FRAME_TO_WORKER_MAX,
                                    arena, &frame, &size);

    if (!error && evbuffer_add(worker->out, frame, size) != 0)
        error = MRPC_ERR_NOMEM;
    if (!error)
        worker_flush(worker);
    return error;
}

static int send_setup(struct worker *worker)
{
    const struct process_pool_options *options = &worker->pool->options;
    Mltrainer__Worker__Setup setup = MLTRAINER__WORKER__SETUP__INIT;
    Mltrainer__Worker__ToWorker message = MLTRAINER__WORKER__TO_WORKER__INIT;
    struct mrpc_arena *arena = mrpc_arena_new(0);

    if (!arena)
        return -1;
    setup.plugin_folders = (char **)options->plugin_folders;
    while (setup.plugin_folders && setup.plugin_folders[setup.n_plugin_folders])
        setup.n_plugin_folders++;
    setup.memory_bytes = options->memory_bytes + options->input_bytes + options->output_bytes;
    setup.threads = options->threads_per_task;
    message.message_case = MLTRAINER__WORKER__TO_WORKER__MESSAGE_SETUP;
    message.setup = &setup;
    int error = send_frame(worker, &message, arena);
    mrpc_arena_free(arena);
    return error ? -1 : 0;
}

/* A process that cannot be watched must not stay. */
static void abandon(struct worker *worker)
{
    if (worker->pid > 0) {
        kill(-worker->pid, SIGKILL);
        kill(worker->pid, SIGKILL);
        waitpid(worker->pid, NULL, 0);
    }
    clear(worker);
}

int worker_spawn(struct worker *worker)
{
    worker->isolation[0] = 0;
    worker->tasks_run = 0;
    worker->input_touched = worker->error_bytes = 0;
    worker->terminate_ms = worker->kill_ms = 0;
    worker->spawned_ms = worker->heartbeat_ms = domain_loop_now_ms(worker->pool->loop);
    if (open_memories(worker) || open_process(worker) || watch(worker)) {
        int error = errno;
        abandon(worker);
        errno = error;
        return -1;
    }
    close_fd(&worker->control_memory.fd);
    close_fd(&worker->input.fd);
    close_fd(&worker->output.fd);
    worker->state = WORKER_STARTING;
    POOL_STAT(worker->pool, workers_started, 1);
    if (send_setup(worker) == 0) {
        pool_tell(worker->pool, PROCESS_POOL_STARTED, worker->pid);
        return 0;
    }
    abandon(worker);
    errno = ENOMEM;
    return -1;
}

void worker_flush(struct worker *worker)
{
    while (evbuffer_get_length(worker->out) > 0) {
        int done = evbuffer_write(worker->out, worker->socket);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0 && errno == EAGAIN)
            event_add(worker->on_writable, NULL);
        if (done <= 0)
            return; /* a closed socket is seen by the reading side, a dead process by its pidfd */
    }
}

/* Put table and artifact into the input memory and say where they are. */
static int fill_input(struct worker *worker, struct process_job *job, struct fault *fault)
{
    struct worker_region region = {.bytes = worker->input.bytes, .size = worker->input.size};

    if (job->schema) {
        int code = worker_table_pack(job->schema, job->array, &region, job->arena, &job->message->table, fault);
        if (code)
            return code;
    }
    if (job->artifact && !(job->message->artifact =
                               worker_region_put(&region, job->artifact, job->artifact_bytes, job->arena)))
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "table and artifact exceed the worker's %zu bytes of input",
                         worker->input.size);
    if (region.used > worker->input_touched)
        worker->input_touched = region.used;
    return 0;
}

int worker_assign(struct worker *worker, struct process_job *job, struct fault *fault)
{
    Mltrainer__Worker__ToWorker message = MLTRAINER__WORKER__TO_WORKER__INIT;
    int code = fill_input(worker, job, fault);

    if (code)
        return code;
    message.message_case = MLTRAINER__WORKER__TO_WORKER__MESSAGE_TASK;
    message.task = job->message;
    atomic_store(&worker->control->cancelled_task, 0);
    worker->state = WORKER_BUSY;
    worker->job = job;
    worker->tasks_run++;
    worker->terminate_ms = worker->kill_ms = 0;
    worker->heartbeat_ms = worker->progress_ms = domain_loop_now_ms(worker->pool->loop);
    snprintf(worker->isolation, sizeof(worker->isolation), "%s", job->isolation);
    job->started_us = job_now_us();
    job->result.pid = worker->pid;
    int error = send_frame(worker, &message, job->arena);
    if (error == 0) {
        job_tell(job, &(struct process_event){.kind = PROCESS_EVENT_STARTED, .pid = worker->pid});
        return 0;
    }
    worker->state = WORKER_IDLE;
    worker->job = NULL;
    if (error == MRPC_ERR_INVALID)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "a text of the task is not UTF-8");
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "the description of the task is too large");
}

void worker_signal(struct worker *worker, int signal)
{
    /* the pid is ours until we have waited for it */
    if (pidfd_send_signal(worker->pidfd, signal, NULL, 0) == 0 && signal == SIGKILL)
        kill(-worker->pid, SIGKILL);
}

void worker_kill(struct worker *worker, enum worker_doom doom, const char *text)
{
    if (worker->state == WORKER_EMPTY || worker->doom != WORKER_LIVES)
        return;
    worker->doom = doom;
    snprintf(worker->doom_text, sizeof(worker->doom_text), "%s", text);
    if (doom != WORKER_RECYCLED) {
        POOL_STAT(worker->pool, workers_killed, 1);
        log_warn(worker->pool->options.log, "pool", "worker killed pid=%d reason=\"%s\"", worker->pid, text);
    }
    worker_signal(worker, SIGKILL);
}

/* Its process is gone: hear its last words, then settle its job. */
static void on_exit_of(evutil_socket_t fd, short what, void *arg)
{
    struct worker *worker = arg;
    siginfo_t how = {0};

    if (worker->doom == WORKER_LIVES)
        (void)inbox_drain(worker);
    inbox_drain_errors(worker);
    kill(-worker->pid, SIGKILL); /* whatever it left behind */
    if (waitid(P_PIDFD, (id_t)worker->pidfd, &how, WEXITED) != 0)
        how.si_code = 0;

    struct process_job *job = worker->job;
    bool died_young = worker->state == WORKER_STARTING;
    bool expected = worker->doom == WORKER_RECYCLED || worker->doom == WORKER_OBEYS_JOB || worker->pool->ending;
    if (!expected) {
        POOL_STAT(worker->pool, workers_lost, 1);
        log_warn(worker->pool->options.log, "pool", "worker lost pid=%d code=%d status=%d stderr=\"%s\"", worker->pid,
                 how.si_code, how.si_status, worker->error_tail);
    }
    if (job)
        verdict_of_death(worker, &how, job);
    worker->job = NULL;
    pool_tell(worker->pool, expected ? PROCESS_POOL_ENDED : PROCESS_POOL_LOST, worker->pid);
    clear(worker);
    if (job)
        job_settle(job);
    schedule_worker_gone(worker, died_young && !expected);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct worker *worker = arg;

    if (inbox_drain(worker) == 0)
        return;
    /* The other end is closed: as a rule the process is about to end by itself, and how it ends is worth knowing. */
    event_del(worker->on_readable);
    if (worker->kill_ms == 0)
        worker->kill_ms = domain_loop_now_ms(worker->pool->loop) + worker->pool->options.kill_grace_ms;
    schedule_run(worker->pool);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    worker_flush(arg);
}

static void on_errors(evutil_socket_t fd, short what, void *arg)
{
    inbox_drain_errors(arg);
}
