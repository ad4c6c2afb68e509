/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_STATE_HUB_H
#define MRPC_CLIENT_STATE_HUB_H

#include <mrpc/channel.h>

#include "client/loop.h"

/* Who waits for and watches the state of a channel. It outlives the channel for those who do. */

struct mrpc_state_hub;

/** Errors: MRPC_ERR_NOMEM. */
int mrpc_state_hub_new(struct mrpc_state_hub **out) MRPC_MUST_USE;
/** The channel's reference goes. NULL is allowed. */
void mrpc_state_hub_release(struct mrpc_state_hub *hub);

/** Tell everybody who does not know it yet. A watch's function may free the channel, which tells MRPC_SHUTDOWN from
 *  within. Thread: the loop's. */
void mrpc_state_hub_tell(struct mrpc_state_hub *hub, enum mrpc_connectivity state);

/** As mrpc_channel_wait_state(). Thread: any but the loop's. */
int mrpc_state_hub_wait(struct mrpc_state_hub *hub, enum mrpc_connectivity last, int64_t timeout_ms,
                        enum mrpc_connectivity *state) MRPC_MUST_USE;
/** As mrpc_channel_watch_state(), but that the next tell() is the first. */
int mrpc_state_hub_watch(struct mrpc_state_hub *hub, const struct mrpc_loop *loop,
                         void (*changed)(void *arg, enum mrpc_connectivity state), void *arg,
                         struct mrpc_state_watch **out) MRPC_MUST_USE;

#endif
