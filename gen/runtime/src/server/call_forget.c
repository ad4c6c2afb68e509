/* SPDX-License-Identifier: Apache-2.0 */

/* Desks, and calls that give theirs back. What a call needs while its request comes in and while its end is said is
 * four times what it needs in between, and a watch waits for hours: once its handler has taken what it wants of the
 * request (mrpc_call_forget_request()), arena and desk go to the next call. For its end it is lent others. */

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "server/call.h"
#include "server/server.h"

#define FREE_DESKS_MAX 256

struct call_desk *mrpc_call_desk_new(struct mrpc_call *call)
{
    struct mrpc_session_host *host = call->host;
    struct call_desk *desk = host->free_desks;
    struct mrpc_arena *arena = mrpc_host_arena_take(host);
    if (arena == NULL)
        return NULL;
    if (desk != NULL) {
        host->free_desks = desk->next_free;
        host->free_desk_count--;
    } else {
        desk = malloc(sizeof(*desk));
    }
    if (desk == NULL) {
        mrpc_host_arena_give(host, arena);
        return NULL;
    }
    memset(&desk->stream, 0, offsetof(struct stream_desk, own_trailers));
    desk->stream.arena = arena;
    desk->call = call;
    desk->request = NULL;
    desk->message_arena = NULL;
    desk->web = NULL;
    return desk;
}

void mrpc_call_desk_give(struct mrpc_call *call, struct call_desk *desk)
{
    struct mrpc_session_host *host = call->host;
    if (desk == NULL)
        return;
    mrpc_host_arena_give(host, desk->message_arena);
    if (desk->stream.arena != call->arena)
        mrpc_host_arena_give(host, desk->stream.arena);
    if (host->free_desk_count == FREE_DESKS_MAX) {
        free(desk);
        return;
    }
    desk->next_free = host->free_desks;
    host->free_desks = desk;
    host->free_desk_count++;
}

/* Its arena is not the holder's, who may be at work with that. */
struct stream_desk *mrpc_call_lend_desk(struct mrpc_stream *stream)
{
    struct call_desk *desk = mrpc_call_desk_new(mrpc_call_of(stream));
    return desk != NULL ? &desk->stream : NULL;
}

/* Who calls, when an interceptor has said so, lies in the arena or where it chose: the call gets a copy. */
static struct mrpc_identity *copy_identity(const struct mrpc_identity *identity)
{
    size_t bytes = strlen(identity->name) + 1;
    for (size_t i = 0; i < identity->role_count; i++)
        bytes += sizeof(char *) + strlen(identity->roles[i]) + 1;
    struct mrpc_identity *copy = malloc(sizeof(*copy) + bytes);
    if (copy == NULL)
        return NULL;
    const char **roles = (const char **)(copy + 1);
    char *text = (char *)(roles + identity->role_count);
    *copy = (struct mrpc_identity){.kind = identity->kind, .name = text, .role_count = identity->role_count};
    copy->roles = identity->role_count > 0 ? roles : NULL;
    text = stpcpy(text, identity->name) + 1;
    for (size_t i = 0; i < identity->role_count; i++) {
        roles[i] = text;
        text = stpcpy(text, identity->roles[i]) + 1;
    }
    return copy;
}

void mrpc_call_drop_identity(struct mrpc_call *call)
{
    if (call->forgot && call->identity != &call->peer->identity)
        free((struct mrpc_identity *)(uintptr_t)call->identity);
}

static bool is_waiting(const struct mrpc_call *call)
{
    return call->stream_open && !call->finished && !call->finish_asked && !call->forgot && call->words == NULL &&
           call->method != NULL && call->method->method->server_streaming && !call->method->method->client_streaming;
}

void mrpc_call_forget_request(struct mrpc_call *call)
{
    if (!is_waiting(call) || (call->record != NULL && !mrpc_record_forgets(call)))
        return;
    const struct mrpc_identity *identity = call->identity;
    bool is_set = identity != &call->peer->identity;
    if (is_set && (identity = copy_identity(identity)) == NULL)
        return;
    struct call_desk *desk = (struct call_desk *)mrpc_stream_clear_desk(&call->stream);
    if (desk == NULL) {
        if (is_set)
            free((struct mrpc_identity *)(uintptr_t)identity);
        return;
    }
    call->identity = identity;
    call->forgot = true;
    call->arena = NULL;
    mrpc_call_desk_give(call, desk);
}
