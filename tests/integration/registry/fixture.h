/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_FIXTURE_H
#define REGISTRY_FIXTURE_H

#include <mrpc/authentication.h>
#include <mrpc/channel.h>
#include <mrpc/server.h>

#include "fault/fault.h"
#include "registry/message.h"
#include "registry/service.h"
#include "store/memory.h"
#include "store/sqlite.h"
#include "test.h"

/* A registry behind a real server on a port of the system's choice, and a channel to it. A call with the metadatum
 * "who: NAME" comes from "token/NAME"; "root" is an admin; without it from nobody in particular. */

struct fixture {
    struct store *store;
    struct registry *registry;
    struct thread_pool *threads;
    struct mrpc_authentication *authentication;
    struct mrpc_server *server;
    struct mrpc_channel *channel;
    char *address;
    char local_address[48]; /* a unix socket: who calls there is not anonymous */
};

/** @folder: the store's; NULL: a store in memory. */
void fixture_start(struct fixture *fixture, const char *folder, const struct registry_options *options);
void fixture_stop(struct fixture *fixture);

#define RPC(name) mltrainer__registry__v1__registry_service__##name

/** A request for an instance on 127.0.0.1:@port with a lease of @ttl_ms, in static memory of the caller's making. */
struct sample {
    PB(InstanceKey) key;
    PB(Endpoint) endpoint;
    PB(Endpoint) * endpoints[1];
    Google__Protobuf__Duration ttl;
    PB(Instance) instance;
    PB(RegisterRequest) request;
};
void sample_init(struct sample *sample, const char *service, const char *id, uint32_t port, int64_t ttl_ms);

/** Register; returns the status code, *@out the incarnation if it is not NULL. */
int fixture_register(struct mrpc_channel *channel, struct sample *sample, int64_t *incarnation);
int fixture_deregister(struct mrpc_channel *channel, const char *service, const char *id, int64_t incarnation);
int fixture_heartbeat(struct mrpc_channel *channel, const char *service, const char *id, int64_t incarnation);
/** The id of the pick in @id (129 bytes); the status code. */
int fixture_discover(struct mrpc_channel *channel, const char *service, char *id);

int64_t fixture_now_ms(void);

#endif
