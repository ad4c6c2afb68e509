/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_SUBMITTED_H
#define MRPC_CLIENT_SUBMITTED_H

#include <mrpc/channel.h>

/* What interceptors hear of the messages that a program gives, as it gives them: attempts send them later, perhaps
 * compressed, perhaps more than once. The program's thread makes a copy, the loop tells it and frees it. Calls whose
 * channel has no interceptor that wants them copy nothing. */

struct mrpc_client_call;
struct mrpc_inbox_entry;

/** On their way from the program to the loop. Lock: the call's. Zeroed: empty. */
struct mrpc_submitted {
    struct mrpc_inbox_entry *first;
    struct mrpc_inbox_entry *last;
};

/** A copy for interceptors in *@out, NULL if there are none that want it. Errors: as mrpc_encoded_size();
 *  MRPC_ERR_NOMEM. Lock: not needed. */
int mrpc_submitted_copy(const struct mrpc_client_call *call, const ProtobufCMessage *message,
                        struct mrpc_inbox_entry **out) MRPC_MUST_USE;
/** The call takes @copy, which may be NULL. Lock: held, or the call has not begun. */
void mrpc_submitted_put(struct mrpc_client_call *call, struct mrpc_inbox_entry *copy);
/** Tell what has come, and then whether that was all. Thread: the loop's. */
void mrpc_submitted_tell(struct mrpc_client_call *call);
void mrpc_submitted_fini(struct mrpc_submitted *submitted);

#endif
