/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_CHANNEL_POLICY_H
#define MRPC_CLIENT_CHANNEL_POLICY_H

#include <mrpc/channel.h>

#include "client/interceptor_chain.h"
#include "client/retry_throttle.h"
#include "client/service_config.h"

/** How a channel treats its calls: the part of its options and of its service config that is not about connections. */
struct mrpc_channel_policy {
    bool no_retries; /* gRFC A6, "Disabling Retries" */
    size_t retry_buffer_bytes;  /* of a call */
    size_t retry_buffers_bytes; /* of all calls */
    size_t kept_bytes;          /* that calls have sent, and keep for other attempts. The loop's */
    enum mrpc_balancing balancing; /* unless the config says otherwise */
    struct mrpc_service_config *given;  /* by the options; NULL: none */
    struct mrpc_service_config *config; /* in force, perhaps @given; NULL: none. Under the channel's lock */
    bool settled;                       /* the resolver has been heard, or has nothing to say. Under the lock, too */
    struct mrpc_retry_throttle throttle;
    struct mrpc_client_chain chain;
    const struct mrpc_call_credentials *credentials; /* NULL: none */
    unsigned short seed[3]; /* of jitter, for erand48() */
};

/** Also chooses the channel's balancer. Errors: MRPC_ERR_INVALID for a service config that is none; MRPC_ERR_NOMEM,
 *  MRPC_ERR_LIMIT. */
int mrpc_channel_policy_init(struct mrpc_channel *channel, const struct mrpc_channel_options *options) MRPC_MUST_USE;
void mrpc_channel_policy_fini(struct mrpc_channel_policy *policy);

/** How calls of the method at @path are to be treated. False, and the plain way, when the channel has no service
 *  config, perhaps yet. Thread: any. */
bool mrpc_channel_method_config(struct mrpc_channel *channel, const char *path, struct mrpc_method_config *out);
/** Treat calls, also those that wait, as the resolver says in @json; NULL: it says nothing, and the options count. A
 *  text that is no service config leaves the one before in force. False when there is none before: calls cannot be
 *  made, and @why says why not. Source: gRFC A21. Thread: the loop's. */
bool mrpc_channel_take_config(struct mrpc_channel *channel, const char *json, char *why,
                              size_t why_bytes) MRPC_MUST_USE;

#endif
