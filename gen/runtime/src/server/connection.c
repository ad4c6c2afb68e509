/* SPDX-License-Identifier: Apache-2.0 */

/* Between a socket and a session. One wake-up is: read once, feed the session (handlers run), write once. Handlers that
 * finish later make the connection dirty; the loop flushes it at the end of the wake-up that brought them.
 *
 * The end: when the session is finished and its output written, our side is shut down and the peer is given a second to
 * read it; closing at once would reset the connection and take the GOAWAY with it. */

#include "server/connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channelz/channelz.h"
#include "server/acceptor.h"
#include "server/address.h"
#include "server/server.h"

#define PIECES_MAX 64
#define TLS_RECORD_BYTES 16384
#define LINGER_MS 1000
#define NAME_BYTES 256

static void set_timer(struct connection *connection, int64_t now_ms, int64_t after_ms)
{
    struct timeval span = {.tv_sec = after_ms / 1000, .tv_usec = (after_ms % 1000) * 1000};
    connection->timer_at_ms = now_ms + after_ms;
    (void)event_add(&connection->timer_event, &span);
}

/* Only ever earlier: a timer that comes too soon finds nothing due and is set again, which is cheaper than moving it
 * with every call. */
static void watch_clock(struct connection *connection, int64_t now_ms)
{
    int64_t after_ms = mrpc_session_next_timeout_ms(connection->session, now_ms);
    if (after_ms >= 0 && now_ms + after_ms < connection->timer_at_ms)
        set_timer(connection, now_ms, after_ms);
}

static void unlink_connection(struct connection *connection)
{
    struct server_loop *loop = connection->loop;
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        loop->connections = connection->next;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    if (!connection->dirty)
        return;
    struct connection **at = &loop->dirty;
    while (*at != connection)
        at = &(*at)->next_dirty;
    *at = connection->next_dirty;
}

void mrpc_connection_close(struct connection *connection)
{
    struct server_loop *loop = connection->loop;
    mrpc_session_free(connection->session);
    unlink_connection(connection);
    event_del(&connection->read_event);
    event_del(&connection->write_event);
    event_del(&connection->timer_event);
    if (connection->tls != NULL)
        mrpc_tls_stream_shutdown(connection->tls);
    mrpc_tls_stream_free(connection->tls);
    close(connection->fd);
    mrpc_acceptor_closed(loop->server, connection_address(connection));
    free(connection);
}

static void linger(struct connection *connection)
{
    connection->lingering = true;
    event_del(&connection->write_event);
    if (connection->tls != NULL)
        mrpc_tls_stream_shutdown(connection->tls);
    (void)shutdown(connection->fd, SHUT_WR);
    (void)event_add(&connection->read_event, NULL);
    set_timer(connection, connection->loop->now_ms, LINGER_MS);
}

/* > 0: written; 0: not now (the event is set); < 0: lost. */
static ssize_t write_clear(struct connection *connection, struct iovec *pieces, int count)
{
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = (size_t)count};
    ssize_t n = count == 1 ? send(connection->fd, pieces->iov_base, pieces->iov_len, MSG_NOSIGNAL)
                           : sendmsg(connection->fd, &message, MSG_NOSIGNAL);
    if (n >= 0)
        return n;
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -1;
}

/* One record at a time, filled from as many pieces as it takes: a record for each 9-byte frame head would cost more. */
static ssize_t write_tls(struct connection *connection, const struct iovec *pieces, int count)
{
    uint8_t record[TLS_RECORD_BYTES];
    const void *bytes = pieces[0].iov_base;
    size_t size = pieces[0].iov_len;
    if (count > 1 && size < sizeof(record)) {
        size = 0;
        for (int i = 0; i < count && size < sizeof(record); i++) {
            size_t room = sizeof(record) - size;
            size_t n = pieces[i].iov_len < room ? pieces[i].iov_len : room;
            memcpy(record + size, pieces[i].iov_base, n);
            size += n;
        }
        bytes = record;
    }
    ssize_t n = mrpc_tls_stream_write(connection->tls, bytes, size < sizeof(record) ? size : sizeof(record));
    return n == MRPC_TLS_WANT_WRITE || n == MRPC_TLS_WANT_READ ? 0 : n;
}

static size_t size_of(const struct iovec *pieces, int count)
{
    size_t size = 0;
    for (int i = 0; i < count; i++)
        size += pieces[i].iov_len;
    return size;
}

