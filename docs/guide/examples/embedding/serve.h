/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EMBEDDING_SERVE_H
#define EMBEDDING_SERVE_H

#include <netinet/in.h>

#include <mrpc/session.h>

#include "reactor.h"

/* A gRPC server on the program's own loop: sockets, buffers and time are the program's; the protocol is
 * mrpc_session. */

struct endpoint {
    struct reactor *reactor;
    struct mrpc_session_host *host;
    struct source listener; /* fd < 0: it accepts no more */
    struct timer pause;     /* until it accepts again, after accept() has failed */
    struct source wake;     /* an eventfd: something was queued for the host */
    struct connection *connections;
    unsigned connection_count;
    struct connection *unsent; /* that have got output from elsewhere */
    void (*drained)(struct endpoint *endpoint);
};

/** Serve @server's services, which must all have been added, on @address, whose port 0 becomes the real one.
 *  Returns 0, or -1 and errno, with nothing left behind. */
int serve_start(struct endpoint *endpoint, struct reactor *reactor, struct mrpc_server *server,
                struct sockaddr_in *address);

/** Take no more connections, say goodbye on those that there are, and call @drained, perhaps at once, when the last
 *  call is over and its connection closed. */
void serve_drain(struct endpoint *endpoint, void (*drained)(struct endpoint *endpoint));

/** Close everything, cancelling what still runs. Not in a callback of a connection. */
void serve_stop(struct endpoint *endpoint);

#endif
