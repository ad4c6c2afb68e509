/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/process/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include <mrpc/arena.h>

#include "log/log.h"
#include "pool/process/form.h"
#include "worker/frame.h"
#include "worker/table_span.h"

#define MODEL_BYTES_MAX ((size_t)32 << 20) /* of the artifact of a model that stays */
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

static void drop_form(struct model_place *place)
{
    free(place->form);
    place->form = NULL;
}

/* Take all that belongs to the process away from the place. */
static void clear(struct worker *worker)
{
    for (unsigned i = 0; i < MODEL_SHELF_PLACES; i++)
        drop_form(&worker->models[i]);
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
    worker->stuck = false;
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

/* Write what waits in worker->out. */
static void flush(struct worker *worker)
{
    worker->stuck = false;
    while (evbuffer_get_length(worker->out) > 0) {
        int done = evbuffer_write(worker->out, worker->socket);
        if (done < 0 && errno == EINTR)
            continue;
        worker->stuck = done < 0 && errno == EAGAIN;
        if (done <= 0)
            return; /* a closed socket is seen by the reading side, a dead process by its pidfd */
    }
}

void worker_await_room(struct worker *worker)
{
    if (worker->stuck && worker->on_writable)
        event_add(worker->on_writable, NULL);
    worker->stuck = false;
}

static int send_frame(struct worker *worker, const Mltrainer__Worker__ToWorker *message, struct mrpc_arena *arena)
{
    uint8_t *frame;
    size_t size;
    int error = worker_frame_encode(&mltrainer__worker__to_worker__info, &message->base, WORKER_FRAME_TO_WORKER_MAX,
                                    arena, &frame, &size);

    if (!error && evbuffer_add(worker->out, frame, size) != 0)
        error = MRPC_ERR_NOMEM;
    if (error)
        return error;
    flush(worker);
    atomic_fetch_add_explicit(&worker->control->sent, 1, memory_order_release);
    return 0;
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
    setup.poll_us = options->poll_us;
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
    worker->wear = 0;
    memset(worker->models, 0, sizeof(worker->models));
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

/* ---- Models that stay ---- */

static struct model_place *find_place(struct worker *worker, const char *name)
{
    for (unsigned i = 0; i < MODEL_SHELF_PLACES; i++)
        if (strcmp(worker->models[i].name, name) == 0)
            return &worker->models[i];
    return NULL;
}

bool worker_has_model(const struct worker *worker, const char *name)
{
    return find_place((struct worker *)worker, name) != NULL;
}

void worker_forget_model(struct worker *worker, const struct process_job *job)
{
    struct model_place *place = job->model[0] ? find_place(worker, job->model) : NULL;

    if (!place)
        return;
    drop_form(place);
    if (job->puts_model)
        place->name[0] = 0;
}

static struct model_place *longest_unused(struct worker *worker)
{
    struct model_place *found = worker->models;

    for (unsigned i = 1; i < MODEL_SHELF_PLACES; i++)
        if (worker->models[i].used < found->used)
            found = &worker->models[i];
    return found;
}

/* Where @job's model stands, or shall be put. */
static struct model_place *choose_place(struct worker *worker, struct process_job *job)
{
    struct model_place *place = find_place(worker, job->model);

    job->puts_model = !place;
    if (!place) {
        place = longest_unused(worker);
        drop_form(place);
        memcpy(place->name, job->model, sizeof(place->name));
    }
    place->used = ++worker->model_clock;
    job->message->shelf = (uint32_t)(place - worker->models) + 1;
    return place;
}

/* ---- Giving jobs ---- */

/* Its task is like the last one by its model that the worker has in full: the values say the rest. */
static int fill_again(struct process_job *job, struct worker_region *region, struct fault *fault)
{
    Mltrainer__Worker__Task *again = mrpc_arena_alloc(job->arena, sizeof(*again));

    if (!again)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "no memory for a task");
    mltrainer__worker__task__init(again);
    again->task_id = job->ticket;
    again->seed = job->message->seed;
    again->deadline_ms = job->message->deadline_ms;
    again->shelf = job->message->shelf;
    again->again = true;
    again->rows = job->array->length;
    job->sent = again;
    POOL_STAT(job->pool, repeats, 1);
    return worker_values_pack(job->schema, job->array, region, &again->values, fault);
}

/* @place: where its model stays; NULL: nowhere. */
static int fill_whole(struct process_job *job, struct model_place *place, struct worker_region *region,
                      struct fault *fault)
{
    Mltrainer__Worker__Task *message = job->sent = job->message;
    int code = job->schema ? worker_table_pack(job->schema, job->array, region, job->arena, &message->table, fault) : 0;

    if (code)
        return code;
    message->artifact = NULL;
    if (job->artifact && (!place || job->puts_model) &&
        !(message->artifact = worker_region_put(region, job->artifact, job->artifact_bytes, job->arena)))
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "table and artifact exceed the worker's %zu bytes of input",
                         region->size);
    if (place) {
        drop_form(place);
        place->form = task_form_new(job);
    }
    message->keep = place && place->form;
    return 0;
}

