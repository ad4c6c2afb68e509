/* SPDX-License-Identifier: Apache-2.0 */

/* A host and its sessions: the public face of the sans-I/O layer (mrpc/session.h). */

#include "server/host.h"

#include <stdlib.h>
#include <string.h>

#include "http1/connection.h"
#include "reflection/reflection.h"
#include "server/call.h"
#include "server/server.h"

void mrpc_host_enter(struct mrpc_session_host *host)
{
    if (atomic_load_explicit(&host->entered, memory_order_relaxed) == 0)
        atomic_store_explicit(&host->thread, pthread_self(), memory_order_relaxed);
    atomic_fetch_add_explicit(&host->entered, 1, memory_order_relaxed);
}

void mrpc_host_leave(struct mrpc_session_host *host)
{
    atomic_fetch_sub_explicit(&host->entered, 1, memory_order_relaxed);
}

struct mrpc_arena *mrpc_host_arena_take(struct mrpc_session_host *host)
{
    if (host->free_arena_count > 0)
        return host->free_arenas[--host->free_arena_count];
    return mrpc_arena_new(host->server->limits.decoded_message_bytes);
}

void mrpc_host_arena_give(struct mrpc_session_host *host, struct mrpc_arena *arena)
{
    if (arena == NULL)
        return;
    if (host->free_arena_count == sizeof(host->free_arenas) / sizeof(*host->free_arenas)) {
        mrpc_arena_free(arena);
        return;
    }
    mrpc_arena_reset(arena);
    host->free_arenas[host->free_arena_count++] = arena;
}

int mrpc_session_host_new(struct mrpc_server *server, const struct mrpc_session_host_options *options,
                          struct mrpc_session_host **out)
{
    struct mrpc_session_host *host = calloc(1, sizeof(*host));
    if (host == NULL)
        return MRPC_ERR_NOMEM;
    server->frozen = true;
    if (mrpc_reflection_build(server) != 0) {
        free(host);
        return MRPC_ERR_NOMEM;
    }
    host->server = server;
    host->index = options->index;
    mrpc_session_memory_init(&host->memory);
    mrpc_inbox_init(&host->inbox, options->wake, options->arg);
    *out = host;
    return 0;
}

void mrpc_session_host_process(struct mrpc_session_host *host, int64_t now_ms)
{
    mrpc_host_enter(host);
    host->now_ms = now_ms;
    mrpc_inbox_run(&host->inbox);
    mrpc_host_leave(host);
}

size_t mrpc_session_host_calls(const struct mrpc_session_host *host)
{
    return atomic_load_explicit(&host->calls, memory_order_acquire);
}

void mrpc_session_host_free(struct mrpc_session_host *host)
{
    if (host == NULL)
        return;
    mrpc_inbox_fini(&host->inbox);
    while (host->free_calls != NULL) {
        struct mrpc_call *call = host->free_calls;
        host->free_calls = (struct mrpc_call *)call->stream.next;
        free(call);
    }
    while (host->free_desks != NULL) {
        struct call_desk *desk = host->free_desks;
        host->free_desks = desk->next_free;
        free(desk);
    }
    while (host->free_arena_count > 0)
        mrpc_arena_free(host->free_arenas[--host->free_arena_count]);
    mrpc_session_memory_fini(&host->memory);
    free(host);
}

static struct call_peer *peer_new(const struct mrpc_session_options *options)
{
    const struct mrpc_identity *identity = options->identity;
    const char *address = options->peer != NULL ? options->peer : "";
    const char *name = identity != NULL && identity->name != NULL ? identity->name : "";
    size_t address_bytes = strlen(address) + 1;
    size_t name_bytes = strlen(name) + 1;
    struct call_peer *peer = calloc(1, sizeof(*peer) + address_bytes + name_bytes);
    if (peer == NULL)
        return NULL;
    peer->references = 1;
    memcpy(peer->text, address, address_bytes);
    memcpy(peer->text + address_bytes, name, name_bytes);
    peer->identity.kind = identity != NULL ? identity->kind : MRPC_IDENTITY_ANONYMOUS;
    peer->identity.name = peer->text + address_bytes;
    return peer;
}

