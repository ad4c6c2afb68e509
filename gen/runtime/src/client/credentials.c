/* SPDX-License-Identifier: Apache-2.0 */
#include "client/credentials.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "client/channel_core.h"

#define BUDGET_BYTES (64 * 1024)

struct mrpc_credentials_request {
    atomic_uint refs;
    struct mrpc_client_call *call; /* a reference */
    struct mrpc_arena *arena;
    char *audience;
    struct mrpc_metadata metadata;
    size_t asked; /* of the call's credentials, so many were asked */

    /* Under the call's lock. */
    bool answered;
    enum mrpc_code code;
    const char *text;
};

static void unref(struct mrpc_credentials_request *request)
{
    if (atomic_fetch_sub_explicit(&request->refs, 1, memory_order_acq_rel) != 1)
        return;
    mrpc_call_core_unref(request->call);
    mrpc_arena_free(request->arena);
    free(request);
}

static char *audience_of(const struct mrpc_client_call *call, struct mrpc_arena *arena)
{
    const char *path = call->method->path, *end = strrchr(path, '/');
    return mrpc_arena_printf(arena, "https://%s%.*s", call->channel->authority, (int)(end - path), path);
}

static struct mrpc_credentials_request *request_new(struct mrpc_client_call *call)
{
    struct mrpc_credentials_request *request = calloc(1, sizeof *request);
    if (!request)
        return NULL;
    request->arena = request->metadata.arena = mrpc_arena_new(BUDGET_BYTES);
    request->audience = request->arena ? audience_of(call, request->arena) : NULL;
    if (!request->audience) {
        mrpc_arena_free(request->arena);
        free(request);
        return NULL;
    }
    atomic_init(&request->refs, 1);
    request->call = call;
    mrpc_call_core_ref(call);
    return request;
}

static void ask(struct mrpc_credentials_request *request)
{
    const struct mrpc_call_credentials *credentials = request->call->credentials[request->asked++];
    request->answered = false;
    atomic_fetch_add_explicit(&request->refs, 1, memory_order_relaxed);
    credentials->get(credentials->self, request);
}

struct mrpc_credentials_request *mrpc_credentials_fetch(struct mrpc_client_call *call)
{
    struct mrpc_credentials_request *request = request_new(call);
    if (request)
        ask(request);
    return request;
}

enum mrpc_credentials_state mrpc_credentials_look(struct mrpc_credentials_request *request, enum mrpc_code *code,
                                                  const char **text)
{
    struct mrpc_client_call *call = request->call;
    pthread_mutex_lock(&call->lock);
    bool answered = request->answered;
    *code = request->code;
    *text = request->text ? request->text : "";
    pthread_mutex_unlock(&call->lock);
    if (!answered)
        return MRPC_CREDENTIALS_ASKED;
    if (*code != MRPC_OK)
        return MRPC_CREDENTIALS_FAILED;
    if (request->asked == call->credentials_count)
        return MRPC_CREDENTIALS_GIVEN;
    ask(request);
    return MRPC_CREDENTIALS_ASKED;
}

const struct mrpc_metadata *mrpc_credentials_metadata(const struct mrpc_credentials_request *request)
{
    return &request->metadata;
}

void mrpc_credentials_drop(struct mrpc_credentials_request *request)
{
    if (request)
        unref(request);
}

/* For whoever is asked. */

const char *mrpc_credentials_audience(const struct mrpc_credentials_request *request)
{
    return request->audience;
}

const char *mrpc_credentials_method(const struct mrpc_credentials_request *request)
{
    return request->call->method->path;
}

int mrpc_credentials_add(struct mrpc_credentials_request *request, const char *key, const void *value,
                         size_t value_bytes)
{
    if (request->metadata.count == MRPC_CREDENTIAL_ENTRIES_MAX)
        return MRPC_ERR_LIMIT;
    return mrpc_metadata_add(&request->metadata, key, value, value_bytes);
}

/* gRFC A54: the control plane does not speak for the application. */
static enum mrpc_code allowed(enum mrpc_code code)
{
    switch (code) {
    case MRPC_INVALID_ARGUMENT:
    case MRPC_NOT_FOUND:
    case MRPC_ALREADY_EXISTS:
    case MRPC_FAILED_PRECONDITION:
    case MRPC_ABORTED:
    case MRPC_OUT_OF_RANGE:
    case MRPC_DATA_LOSS:
        return MRPC_INTERNAL;
    default:
        return code;
    }
}

void mrpc_credentials_finish(struct mrpc_credentials_request *request, enum mrpc_code code, const char *message)
{
    struct mrpc_client_call *call = request->call;
    const char *text = message && code != MRPC_OK ? mrpc_arena_strdup(request->arena, message) : NULL;
    pthread_mutex_lock(&call->lock);
    request->answered = true;
    request->code = allowed(code);
    request->text = text;
    if (!call->ended) {
        call->credentials_came = true;
        mrpc_call_core_poke(call);
    }
    pthread_mutex_unlock(&call->lock);
    unref(request);
}
