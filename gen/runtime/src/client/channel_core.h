/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_CHANNEL_CORE_H
#define MRPC_CLIENT_CHANNEL_CORE_H

#include <pthread.h>
#include <stdatomic.h>

#include <mrpc/channel.h>

#include "client/backoff.h"
#include "client/balancer.h"
#include "client/call_core.h"
#include "client/channel_policy.h"
#include "client/dns_resolver.h"
#include "client/listener.h"
#include "client/state_hub.h"
#include "client/subchannel.h"
#include "client/target.h"

/* A channel: where calls go when there is a connection, and where they wait while there is none.
 *
 *     resolver ── listener ──► channel ──► balancer ──► subchannels ──► connections
 *     (addresses)              (calls)     (which?)     (one an address)
 *
 * The state is the balancer's aggregate of its subchannels' states. What a change of it means for calls that wait and
 * for the program is done once a wake-up, by the settler, so that neither balancer nor subchannel is up the stack when
 * a callback of the program runs. Everything but what is marked belongs to the loop's thread. */

struct mrpc_channel {
    struct mrpc_loop *loop;
    bool owns_library_loop;
    atomic_int state; /* any thread reads */
    struct mrpc_state_hub *hub;
    struct channelz_card *card; /* NULL: there was no memory for it */

    /* Constant after new(). */
    char *target_text;
    struct mrpc_target target; /* with a resolver of the program's only its authority */
    struct mrpc_resolver resolver;
    void *resolver_arg;
    struct mrpc_dns_config dns; /* the resolver_arg of our own */
    struct mrpc_tls *tls;
    char *authority;
    char *server_name; /* TLS: the target's host */
    char *user_agent;
    char *authorization; /* "Bearer …", or NULL */
    size_t receive_message_bytes;
    size_t send_message_bytes; /* 0: no limit */
    uint32_t connect_timeout_ms;
    uint32_t keepalive_timeout_ms;
    struct mrpc_channel_policy policy;

    struct mrpc_resolver_listener *listener; /* NULL: nothing was asked for yet */
    void *resolution;                        /* the resolver's self; NULL: it could not start */
    struct mrpc_timer timer;                 /* when what there was no memory for is tried again */
    struct mrpc_address_list addresses;      /* the newest */
    struct mrpc_lb_choice lb_choice;
    struct mrpc_balancer *balancer;      /* NULL: no addresses yet */
    struct mrpc_subchannel *subchannels; /* the balancer's, and those that drain */
    uint64_t list_number;                /* of the newest addresses; subchannels of others are retired */
    uint64_t choice_number;              /* subchannels made under another are not used again */
    struct mrpc_backoff backoff;         /* what each subchannel begins with */
    int64_t keepalive_time_ms;
    struct mrpc_client_attempt *pending; /* what waits for a stream */
    struct mrpc_client_attempt **pending_end;
    char last_error[400];
    struct mrpc_flusher settler;
    struct mrpc_task shutdown_task;
    struct mrpc_flusher reaper;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t shutdown_done;
    bool shutdown_is_done;
    struct mrpc_client_call *all; /* open calls */
    struct mrpc_task kick_task;
    bool kick_posted;
    bool connect_wanted;
    bool give_up_wanted;
    uint32_t silent_ms; /* of that */
    bool orphaned; /* freed while the kick was posted: it destroys the channel */
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
/** Ask for addresses, or for connections, if it is IDLE. */
void mrpc_channel_leave_idle(struct mrpc_channel *channel);
/** Give up connections on which nothing has come for @silent_ms. */
void mrpc_channel_drop_silent(struct mrpc_channel *channel, uint32_t silent_ms);
/** At the end of this wake-up, do what the state asks for and tell it. */
void mrpc_channel_settle_later(struct mrpc_channel *channel);

/** Balance so from now on, as a service config says. What does not change stays. */
void mrpc_channel_choose_balancer(struct mrpc_channel *channel, const struct mrpc_lb_choice *choice);

/* For balancers and subchannels. */

/** The aggregate. @why, unless NULL: what calls fail with. */
void mrpc_channel_set_state(struct mrpc_channel *channel, enum mrpc_connectivity state, const char *why);
/** Addresses stopped working. */
void mrpc_channel_resolve_now(struct mrpc_channel *channel);
/** A subchannel may have room. */
void mrpc_channel_has_room(struct mrpc_channel *channel);

#endif
