/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/identifier.h"
#include "registry/methods/methods.h"
#include "registry/persist.h"

#include <stdlib.h>
#include <string.h>

#include <mrpc/codec.h>

/* ListTransitions: read from the store on a thread of the pool. The ring holds 100, so one read has them all; their
 * order is that of the revisions, whatever the clock said. */

struct listing {
    struct thread_task task;
    struct registry *registry;
    struct mrpc_call *call;
    const PB(ListTransitionsRequest) * request;
    PB(ListTransitionsResponse) * response;
    size_t limit;
    int64_t before; /* the page begins behind this revision */
};

static int newest_first(const void *a, const void *b)
{
    int64_t x = (*(PB(Transition) *const *)a)->revision, y = (*(PB(Transition) *const *)b)->revision;
    return (x < y) - (x > y);
}

static int decode(struct listing *listing, const struct store_list *list, struct fault *fault)
{
    struct mrpc_arena *arena = mrpc_call_arena(listing->call);
    PB(ListTransitionsResponse) *response = listing->response;
    response->transitions = mrpc_arena_calloc(arena, list->count + 1, sizeof *response->transitions);
    if (!response->transitions)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "no memory");
    for (size_t i = 0; i < list->count; i++) {
        ProtobufCMessage *message;
        struct mrpc_decode_error error = {0};
        if (mrpc_decode(PB_INFO(transition), list->entries[i].value.data, list->entries[i].value.bytes, NULL, arena,
                        &message, &error))
            return fault_set(fault, MRPC_DATA_LOSS, "the record %.200s cannot be read: %s",
                             (const char *)list->entries[i].key.data, error.reason ? error.reason : "no memory");
        PB(Transition) *transition = (PB(Transition) *)message;
        if (transition->revision < listing->before)
            response->transitions[response->n_transitions++] = transition;
    }
    qsort(response->transitions, response->n_transitions, sizeof *response->transitions, newest_first);
    return MRPC_OK;
}

static int cut(struct listing *listing, struct fault *fault)
{
    PB(ListTransitionsResponse) *response = listing->response;
    if (response->n_transitions <= listing->limit)
        return MRPC_OK;
    response->n_transitions = listing->limit;
    response->next_page_token = mrpc_arena_printf(mrpc_call_arena(listing->call), "%lld",
                                                  (long long)response->transitions[listing->limit - 1]->revision);
    return response->next_page_token ? MRPC_OK : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "no memory");
}

static int list(struct listing *listing, struct fault *fault)
{
    char prefix[PERSIST_KEY_BYTES];
    const PB(InstanceKey) *key = listing->request->key;
    struct store_range range = {.prefix = persist_transitions(prefix, key), .limit = PERSIST_TRANSITIONS_KEPT};
    struct store_list entries = STORE_LIST_INIT;
    int code = store_range(registry_store(listing->registry), &range, &entries, fault);
    if (!code && entries.count == 0)
        code = fault_set(fault, MRPC_NOT_FOUND, "nothing is known of %s/%s/%s", registry_namespace(key->namespace_),
                         key->service, key->id);
    if (!code)
        code = decode(listing, &entries, fault);
    if (!code)
        code = cut(listing, fault);
    store_list_fini(&entries);
    return code;
}

static void work(struct thread_task *task)
{
    struct listing *listing = (struct listing *)((char *)task - offsetof(struct listing, task));
    struct fault fault = FAULT_INIT;
    struct mrpc_call *call = listing->call;
    if (list(listing, &fault))
        mrpc_call_finish(call, registry_answer(listing->registry, call, &fault), NULL);
    else
        mrpc_call_finish(call, MRPC_OK, &listing->response->base);
}

static int read_token(const char *token, int64_t *before, struct fault *fault)
{
    char *end;
    *before = INT64_MAX;
    if (!token[0])
        return MRPC_OK;
    long long revision = strtoll(token, &end, 10);
    if (token[0] < '0' || token[0] > '9' || *end || strlen(token) > 19)
        return fault_field(fault, "page_token", "was not given by this method");
    *before = revision;
    return MRPC_OK;
}

int registry_list_transitions(void *self, struct mrpc_call *call, const PB(ListTransitionsRequest) * request,
                              PB(ListTransitionsResponse) * response)
{
    struct fault fault = FAULT_INIT;
    struct listing *listing = mrpc_arena_calloc(mrpc_call_arena(call), 1, sizeof *listing);
    if (!listing)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "no memory");
    if (registry_key_check(request->key, "key", &fault) ||
        registry_page_size(request->page_size, &listing->limit, &fault) ||
        read_token(request->page_token, &listing->before, &fault))
        return fault_answer(call, &fault);
    if (!registry_threads(self))
        return mrpc_call_fail(call, MRPC_UNIMPLEMENTED, "this server has no threads to read histories with");
    listing->task.work = work;
    listing->registry = self;
    listing->call = call;
    listing->request = request;
    listing->response = response;
    if (thread_pool_submit(registry_threads(self), &listing->task, &fault))
        return fault_answer(call, &fault);
    return MRPC_PENDING;
}
