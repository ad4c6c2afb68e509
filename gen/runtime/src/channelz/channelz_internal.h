/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CHANNELZ_INTERNAL_H
#define MRPC_CHANNELZ_INTERNAL_H

#include <sys/socket.h>

#include <grpc/channelz/v1/channelz.mrpc.h>

#include <mrpc/call.h>

#include "channelz/channelz.h"

/* Short names for the generated ones: CZ(ServerRef) is a struct, CZ_INIT(server_ref, x) makes it empty. */
#define CZ(NAME) Mrpc__Priv__Grpc__Channelz__V1__##NAME
#define CZ_INIT(NAME, MESSAGE) mrpc__priv__grpc__channelz__v1__##NAME##__init(MESSAGE)

typedef Mrpc__Priv__Google__Protobuf__Timestamp ChannelzTime;

#define CHANNELZ_PAGE_MAX 100

/** How many to return: what is asked for, at most and by default CHANNELZ_PAGE_MAX. */
size_t mrpc_channelz_page(int64_t max_results);

/** The moment of a CLOCK_MONOTONIC time in ms; NULL for 0 (never) or without memory. */
ChannelzTime *mrpc_channelz_time(struct mrpc_arena *arena, int64_t at_ms);
/** NULL when the address has none that can be told, or without memory. */
CZ(Address) *mrpc_channelz_address(struct mrpc_arena *arena, const struct sockaddr *address, socklen_t length);

int mrpc_channelz_get_top_channels(void *self, struct mrpc_call *call, const CZ(GetTopChannelsRequest) *request,
                                   CZ(GetTopChannelsResponse) *response);
int mrpc_channelz_get_channel(void *self, struct mrpc_call *call, const CZ(GetChannelRequest) *request,
                              CZ(GetChannelResponse) *response);
int mrpc_channelz_get_subchannel(void *self, struct mrpc_call *call, const CZ(GetSubchannelRequest) *request,
                                 CZ(GetSubchannelResponse) *response);
int mrpc_channelz_get_servers(void *self, struct mrpc_call *call, const CZ(GetServersRequest) *request,
                              CZ(GetServersResponse) *response);
int mrpc_channelz_get_server(void *self, struct mrpc_call *call, const CZ(GetServerRequest) *request,
                             CZ(GetServerResponse) *response);
int mrpc_channelz_get_server_sockets(void *self, struct mrpc_call *call, const CZ(GetServerSocketsRequest) *request,
                                     CZ(GetServerSocketsResponse) *response);
int mrpc_channelz_get_socket(void *self, struct mrpc_call *call, const CZ(GetSocketRequest) *request,
                             CZ(GetSocketResponse) *response);

#endif
