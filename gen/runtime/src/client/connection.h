/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_CONNECTION_H
#define MRPC_CLIENT_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include <mrpc/tls.h>

#include "client/address.h"
#include "client/client_session.h"
#include "client/loop.h"

/* One transport connection: a socket, TLS on it if the channel has any, and a client session. It drives the session
 * from the loop: reads at once, writes once a wake-up.
 *
 *     CONNECTING → HANDSHAKE (TLS) → SETTINGS → READY → CLOSED
 *
 * It frees itself after it has closed. Thread: the loop's. */

struct mrpc_client_connection;

struct mrpc_client_connection_events {
    /** The server's SETTINGS are in. Once at most. */
    void (*ready)(void *arg, struct mrpc_client_connection *connection);
    /** No new streams: those that are open run on. Once at most. */
    void (*draining)(void *arg, struct mrpc_client_connection *connection, bool too_many_pings);
    /** All that a wake-up brought has been handled; what is produced now leaves in the same write. */
    void (*room)(void *arg, struct mrpc_client_connection *connection);
    /** It is over, for the reason @why. Once, unless mrpc_client_connection_close() came first. Its streams end next.
     */
    void (*closed)(void *arg, struct mrpc_client_connection *connection, const char *why);
};

struct mrpc_client_connection_config {
    const struct mrpc_address *address; /* copied */
    struct mrpc_tls *tls;               /* NULL: clear text */
    const char *server_name;            /* TLS; borrowed for the call */
    uint32_t connect_timeout_ms;        /* until it is ready */
    struct mrpc_client_session_config session;
};

/** Begin to connect; that it failed at once is told later, too. Errors: MRPC_ERR_NOMEM. */
int mrpc_client_connection_open(struct mrpc_loop *loop, const struct mrpc_client_connection_config *config,
                                const struct mrpc_client_connection_events *events, void *arg,
                                struct mrpc_client_connection **out) MRPC_MUST_USE;
/** End it without the closed() event; its streams end UNAVAILABLE with @why. */
void mrpc_client_connection_close(struct mrpc_client_connection *connection, const char *why);

/** End it, with the closed() event, if nothing has come for @silent_ms. */
void mrpc_client_connection_give_up_silent(struct mrpc_client_connection *connection, uint32_t silent_ms);

/** No new streams; it closes, with the closed() event, when the last one has ended. It is ready. */
void mrpc_client_connection_drain(struct mrpc_client_connection *connection);

/** The address that it goes to. */
const char *mrpc_client_connection_peer(const struct mrpc_client_connection *connection);
struct mrpc_client_session *mrpc_client_connection_session(struct mrpc_client_connection *connection);
/** There is output, or a stream was opened: write at the end of this wake-up. */
void mrpc_client_connection_touch(struct mrpc_client_connection *connection);
/** Whether secrets may travel on it: TLS, or it does not leave the machine. */
bool mrpc_client_connection_is_private(const struct mrpc_client_connection *connection);

#endif
