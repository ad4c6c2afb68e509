/* SPDX-License-Identifier: Apache-2.0 */

/* The one server that answers. */

#include <string.h>

#include "channelz/channelz_internal.h"
#include "server/acceptor.h"
#include "server/address.h"
#include "server/loop.h"
#include "server/server.h"

/* In the call's arena; NULL without memory. */
static CZ(ServerData) *count(const struct mrpc_server *server, struct mrpc_arena *arena)
{
    CZ(ServerData) *data = mrpc_arena_alloc(arena, sizeof(*data));
    CZ(ChannelTrace) *trace = mrpc_arena_alloc(arena, sizeof(*trace));
    if (data == NULL || trace == NULL)
        return NULL;
    CZ_INIT(server_data, data);
    CZ_INIT(channel_trace, trace);
    int64_t ended = 0, last_ms = 0;
    for (unsigned i = 0; server->started && i < server->loop_count; i++) {
        const struct mrpc_session_host *host = server->loops[i]->host;
        int64_t call_ms = atomic_load_explicit(&host->last_call_ms, memory_order_relaxed);
        last_ms = call_ms > last_ms ? call_ms : last_ms;
        data->calls_failed += (int64_t)atomic_load_explicit(&host->calls_failed, memory_order_relaxed);
        ended += (int64_t)atomic_load_explicit(&host->calls_ended, memory_order_relaxed);
        data->calls_started += (int64_t)atomic_load_explicit(&host->calls_started, memory_order_relaxed);
    }
    data->calls_succeeded = ended - data->calls_failed;
    data->last_call_started_timestamp = mrpc_channelz_time(arena, last_ms);
    trace->creation_timestamp = mrpc_channelz_time(arena, server->created_ms);
    data->trace = trace;
    return data;
}

struct gathering {
    struct mrpc_arena *arena;
    CZ(Server) *server;
};

static bool add_listener(void *arg, const struct listener_info *info)
{
    struct gathering *gathering = arg;
    CZ(Server) *server = gathering->server;
    CZ(SocketRef) *ref = mrpc_arena_alloc(gathering->arena, sizeof(*ref));
    CZ(SocketRef) **refs = mrpc_arena_alloc(gathering->arena, (server->n_listen_socket + 1) * sizeof(*refs));
    if (ref == NULL || refs == NULL)
        return false;
    CZ_INIT(socket_ref, ref);
    ref->socket_id = info->channelz_id;
    ref->name = mrpc_arena_strdup(gathering->arena, info->text);
    if (ref->name == NULL)
        return false;
    if (server->n_listen_socket > 0)
        memcpy(refs, server->listen_socket, server->n_listen_socket * sizeof(*refs));
    refs[server->n_listen_socket++] = ref;
    server->listen_socket = refs;
    return true;
}

static CZ(Server) *describe(struct mrpc_server *server, struct mrpc_arena *arena)
{
    CZ(Server) *out = mrpc_arena_alloc(arena, sizeof(*out));
    CZ(ServerRef) *ref = mrpc_arena_alloc(arena, sizeof(*ref));
    if (out == NULL || ref == NULL)
        return NULL;
    CZ_INIT(server, out);
    CZ_INIT(server_ref, ref);
    ref->server_id = server->channelz_id;
    out->ref = ref;
    out->data = count(server, arena);
    struct gathering gathering = {.arena = arena, .server = out};
    return out->data != NULL && mrpc_acceptor_each_listener(server, add_listener, &gathering) ? out : NULL;
}

static int no_memory(struct mrpc_call *call)
{
    return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

int mrpc_channelz_get_servers(void *self, struct mrpc_call *call, const CZ(GetServersRequest) *request,
                              CZ(GetServersResponse) *response)
{
    struct mrpc_server *server = self;
    response->end = true;
    if (request->start_server_id > server->channelz_id)
        return 0;
    response->server = mrpc_arena_alloc(mrpc_call_arena(call), sizeof(*response->server));
    if (response->server == NULL || (response->server[0] = describe(server, mrpc_call_arena(call))) == NULL)
        return no_memory(call);
    response->n_server = 1;
    return 0;
}

int mrpc_channelz_get_server(void *self, struct mrpc_call *call, const CZ(GetServerRequest) *request,
                             CZ(GetServerResponse) *response)
{
    struct mrpc_server *server = self;
    if (request->server_id != server->channelz_id)
        return mrpc_call_fail(call, MRPC_NOT_FOUND, "there is no server %lld", (long long)request->server_id);
    response->server = describe(server, mrpc_call_arena(call));
    return response->server != NULL ? 0 : no_memory(call);
}
