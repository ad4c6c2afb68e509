/* SPDX-License-Identifier: Apache-2.0 */
#include "client/connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "client/status_map.h"
#include "tls/stream.h"

#define READ_BYTES (32 * 1024)
#define READS_A_WAKEUP 16
/* Enough for one write to be worth its system call, little enough to stay in the cache. */
#define OUTPUT_BYTES (256 * 1024)
#define WRITES_A_WAKEUP 8

enum phase { CONNECTING, HANDSHAKE, SETTINGS, READY, CLOSED };

struct mrpc_client_connection {
    struct mrpc_loop *loop;
    const struct mrpc_client_connection_events *events;
    void *arg;
    struct mrpc_address address;
    enum phase phase;
    bool told_draining;
    struct mrpc_watch watch;
    struct mrpc_timer timer;     /* until READY the connect timeout, then the session's */
    struct mrpc_flusher flusher; /* once CLOSED it frees the connection */
    struct mrpc_tls *tls;
    struct mrpc_tls_stream *tls_stream;
    struct mrpc_client_session *session;
    struct mrpc_buffer out;
    bool in_session; /* within receive() or produce() */
    int start_errno; /* why connecting failed at once */
    char why[320];
};

#define FROM_MEMBER(pointer, member)                                                                                   \
    ((struct mrpc_client_connection *)((char *)(pointer)-offsetof(struct mrpc_client_connection, member)))

static void shut_transport(struct mrpc_client_connection *connection)
{
    mrpc_loop_timer_cancel(connection->loop, &connection->timer);
    if (connection->tls_stream) {
        mrpc_tls_stream_shutdown(connection->tls_stream);
        mrpc_tls_stream_free(connection->tls_stream);
        connection->tls_stream = NULL;
    }
    if (connection->watch.fd >= 0) {
        mrpc_loop_watch_remove(connection->loop, &connection->watch);
        close(connection->watch.fd);
        connection->watch.fd = -1;
    }
}

/* The session may be far up the stack: its memory goes with the flusher, which runs when all have returned. */
static void end(struct mrpc_client_connection *connection, const char *why)
{
    connection->phase = CLOSED;
    shut_transport(connection);
    mrpc_client_session_lost(connection->session, why);
    mrpc_loop_flush_later(connection->loop, &connection->flusher);
}

static void fail(struct mrpc_client_connection *connection, const char *doing, const char *why)
{
    if (connection->phase == CLOSED)
        return;
    connection->phase = CLOSED;
    snprintf(connection->why, sizeof connection->why, "%s %s: %s", doing, connection->address.text, why);
    connection->events->closed(connection->arg, connection, connection->why);
    end(connection, connection->why);
}

static void connection_free(struct mrpc_client_connection *connection)
{
    mrpc_client_session_free(connection->session);
    mrpc_buffer_fini(&connection->out);
    free(connection);
}

static void want(struct mrpc_client_connection *connection, uint32_t events)
{
    if (mrpc_loop_watch_change(connection->loop, &connection->watch, events) != 0)
        fail(connection, "watch", strerror(errno));
}

/* Until it is ready the timer is the connect timeout's. */
static void set_timer(struct mrpc_client_connection *connection)
{
    if (connection->phase != READY)
        return;
    int64_t at_ms = mrpc_client_session_next_timer_ms(connection->session);
    if (at_ms == INT64_MAX) {
        mrpc_loop_timer_cancel(connection->loop, &connection->timer);
        return;
    }
    if (mrpc_loop_timer_set(connection->loop, &connection->timer, at_ms) != 0)
        fail(connection, "keep", "out of memory");
}

static void on_timer(struct mrpc_timer *timer)
{
    struct mrpc_client_connection *connection = FROM_MEMBER(timer, timer);
    if (connection->phase != READY) {
        fail(connection, "connect to", "timed out");
        return;
    }
    if (mrpc_client_session_tick(connection->session, mrpc_loop_time_ms(connection->loop)) != 0) {
        fail(connection, "connection to", "keepalive watchdog: no answer to a PING");
        return;
    }
    mrpc_client_connection_touch(connection);
}

