/* SPDX-License-Identifier: Apache-2.0 */

/* grpc.channelz.v1: what gRPC does in this process, for people who look for a fault. A server shows itself, its
 * listening sockets and its connections, and the channels that the program has opened. Source: gRFC A14. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>

#include <mrpc/server.h>

#include "channelz/channelz_internal.h"
#include "server/server.h"

int64_t mrpc_channelz_new_id(void)
{
    static _Atomic int64_t last;
    return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

int mrpc_server_enable_channelz(struct mrpc_server *server)
{
    static const struct mrpc__priv__grpc__channelz__v1__channelz__handlers handlers = {
        .get_top_channels = mrpc_channelz_get_top_channels,
        .get_channel = mrpc_channelz_get_channel,
        .get_subchannel = mrpc_channelz_get_subchannel,
        .get_servers = mrpc_channelz_get_servers,
        .get_server = mrpc_channelz_get_server,
        .get_server_sockets = mrpc_channelz_get_server_sockets,
        .get_socket = mrpc_channelz_get_socket,
    };
    return mrpc__priv__grpc__channelz__v1__channelz__add_to_server(server, &handlers, server);
}

size_t mrpc_channelz_page(int64_t max_results)
{
    return max_results > 0 && max_results < CHANNELZ_PAGE_MAX ? (size_t)max_results : CHANNELZ_PAGE_MAX;
}

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t mrpc_channelz_now_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

ChannelzTime *mrpc_channelz_time(struct mrpc_arena *arena, int64_t at_ms)
{
    ChannelzTime *time = at_ms != 0 ? mrpc_arena_alloc(arena, sizeof(*time)) : NULL;
    if (time == NULL)
        return NULL;
    int64_t wall_ms = clock_ms(CLOCK_REALTIME) - (mrpc_channelz_now_ms() - at_ms);
    mrpc__priv__google__protobuf__timestamp__init(time);
    time->seconds = wall_ms / 1000;
    time->nanos = (int32_t)(wall_ms % 1000) * 1000000;
    return time;
}

static CZ(Address__TcpIpAddress) *tcp_address(struct mrpc_arena *arena, const void *ip, size_t ip_bytes, in_port_t port)
{
    CZ(Address__TcpIpAddress) *tcp = mrpc_arena_alloc(arena, sizeof(*tcp));
    uint8_t *bytes = mrpc_arena_memdup(arena, ip, ip_bytes);
    if (tcp == NULL || bytes == NULL)
        return NULL;
    CZ_INIT(address__tcp_ip_address, tcp);
    tcp->ip_address = (ProtobufCBinaryData){.len = ip_bytes, .data = bytes};
    tcp->port = ntohs(port);
    return tcp;
}

static CZ(Address__UdsAddress) *
    unix_address(struct mrpc_arena *arena, const struct sockaddr_un *address, socklen_t length)
{
    CZ(Address__UdsAddress) *local = mrpc_arena_alloc(arena, sizeof(*local));
    if (local == NULL)
        return NULL;
    CZ_INIT(address__uds_address, local);
    bool named = length > offsetof(struct sockaddr_un, sun_path) && address->sun_path[0] != '\0';
    local->filename = mrpc_arena_strdup(arena, named ? address->sun_path : "");
    return local->filename != NULL ? local : NULL;
}

CZ(Address) *mrpc_channelz_address(struct mrpc_arena *arena, const struct sockaddr *address, socklen_t length)
{
    CZ(Address) *out = mrpc_arena_alloc(arena, sizeof(*out));
    if (out == NULL)
        return NULL;
    CZ_INIT(address, out);
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        out->tcpip_address = tcp_address(arena, &v4->sin_addr, sizeof(v4->sin_addr), v4->sin_port);
        out->address_case = MRPC__PRIV__GRPC__CHANNELZ__V1__ADDRESS__ADDRESS_TCPIP_ADDRESS;
        return out->tcpip_address != NULL ? out : NULL;
    }
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
        out->tcpip_address = tcp_address(arena, &v6->sin6_addr, sizeof(v6->sin6_addr), v6->sin6_port);
        out->address_case = MRPC__PRIV__GRPC__CHANNELZ__V1__ADDRESS__ADDRESS_TCPIP_ADDRESS;
        return out->tcpip_address != NULL ? out : NULL;
    }
    if (address->sa_family != AF_UNIX)
        return NULL;
    out->uds_address = unix_address(arena, (const struct sockaddr_un *)(const void *)address, length);
    out->address_case = MRPC__PRIV__GRPC__CHANNELZ__V1__ADDRESS__ADDRESS_UDS_ADDRESS;
    return out->uds_address != NULL ? out : NULL;
}
