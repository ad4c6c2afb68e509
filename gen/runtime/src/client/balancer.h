/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_BALANCER_H
#define MRPC_CLIENT_BALANCER_H

#include <stdbool.h>

#include <mrpc/channel.h>

#include "client/address.h"
#include "client/loop.h"

/* What decides to which of a channel's addresses to connect and where the next call goes.
 *
 *     create → update (a list) → [changed | connect | pick | update]* → free
 *
 * It takes its subchannels from the channel by address (mrpc_subchannel_acquire), hears of each change of theirs, and
 * tells the channel the aggregate (mrpc_channel_set_state). Thread: the loop's. Nothing that it calls comes back into
 * it but through these functions, and no callback of the program runs below them. */

#define MRPC_SERVICE_NAME_MAX_BYTES 256

/** The part of a service config that is about balancing: loadBalancingConfig and healthCheckConfig. */
struct mrpc_lb_choice {
    enum mrpc_balancing balancing;
    bool watch_health;                                    /* not by pick_first: gRFC A17 */
    char health_service[MRPC_SERVICE_NAME_MAX_BYTES + 1]; /* what Watch asks for; "": the server as a whole */
};

struct mrpc_subchannel;
struct mrpc_balancer;

struct mrpc_balancer_class {
    const char *name; /* as in loadBalancingConfig */
    bool watches_health;
    /** Errors: MRPC_ERR_NOMEM. */
    int (*create)(struct mrpc_channel *channel, struct mrpc_balancer **out);
    /** Its timers end; subchannels are the channel's to retire. */
    void (*free)(struct mrpc_balancer *balancer);
    /** Use these addresses, at least one, from now on. Errors: MRPC_ERR_NOMEM: those before stay in use. */
    int (*update)(struct mrpc_balancer *balancer, const struct mrpc_address_list *addresses);
    /** A call waits, or the program asks: leave IDLE. */
    void (*connect)(struct mrpc_balancer *balancer);
    /** The state of a subchannel has changed. */
    void (*changed)(struct mrpc_balancer *balancer, struct mrpc_subchannel *subchannel);
    /** Where the next call goes: a subchannel with room for a stream. NULL: none has any now. */
    struct mrpc_subchannel *(*pick)(struct mrpc_balancer *balancer);
};

struct mrpc_balancer {
    const struct mrpc_balancer_class *class;
    struct mrpc_channel *channel;
};

extern const struct mrpc_balancer_class mrpc_pick_first;
extern const struct mrpc_balancer_class mrpc_round_robin;
extern const struct mrpc_balancer_class mrpc_weighted_round_robin;

const struct mrpc_balancer_class *mrpc_balancer_class_of(enum mrpc_balancing balancing);

#endif
