/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_SCRIPTED_SERVER_H
#define MLT_SCRIPTED_SERVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "raw_peer.h"

/* A server on a loopback socket whose every connection follows a script, on one thread, one connection at a time. The
 * script speaks frames through a raw peer; what it writes leaves with scripted_flush() or before the next wait. */

struct scripted_server {
    int listen_fd;
    uint16_t port;
    char target[64]; /* "127.0.0.1:PORT" */
    pthread_t thread;
    void (*script)(struct scripted_server *server, unsigned connection);
    void *arg;            /* the script's */
    bool any_address;     /* listen beyond loopback */
    unsigned connections; /* how many it serves before it ends */
    int fd;
    struct raw_peer *peer;
};

/** Listen and serve @connections, one after the other. */
void scripted_server_start(struct scripted_server *server, unsigned connections,
                           void (*script)(struct scripted_server *server, unsigned connection));
/** Serve on server->listen_fd, a socket that listens already. */
void scripted_server_adopt(struct scripted_server *server, unsigned connections,
                           void (*script)(struct scripted_server *server, unsigned connection));
/** Wait until all of them have been served. */
void scripted_server_join(struct scripted_server *server);

/* For scripts. */

/** SETTINGS and its acknowledgement. */
void scripted_hello(struct scripted_server *server);
void scripted_flush(struct scripted_server *server);
/** Read until a frame of that type (and flags) has come on that stream; NULL when the client has closed. */
const struct raw_frame *scripted_wait(struct scripted_server *server, uint8_t type, int32_t id, uint8_t flags);
/** Flush, then read what comes next; false when the client has closed. */
bool scripted_read(struct scripted_server *server);
/** Read until the client closes. */
void scripted_wait_close(struct scripted_server *server);
/** The bytes of all DATA frames of a stream. The caller frees. */
uint8_t *scripted_body(struct scripted_server *server, int32_t id, size_t *size);
/** Answer a unary request with its own body. */
void scripted_echo(struct scripted_server *server, int32_t id);

#endif
