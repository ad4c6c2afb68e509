/* SPDX-License-Identifier: Apache-2.0 */
#include "client/submitted.h"

#include <stdlib.h>

#include <mrpc/codec.h>

#include "client/call_core.h"

int mrpc_submitted_copy(const struct mrpc_client_call *call, const ProtobufCMessage *message,
                        struct mrpc_inbox_entry **out)
{
    size_t size;
    *out = NULL;
    if (!call->watches_submitted)
        return 0;
    int error = mrpc_encoded_size(call->method->request, message, &size, NULL);
    if (error)
        return error;
    struct mrpc_inbox_entry *copy = malloc(sizeof *copy + size);
    if (!copy)
        return MRPC_ERR_NOMEM;
    *copy = (struct mrpc_inbox_entry){.size = size};
    mrpc_encode(call->method->request, message, copy->bytes);
    *out = copy;
    return 0;
}

void mrpc_submitted_put(struct mrpc_client_call *call, struct mrpc_inbox_entry *copy)
{
    struct mrpc_submitted *submitted = &call->submitted;
    if (!copy)
        return;
    if (submitted->first)
        submitted->last->next = copy;
    else
        submitted->first = copy;
    submitted->last = copy;
}

void mrpc_submitted_tell(struct mrpc_client_call *call)
{
    if (call->chain.started == 0)
        return;
    pthread_mutex_lock(&call->lock);
    struct mrpc_submitted submitted = call->submitted;
    call->submitted = (struct mrpc_submitted){0};
    bool all = call->half_closed && !call->half_close_told;
    pthread_mutex_unlock(&call->lock);
    for (const struct mrpc_inbox_entry *copy = submitted.first; copy; copy = copy->next)
        mrpc_client_chain_submitted(&call->chain,
                                    &(struct mrpc_client_message){.bytes = copy->size, .data = copy->bytes});
    mrpc_submitted_fini(&submitted);
    if (!all)
        return;
    call->half_close_told = true;
    mrpc_client_chain_half_closed(&call->chain);
}

void mrpc_submitted_fini(struct mrpc_submitted *submitted)
{
    while (submitted->first) {
        struct mrpc_inbox_entry *copy = submitted->first;
        submitted->first = copy->next;
        free(copy);
    }
}