void mrpc_peer_unref(struct call_peer *peer)
{
    if (peer != NULL && --peer->references == 0)
        free(peer);
}

/* What the transport has agreed on, within what the server speaks. */
static int set_protocol(struct mrpc_session *session, const struct session_web *web, enum mrpc_protocol protocol)
{
    session->http1_allowed = web->http1 && protocol == MRPC_PROTOCOL_EITHER;
    return protocol == MRPC_PROTOCOL_HTTP1 ? mrpc_http1_begin(session) : 0;
}

static struct mrpc_session_options known_options(const struct mrpc_session_options *given)
{
    struct mrpc_session_options options = {0};
    size_t known = given->struct_bytes;
    memcpy(&options, given, known == 0 || known > sizeof(options) ? sizeof(options) : known);
    return options;
}

int mrpc_session_new(struct mrpc_session_host *host, const struct mrpc_session_options *given, int64_t now_ms,
                     struct mrpc_session **out)
{
    struct host_session *session = calloc(1, sizeof(*session));
    if (session == NULL)
        return MRPC_ERR_NOMEM;
    const struct mrpc_session_options options = known_options(given);
    session->host = host;
    session->output_ready = options.output_ready;
    session->local_address = options.local_address;
    session->arg = options.arg;
    session->peer = peer_new(&options);
    if (session->peer == NULL || mrpc_session_init(&session->session, &host->server->limits, &host->memory,
                                                   &mrpc_call_session_events, session, now_ms) != 0) {
        mrpc_peer_unref(session->peer);
        free(session);
        return MRPC_ERR_NOMEM;
    }
    session->session.web = &host->server->web;
    if (set_protocol(&session->session, &host->server->web, options.protocol) != 0) {
        mrpc_session_free(&session->session);
        return MRPC_ERR_NOMEM;
    }
    *out = &session->session;
    return 0;
}

static struct host_session *of(struct mrpc_session *session)
{
    return MRPC_CONTAINER_OF(session, struct host_session, session);
}

/* While a session is driven its driver asks for output afterwards anyway. */
static void drive(struct host_session *session, int64_t now_ms)
{
    mrpc_host_enter(session->host);
    session->host->now_ms = now_ms;
    session->driven = true;
}

static void driven(struct host_session *session)
{
    session->driven = false;
    mrpc_host_leave(session->host);
}

void mrpc_session_free(struct mrpc_session *session)
{
    if (session == NULL)
        return;
    struct host_session *owner = of(session);
    drive(owner, session->now_ms);
    mrpc_session_fini(session);
    driven(owner);
    mrpc_peer_unref(owner->peer);
    free(owner);
}

void mrpc_session_receive(struct mrpc_session *session, int64_t now_ms, const void *bytes, size_t size)
{
    drive(of(session), now_ms);
    mrpc_session_feed(session, now_ms, bytes, size);
    driven(of(session));
}

int mrpc_session_output(struct mrpc_session *session, struct iovec *pieces, int max)
{
    drive(of(session), session->now_ms);
    of(session)->output_told = false;
    mrpc_session_flush(session);
    driven(of(session));
    return mrpc_output_pieces(&session->output, pieces, max);
}

void mrpc_session_tick(struct mrpc_session *session, int64_t now_ms)
{
    drive(of(session), now_ms);
    mrpc_session_run_timers(session, now_ms);
    driven(of(session));
}

void mrpc_session_drain(struct mrpc_session *session, int64_t now_ms)
{
    drive(of(session), now_ms);
    session->now_ms = now_ms;
    mrpc_drain_begin(session);
    driven(of(session));
}

void mrpc_host_touch(struct mrpc_session *session)
{
    struct host_session *owner = of(session);
    session->now_ms = owner->host->now_ms;
    if (owner->driven || owner->output_told || owner->output_ready == NULL)
        return;
    owner->output_told = true;
    owner->output_ready(owner->arg);
}
