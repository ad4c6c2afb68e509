/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_SUBCHANNEL_H
#define MRPC_CLIENT_SUBCHANNEL_H

#include <mrpc/channel.h>

#include "client/address.h"
#include "client/backoff.h"
#include "client/balancer.h"
#include "client/connection.h"
#include "client/health_watch.h"

/* One address of a channel and the connection to it.
 *
 *     IDLE → CONNECTING → READY → IDLE (GOAWAY, connection lost)
 *      ↑         ↓                  ↓ (it never carried a call and is young)
 *      └── TRANSIENT_FAILURE ←──────┘      until the backoff is over
 *     any → SHUTDOWN (the address has gone from the list)
 *
 * Where health is watched, CONNECTING goes on until the server says SERVING, and NOT_SERVING is a TRANSIENT_FAILURE
 * whose connection stays (gRFC A17). One connection takes new calls; older ones that drain run on until their last
 * stream has ended, also after SHUTDOWN: the subchannel frees itself after the last. Thread: the loop's. */

struct mrpc_subchannel {
    struct mrpc_channel *channel;
    struct mrpc_balancer *balancer; /* told of changes; NULL: shut down */
    struct mrpc_address address;
    struct channelz_card *card; /* or NULL */
    enum mrpc_connectivity state;
    struct mrpc_client_connection *connection; /* connecting or ready, or NULL */
    bool ready;                                /* the server's SETTINGS are in */
    struct mrpc_health_watch *health;          /* of that connection, or NULL */
    bool served;                               /* that connection has carried a call */
    struct mrpc_client_connection **draining;  /* draining_count of them */
    size_t draining_count;
    struct mrpc_backoff backoff;
    struct mrpc_timer timer; /* the backoff's end; else parked, so that setting it cannot fail */
    int64_t attempt_started_ms;
    char why[320]; /* of the last failure */
    struct mrpc_subchannel *next; /* the channel's */
    struct mrpc_subchannel **link;
    struct mrpc_flusher reaper;
    uint64_t list_number;   /* the channel's, when it was last acquired */
    uint64_t choice_number; /* the channel's, when it was made */

    /* The balancer's. */
    bool failed;    /* has been in TRANSIENT_FAILURE and not in READY since */
    int64_t credit; /* smooth weighted round robin */
};

/** The channel's subchannel to @address, at rest if it is new; it reports to @balancer from now on, and an update of
 *  the addresses that does not acquire it ends it. NULL: out of memory. */
struct mrpc_subchannel *mrpc_subchannel_acquire(struct mrpc_channel *channel, struct mrpc_balancer *balancer,
                                                const struct mrpc_address *address);
/** Begin to connect, if it is IDLE. */
void mrpc_subchannel_connect(struct mrpc_subchannel *subchannel);
/** READY, and the server allows another stream. */
bool mrpc_subchannel_has_room(const struct mrpc_subchannel *subchannel);
/** A call is about to be sent on its connection. */
void mrpc_subchannel_note_call(struct mrpc_subchannel *subchannel);
/** Give up those of its connections on which nothing has come for @silent_ms. */
void mrpc_subchannel_give_up_silent(struct mrpc_subchannel *subchannel, uint32_t silent_ms);
/** No new calls: those that run end in peace. It is not to be used any more. */
void mrpc_subchannel_retire(struct mrpc_subchannel *subchannel);
/** The channel ends, and all connections now. It is not to be used any more. */
void mrpc_subchannel_close(struct mrpc_subchannel *subchannel, const char *why);

/** For health_watch.c: what the server says of the service. @why: of a failure. */
void mrpc_subchannel_set_health(struct mrpc_subchannel *subchannel, bool serving, const char *why);

#endif
