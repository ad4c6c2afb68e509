/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_ECHO_SERVICE_H
#define MLT_ECHO_SERVICE_H

#include <echo.mrpc.h>
#include <mrpc/mrpc.h>

/** A started server with the echo service. */
struct echo_server {
    struct mrpc_server *server;
    char *bound;
};

/** @address as for mrpc_server_listen(); @receive_message_bytes 0: the default. Asserts. */
void echo_server_start(struct echo_server *self, const char *address, struct mrpc_tls *tls,
                       uint32_t receive_message_bytes);
/** The same, with the standard health service. */
void echo_server_start_with_health(struct echo_server *self, const char *address);
/** Drain for at most @grace_ms, then stop. */
void echo_server_drain(struct echo_server *self, uint32_t grace_ms);
void echo_server_stop(struct echo_server *self);

#endif
