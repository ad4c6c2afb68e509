/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_ATTEMPT_H
#define MRPC_CLIENT_ATTEMPT_H

#include <stdbool.h>
#include <stddef.h>

#include "client/client_session.h"
#include "client/credentials.h"
#include "client/frame_walk.h"

/* One attempt of a call: a stream that is to be, is, or was open on some connection.
 *
 *     idle → (mrpc_channel_place) waiting → (mrpc_attempt_begin) open → idle
 *
 * A call has at least one; it is the same struct that tries again, since an attempt that has ended leaves nothing
 * behind. Several are under way at once only when a call is hedged. Each reads the call's outbox from the start at its
 * own pace; from the first response headers on, or when the outbox grows too large to be kept, the call is committed to
 * one of them, and what that one has read is dropped.
 *
 * Thread: the loop's, but for what lies under the call's lock. */

struct mrpc_client_call;
struct mrpc_client_connection;

struct mrpc_client_attempt {
    struct mrpc_client_stream stream; /* first: found from its events */
    struct mrpc_client_call *call;
    struct mrpc_client_connection *connection; /* NULL: not open */
    struct mrpc_client_attempt *pending_next;
    struct mrpc_client_attempt **pending_link; /* in the channel's queue; NULL: not */
    bool under_way;                            /* waiting or open */
    unsigned previous;                         /* attempts before it, transparent ones not counted */
    struct mrpc_credentials_request *credentials; /* NULL: none, or no longer of use */
    bool asking;                                  /* under way, but neither waiting nor open: for credentials */

    /* What interceptors hear of it. */
    bool told; /* that it started, and not that it ended */
    int64_t started_us;
    struct mrpc_frame_walk walk;
    uint64_t sent_wire_bytes;
    uint64_t received_wire_bytes;

    size_t sent_bytes; /* of all that the program has sent. Lock: the call's */
};

void mrpc_attempt_init(struct mrpc_client_attempt *attempt, struct mrpc_client_call *call,
                       size_t receive_message_bytes);
void mrpc_attempt_fini(struct mrpc_client_attempt *attempt);

/** Send the call's messages from the start, as soon as the channel has a stream for them. */
void mrpc_attempt_start(struct mrpc_client_attempt *attempt);
/** Reset the stream, or leave the channel's queue; nothing follows. Interceptors hear of @code. */
void mrpc_attempt_cancel(struct mrpc_client_attempt *attempt, enum mrpc_code code);
/** Tell interceptors; each once an attempt that counts. */
void mrpc_attempt_tell_start(struct mrpc_client_attempt *attempt);
void mrpc_attempt_tell_end(struct mrpc_client_attempt *attempt, enum mrpc_code code);
/** Credentials have come for this attempt or another one of the call. */
void mrpc_attempt_look_at_credentials(struct mrpc_client_attempt *attempt);
/** The program has sent more. */
void mrpc_attempt_resume_sending(struct mrpc_client_attempt *attempt);

/* For the channel. */

/** Open a stream on @connection, which can_open(). If that is not possible the call ends, and false is returned. */
bool mrpc_attempt_begin(struct mrpc_client_attempt *attempt, struct mrpc_client_connection *connection,
                        const char *authority);
/** It waited in vain: there is no connection. */
void mrpc_attempt_fail(struct mrpc_client_attempt *attempt, enum mrpc_code code, const char *text);

#endif
