/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_INTERCEPTOR_CHAIN_H
#define MRPC_CLIENT_INTERCEPTOR_CHAIN_H

#include <mrpc/client_interceptor.h>

#define MRPC_CLIENT_INTERCEPTORS_MAX 16

/** A channel's chain; constant once calls are made. */
struct mrpc_client_chain {
    struct {
        struct mrpc_client_interceptor does; /* what an older program does not know of is NULL */
        void *self;
        size_t state_offset;
    } links[MRPC_CLIENT_INTERCEPTORS_MAX];
    size_t count;
    size_t state_bytes; /* of a call, for all of them */
    bool watches_submitted;
};

/** A call's place in it. Zeroed: no chain. */
struct mrpc_client_chain_call {
    const struct mrpc_client_chain *chain; /* until the call has ended */
    uint8_t *state;
    size_t started; /* so many have been started, and not ended */
    int64_t started_us;
};

int64_t mrpc_clock_us(void);

void mrpc_client_chain_detach(struct mrpc_client_chain *chain);

/** Start all, or up to the one that refuses. Errors: MRPC_ERR_NOMEM, before any was started; MRPC_ERR_INVALID when one
 *  has chosen a method of another kind. */
int mrpc_client_chain_start(const struct mrpc_client_chain *chain, struct mrpc_client_chain_call *call,
                            struct mrpc_client_start *start, enum mrpc_code *code) MRPC_MUST_USE;
void mrpc_client_chain_submitted(const struct mrpc_client_chain_call *call, const struct mrpc_client_message *message);
void mrpc_client_chain_half_closed(const struct mrpc_client_chain_call *call);
void mrpc_client_chain_headers(const struct mrpc_client_chain_call *call, const struct mrpc_metadata *headers,
                               const char *peer);
void mrpc_client_chain_sent(const struct mrpc_client_chain_call *call, const struct mrpc_client_message *message);
void mrpc_client_chain_received(const struct mrpc_client_chain_call *call, const struct mrpc_client_message *message);
void mrpc_client_chain_attempt_started(const struct mrpc_client_chain_call *call, unsigned previous);
void mrpc_client_chain_attempt_ended(const struct mrpc_client_chain_call *call,
                                     const struct mrpc_client_attempt_end *end);
/** Last to first. Nothing the second time. */
void mrpc_client_chain_end(struct mrpc_client_chain_call *call, struct mrpc_client_end *end);

#endif