/* Put table and artifact into the input memory and say where they are. */
static int fill_input(struct worker *worker, struct process_job *job, struct worker_region *region, struct fault *fault)
{
    bool stays = job->model[0] && job->artifact_bytes <= MODEL_BYTES_MAX;
    struct model_place *place = stays ? choose_place(worker, job) : NULL;
    bool again = place && place->form && task_form_fits(place->form, job);
    int code = again ? fill_again(job, region, fault) : fill_whole(job, place, region, fault);

    if (code)
        worker_forget_model(worker, job);
    if (region->used > worker->input_touched)
        worker->input_touched = region->used;
    return code;
}

/* Take @job, or settle it with what hinders. */
static int prepare(struct worker *worker, struct process_job *job, struct worker_region *region,
                   Mltrainer__Worker__Tasks *tasks)
{
    if (fill_input(worker, job, region, &job->result.fault)) {
        job_settle(job);
        return 0;
    }
    job->worker = worker;
    job->started_us = job_now_us();
    job->result.pid = worker->pid;
    worker->wear += job->brief ? 1 : BRIEF_FOR_ONE;
    if (job->trace.call) {
        trace_step(&job->trace, "worker", SCENE_ICON_WORKER, "task");
        job->trace.name = "worker";
    }
    tasks->tasks[tasks->n_tasks++] = job->sent;
    return 1;
}

/* Those that can be given: the first is worker->job, the others stay behind it. */
static void prepare_all(struct worker *worker, struct process_job *job, Mltrainer__Worker__Tasks *tasks)
{
    struct worker_region region = {.bytes = worker->input.bytes, .size = worker->input.size};

    worker->job = prepare(worker, job, &region, tasks) ? job : NULL;
    for (struct process_job *next = TAILQ_FIRST(&worker->behind); next; next = job) {
        job = TAILQ_NEXT(next, entry);
        bool given = prepare(worker, next, &region, tasks);
        if (given && worker->job)
            continue;
        TAILQ_REMOVE(&worker->behind, next, entry);
        if (given)
            worker->job = next;
    }
}

/* The message cannot be made. A single job fails; of several each has its try alone. */
static void take_back(struct worker *worker, int error)
{
    struct process_job *job = worker->job;

    worker_forget_model(worker, job);
    worker->job = NULL;
    if (!TAILQ_EMPTY(&worker->behind)) {
        struct process_job *next;
        TAILQ_FOREACH(next, &worker->behind, entry)
            worker_forget_model(worker, next);
        schedule_again(worker, job);
        return;
    }
    if (error == MRPC_ERR_INVALID)
        fault_set(&job->result.fault, MRPC_INVALID_ARGUMENT, "a text of the task is not UTF-8");
    else
        fault_set(&job->result.fault, MRPC_RESOURCE_EXHAUSTED, "the description of the task is too large");
    job_settle(job);
}

static void tell_started(struct process_job *job, pid_t pid)
{
    job_tell(job, &(struct process_event){.kind = PROCESS_EVENT_STARTED, .pid = pid});
}

