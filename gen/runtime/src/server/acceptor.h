/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_SERVER_ACCEPTOR_H
#define MRPC_SERVER_ACCEPTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <mrpc/attributes.h>

struct mrpc_server;
struct mrpc_tls;
struct server_loop;
struct acceptor;

/** What accepts. It owns the listening sockets, counts connections, in all and by address, and gives each to the loop
 *  with the fewest streams. With several loops it has a thread of its own; where there is but one it lives on that
 *  loop: no socket changes threads then. */
int mrpc_acceptor_new(struct mrpc_server *server, struct acceptor **out) MRPC_MUST_USE;
/** @fd becomes the acceptor's. Before it accepts. */
int mrpc_acceptor_add(struct acceptor *acceptor, int fd, struct mrpc_tls *tls) MRPC_MUST_USE;
/** Accept on a thread of its own. */
int mrpc_acceptor_start(struct acceptor *acceptor) MRPC_MUST_USE;
/** Accept on @loop, whose thread has not been started. */
void mrpc_acceptor_join(struct acceptor *acceptor, struct server_loop *loop);
/** Close the listening sockets and join the thread, if it has one. Idempotent. Thread: any but its own, one at a
 *  time. */
void mrpc_acceptor_stop(struct acceptor *acceptor);
/** The loop's part of that: close the listening sockets if they are @loop's. Thread: the loop's. */
void mrpc_acceptor_leave(struct server_loop *loop);
/** The same when no loop's thread runs any more, or has. Before the loops are closed. */
void mrpc_acceptor_close(struct acceptor *acceptor);
/** After the loops are closed: their connections are counted here. */
void mrpc_acceptor_free(struct acceptor *acceptor);

/** A socket that listens, as it is shown. */
struct listener_info {
    int64_t channelz_id;
    int fd;
    const char *text;      /* its address */
};

/** Call @visit for each listening socket until it returns false, under the server's lock. False if it did. Thread:
 *  any. */
bool mrpc_acceptor_each_listener(struct mrpc_server *server, bool (*visit)(void *arg, const struct listener_info *info),
                                 void *arg);

/** A connection that was handed over is gone. Thread: any. */
void mrpc_acceptor_closed(struct mrpc_server *server, const struct sockaddr *address);
/** Tell the drain's callback if nothing is left. Thread: a loop's. */
void mrpc_acceptor_check_drained(struct mrpc_server *server);
/** A connection was refused outside any session. Thread: any. */
void mrpc_acceptor_rejected(struct mrpc_server *server, const char *reason, const char *peer);

#endif
