/* SPDX-License-Identifier: Apache-2.0 */
#include "diagram/renderer/renderer.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log/log.h"

enum { MAX_PROCESSES = 16, SOCKET_FD = 3, YOUNG_MS = 1000, FIRST_PAUSE_MS = 50, LONGEST_PAUSE_MS = 5000 };

struct process {
    struct renderer *renderer;
    pid_t pid;                 /* 0: none runs */
    struct bufferevent *socket;
    struct event *timer;       /* of the job's time while busy, of the pause before the next start else */
    struct renderer_job *job;
    int64_t started_ms;
    int64_t pause_ms;
    bool timed_out;
};

struct renderer {
    struct renderer_options options;
    char *path;
    struct domain_loop *loop;
    struct process processes[MAX_PROCESSES];
    struct renderer_job *first, **last;
    int queued;
    bool running;
};

static void start_process(struct process *p);
static void give_work(struct process *p);

static struct timeval in_ms(int64_t ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

static void set_timer(struct process *p, int64_t ms)
{
    struct timeval after = in_ms(ms);
    event_add(p->timer, &after);
}

static void finish_job(struct process *p, const struct message_response *response)
{
    struct renderer_job *job = p->job;
    p->job = NULL;
    event_del(p->timer);
    job->done(job, response);
}

static void fail_job(struct renderer_job *job, int code, int64_t retry_after_ms, const char *text)
{
    struct message_response response = {.fault = {.code = code, .retry_after_ms = retry_after_ms}, .content = ""};
    snprintf(response.fault.text, sizeof response.fault.text, "%s", text);
    job->done(job, &response);
}

/* ---- the end of a process ---- */

/* What the job's caller is told about a process that ended with @status. */
static void explain(const struct process *p, int status, int *code, char *text, size_t text_bytes)
{
    *code = MRPC_UNAVAILABLE;
    if (p->timed_out) {
        *code = MRPC_RESOURCE_EXHAUSTED;
        snprintf(text, text_bytes, "the picture takes more time than a picture may");
        return;
    }
    if (WIFSIGNALED(status))
        snprintf(text, text_bytes, "the renderer died (%s)", sigdescr_np(WTERMSIG(status)));
    else
        snprintf(text, text_bytes, "the renderer ended with status %d", WEXITSTATUS(status));
}

/* The process is killed if need be and reaped; the job that it had fails. */
static void end_process(struct process *p)
{
    struct renderer *r = p->renderer;
    struct renderer_job *job = p->job;
    int status = 0, code;
    char text[160];
    if (p->socket)
        bufferevent_free(p->socket); /* closes the socket */
    p->socket = NULL;
    if (p->pid > 0) {
        kill(p->pid, SIGKILL); /* after which waitpid does not wait long */
        while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
            continue;
    }
    explain(p, status, &code, text, sizeof text);
    bool young = domain_loop_now_ms(r->loop) - p->started_ms < YOUNG_MS;
    p->pause_ms = !young ? 0 : p->pause_ms ? p->pause_ms * 2 : FIRST_PAUSE_MS;
    if (p->pause_ms > LONGEST_PAUSE_MS)
        p->pause_ms = LONGEST_PAUSE_MS;
    if (r->running)
        log_warn(r->options.log, "diagram", "%s pid=%d next_start_ms=%lld", text, p->pid, (long long)p->pause_ms);
    p->pid = 0;
    p->job = NULL;
    p->timed_out = false;
    if (r->running)
        set_timer(p, p->pause_ms);
    if (job)
        fail_job(job, r->running ? code : MRPC_UNAVAILABLE, 200, r->running ? text : "the server stops");
}

/* ---- talking ---- */

static void take_answer(struct process *p)
{
    struct evbuffer *input = bufferevent_get_input(p->socket);
    unsigned char head[MESSAGE_HEAD_BYTES];
    if (evbuffer_copyout(input, head, sizeof head) < (ssize_t)sizeof head)
        return;
    size_t size = message_body_bytes(head);
    if (size == 0 || !p->job) {
        end_process(p);
        return;
    }
    if (evbuffer_get_length(input) < sizeof head + size)
        return;
    evbuffer_drain(input, sizeof head);
    struct message_response response;
    const unsigned char *body = evbuffer_pullup(input, (ev_ssize_t)size);
    if (!body || message_get_response(body, size, &response)) {
        end_process(p);
        return;
    }
    struct bufferevent *socket = p->socket;
    finish_job(p, &response); /* may submit, which gives work to this very process, or stop everything */
    if (p->socket == socket)
        evbuffer_drain(input, size);
    give_work(p);
}

static void on_readable(struct bufferevent *socket, void *arg)
{
    take_answer(arg);
}

static void on_closed(struct bufferevent *socket, short what, void *arg)
{
    end_process(arg);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct process *p = arg;
    if (p->pid == 0) {
        start_process(p);
        return;
    }
    p->timed_out = true;
    end_process(p);
}

static int send_request(struct process *p, const struct message_request *request)
{
    struct buffer frame;
    buffer_init(&frame, MESSAGE_MAX_BYTES + MESSAGE_HEAD_BYTES);
    message_put_request(&frame, request);
    int failed = frame.failed || bufferevent_write(p->socket, frame.bytes, frame.size);
    buffer_fini(&frame);
    return failed;
}

static void give_work(struct process *p)
{
    struct renderer *r = p->renderer;
    while (r->running && p->pid > 0 && !p->job && r->first) {
        struct renderer_job *job = r->first;
        r->first = job->next;
        if (!r->first)
            r->last = &r->first;
        r->queued--;
        if (send_request(p, &job->request)) {
            fail_job(job, MRPC_RESOURCE_EXHAUSTED, 0, "out of memory for the request to the renderer");
            continue;
        }
        p->job = job;
        set_timer(p, r->options.job_timeout_ms);
    }
}

enum { ENVIRONMENT_MAX = 32 };

/* What of our own environment the renderer gets: where fonts are, how libraries and sanitizers behave. Keys and
 * passwords are in the rest. */
static void choose_environment(char *chosen[ENVIRONMENT_MAX + 1])
{
    static const char *const passed_on[] = {
        "LANG=",           "LC_",           "HOME=",          "XDG_",          "FONTCONFIG_",   "TMPDIR=",
        "LD_LIBRARY_PATH=", "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "TSAN_OPTIONS=", "LSAN_OPTIONS=", "GCOV_",
    };
    size_t count = 0;
    for (char **at = environ; *at && count < ENVIRONMENT_MAX; at++)
        for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++)
            if (strncmp(*at, passed_on[i], strlen(passed_on[i])) == 0) {
                chosen[count++] = *at;
                break;
            }
    chosen[count] = NULL;
}

