/* SPDX-License-Identifier: Apache-2.0 */

/* The chain of interceptors and its events. A call's record, with the states of all interceptors, lies behind the call
 * in the same memory: nothing is allocated for it, and a server without interceptors has none. */

#include "server/interceptors.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/call.h"
#include "server/server.h"

static size_t align_up(size_t bytes)
{
    return (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

static int chain_add(struct interceptor_chain *chain, const struct mrpc_interceptor *interceptor, void *self)
{
    struct chain_link *links = realloc(chain->links, (chain->count + 1) * sizeof(*links));
    if (links == NULL)
        return MRPC_ERR_NOMEM;
    chain->links = links;
    if (chain->count == 0)
        chain->record_bytes = align_up(sizeof(struct call_record));
    struct chain_link *link = &chain->links[chain->count++];
    *link = (struct chain_link){.key = interceptor, .self = self, .state_at = chain->record_bytes};
    size_t known = interceptor->struct_bytes;
    memcpy(&link->does, interceptor, known == 0 || known > sizeof(link->does) ? sizeof(link->does) : known);
    chain->record_bytes += align_up(link->does.state_bytes);
    chain->watches_messages |= link->does.received != NULL || link->does.sent != NULL;
    chain->wants_sent_data |= link->does.message_data && link->does.sent != NULL;
    return 0;
}

void mrpc_chain_fini(struct interceptor_chain *chain)
{
    for (size_t i = chain->count; i-- > 0;)
        if (chain->links[i].does.detached != NULL)
            chain->links[i].does.detached(chain->links[i].self);
    free(chain->links);
    *chain = (struct interceptor_chain){0};
}

int mrpc_server_add_interceptor(struct mrpc_server *server, const struct mrpc_interceptor *interceptor, void *self)
{
    if (server->frozen)
        return MRPC_ERR_INVALID;
    return chain_add(&server->chain, interceptor, self);
}

static const struct interceptor_chain *chain_of(const struct mrpc_call *call)
{
    return &call->host->server->chain;
}

static void *state_of(const struct mrpc_call *call, const struct chain_link *link)
{
    return (char *)call->record + link->state_at;
}

void *mrpc_call_state(const struct mrpc_call *call, const struct mrpc_interceptor *interceptor)
{
    const struct interceptor_chain *chain = chain_of(call);
    for (size_t i = 0; i < chain->count; i++)
        if (chain->links[i].key == interceptor)
            return state_of(call, &chain->links[i]);
    return NULL;
}

static int64_t clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void mrpc_record_open(struct mrpc_call *call)
{
    call->record->opened_us = clock_us();
}

int mrpc_record_start(struct mrpc_call *call)
{
    const struct interceptor_chain *chain = chain_of(call);
    int code = 0;
    while (code == 0 && call->record->started < chain->count) {
        const struct chain_link *link = &chain->links[call->record->started++];
        if (link->does.started != NULL)
            code = link->does.started(link->self, state_of(call, link), call);
    }
    return code;
}

/* Every link that was started and wants @EVENT, first to last. */
#define TELL(call, EVENT, ...)                                                                                         \
    do {                                                                                                               \
        const struct chain_link *links_ = chain_of(call)->links;                                                       \
        for (size_t i_ = 0; i_ < (call)->record->started; i_++)                                                        \
            if (links_[i_].does.EVENT != NULL)                                                                 \
                links_[i_].does.EVENT(links_[i_].self, state_of(call, &links_[i_]), __VA_ARGS__);              \
    } while (0)

static void count(struct mrpc_call_traffic *traffic, const struct mrpc_call_message *message)
{
    traffic->messages++;
    traffic->bytes += message->bytes;
    traffic->wire_bytes += message->wire_bytes;
}

void mrpc_record_received(struct mrpc_call *call, const struct mrpc_call_message *message)
{
    count(&call->record->received, message);
    if (chain_of(call)->watches_messages)
        TELL(call, received, call, message);
}

void mrpc_record_half_closed(struct mrpc_call *call)
{
    TELL(call, half_closed, call);
}

void mrpc_record_enter(struct mrpc_call *call)
{
    TELL(call, enter, call);
}

void mrpc_record_leave(struct mrpc_call *call)
{
    TELL(call, leave, call);
}

/* Who was started does not change any more, and the call is held. */
void mrpc_record_finished(struct mrpc_call *call, int code)
{
    TELL(call, finished, call, code);
}

static const struct mrpc_metadata no_metadata;

void mrpc_record_headers(struct mrpc_call *call, const struct mrpc_metadata *headers)
{
    call->record->headers_told = true;
    TELL(call, headers, call, headers != NULL ? headers : &no_metadata);
}

void mrpc_record_sent(struct mrpc_call *call, const struct mrpc_call_message *message)
{
    count(&call->record->sent, message);
    if (chain_of(call)->watches_messages)
        TELL(call, sent, call, message);
}

void mrpc_record_cancelled(struct mrpc_call *call, int code)
{
    call->record->over_us = clock_us();
    TELL(call, cancelled, call, code);
}

void mrpc_record_ended(struct mrpc_call *call, int code)
{
    struct call_record *record = call->record;
    bool cancelled = record->over_us != 0;
    if (!cancelled)
        record->over_us = clock_us();
    const struct mrpc_call_end end = {
        .code = code,
        .message = record->message,
        .details = record->details,
        .details_bytes = record->details_bytes,
        .trailers = call->words != NULL ? &call->words->trailers : &no_metadata,
        .cancelled = cancelled,
        .trailers_only = !record->headers_told,
        .duration_us = record->over_us - record->opened_us,
        .received = record->received,
        .sent = record->sent,
    };
    const struct chain_link *links = chain_of(call)->links;
    for (size_t i = record->started; i-- > 0;)
        if (links[i].does.ended != NULL)
            links[i].does.ended(links[i].self, state_of(call, &links[i]), call, &end);
}

bool mrpc_record_forgets(struct mrpc_call *call)
{
    const struct chain_link *links = chain_of(call)->links;
    for (size_t i = 0; i < call->record->started; i++)
        if (links[i].does.forget == NULL || !links[i].does.forget(links[i].self, state_of(call, &links[i]), call))
            return false;
    return true;
}

bool mrpc_interceptor_forgets(void *self, void *state, struct mrpc_call *call)
{
    return true;
}

void mrpc_record_unknown(struct mrpc_call *call)
{
    const struct interceptor_chain *chain = chain_of(call);
    const struct mrpc_call_end end = {
        .code = MRPC_UNIMPLEMENTED,
        .message = "unknown method",
        .trailers = &no_metadata,
        .trailers_only = true,
        .duration_us = clock_us() - call->record->opened_us,
    };
    for (size_t i = 0; i < chain->count; i++)
        if (chain->links[i].does.unknown != NULL)
            chain->links[i].does.unknown(chain->links[i].self, call, &end);
}