void worker_assign(struct worker *worker, struct process_job *job)
{
    Mltrainer__Worker__Task *list[TOGETHER_MAX];
    Mltrainer__Worker__Tasks tasks = MLTRAINER__WORKER__TASKS__INIT;
    Mltrainer__Worker__ToWorker message = MLTRAINER__WORKER__TO_WORKER__INIT;

    tasks.tasks = list;
    memcpy(worker->isolation, job->isolation, sizeof(worker->isolation));
    prepare_all(worker, job, &tasks);
    if (!worker->job)
        return;
    message.message_case = MLTRAINER__WORKER__TO_WORKER__MESSAGE_TASKS;
    message.tasks = &tasks;
    atomic_store(&worker->control->cancelled_task, 0);
    int error = send_frame(worker, &message, worker->job->arena);
    if (error)
        return take_back(worker, error);
    worker->state = WORKER_BUSY;
    POOL_STAT(worker->pool, rounds, 1);
    worker->tasks_run += (unsigned)tasks.n_tasks;
    worker->terminate_ms = worker->kill_ms = 0;
    worker->heartbeat_ms = worker->progress_ms = domain_loop_now_ms(worker->pool->loop);
    tell_started(worker->job, worker->pid);
    TAILQ_FOREACH(job, &worker->behind, entry)
        tell_started(job, worker->pid);
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
static void bury(struct worker *worker)
{
    siginfo_t how = {0};

    if (worker->doom == WORKER_LIVES)
        (void)inbox_drain(worker);
    inbox_drain_errors(worker);
    kill(-worker->pid, SIGKILL); /* whatever it left behind */
    if (waitid(P_PIDFD, (id_t)worker->pidfd, &how, WEXITED) != 0)
        how.si_code = 0;

    struct process_job *job = worker->job;
    if (job && job->settled) {
        job_unref(job);
        job = NULL;
    }
    bool died_young = worker->state == WORKER_STARTING;
    bool expected = worker->doom == WORKER_RECYCLED || worker->doom == WORKER_OBEYS_JOB || worker->pool->ending;
    if (!expected) {
        POOL_STAT(worker->pool, workers_lost, 1);
        log_warn(worker->pool->options.log, "pool", "worker lost pid=%d code=%d status=%d stderr=\"%s\"", worker->pid,
                 how.si_code, how.si_status, worker->error_tail);
    }
    bool again = job && job->ending == JOB_RUNS && !TAILQ_EMPTY(&worker->behind);
    if (job && !again)
        verdict_of_death(worker, &how, job);
    worker->job = NULL;
    schedule_again(worker, again ? job : NULL);
    pool_tell(worker->pool, expected ? PROCESS_POOL_ENDED : PROCESS_POOL_LOST, worker->pid);
    clear(worker);
    if (job && !again)
        job_settle(job);
    schedule_worker_gone(worker, died_young && !expected);
}

static void on_exit_of(evutil_socket_t fd, short what, void *arg)
{
    struct worker *worker = arg;

    pool_enter(worker->pool);
    bury(worker);
    pool_leave(worker->pool);
}

static void hear(struct worker *worker)
{
    if (inbox_drain(worker) == 0)
        return;
    /* The other end is closed: as a rule the process is about to end by itself, and how it ends is worth knowing. */
    event_del(worker->on_readable);
    if (worker->kill_ms == 0)
        worker->kill_ms = domain_loop_now_ms(worker->pool->loop) + worker->pool->options.kill_grace_ms;
    schedule_run(worker->pool);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct worker *worker = arg;

    pool_enter(worker->pool);
    hear(worker);
    pool_leave(worker->pool);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct worker *worker = arg;

    pool_enter(worker->pool);
    flush(worker);
    pool_leave(worker->pool);
}

static void on_errors(evutil_socket_t fd, short what, void *arg)
{
    struct worker *worker = arg;

    pool_enter(worker->pool);
    inbox_drain_errors(worker);
    pool_leave(worker->pool);
}
