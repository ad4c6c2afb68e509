/* SPDX-License-Identifier: Apache-2.0 */
#include "access/stream_quota.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <mrpc/interceptor.h>

#include "caller/caller.h"

enum { RETRY_MS = 1000 };

/* A call's state. */
struct counted {
    bool is;
};

static bool v4_owner(const struct in_addr *address, char out[STREAM_OWNER_BYTES])
{
    char text[INET_ADDRSTRLEN];
    if ((ntohl(address->s_addr) >> 24) == 127 || !inet_ntop(AF_INET, address, text, sizeof text))
        return false;
    snprintf(out, STREAM_OWNER_BYTES, "address/%s", text);
    return true;
}

/* Whoever has one address of such a network has all of them. */
static bool v6_owner(struct in6_addr address, char out[STREAM_OWNER_BYTES])
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr within;
    memcpy(&within, &address.s6_addr[12], sizeof within);
    if (IN6_IS_ADDR_V4MAPPED(&address))
        return v4_owner(&within, out);
    bool here = IN6_IS_ADDR_LOOPBACK(&address);
    memset(&address.s6_addr[8], 0, 8);
    if (here || !inet_ntop(AF_INET6, &address, text, sizeof text))
        return false;
    snprintf(out, STREAM_OWNER_BYTES, "address/%s/64", text);
    return true;
}

/* "192.0.2.7:50000", "[2001:db8::1]:50000", "unix:" */
static bool address_owner(const char *peer, char out[STREAM_OWNER_BYTES])
{
    char host[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;
    bool bracket = *peer == '[';
    size_t size = strcspn(peer + bracket, bracket ? "]" : ":");
    if (size >= sizeof host)
        return false;
    memcpy(host, peer + bracket, size);
    host[size] = '\0';
    if (bracket)
        return inet_pton(AF_INET6, host, &v6) == 1 && v6_owner(v6, out);
    return inet_pton(AF_INET, host, &v4) == 1 && v4_owner(&v4, out);
}

bool stream_quota_owner(const struct mrpc_identity *identity, const char *peer, char out[STREAM_OWNER_BYTES])
{
    if (identity->kind == MRPC_IDENTITY_ANONYMOUS)
        return address_owner(peer, out);
    snprintf(out, STREAM_OWNER_BYTES, "%s/%s", caller_kind(identity->kind), identity->name);
    return true;
}

static bool owner_of(const struct mrpc_call *call, char out[STREAM_OWNER_BYTES])
{
    return stream_quota_owner(mrpc_call_identity(call), mrpc_call_peer(call), out);
}

/* Not the question whether the server is well: what asks it lets others in. */
static bool is_stream(const struct mrpc_method *method)
{
    return (method->client_streaming || method->server_streaming) && strncmp(method->path, "/grpc.health.", 13) != 0;
}

static int started(void *self, void *state, struct mrpc_call *call)
{
    struct counted *counted = state;
    char owner[STREAM_OWNER_BYTES];
    struct fault fault = FAULT_INIT;
    if (!is_stream(mrpc_call_method(call)) || !owner_of(call, owner))
        return 0;
    if (quota_take(self, owner, 1, RETRY_MS, &fault) != 0)
        return fault_answer(call, &fault);
    counted->is = true;
    return 0;
}

static void ended(void *self, void *state, struct mrpc_call *call, const struct mrpc_call_end *end)
{
    const struct counted *counted = state;
    char owner[STREAM_OWNER_BYTES];
    if (counted->is && owner_of(call, owner))
        quota_give(self, owner, 1);
}

static const struct mrpc_interceptor interceptor = {
    .struct_bytes = sizeof interceptor,
    .name = "stream_quota",
    .state_bytes = sizeof(struct counted),
    .started = started,
    .ended = ended,
    .forget = mrpc_interceptor_forgets,
};

int stream_quota_add_to_server(struct quota *quota, struct mrpc_server *server)
{
    return mrpc_server_add_interceptor(server, &interceptor, quota);
}
