/* SPDX-License-Identifier: Apache-2.0 */
#include "serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1000
#define PAUSE_MS 100
#define READ_BYTES 65536
#define PIECES 16

#define FROM_MEMBER(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

struct connection {
    struct source source;
    struct timer timer;
    struct endpoint *endpoint;
    struct mrpc_session *session;
    struct connection *next, **link;
    struct connection *next_unsent;
    bool unsent;
};

/* A connection's life: open, ready* and settle after each, close. */

static void forget_unsent(struct connection *connection)
{
    struct connection **at = &connection->endpoint->unsent;
    if (!connection->unsent)
        return;
    while (*at != connection)
        at = &(*at)->next_unsent;
    *at = connection->next_unsent;
    connection->unsent = false;
}

static void connection_close(struct connection *connection)
{
    struct endpoint *endpoint = connection->endpoint;
    reactor_timer_cancel(endpoint->reactor, &connection->timer);
    reactor_remove(endpoint->reactor, &connection->source);
    close(connection->source.fd);
    mrpc_session_free(connection->session); /* what runs is cancelled: on_cancel of its calls fires here */
    forget_unsent(connection);
    *connection->link = connection->next;
    if (connection->next)
        connection->next->link = connection->link;
    free(connection);
    endpoint->connection_count--;
    if (endpoint->listener.fd >= 0 && !endpoint->pause.set)
        (void)reactor_change(endpoint->reactor, &endpoint->listener, EPOLLIN);
    if (endpoint->drained && endpoint->connection_count == 0)
        endpoint->drained(endpoint);
}

/* Send what there is. 1: all of it; 0: the socket is full; -1: the connection is broken. */
static int send_output(struct connection *connection)
{
    struct iovec pieces[PIECES];
    for (;;) {
        int count = mrpc_session_output(connection->session, pieces, PIECES);
        if (count == 0)
            return 1;
        struct msghdr message = {.msg_iov = pieces, .msg_iovlen = (size_t)count};
        ssize_t sent = sendmsg(connection->source.fd, &message, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -1;
        mrpc_session_consume(connection->session, reactor_now_ms(), (size_t)sent);
    }
}

/* After anything has happened to a session: send, then wait for what it waits for. The connection may be gone then. */
static void settle(struct connection *connection)
{
    struct mrpc_session *session = connection->session;
    struct reactor *reactor = connection->endpoint->reactor;
    int all_sent = send_output(connection);
    if (all_sent < 0 || (all_sent && mrpc_session_finished(session))) {
        connection_close(connection);
        return;
    }
    uint32_t events = (mrpc_session_want_read(session) ? EPOLLIN : 0u) | (all_sent ? 0u : EPOLLOUT);
    if (reactor_change(reactor, &connection->source, events) != 0) {
        connection_close(connection);
        return;
    }
    int64_t now_ms = reactor_now_ms(), wait_ms = mrpc_session_next_timeout_ms(session, now_ms);
    if (wait_ms < 0)
        reactor_timer_cancel(reactor, &connection->timer);
    else
        reactor_timer_set(reactor, &connection->timer, now_ms + wait_ms);
}

/* False: the peer has gone. */
static bool receive(struct connection *connection)
{
    static char bytes[READ_BYTES]; /* one thread */
    ssize_t size = recv(connection->source.fd, bytes, sizeof bytes, 0);
    if (size < 0)
        return errno == EAGAIN || errno == EINTR;
    if (size > 0)
        mrpc_session_receive(connection->session, reactor_now_ms(), bytes, (size_t)size); /* handlers run in here */
    return size > 0;
}

static void connection_ready(struct source *source, uint32_t events)
{
    struct connection *connection = FROM_MEMBER(source, struct connection, source);
    if ((events & (EPOLLERR | EPOLLHUP)) || ((events & EPOLLIN) && !receive(connection)))
        connection_close(connection);
    else
        settle(connection);
}

static void connection_due(struct timer *timer)
{
    struct connection *connection = FROM_MEMBER(timer, struct connection, timer);
    mrpc_session_tick(connection->session, reactor_now_ms());
    settle(connection);
}

/* Inside mrpc_session_host_process(), where a session must not be freed: only remember it. */
static void output_ready(void *arg)
{
    struct connection *connection = arg;
    connection->unsent = true;
    connection->next_unsent = connection->endpoint->unsent;
    connection->endpoint->unsent = connection;
}

/* Takes @fd, whatever it returns. */
static int connection_open(struct endpoint *endpoint, int fd, const struct sockaddr_in *peer)
{
    char host[INET_ADDRSTRLEN] = "", name[INET_ADDRSTRLEN + sizeof ":65535"];
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection) {
        close(fd);
        return -1;
    }
    *connection = (struct connection){.endpoint = endpoint,
                                      .source = {.fd = fd, .events = EPOLLIN, .ready = connection_ready},
                                      .timer.due = connection_due};
    (void)inet_ntop(AF_INET, &peer->sin_addr, host, sizeof host);
    (void)snprintf(name, sizeof name, "%s:%u", host, ntohs(peer->sin_port));
    const struct mrpc_session_options options = {
        .struct_bytes = sizeof options, .peer = name, .output_ready = output_ready, .arg = connection};
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (mrpc_session_new(endpoint->host, &options, reactor_now_ms(), &connection->session) != 0 ||
        reactor_add(endpoint->reactor, &connection->source) != 0) {
        mrpc_session_free(connection->session);
        free(connection);
        close(fd);
        return -1;
    }
    connection->next = endpoint->connections;
    connection->link = &endpoint->connections;
    if (connection->next)
        connection->next->link = &connection->next;
    endpoint->connections = connection;
    endpoint->connection_count++;
    settle(connection); /* its preface is to come in time: the session's first timeout */
    return 0;
}

