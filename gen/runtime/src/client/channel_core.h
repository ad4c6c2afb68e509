/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_CHANNEL_CORE_H
#define MRPC_CLIENT_CHANNEL_CORE_H

#include <pthread.h>
#include <stdatomic.h>

#include <mrpc/channel.h>

#include "client/backoff.h"
#include "client/call_core.h"
#include "client/connection.h"
#include "client/resolve.h"
#include "client/target.h"

/* A channel: where calls go when there is a connection, and where they wait while there is none.
 *
 *     IDLE → CONNECTING → READY → IDLE (GOAWAY, connection lost)
 *              ↓  ↑
 *     TRANSIENT_FAILURE (every address failed; until the backoff is over)
 *
 * One connection takes new calls; older ones that drain run on until their last stream ends. Addresses are tried in
 * order (pick_first). Everything but what is marked belongs to the loop's thread. */

struct mrpc_channel {
    struct mrpc_loop *loop;
    bool owns_library_loop;
    atomic_int state; /* any thread reads */

    /* Constant after new(). */
    struct mrpc_target target;
    struct mrpc_tls *tls;
    char *authority;
    char *server_name; /* TLS: the target's host */
    char *user_agent;
    char *authorization; /* "Bearer …", or NULL */
    size_t receive_message_bytes;
    size_t send_message_bytes; /* 0: no limit */
    uint32_t connect_timeout_ms;
    uint32_t keepalive_timeout_ms;

    struct mrpc_address_list addresses;
    size_t address_next;
    struct mrpc_resolution *resolution;        /* under way, or NULL */
    struct mrpc_client_connection *connection; /* connecting or ready, or NULL */
    bool connection_served;                    /* it has carried a call */
    struct mrpc_client_connection **draining;  /* draining_count of them */
    size_t draining_count;
    struct mrpc_backoff backoff;
    struct mrpc_timer timer; /* resolution timeout, then backoff */
    int64_t attempt_started_ms;
    int64_t keepalive_time_ms;
    struct mrpc_client_attempt *pending; /* what waits for a stream */
    struct mrpc_client_attempt **pending_end;
    char last_error[400];
    struct mrpc_task shutdown_task;
    struct mrpc_flusher reaper;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t shutdown_done;
    bool shutdown_is_done;
    struct mrpc_client_call *all; /* open calls */
};

/** Put a call that was just started on the list of open calls. Thread: any. */
void mrpc_channel_enlist(struct mrpc_channel *channel, struct mrpc_client_call *call);

/** The part that belongs to the loop, at rest. */
void mrpc_channel_core_init(struct mrpc_channel *channel);

/* Thread: the loop's. */

/** End every call CANCELLED and close every connection; no callback follows. */
void mrpc_channel_shut(struct mrpc_channel *channel);
/** Find a stream for the attempt, now or later. */
void mrpc_channel_place(struct mrpc_channel *channel, struct mrpc_client_attempt *attempt);
/** It does not wait any more. Nothing if it did not. */
void mrpc_channel_withdraw(struct mrpc_channel *channel, struct mrpc_client_attempt *attempt);
/** Forget the call: it has ended. */
void mrpc_channel_forget(struct mrpc_channel *channel, struct mrpc_client_call *call);

#endif