/* Writing. */

static ssize_t transport_write(struct mrpc_client_connection *connection, const void *bytes, size_t size)
{
    if (connection->tls_stream)
        return mrpc_tls_stream_write(connection->tls_stream, bytes, size);
    ssize_t sent;
    do
        sent = send(connection->watch.fd, bytes, size, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return MRPC_TLS_WANT_WRITE;
    return sent;
}

static const char *transport_why(const struct mrpc_client_connection *connection)
{
    return connection->tls_stream ? mrpc_tls_stream_why(connection->tls_stream) : strerror(errno);
}

/* True: all that was produced is written, and there may be more. */
static bool write_some(struct mrpc_client_connection *connection)
{
    struct mrpc_buffer *out = &connection->out;
    connection->in_session = true;
    int error = mrpc_client_session_produce(connection->session, out, OUTPUT_BYTES);
    connection->in_session = false;
    if (error) {
        fail(connection, "write to", "out of memory");
        return false;
    }
    if (mrpc_buffer_size(out) == 0)
        return false;
    ssize_t sent = transport_write(connection, mrpc_buffer_bytes(out), mrpc_buffer_size(out));
    if (sent == MRPC_TLS_WANT_WRITE || sent == MRPC_TLS_WANT_READ)
        return false;
    if (sent < 0) {
        fail(connection, "write to", transport_why(connection));
        return false;
    }
    mrpc_buffer_consume(out, (size_t)sent);
    return mrpc_buffer_size(out) == 0;
}

/* GOAWAY and the resets of what was cancelled in this wake-up leave if the socket takes them now. From within the
 * session nothing can be produced; then the server learns it from the end of the connection. */
static void say_goodbye(struct mrpc_client_connection *connection)
{
    if (connection->phase != READY || connection->in_session)
        return;
    mrpc_client_session_terminate(connection->session);
    (void)write_some(connection);
}

void mrpc_client_connection_close(struct mrpc_client_connection *connection, const char *why)
{
    say_goodbye(connection);
    if (connection->phase != CLOSED)
        end(connection, why);
}

static void write_all(struct mrpc_client_connection *connection)
{
    bool more = true;
    for (int i = 0; i < WRITES_A_WAKEUP && more; i++)
        more = write_some(connection);
    if (connection->phase == CLOSED)
        return;
    /* A connection that always has more takes turns with the others. */
    bool waits = more || mrpc_buffer_size(&connection->out) > 0;
    want(connection, waits ? EPOLLIN | EPOLLOUT : EPOLLIN);
    if (connection->phase != CLOSED && !waits)
        mrpc_buffer_clear(&connection->out, OUTPUT_BYTES);
}

static void close_if_finished(struct mrpc_client_connection *connection)
{
    struct mrpc_client_session *session = connection->session;
    bool drained = mrpc_client_session_draining(session) && mrpc_client_session_stream_count(session) == 0;
    if (connection->phase == CLOSED || !(drained || mrpc_client_session_finished(session)))
        return;
    uint32_t error = mrpc_client_session_own_error(session);
    if (error) {
        char text[96];
        snprintf(text, sizeof text, "the server broke HTTP/2: %s", mrpc_http2_error_name(error));
        fail(connection, "connection to", text);
        return;
    }
    say_goodbye(connection); /* the server has said so, or the channel needs it no longer */
    fail(connection, "connection to", "closed after GOAWAY");
}

/* Nothing is said to a peer that does not answer: what is still queued for it goes with the socket. */
void mrpc_client_connection_give_up_silent(struct mrpc_client_connection *connection, uint32_t silent_ms)
{
    int64_t for_ms = mrpc_loop_time_ms(connection->loop) - mrpc_client_session_last_read_ms(connection->session);
    char text[64];
    if (for_ms < (int64_t)silent_ms)
        return;
    snprintf(text, sizeof text, "silent for %lld ms, given up", (long long)for_ms);
    fail(connection, "connection to", text);
}

void mrpc_client_connection_drain(struct mrpc_client_connection *connection)
{
    connection->told_draining = true;
    mrpc_client_session_drain(connection->session);
    mrpc_client_connection_touch(connection);
}

static void tell_draining(struct mrpc_client_connection *connection, bool too_many_pings)
{
    if (connection->told_draining)
        return;
    connection->told_draining = true;
    connection->events->draining(connection->arg, connection, too_many_pings);
}

static void run_flush(struct mrpc_flusher *flusher)
{
    struct mrpc_client_connection *connection = FROM_MEMBER(flusher, flusher);
    if (connection->phase == CLOSED) {
        connection_free(connection);
        return;
    }
    if (connection->watch.fd < 0) { /* connecting failed before it began */
        fail(connection, "connect to", strerror(connection->start_errno));
        return;
    }
    if (connection->phase < SETTINGS)
        return;
    if (mrpc_client_session_draining(connection->session))
        tell_draining(connection, false);
    connection->events->room(connection->arg, connection);
    if (connection->phase != CLOSED)
        write_all(connection);
    close_if_finished(connection);
    if (connection->phase != CLOSED)
        set_timer(connection);
}

void mrpc_client_connection_touch(struct mrpc_client_connection *connection)
{
    mrpc_loop_flush_later(connection->loop, &connection->flusher);
}

/* Reading. */

static ssize_t transport_read(struct mrpc_client_connection *connection, void *bytes, size_t size)
{
    if (connection->tls_stream)
        return mrpc_tls_stream_read(connection->tls_stream, bytes, size);
    ssize_t got;
    do
        got = recv(connection->watch.fd, bytes, size, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return MRPC_TLS_WANT_READ;
    return got;
}

/* True: there may be more to read. */
static bool read_some(struct mrpc_client_connection *connection)
{
    uint8_t bytes[READ_BYTES];
    ssize_t got = transport_read(connection, bytes, sizeof bytes);
    if (got == MRPC_TLS_WANT_READ || got == MRPC_TLS_WANT_WRITE)
        return false;
    if (got <= 0) {
        fail(connection, "connection to", got == 0 ? "closed by the server" : transport_why(connection));
        return false;
    }
    connection->in_session = true;
    int error =
        mrpc_client_session_receive(connection->session, bytes, (size_t)got, mrpc_loop_time_ms(connection->loop));
    connection->in_session = false;
    if (error) {
        fail(connection, "connection to",
             error == MRPC_ERR_NOMEM ? "out of memory" : "the server does not speak HTTP/2");
        return false;
    }
    if (connection->phase == CLOSED)
        return false;
    /* What lies inside the TLS layer is announced by no readiness; what lies in the socket is. */
    return connection->tls_stream ? mrpc_tls_stream_pending(connection->tls_stream) : (size_t)got == sizeof bytes;
}

static void read_all(struct mrpc_client_connection *connection)
{
    bool tls = connection->tls_stream;
    for (int i = 0; (tls || i < READS_A_WAKEUP) && read_some(connection); i++)
        continue;
}

/* Connecting. */

static void begin_settings(struct mrpc_client_connection *connection)
{
    connection->phase = SETTINGS;
    mrpc_client_connection_touch(connection); /* our preface and SETTINGS */
}

static void handshake(struct mrpc_client_connection *connection)
{
    int result = mrpc_tls_stream_handshake(connection->tls_stream);
    if (result == MRPC_TLS_WANT_READ || result == MRPC_TLS_WANT_WRITE) {
        want(connection, result == MRPC_TLS_WANT_READ ? EPOLLIN : EPOLLOUT);
        return;
    }
    if (result != 0) {
        fail(connection, "TLS handshake with", mrpc_tls_stream_why(connection->tls_stream));
        return;
    }
    begin_settings(connection);
    if (mrpc_tls_stream_pending(connection->tls_stream))
        read_all(connection);
}

static void connected(struct mrpc_client_connection *connection)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(connection->watch.fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    if (error) {
        fail(connection, "connect to", strerror(error));
        return;
    }
    if (!connection->tls_stream) {
        begin_settings(connection);
        return;
    }
    connection->phase = HANDSHAKE;
    handshake(connection);
}

static void on_ready(struct mrpc_watch *watch, uint32_t events)
{
    struct mrpc_client_connection *connection = FROM_MEMBER(watch, watch);
    if (connection->phase == CONNECTING) {
        connected(connection);
        return;
    }
    if (connection->phase == HANDSHAKE) {
        handshake(connection);
        return;
    }
    if (events & ~(uint32_t)EPOLLOUT)
        read_all(connection);
    if (connection->phase != CLOSED)
        mrpc_client_connection_touch(connection);
}

/* Where keepalive is on, what is sent and not acknowledged in its time ends the connection, too: the system may notice
 * before a PING does, and does not go on with what it has queued for a connection that we gave up. gRFC A18. */
static void set_tcp_options(int fd, const struct mrpc_client_session_config *session)
{
    int one = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (session->keepalive_time_ms == 0)
        return;
    unsigned timeout_ms = (unsigned)session->keepalive_timeout_ms;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
}

static int open_socket(struct mrpc_client_connection *connection, const struct mrpc_client_session_config *session)
{
    int family = connection->address.name.ss_family;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (family != AF_UNIX)
        set_tcp_options(fd, session);
    int failed;
    do
        failed = connect(fd, (const struct sockaddr *)&connection->address.name, connection->address.name_bytes);
    while (failed && errno == EINTR);
    if (failed && errno != EINPROGRESS && errno != EALREADY) { /* the latter after a signal */
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static int start(struct mrpc_client_connection *connection, const struct mrpc_client_connection_config *config)
{
    int fd = open_socket(connection, &config->session);
    if (fd < 0) {
        connection->start_errno = errno;
        mrpc_client_connection_touch(connection);
        return 0;
    }
    connection->watch = (struct mrpc_watch){.fd = fd, .events = EPOLLOUT, .ready = on_ready};
    int error = mrpc_loop_watch_add(connection->loop, &connection->watch);
    if (error) {
        close(fd);
        connection->watch.fd = -1;
        return error;
    }
    if (config->tls)
        error = mrpc_tls_stream_new(config->tls, fd, config->server_name, &connection->tls_stream);
    if (!error)
        error = mrpc_loop_timer_set(connection->loop, &connection->timer,
                                    mrpc_loop_time_ms(connection->loop) + config->connect_timeout_ms);
    if (error)
        shut_transport(connection);
    return error;
}

/* What the session tells. */

static void session_ready(void *arg)
{
    struct mrpc_client_connection *connection = arg;
    connection->phase = READY;
    mrpc_loop_timer_cancel(connection->loop, &connection->timer);
    connection->events->ready(connection->arg, connection);
}

static void session_draining(void *arg, bool too_many_pings)
{
    tell_draining(arg, too_many_pings);
}

int mrpc_client_connection_open(struct mrpc_loop *loop, const struct mrpc_client_connection_config *config,
                                const struct mrpc_client_connection_events *events, void *arg,
                                struct mrpc_client_connection **out)
{
    static const struct mrpc_client_session_events session_events = {.ready = session_ready,
                                                                     .draining = session_draining};
    struct mrpc_client_connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        return MRPC_ERR_NOMEM;
    connection->loop = loop;
    connection->events = events;
    connection->arg = arg;
    connection->address = *config->address;
    connection->tls = config->tls;
    connection->watch.fd = -1;
    connection->timer.fire = on_timer;
    connection->flusher.run = run_flush;
    struct mrpc_client_session_config session = config->session;
    session.memory = mrpc_loop_session_memory(loop);
    int error = mrpc_client_session_new(&session, &session_events, connection, mrpc_loop_time_ms(loop),
                                        &connection->session);
    if (!error)
        error = start(connection, config);
    if (error) {
        connection_free(connection);
        return error;
    }
    *out = connection;
    return 0;
}

struct mrpc_client_session *mrpc_client_connection_session(struct mrpc_client_connection *connection)
{
    return connection->session;
}

const char *mrpc_client_connection_peer(const struct mrpc_client_connection *connection)
{
    return connection->address.text;
}

bool mrpc_client_connection_is_private(const struct mrpc_client_connection *connection)
{
    return connection->tls || mrpc_address_is_local(&connection->address);
}
