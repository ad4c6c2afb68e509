/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_RETRY_H
#define MRPC_CLIENT_RETRY_H

#include <stdbool.h>

#include "client/attempt.h"
#include "client/service_config.h"
#include "client/timer_heap.h"

/* Which attempts a call makes. Source: gRFC A6.
 *
 *     retry: attempt ─ fails, retryable → wait (backoff, or what the server said) → the same struct tries again
 *     hedge: attempt, every hedgingDelay another beside it; a failure that is not fatal brings the next one at once
 *
 * Either ends with the call, or when the call is committed to one attempt. Transparent retries, of what no server has
 * looked at, come below both and count as nothing. Thread: the loop's. */

struct mrpc_retry {
    unsigned attempts; /* started, transparent ones not counted */
    unsigned backoffs; /* since the start or the server's last word on when to try again */
    bool refused;      /* a server that had not looked at it has refused it: sent again once */
    bool closed;       /* hedging: no further attempts */
    size_t kept_bytes; /* sent, and kept for other attempts: its part of the channel's kept_bytes */
    struct mrpc_timer timer;
    struct mrpc_client_attempt *others[MRPC_ATTEMPTS_MAX - 1]; /* beside the call's first. Under the call's lock */
    unsigned other_count;
    struct mrpc_stream_end last; /* hedging: how the last attempt failed; its texts lie in the call's arena */
    struct mrpc_metadata last_trailers;
};

void mrpc_retry_init(struct mrpc_retry *retry);
void mrpc_retry_fini(struct mrpc_retry *retry);

/** Begin. */
void mrpc_retry_start(struct mrpc_client_call *call);
/** The call has learned its policy after it had begun. */
void mrpc_retry_configured(struct mrpc_client_call *call);
/** What @attempt has sent is kept until the call is committed. True when all calls of the channel keep more than they
 *  may.
 */
bool mrpc_retry_keep(const struct mrpc_client_attempt *attempt) MRPC_MUST_USE;
/** Nothing is kept any more. */
void mrpc_retry_keep_none(struct mrpc_client_call *call);
/** Whether another attempt of the same call is open on @connection. */
bool mrpc_retry_is_on(const struct mrpc_client_attempt *attempt, const struct mrpc_client_connection *connection);
/** An attempt has ended so; the call's status is the caller's matter when this returns false: it is over. */
bool mrpc_retry_goes_on(struct mrpc_client_call *call, struct mrpc_client_attempt *attempt,
                        const struct mrpc_stream_end *end) MRPC_MUST_USE;
/** No further attempts; those under way end but for @kept (NULL: all). Interceptors hear of @code. */
void mrpc_retry_stop(struct mrpc_client_call *call, const struct mrpc_client_attempt *kept, enum mrpc_code code);

#endif
