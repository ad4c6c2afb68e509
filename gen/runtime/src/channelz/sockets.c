/* SPDX-License-Identifier: Apache-2.0 */

/* Connections belong to their loops: what is told of them is gathered by a round through these, while the call
 * waits. */

#include <stdlib.h>
#include <string.h>

#include "channelz/channelz_internal.h"
#include "server/acceptor.h"
#include "server/address.h"
#include "server/connection.h"
#include "server/server.h"
#include "server/visit.h"

/* Both methods: a round with the call that it is for, in the call's arena. */
struct round {
    struct loop_visit visit;
    struct mrpc_call *call;
    int64_t id;                              /* the socket, or the least one, that is asked for */
    size_t max_results;
    CZ(GetServerSocketsResponse) *page;
    CZ(GetSocketResponse) *one;
    bool no_memory;
};

static struct round *new_round(struct mrpc_call *call)
{
    struct round *round = mrpc_arena_calloc(mrpc_call_arena(call), 1, sizeof(*round));
    if (round != NULL)
        round->call = call;
    return round;
}

static int begin(struct mrpc_server *server, struct round *round)
{
    if (mrpc_loops_visit(server, &round->visit) != 0)
        return mrpc_call_fail(round->call, MRPC_UNAVAILABLE, "the server does not run");
    return MRPC_PENDING;
}

static char *remote_text(const struct connection *connection, struct mrpc_arena *arena)
{
    char text[ADDRESS_TEXT_BYTES];
    mrpc_address_format(connection_address(connection), connection->address_bytes, text, sizeof(text));
    return mrpc_arena_strdup(arena, text);
}

static CZ(SocketRef) *new_ref(struct mrpc_arena *arena, int64_t id, char *name)
{
    CZ(SocketRef) *ref = mrpc_arena_alloc(arena, sizeof(*ref));
    if (ref == NULL || name == NULL)
        return NULL;
    CZ_INIT(socket_ref, ref);
    ref->socket_id = id;
    ref->name = name;
    return ref;
}

/* GetServerSockets ------------------------------------------------------------------------------------------------- */

/* Keep the page's lowest ids, in order: the list of a loop is not sorted. */
static void insert(struct round *round, const struct connection *connection)
{
    CZ(GetServerSocketsResponse) *page = round->page;
    size_t at = page->n_socket_ref;
    while (at > 0 && page->socket_ref[at - 1]->socket_id > connection->channelz_id)
        at--;
    if (page->n_socket_ref == round->max_results)
        page->end = false;
    if (at == round->max_results)
        return;
    struct mrpc_arena *arena = mrpc_call_arena(round->call);
    CZ(SocketRef) *ref = new_ref(arena, connection->channelz_id, remote_text(connection, arena));
    if (ref == NULL) {
        round->no_memory = true;
        return;
    }
    size_t kept = page->n_socket_ref < round->max_results ? page->n_socket_ref : round->max_results - 1;
    memmove(&page->socket_ref[at + 1], &page->socket_ref[at], (kept - at) * sizeof(*page->socket_ref));
    page->socket_ref[at] = ref;
    page->n_socket_ref = kept + 1;
}

static void look_for_page(struct loop_visit *visit, struct server_loop *loop)
{
    struct round *round = MRPC_CONTAINER_OF(visit, struct round, visit);
    for (const struct connection *at = loop->connections; at != NULL; at = at->next)
        if (at->channelz_id >= round->id)
            insert(round, at);
}

static void page_done(struct loop_visit *visit)
{
    struct round *round = MRPC_CONTAINER_OF(visit, struct round, visit);
    if (round->no_memory)
        mrpc_call_finish(round->call, mrpc_call_fail(round->call, MRPC_RESOURCE_EXHAUSTED, "out of memory"), NULL);
    else
        mrpc_call_finish(round->call, 0, &round->page->base);
}

int mrpc_channelz_get_server_sockets(void *self, struct mrpc_call *call, const CZ(GetServerSocketsRequest) *request,
                                     CZ(GetServerSocketsResponse) *response)
{
    struct mrpc_server *server = self;
    if (request->server_id != server->channelz_id)
        return mrpc_call_fail(call, MRPC_NOT_FOUND, "there is no server %lld", (long long)request->server_id);
    struct round *round = new_round(call);
    size_t max_results = mrpc_channelz_page(request->max_results);
    response->socket_ref = mrpc_arena_alloc(mrpc_call_arena(call), max_results * sizeof(*response->socket_ref));
    if (round == NULL || response->socket_ref == NULL)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    response->end = true;
    round->id = request->start_socket_id;
    round->max_results = max_results;
    round->page = response;
    round->visit.look = look_for_page;
    round->visit.done = page_done;
    return begin(server, round);
}

/* GetSocket -------------------------------------------------------------------------------------------------------- */

static Mrpc__Priv__Google__Protobuf__Int64Value *number(struct mrpc_arena *arena, int64_t value)
{
    Mrpc__Priv__Google__Protobuf__Int64Value *out = mrpc_arena_alloc(arena, sizeof(*out));
    if (out == NULL)
        return NULL;
    mrpc__priv__google__protobuf__int64_value__init(out);
    out->value = value;
    return out;
}

