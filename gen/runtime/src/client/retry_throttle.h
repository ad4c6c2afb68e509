/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_RETRY_THROTTLE_H
#define MRPC_CLIENT_RETRY_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "client/service_config.h"

/** Stops retries and hedges while too many calls fail: a failure takes a token, a success gives back a part of one, and
 *  with half of them gone no further attempts are made. One a channel, for its one server name. Zeroed: no throttling.
 *  Thread: the loop's. Source: gRFC A6, "Throttling Retry Attempts and Hedged RPCs". */
struct mrpc_retry_throttle {
    struct mrpc_retry_throttling config;
    uint32_t millitokens;
};

/** Another config: what is left keeps its share of the maximum. */
void mrpc_retry_throttle_set(struct mrpc_retry_throttle *throttle, struct mrpc_retry_throttling config);
void mrpc_retry_throttle_failed(struct mrpc_retry_throttle *throttle);
void mrpc_retry_throttle_succeeded(struct mrpc_retry_throttle *throttle);
bool mrpc_retry_throttle_allows(const struct mrpc_retry_throttle *throttle);

#endif
