/* SPDX-License-Identifier: Apache-2.0 */
#include "client/interceptor_chain.h"

#include <string.h>
#include <time.h>

#include "client/channel_core.h"

#define STATE_ALIGNMENT 16
/* The first version of the struct. */
#define KNOWN_MIN_BYTES offsetof(struct mrpc_client_interceptor, submitted)

/* Run one event of all that were started, first to last. */
#define EACH(call, event, ...)                                                                                         \
    do {                                                                                                               \
        for (size_t i = 0; i < (call)->started; i++)                                                                   \
            if ((call)->chain->links[i].does.event)                                                                    \
                (call)->chain->links[i].does.event(ARGUMENTS(call, i), ##__VA_ARGS__);                                 \
    } while (0)
#define ARGUMENTS(call, i) (call)->chain->links[i].self, state_of(call, i)

static void *state_of(const struct mrpc_client_chain_call *call, size_t index)
{
    return call->state + call->chain->links[index].state_offset;
}

int64_t mrpc_clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int mrpc_channel_add_interceptor(struct mrpc_channel *channel, const struct mrpc_client_interceptor *interceptor,
                                 void *self)
{
    struct mrpc_client_chain *chain = &channel->policy.chain;
    size_t known = interceptor->struct_bytes;
    if (known < KNOWN_MIN_BYTES || known > sizeof *interceptor || !interceptor->name)
        return MRPC_ERR_INVALID;
    if (chain->count == MRPC_CLIENT_INTERCEPTORS_MAX)
        return MRPC_ERR_LIMIT;
    memcpy(&chain->links[chain->count].does, interceptor, known);
    chain->links[chain->count].self = self;
    chain->links[chain->count].state_offset = chain->state_bytes;
    chain->watches_submitted |= chain->links[chain->count].does.submitted != NULL;
    chain->count++;
    chain->state_bytes += (interceptor->state_bytes + STATE_ALIGNMENT - 1) / STATE_ALIGNMENT * STATE_ALIGNMENT;
    return 0;
}

void mrpc_client_chain_detach(struct mrpc_client_chain *chain)
{
    while (chain->count > 0) {
        chain->count--;
        if (chain->links[chain->count].does.detached)
            chain->links[chain->count].does.detached(chain->links[chain->count].self);
    }
}

static bool same_kind(const struct mrpc_method *a, const struct mrpc_method *b)
{
    return a == b || (a->request == b->request && a->response == b->response &&
                      a->client_streaming == b->client_streaming && a->server_streaming == b->server_streaming);
}

int mrpc_client_chain_start(const struct mrpc_client_chain *chain, struct mrpc_client_chain_call *call,
                            struct mrpc_client_start *start, enum mrpc_code *code)
{
    const struct mrpc_method *method = start->method;
    *code = MRPC_OK;
    if (chain->count == 0)
        return 0;
    call->state = mrpc_arena_calloc(start->arena, 1, chain->state_bytes);
    if (!call->state)
        return MRPC_ERR_NOMEM;
    call->chain = chain;
    call->started_us = mrpc_clock_us();
    while (call->started < chain->count && *code == MRPC_OK) {
        const struct mrpc_client_interceptor *interceptor = &chain->links[call->started].does;
        void *self = chain->links[call->started].self, *state = state_of(call, call->started);
        call->started++;
        if (interceptor->started)
            *code = interceptor->started(self, state, start);
    }
    return same_kind(method, start->method) ? 0 : MRPC_ERR_INVALID;
}

void mrpc_client_chain_submitted(const struct mrpc_client_chain_call *call, const struct mrpc_client_message *message)
{
    EACH(call, submitted, message);
}

void mrpc_client_chain_half_closed(const struct mrpc_client_chain_call *call)
{
    EACH(call, half_closed);
}

void mrpc_client_chain_headers(const struct mrpc_client_chain_call *call, const struct mrpc_metadata *headers,
                               const char *peer)
{
    EACH(call, headers, headers, peer);
}

void mrpc_client_chain_sent(const struct mrpc_client_chain_call *call, const struct mrpc_client_message *message)
{
    EACH(call, sent, message);
}

void mrpc_client_chain_received(const struct mrpc_client_chain_call *call, const struct mrpc_client_message *message)
{
    EACH(call, received, message);
}

void mrpc_client_chain_attempt_started(const struct mrpc_client_chain_call *call, unsigned previous)
{
    EACH(call, attempt_started, previous);
}

void mrpc_client_chain_attempt_ended(const struct mrpc_client_chain_call *call,
                                     const struct mrpc_client_attempt_end *end)
{
    EACH(call, attempt_ended, end);
}

void mrpc_client_chain_end(struct mrpc_client_chain_call *call, struct mrpc_client_end *end)
{
    if (call->started == 0)
        return;
    end->duration_us = mrpc_clock_us() - call->started_us;
    while (call->started > 0) {
        size_t last = call->started - 1;
        const struct mrpc_client_interceptor *interceptor = &call->chain->links[last].does;
        if (interceptor->ended)
            interceptor->ended(call->chain->links[last].self, state_of(call, last), end);
        call->started = last;
    }
}