/* False when the connection was closed. */
static bool write_output(struct connection *connection)
{
    for (;;) {
        struct iovec pieces[PIECES_MAX];
        int count = mrpc_session_output(connection->session, pieces, PIECES_MAX);
        if (count == 0)
            break;
        ssize_t n = connection->tls != NULL ? write_tls(connection, pieces, count)
                                            : write_clear(connection, pieces, count);
        if (n < 0) {
            mrpc_connection_close(connection);
            return false;
        }
        if (n == 0) {
            (void)event_add(&connection->write_event, NULL);
            return true;
        }
        mrpc_session_consume(connection->session, connection->loop->now_ms, (size_t)n);
        if ((size_t)n == size_of(pieces, count) && count < PIECES_MAX && n < SESSION_OUTPUT_HIGH_BYTES)
            break;   /* it was not held up, so this was all */
    }
    if (mrpc_session_finished(connection->session))
        linger(connection);
    return true;
}

void mrpc_connection_flush(struct connection *connection)
{
    if (connection->session == NULL || connection->lingering || !write_output(connection) || connection->lingering)
        return;
    bool want = mrpc_session_want_read(connection->session);
    bool reading = event_pending(&connection->read_event, EV_READ, NULL) != 0;
    if (want && !reading)
        (void)event_add(&connection->read_event, NULL);
    if (!want && reading)
        event_del(&connection->read_event);
    if (mrpc_session_finished(connection->session))
        set_timer(connection, connection->loop->now_ms, LINGER_MS);   /* the peer takes nothing: do not wait for long */
    else
        watch_clock(connection, connection->loop->now_ms);
}

static ssize_t read_some(struct connection *connection)
{
    struct server_loop *loop = connection->loop;
    if (connection->tls != NULL) {
        ssize_t n = mrpc_tls_stream_read(connection->tls, loop->read_buffer, sizeof(loop->read_buffer));
        return n == MRPC_TLS_WANT_READ || n == MRPC_TLS_WANT_WRITE ? -EAGAIN : n;
    }
    ssize_t n = recv(connection->fd, loop->read_buffer, sizeof(loop->read_buffer), 0);
    if (n >= 0)
        return n;
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? -EAGAIN : -errno;
}

static void output_ready(void *arg)
{
    struct connection *connection = arg;
    mrpc_loop_mark_dirty(connection->loop, connection);
}

static bool unix_identity(struct connection *connection, char *name, size_t name_bytes)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    if (connection_address(connection)->sa_family != AF_UNIX ||
        getsockopt(connection->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return false;
    (void)snprintf(name, name_bytes, "uid:%u", (unsigned)peer.uid);
    return true;
}

static const char *local_address(void *arg)
{
    struct connection *connection = arg;
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);
    if (getsockname(connection->fd, (struct sockaddr *)&address, &size) != 0)
        return NULL;
    mrpc_address_format((const struct sockaddr *)&address, size, connection->loop->local_address,
                        sizeof(connection->loop->local_address));
    return connection->loop->local_address;
}

static enum mrpc_protocol agreed_protocol(const struct connection *connection)
{
    if (connection->tls == NULL)
        return MRPC_PROTOCOL_EITHER;
    return mrpc_tls_stream_http1(connection->tls) ? MRPC_PROTOCOL_HTTP1 : MRPC_PROTOCOL_HTTP2;
}

static bool begin_session(struct connection *connection)
{
    char peer[ADDRESS_TEXT_BYTES];
    char name[NAME_BYTES] = "";
    struct mrpc_identity identity = {.kind = MRPC_IDENTITY_ANONYMOUS, .name = name};
    mrpc_address_format(connection_address(connection), connection->address_bytes, peer, sizeof(peer));
    if (unix_identity(connection, name, sizeof(name)))
        identity.kind = MRPC_IDENTITY_UNIX;
    if (connection->tls != NULL) {
        if (!mrpc_tls_stream_peer_name(connection->tls, name, sizeof(name)))
            return false;
        if (name[0] != '\0')
            identity.kind = MRPC_IDENTITY_TLS;
    }
    struct mrpc_session_options options = {
        .struct_bytes = sizeof(options),
        .peer = peer,
        .identity = &identity,
        .output_ready = output_ready,
        .arg = connection,
        .protocol = agreed_protocol(connection),
        .local_address = local_address,
    };
    int64_t now_ms = connection->loop->now_ms;
    if (mrpc_session_new(connection->loop->host, &options, now_ms, &connection->session) != 0)
        return false;
    event_del(&connection->timer_event);
    connection->timer_at_ms = INT64_MAX;
    watch_clock(connection, now_ms);
    if (connection->loop->draining)
        mrpc_session_drain(connection->session, now_ms);
    return true;
}

