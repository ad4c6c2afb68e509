/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_SERVER_CONNECTION_H
#define MRPC_SERVER_CONNECTION_H

#include "server/loop.h"
#include "tls/stream.h"

/** A socket, perhaps TLS on it, and a session. Thread: its loop's. */
struct connection {
    struct connection *next, *previous;
    struct connection *next_dirty;
    struct server_loop *loop;
    int64_t channelz_id;
    int fd;
    struct event read_event;
    struct event write_event;
    struct event timer_event;
    int64_t timer_at_ms;               /* INT64_MAX: not set */
    struct mrpc_tls_stream *tls;
    struct mrpc_session *session;      /* NULL until the TLS handshake is done */
    bool dirty;
    bool lingering;                    /* all is said: wait for the peer to close */
    socklen_t address_bytes;
    /* As long as it is: most are of 16 bytes, a sockaddr_storage has 128. */
    _Alignas(struct sockaddr_storage) unsigned char address[];
};

static inline const struct sockaddr *connection_address(const struct connection *connection)
{
    return (const struct sockaddr *)(const void *)connection->address;
}

/** Take over the socket. The handover's memory stays the caller's. */
void mrpc_connection_open(struct server_loop *loop, const struct handover *handover);
/** Write what its session has to say, and close it when that was the last. */
void mrpc_connection_flush(struct connection *connection);
void mrpc_connection_drain(struct connection *connection);
void mrpc_connection_close(struct connection *connection);

#endif