/* The listener. */

static void listener_ready(struct source *source, uint32_t events)
{
    struct endpoint *endpoint = FROM_MEMBER(source, struct endpoint, listener);
    struct sockaddr_in peer;
    socklen_t size = sizeof peer;
    int fd = accept4(source->fd, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    bool gone = fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED);
    if (fd >= 0 && connection_open(endpoint, fd, &peer) == 0) {
        if (endpoint->connection_count >= CONNECTIONS_MAX)
            (void)reactor_change(endpoint->reactor, source, 0); /* the rest waits in the backlog */
    } else if (!gone) {
        /* No descriptors or no memory: level-triggered, it would come back at once. */
        (void)reactor_change(endpoint->reactor, source, 0);
        reactor_timer_set(endpoint->reactor, &endpoint->pause, reactor_now_ms() + PAUSE_MS);
    }
}

static void pause_over(struct timer *timer)
{
    struct endpoint *endpoint = FROM_MEMBER(timer, struct endpoint, pause);
    if (endpoint->connection_count < CONNECTIONS_MAX)
        (void)reactor_change(endpoint->reactor, &endpoint->listener, EPOLLIN);
}

static int listen_on(struct sockaddr_in *address)
{
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof *address;
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)address, size) == 0 && listen(fd, SOMAXCONN) == 0 &&
        getsockname(fd, (struct sockaddr *)address, &size) == 0)
        return fd;
    close(fd);
    return -1;
}

/* What calls are finished, or sent on, outside the host's functions: by timers of this loop, by other threads. */

static void wake_host(void *arg)
{
    const struct endpoint *endpoint = arg;
    uint64_t one = 1;
    /* It fails only when the counter is full, and then the loop wakes up anyway. */
    (void)!write(endpoint->wake.fd, &one, sizeof one);
}

static void wake_ready(struct source *source, uint32_t events)
{
    struct endpoint *endpoint = FROM_MEMBER(source, struct endpoint, wake);
    uint64_t count;
    (void)!read(source->fd, &count, sizeof count);
    mrpc_session_host_process(endpoint->host, reactor_now_ms()); /* output_ready() is called in here */
    while (endpoint->unsent) {
        struct connection *connection = endpoint->unsent;
        forget_unsent(connection);
        settle(connection);
    }
}

static void close_source(struct endpoint *endpoint, struct source *source)
{
    if (source->fd < 0)
        return;
    reactor_remove(endpoint->reactor, source);
    close(source->fd);
    source->fd = -1;
}

int serve_start(struct endpoint *endpoint, struct reactor *reactor, struct mrpc_server *server,
                struct sockaddr_in *address)
{
    const struct mrpc_session_host_options options = {
        .struct_bytes = sizeof options, .wake = wake_host, .arg = endpoint};
    *endpoint = (struct endpoint){.reactor = reactor,
                                  .listener = {.fd = -1, .events = EPOLLIN, .ready = listener_ready},
                                  .wake = {.fd = -1, .events = EPOLLIN, .ready = wake_ready},
                                  .pause.due = pause_over};
    endpoint->wake.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    endpoint->listener.fd = listen_on(address);
    if (endpoint->wake.fd >= 0 && endpoint->listener.fd >= 0 && reactor_add(reactor, &endpoint->wake) == 0 &&
        reactor_add(reactor, &endpoint->listener) == 0) {
        if (mrpc_session_host_new(server, &options, &endpoint->host) == 0)
            return 0;
        errno = ENOMEM;
    }
    int error = errno;
    close_source(endpoint, &endpoint->listener);
    close_source(endpoint, &endpoint->wake);
    errno = error;
    return -1;
}

static void stop_listening(struct endpoint *endpoint)
{
    reactor_timer_cancel(endpoint->reactor, &endpoint->pause);
    close_source(endpoint, &endpoint->listener);
}

void serve_drain(struct endpoint *endpoint, void (*drained)(struct endpoint *endpoint))
{
    stop_listening(endpoint);
    for (struct connection *at = endpoint->connections, *next; at; at = next) {
        next = at->next;
        mrpc_session_drain(at->session, reactor_now_ms());
        settle(at);
    }
    endpoint->drained = drained;
    if (endpoint->connection_count == 0)
        drained(endpoint);
}

void serve_stop(struct endpoint *endpoint)
{
    stop_listening(endpoint);
    endpoint->drained = NULL;
    while (endpoint->connections)
        connection_close(endpoint->connections);
    /* What is cancelled is finished by its handlers, some of it through the queue. */
    while (mrpc_session_host_calls(endpoint->host) > 0)
        mrpc_session_host_process(endpoint->host, reactor_now_ms());
    mrpc_session_host_free(endpoint->host);
    close_source(endpoint, &endpoint->wake);
}