static CZ(SocketData) *count(const struct mrpc_session *session, struct mrpc_arena *arena)
{
    CZ(SocketData) *data = mrpc_arena_alloc(arena, sizeof(*data));
    if (data == NULL)
        return NULL;
    CZ_INIT(socket_data, data);
    if (session == NULL)
        return data;
    const struct session_counts *counts = &session->counts;
    data->streams_started = (int64_t)counts->streams_opened;
    data->streams_succeeded = (int64_t)counts->streams_succeeded;
    data->streams_failed = (int64_t)counts->streams_failed;
    data->messages_sent = (int64_t)counts->messages_sent;
    data->messages_received = (int64_t)counts->messages_received;
    data->keep_alives_sent = (int64_t)counts->keepalives_sent;
    data->last_remote_stream_created_timestamp = mrpc_channelz_time(arena, counts->last_stream_ms);
    data->last_message_sent_timestamp = mrpc_channelz_time(arena, counts->last_sent_ms);
    data->last_message_received_timestamp = mrpc_channelz_time(arena, counts->last_received_ms);
    data->local_flow_control_window = number(arena, nghttp2_session_get_local_window_size(session->h2));
    data->remote_flow_control_window = number(arena, nghttp2_session_get_remote_window_size(session->h2));
    return data;
}

static ProtobufCBinaryData bytes_of(struct mrpc_arena *arena, const struct tls_certificate_bytes *certificate)
{
    uint8_t *copy = certificate->size > 0 ? mrpc_arena_memdup(arena, certificate->bytes, certificate->size) : NULL;
    return (ProtobufCBinaryData){.len = copy != NULL ? certificate->size : 0, .data = copy};
}

static CZ(Security) *security(const struct mrpc_tls_stream *stream, struct mrpc_arena *arena)
{
    CZ(Security) *out = mrpc_arena_alloc(arena, sizeof(*out));
    CZ(Security__Tls) *tls = mrpc_arena_alloc(arena, sizeof(*tls));
    struct tls_description shown;
    if (out == NULL || tls == NULL || !mrpc_tls_stream_describe(stream, &shown))
        return NULL;
    CZ_INIT(security, out);
    CZ_INIT(security__tls, tls);
    tls->standard_name = mrpc_arena_strdup(arena, shown.cipher);
    if (tls->standard_name != NULL)
        tls->cipher_suite_case = MRPC__PRIV__GRPC__CHANNELZ__V1__SECURITY__TLS__CIPHER_SUITE_STANDARD_NAME;
    tls->local_certificate = bytes_of(arena, &shown.own);
    tls->remote_certificate = bytes_of(arena, &shown.peer);
    mrpc_tls_description_free(&shown);
    out->tls = tls;
    out->model_case = MRPC__PRIV__GRPC__CHANNELZ__V1__SECURITY__MODEL_TLS;
    return out;
}

static CZ(Address) *local_address(int fd, struct mrpc_arena *arena)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof(address);
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        return NULL;
    return mrpc_channelz_address(arena, (const struct sockaddr *)&address, size);
}

static CZ(Socket) *new_socket(struct mrpc_arena *arena, int64_t id, char *name)
{
    CZ(Socket) *out = mrpc_arena_alloc(arena, sizeof(*out));
    if (out == NULL)
        return NULL;
    CZ_INIT(socket, out);
    out->ref = new_ref(arena, id, name);
    return out->ref != NULL ? out : NULL;
}

static CZ(Socket) *describe(const struct connection *connection, struct mrpc_arena *arena)
{
    CZ(Socket) *out = new_socket(arena, connection->channelz_id, remote_text(connection, arena));
    if (out == NULL)
        return NULL;
    out->data = count(connection->session, arena);
    out->local = local_address(connection->fd, arena);
    out->remote = mrpc_channelz_address(arena, connection_address(connection), connection->address_bytes);
    if (connection->tls != NULL)
        out->security = security(connection->tls, arena);
    return out;
}

static void look_for_one(struct loop_visit *visit, struct server_loop *loop)
{
    struct round *round = MRPC_CONTAINER_OF(visit, struct round, visit);
    for (const struct connection *at = loop->connections; at != NULL; at = at->next) {
        if (at->channelz_id != round->id)
            continue;
        round->one->socket = describe(at, mrpc_call_arena(round->call));
        round->no_memory = round->one->socket == NULL;
    }
}

static void one_done(struct loop_visit *visit)
{
    struct round *round = MRPC_CONTAINER_OF(visit, struct round, visit);
    int code = 0;
    if (round->no_memory)
        code = mrpc_call_fail(round->call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    else if (round->one->socket == NULL)
        code = mrpc_call_fail(round->call, MRPC_NOT_FOUND, "there is no socket %lld", (long long)round->id);
    mrpc_call_finish(round->call, code, code == 0 ? &round->one->base : NULL);
}

struct listener_search {
    struct mrpc_arena *arena;
    int64_t id;
    CZ(Socket) *found;
};

static bool match_listener(void *arg, const struct listener_info *info)
{
    struct listener_search *search = arg;
    if (info->channelz_id != search->id)
        return true;
    search->found = new_socket(search->arena, info->channelz_id, mrpc_arena_strdup(search->arena, info->text));
    if (search->found != NULL)
        search->found->local = local_address(info->fd, search->arena);
    return false;
}

int mrpc_channelz_get_socket(void *self, struct mrpc_call *call, const CZ(GetSocketRequest) *request,
                             CZ(GetSocketResponse) *response)
{
    struct listener_search search = {.arena = mrpc_call_arena(call), .id = request->socket_id};
    (void)mrpc_acceptor_each_listener(self, match_listener, &search);
    response->socket = search.found;
    if (search.found != NULL)
        return 0;
    struct round *round = new_round(call);
    if (round == NULL)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    round->id = request->socket_id;
    round->one = response;
    round->visit.look = look_for_one;
    round->visit.done = one_done;
    return begin(self, round);
}
