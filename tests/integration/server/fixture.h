/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_SERVER_FIXTURE_H
#define MLT_SERVER_FIXTURE_H

#include <mrpc/mrpc.h>

#include "echo_service.h"

/** A started server on loopback with test.Echo (one loop, so that its counts are read safely once calls have returned),
 *  health and channelz. */
struct fixture {
    struct mrpc_server *server;
    struct echo_service echo;
    char *bound;
    char rejected[1024];
};

/** @limits and @tls may be NULL. Asserts. */
void fixture_start(struct fixture *fixture, const char *address, struct mrpc_tls *tls,
                   const struct mrpc_limits *limits);
/** The same with HTTP/2 alone. */
void fixture_start_strict(struct fixture *fixture, const char *address, struct mrpc_tls *tls);
void fixture_stop(struct fixture *fixture);

/** A blocking Say. Returns the status' code; the text comes back when @same. */
int fixture_say(const char *target, struct mrpc_tls *tls, const char *text);

/** A blocking TCP connection to "127.0.0.1:port" that gives up reading after 20 s. */
int fixture_connect(const char *target);
/** Read until the end or an error; returns the bytes read, at most @size. */
size_t fixture_read_all(int fd, void *bytes, size_t size);

#endif
