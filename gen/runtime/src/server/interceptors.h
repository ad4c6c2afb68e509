/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_SERVER_INTERCEPTORS_H
#define MRPC_SERVER_INTERCEPTORS_H

#include <mrpc/interceptor.h>

/** A server's interceptors, filled before the start and only read afterwards. */
struct interceptor_chain {
    struct chain_link {
        const struct mrpc_interceptor *key;   /* as it was given: what mrpc_call_state() looks for */
        struct mrpc_interceptor does;
        void *self;
        size_t state_at;          /* its state's place in a record */
    } *links;
    size_t count;
    size_t record_bytes;          /* that a call carries behind itself; 0 without interceptors */
    bool watches_messages;
    bool wants_sent_data;
};

/** What a call carries for its interceptors; their states follow. Only calls of servers that have some have one. */
struct call_record {
    size_t started;               /* so many interceptors have heard of the call */
    int64_t opened_us, over_us;   /* over: what the peer sees of it has ended; 0: not yet */
    bool headers_told;
    const char *message;          /* of the end, as details */
    const void *details;
    size_t details_bytes;
    struct mrpc_call_traffic received, sent;
};

void mrpc_chain_fini(struct interceptor_chain *chain);

/* The events of a call that has a record. All but the first two do nothing while nobody was started. */

void mrpc_record_open(struct mrpc_call *call);
/** 0, or what an interceptor refused it with. */
int mrpc_record_start(struct mrpc_call *call);
void mrpc_record_received(struct mrpc_call *call, const struct mrpc_call_message *message);
void mrpc_record_half_closed(struct mrpc_call *call);
void mrpc_record_enter(struct mrpc_call *call);
void mrpc_record_leave(struct mrpc_call *call);
/** Thread: any. */
void mrpc_record_finished(struct mrpc_call *call, int code);
/** @headers may be NULL. */
void mrpc_record_headers(struct mrpc_call *call, const struct mrpc_metadata *headers);
void mrpc_record_sent(struct mrpc_call *call, const struct mrpc_call_message *message);
void mrpc_record_cancelled(struct mrpc_call *call, int code);
void mrpc_record_ended(struct mrpc_call *call, int code);
/** Whether nobody who was started needs the call's arena or metadata any more. */
bool mrpc_record_forgets(struct mrpc_call *call);
/** Instead of all others but open: there is no such method. */
void mrpc_record_unknown(struct mrpc_call *call);

#endif