/* ---- the start of a process ---- */

static int spawn(const struct renderer *r, int socket, pid_t *pid)
{
    char option[] = "--worker", fd[8];
    snprintf(fd, sizeof fd, "%d", SOCKET_FD);
    char *const arguments[] = {r->path, option, fd, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    if (posix_spawn_file_actions_init(&actions))
        return ENOMEM;
    if (posix_spawnattr_init(&attributes)) {
        posix_spawn_file_actions_destroy(&actions);
        return ENOMEM;
    }
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_adddup2(&actions, socket, SOCKET_FD);
    char *environment[ENVIRONMENT_MAX + 1];
    choose_environment(environment);
    int error = posix_spawn(pid, r->path, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* dup2 onto itself would leave close-on-exec set, so the child's end must not be SOCKET_FD already. */
static int move_away(int fd)
{
    if (fd != SOCKET_FD)
        return fd;
    int other = fcntl(fd, F_DUPFD_CLOEXEC, SOCKET_FD + 1);
    close(fd);
    return other;
}

static int open_process(struct process *p)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return errno;
    ends[1] = move_away(ends[1]);
    int error = ends[1] < 0 ? errno : spawn(p->renderer, ends[1], &p->pid);
    if (ends[1] >= 0)
        close(ends[1]);
    if (error) {
        close(ends[0]);
        p->pid = 0;
        return error;
    }
    evutil_make_socket_nonblocking(ends[0]);
    p->socket = bufferevent_socket_new(domain_loop_base(p->renderer->loop), ends[0], BEV_OPT_CLOSE_ON_FREE);
    if (!p->socket) {
        close(ends[0]);
        return ENOMEM;
    }
    bufferevent_setcb(p->socket, on_readable, NULL, on_closed, p);
    bufferevent_enable(p->socket, EV_READ | EV_WRITE);
    return 0;
}

static void start_process(struct process *p)
{
    p->started_ms = domain_loop_now_ms(p->renderer->loop);
    int error = open_process(p);
    if (error) {
        log_error(p->renderer->options.log, "diagram", "%s cannot be started: %s", p->renderer->path, strerror(error));
        end_process(p);
        return;
    }
    give_work(p);
}

/* ---- interface ---- */

int renderer_new(const struct renderer_options *options, struct domain_loop *loop, struct renderer **out,
                 struct fault *fault)
{
    struct renderer *r = calloc(1, sizeof *r);
    if (!r || !(r->path = strdup(options->path))) {
        free(r);
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    r->options = *options;
    r->loop = loop;
    r->last = &r->first;
    if (r->options.processes <= 0)
        r->options.processes = 2;
    if (r->options.processes > MAX_PROCESSES)
        r->options.processes = MAX_PROCESSES;
    if (r->options.queue_limit <= 0)
        r->options.queue_limit = 256;
    if (r->options.job_timeout_ms <= 0)
        r->options.job_timeout_ms = 30000;
    *out = r;
    return 0;
}

void renderer_start(struct renderer *r)
{
    r->running = true;
    for (int i = 0; i < r->options.processes; i++) {
        struct process *p = &r->processes[i];
        p->renderer = r;
        p->timer = event_new(domain_loop_base(r->loop), -1, 0, on_timer, p);
        if (p->timer)
            start_process(p);
    }
}

void renderer_stop(struct renderer *r)
{
    r->running = false;
    for (int i = 0; i < r->options.processes; i++) {
        struct process *p = &r->processes[i];
        if (!p->renderer)
            continue;
        if (p->timer)
            event_free(p->timer);
        p->timer = NULL;
        if (p->pid > 0)
            end_process(p);
    }
    while (r->first) {
        struct renderer_job *job = r->first;
        r->first = job->next;
        r->queued--;
        fail_job(job, MRPC_UNAVAILABLE, 200, "the server stops");
    }
    r->last = &r->first;
}

void renderer_free(struct renderer *r)
{
    if (!r)
        return;
    free(r->path);
    free(r);
}

int renderer_submit(struct renderer *r, struct renderer_job *job, struct fault *fault)
{
    if (!r->running)
        return fault_retry(fault, MRPC_UNAVAILABLE, 200, "the server stops");
    if (r->queued >= r->options.queue_limit)
        return fault_retry(fault, MRPC_RESOURCE_EXHAUSTED, 200, "%d pictures wait for the renderer already", r->queued);
    job->next = NULL;
    *r->last = job;
    r->last = &job->next;
    r->queued++;
    for (int i = 0; i < r->options.processes && r->first; i++)
        if (r->processes[i].renderer)
            give_work(&r->processes[i]);
    return 0;
}

int renderer_pids(const struct renderer *r, int *pids, int capacity)
{
    int count = 0;
    for (int i = 0; i < r->options.processes && count < capacity; i++)
        if (r->processes[i].pid > 0)
            pids[count++] = r->processes[i].pid;
    return count;
}
