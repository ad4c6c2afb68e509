/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_SERVER_LOOP_H
#define MRPC_SERVER_LOOP_H

#include <stdint.h>
#include <sys/socket.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "server/address.h"
#include "server/host.h"

#define LOOP_READ_BYTES 65536

struct connection;
struct mrpc_tls;

/** A thread with an event base, a session host and the connections that the acceptor has handed to it. */
struct server_loop {
    struct mrpc_server *server;
    struct mrpc_session_host *host;
    struct event_base *base;
    struct event wake_event;
    struct event grace_event;
    int wake_fd;
    pthread_t thread;
    struct connection *connections;
    struct connection *dirty;          /* have output since the last wake-up began */
    struct mrpc_deferred *deferred, **last_deferred;   /* for the end of this one */
    int64_t now_ms;                    /* monotonic, as read when the event callback that runs began */
    bool draining;
    bool stopping;
    char local_address[ADDRESS_TEXT_BYTES];   /* of the connection that was asked last */
    uint8_t read_buffer[LOOP_READ_BYTES];
};

/** A socket on its way from the acceptor to a loop. Counted against the server's limits until it is closed. */
struct handover {
    int fd;
    struct mrpc_tls *tls;              /* NULL: clear text */
    struct sockaddr_storage address;
    socklen_t address_bytes;
};

int mrpc_loop_open(struct mrpc_server *server, unsigned index, struct server_loop **out) MRPC_MUST_USE;
int mrpc_loop_start(struct server_loop *loop) MRPC_MUST_USE;
/** After its thread has been joined, or was never started. */
void mrpc_loop_close(struct server_loop *loop);

/** Thread: any. @handover is copied. Errors: MRPC_ERR_NOMEM, and the socket is still the caller's. */
int mrpc_loop_hand_over(struct server_loop *loop, const struct handover *handover) MRPC_MUST_USE;
/** Drain every connection; after @grace_ms abort what is left. Thread: any. */
int mrpc_loop_drain(struct server_loop *loop, uint32_t grace_ms);
/** Close everything and end the thread once no handler holds a call. Thread: any; join the thread afterwards. */
int mrpc_loop_stop(struct server_loop *loop);

/** Event callbacks begin with it. */
void mrpc_loop_read_clock(struct server_loop *loop);

/* For its connections. */
void mrpc_loop_mark_dirty(struct server_loop *loop, struct connection *connection);
/** Every event callback ends with it: what handlers have deferred, then what they have written to other connections of
 *  the loop. */
void mrpc_loop_flush_dirty(struct server_loop *loop);

#endif
