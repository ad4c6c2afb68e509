/* SPDX-License-Identifier: Apache-2.0 */

#include "server/loop.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "server/acceptor.h"
#include "server/connection.h"
#include "server/server.h"

void mrpc_loop_read_clock(struct server_loop *loop)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    loop->now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Thread: any. */
static void wake(void *arg)
{
    struct server_loop *loop = arg;
    uint64_t one = 1;
    while (write(loop->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
}

void mrpc_loop_mark_dirty(struct server_loop *loop, struct connection *connection)
{
    if (connection->dirty)
        return;
    connection->dirty = true;
    connection->next_dirty = loop->dirty;
    loop->dirty = connection;
}

/* The one that this thread runs. */
static _Thread_local struct server_loop *own_loop;

int mrpc_server_defer(struct mrpc_deferred *deferred)
{
    struct server_loop *loop = own_loop;
    if (loop == NULL)
        return MRPC_ERR_INVALID;
    deferred->next = NULL;
    *loop->last_deferred = deferred;
    loop->last_deferred = &deferred->next;
    return 0;
}

static void run_deferred(struct server_loop *loop)
{
    while (loop->deferred != NULL) {
        struct mrpc_deferred *list = loop->deferred, *last = list;
        while (last->next != NULL && last->next->run == list->run && last->next->arg == list->arg)
            last = last->next;
        loop->deferred = last->next;
        if (loop->deferred == NULL)
            loop->last_deferred = &loop->deferred;
        last->next = NULL;
        list->run(list, list->arg);
    }
}

void mrpc_loop_flush_dirty(struct server_loop *loop)
{
    run_deferred(loop);
    while (loop->dirty != NULL) {
        struct connection *connection = loop->dirty;
        loop->dirty = connection->next_dirty;
        connection->dirty = false;
        mrpc_connection_flush(connection);
    }
}

static void close_all(struct server_loop *loop)
{
    while (loop->connections != NULL)
        mrpc_connection_close(loop->connections);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct server_loop *loop = arg;
    uint64_t count;
    (void)!read(loop->wake_fd, &count, sizeof(count));
    mrpc_loop_read_clock(loop);
    mrpc_session_host_process(loop->host, loop->now_ms);
    mrpc_loop_flush_dirty(loop);
    if (loop->stopping && mrpc_session_host_calls(loop->host) == 0)
        event_base_loopbreak(loop->base);
}

static void on_grace_over(evutil_socket_t fd, short what, void *arg)
{
    close_all(arg);
    mrpc_loop_flush_dirty(arg);
}

int mrpc_loop_open(struct mrpc_server *server, unsigned index, struct server_loop **out)
{
    struct server_loop *loop = malloc(sizeof(*loop));
    if (loop == NULL)
        return MRPC_ERR_NOMEM;
    memset(loop, 0, offsetof(struct server_loop, read_buffer));   /* what nobody has read into costs no page */
    loop->server = server;
    loop->last_deferred = &loop->deferred;
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    struct event_config *config = event_config_new();
    if (config != NULL) {
        /* Nobody else touches it, the inbox is the way in; and no variable of the environment is looked for. */
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
        loop->base = event_base_new_with_config(config);
        event_config_free(config);
    }
    struct mrpc_session_host_options options = {
        .struct_bytes = sizeof(options), .wake = wake, .arg = loop, .index = index};
    if (loop->wake_fd < 0 || loop->base == NULL || mrpc_session_host_new(server, &options, &loop->host) != 0) {
        mrpc_loop_close(loop);
        return MRPC_ERR_NOMEM;
    }
    event_assign(&loop->wake_event, loop->base, loop->wake_fd, EV_READ | EV_PERSIST, on_wake, loop);
    event_assign(&loop->grace_event, loop->base, -1, 0, on_grace_over, loop);
    (void)event_add(&loop->wake_event, NULL);
    *out = loop;
    return 0;
}

void mrpc_loop_close(struct server_loop *loop)
{
    if (loop == NULL)
        return;
    mrpc_session_host_free(loop->host);
    if (loop->base != NULL)
        event_base_free(loop->base);
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
    free(loop);
}

static void *run(void *arg)
{
    struct server_loop *loop = arg;
    char name[16];
    (void)snprintf(name, sizeof(name), "mrpc-loop-%u", loop->host->index % 1000);
    (void)pthread_setname_np(pthread_self(), name);
    own_loop = loop;
    event_base_dispatch(loop->base);
    own_loop = NULL;
    return NULL;
}

int mrpc_loop_start(struct server_loop *loop)
{
    return pthread_create(&loop->thread, NULL, run, loop) == 0 ? 0 : MRPC_ERR_SYSTEM;
}

struct handover_task {
    struct inbox_task task;
    struct server_loop *loop;
    struct handover handover;
};

static void take_over(struct inbox_task *task)
{
    struct handover_task *order = MRPC_CONTAINER_OF(task, struct handover_task, task);
    struct server_loop *loop = order->loop;
    if (loop->stopping) {
        close(order->handover.fd);
        mrpc_acceptor_closed(loop->server, (const struct sockaddr *)&order->handover.address);
    } else {
        mrpc_connection_open(loop, &order->handover);
    }
    free(order);
}

int mrpc_loop_hand_over(struct server_loop *loop, const struct handover *handover)
{
    struct handover_task *order = malloc(sizeof(*order));
    if (order == NULL)
        return MRPC_ERR_NOMEM;
    *order = (struct handover_task){.task.run = take_over, .loop = loop, .handover = *handover};
    mrpc_inbox_push(&loop->host->inbox, &order->task);
    return 0;
}

struct loop_command {
    struct inbox_task task;
    struct server_loop *loop;
    uint32_t grace_ms;
};

static int command(struct server_loop *loop, uint32_t grace_ms, void (*run_command)(struct inbox_task *task))
{
    struct loop_command *order = malloc(sizeof(*order));
    if (order == NULL)
        return MRPC_ERR_NOMEM;
    *order = (struct loop_command){.task.run = run_command, .loop = loop, .grace_ms = grace_ms};
    mrpc_inbox_push(&loop->host->inbox, &order->task);
    return 0;
}

static void run_drain(struct inbox_task *task)
{
    struct loop_command *order = MRPC_CONTAINER_OF(task, struct loop_command, task);
    struct server_loop *loop = order->loop;
    struct timeval grace = {.tv_sec = order->grace_ms / 1000, .tv_usec = (order->grace_ms % 1000) * 1000};
    free(order);
    mrpc_acceptor_leave(loop);
    if (loop->draining) {
        close_all(loop);
        return;
    }
    loop->draining = true;
    struct connection *next;
    for (struct connection *at = loop->connections; at != NULL; at = next) {
        next = at->next;
        mrpc_connection_drain(at);
    }
    (void)event_add(&loop->grace_event, &grace);
    mrpc_acceptor_check_drained(loop->server);
}

int mrpc_loop_drain(struct server_loop *loop, uint32_t grace_ms)
{
    return command(loop, grace_ms, run_drain);
}

static void run_stop(struct inbox_task *task)
{
    struct loop_command *order = MRPC_CONTAINER_OF(task, struct loop_command, task);
    struct server_loop *loop = order->loop;
    free(order);
    mrpc_acceptor_leave(loop);
    loop->stopping = true;
    close_all(loop);
}

int mrpc_loop_stop(struct server_loop *loop)
{
    return command(loop, 0, run_stop);
}