/* False: not done, or closed. */
static bool shake_hands(struct connection *connection)
{
    int rv = mrpc_tls_stream_handshake(connection->tls);
    if (rv == MRPC_TLS_WANT_READ)
        return false;
    if (rv == MRPC_TLS_WANT_WRITE) {
        (void)event_add(&connection->write_event, NULL);
        return false;
    }
    if (rv != 0)
        mrpc_acceptor_rejected(connection->loop->server, "tls_handshake", mrpc_tls_stream_why(connection->tls));
    if (rv != 0 || !begin_session(connection)) {
        mrpc_connection_close(connection);
        return false;
    }
    return true;
}

enum received { RECEIVED_BYTES, RECEIVED_NOTHING, RECEIVED_END };

/* RECEIVED_END: the connection was closed. */
static enum received receive(struct connection *connection)
{
    ssize_t n = read_some(connection);
    if (n == -EAGAIN)
        return RECEIVED_NOTHING;
    if (n <= 0) {
        mrpc_connection_close(connection);
        return RECEIVED_END;
    }
    if (!connection->lingering)
        mrpc_session_receive(connection->session, connection->loop->now_ms, connection->loop->read_buffer, (size_t)n);
    return RECEIVED_BYTES;
}

static void advance(struct connection *connection)
{
    if (connection->session == NULL && !shake_hands(connection))
        return;
    enum received received;
    do {
        received = receive(connection);
        if (received == RECEIVED_END)
            return;
        /* A record that has come in part is pending too: only what could be read leads to more. */
    } while (received == RECEIVED_BYTES && connection->tls != NULL && mrpc_tls_stream_pending(connection->tls) &&
             mrpc_session_want_read(connection->session));
    mrpc_connection_flush(connection);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct connection *connection = arg;
    struct server_loop *loop = connection->loop;
    mrpc_loop_read_clock(loop);
    advance(connection);
    mrpc_loop_flush_dirty(loop);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct connection *connection = arg;
    struct server_loop *loop = connection->loop;
    mrpc_loop_read_clock(loop);
    if (connection->session == NULL)
        advance(connection);
    else
        mrpc_connection_flush(connection);
    mrpc_loop_flush_dirty(loop);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct connection *connection = arg;
    struct server_loop *loop = connection->loop;
    mrpc_loop_read_clock(loop);
    connection->timer_at_ms = INT64_MAX;
    if (connection->session == NULL)
        mrpc_acceptor_rejected(connection->loop->server, "handshake_timeout", "TLS");
    if (connection->session == NULL || connection->lingering || mrpc_session_finished(connection->session)) {
        mrpc_connection_close(connection);
        mrpc_loop_flush_dirty(loop);
        return;
    }
    mrpc_session_tick(connection->session, connection->loop->now_ms);
    mrpc_connection_flush(connection);
    mrpc_loop_flush_dirty(loop);
}

/* An unnamed unix socket may have no more than its family, or nothing at all. */
static size_t address_room(const struct handover *handover)
{
    return handover->address_bytes > sizeof(struct sockaddr) ? handover->address_bytes : sizeof(struct sockaddr);
}

void mrpc_connection_open(struct server_loop *loop, const struct handover *handover)
{
    struct connection *connection = calloc(1, sizeof(*connection) + address_room(handover));
    if (connection == NULL || (handover->tls != NULL &&
                               mrpc_tls_stream_new(handover->tls, handover->fd, NULL, &connection->tls) != 0)) {
        free(connection);
        close(handover->fd);
        mrpc_acceptor_closed(loop->server, (const struct sockaddr *)&handover->address);
        return;
    }
    if (connection->tls != NULL && loop->server->web.http1)
        mrpc_tls_stream_allow_http1(connection->tls);
    connection->loop = loop;
    connection->channelz_id = mrpc_channelz_new_id();
    connection->fd = handover->fd;
    connection->address_bytes = handover->address_bytes;
    memcpy(connection->address, &handover->address, address_room(handover));
    connection->timer_at_ms = INT64_MAX;
    connection->next = loop->connections;
    if (connection->next != NULL)
        connection->next->previous = connection;
    loop->connections = connection;
    int on = 1;
    (void)setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    event_assign(&connection->read_event, loop->base, connection->fd, EV_READ | EV_PERSIST, on_readable, connection);
    event_assign(&connection->write_event, loop->base, connection->fd, EV_WRITE, on_writable, connection);
    event_assign(&connection->timer_event, loop->base, -1, 0, on_timer, connection);
    (void)event_add(&connection->read_event, NULL);
    if (connection->tls != NULL)
        set_timer(connection, loop->now_ms, loop->server->limits.handshake_timeout_ms);
    else if (!begin_session(connection))
        mrpc_connection_close(connection);
}

void mrpc_connection_drain(struct connection *connection)
{
    if (connection->session == NULL) {
        mrpc_connection_close(connection);
        return;
    }
    mrpc_session_drain(connection->session, connection->loop->now_ms);
    mrpc_connection_flush(connection);
}
