/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int64_t fixture_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void open_store(struct fixture *fixture, const char *folder)
{
    struct fault fault = FAULT_INIT;
    int code = folder ? store_sqlite_open(&(struct store_sqlite_options){.directory = folder}, &fixture->store, &fault)
                      : store_memory_open(NULL, &fixture->store, &fault);
    if (code)
        fail_msg("store: %s", fault.text);
}

static int believe(void *arg, struct mrpc_call *call, struct mrpc_identity *identity)
{
    static const char *const admin[] = {"admin"};
    const struct mrpc_metadatum *who = mrpc_metadata_find(mrpc_call_request_metadata(call), "who");
    if (!who)
        return MRPC_OK;
    identity->kind = MRPC_IDENTITY_TOKEN;
    identity->name = who->value;
    identity->roles = admin;
    identity->role_count = strcmp(who->value, "root") == 0;
    return MRPC_OK;
}

static void add_authentication(struct fixture *fixture)
{
    struct mrpc_authentication_options options = {.struct_bytes = sizeof options, .authenticate = believe};
    assert_int_equal(mrpc_authentication_new(&options, &fixture->authentication), 0);
    assert_int_equal(mrpc_authentication_add_to_server(fixture->authentication, fixture->server), 0);
}

static void start_threads(struct fixture *fixture)
{
    assert_int_equal(thread_pool_new(&(struct thread_pool_options){.name = "pool", .threads = 2}, &fixture->threads),
                     0);
    assert_int_equal(thread_pool_start(fixture->threads), 0);
}

void fixture_start(struct fixture *fixture, const char *folder, const struct registry_options *options)
{
    struct fault fault = FAULT_INIT;
    struct registry_options used = options ? *options : (struct registry_options){0};
    struct mrpc_server_options server = {.struct_bytes = sizeof server, .loops = 2};
    *fixture = (struct fixture){0};
    open_store(fixture, folder);
    start_threads(fixture);
    used.store = fixture->store;
    used.threads = fixture->threads;
    if (registry_new(&used, &fixture->registry, &fault) || registry_start(fixture->registry, &fault) ||
        registry_run_leases(fixture->registry, true) || registry_run_health(fixture->registry, true))
        fail_msg("registry: %s", fault.text);
    assert_int_equal(mrpc_server_new(&server, &fixture->server), 0);
    add_authentication(fixture);
    assert_int_equal(registry_add_to_server(fixture->registry, fixture->server), 0);
    assert_int_equal(mrpc_server_listen(fixture->server, "127.0.0.1:0", NULL, &fixture->address), 0);
    snprintf(fixture->local_address, sizeof fixture->local_address, "unix-abstract:mlt-registry-%d", (int)getpid());
    assert_int_equal(mrpc_server_listen(fixture->server, fixture->local_address, NULL, NULL), 0);
    assert_int_equal(mrpc_server_start(fixture->server), 0);
    registry_set_own_addresses(fixture->registry, (const char *const[]){fixture->address, NULL});
    struct mrpc_channel_options channel = {.struct_bytes = sizeof channel};
    assert_int_equal(mrpc_channel_new(fixture->address, &channel, &fixture->channel), 0);
}

void fixture_stop(struct fixture *fixture)
{
    registry_drain(fixture->registry);
    mrpc_channel_free(fixture->channel);
    mrpc_server_stop(fixture->server);
    registry_stop(fixture->registry);
    thread_pool_stop(fixture->threads);
    mrpc_server_free(fixture->server);
    mrpc_authentication_free(fixture->authentication);
    registry_free(fixture->registry);
    thread_pool_free(fixture->threads);
    store_close(fixture->store);
    free(fixture->address);
}

void sample_init(struct sample *sample, const char *service, const char *id, uint32_t port, int64_t ttl_ms)
{
    mltrainer__registry__v1__instance_key__init(&sample->key);
    mltrainer__registry__v1__endpoint__init(&sample->endpoint);
    google__protobuf__duration__init(&sample->ttl);
    mltrainer__registry__v1__instance__init(&sample->instance);
    mltrainer__registry__v1__register_request__init(&sample->request);
    sample->key.service = (char *)(uintptr_t)service;
    sample->key.id = (char *)(uintptr_t)id;
    sample->endpoint.address = (char *)(uintptr_t) "127.0.0.1";
    sample->endpoint.port = port;
    sample->endpoints[0] = &sample->endpoint;
    sample->ttl.seconds = ttl_ms / 1000;
    sample->ttl.nanos = (int32_t)(ttl_ms % 1000) * 1000000;
    sample->instance.key = &sample->key;
    sample->instance.endpoints = sample->endpoints;
    sample->instance.n_endpoints = 1;
    sample->instance.lease_ttl = &sample->ttl;
    sample->request.instance = &sample->instance;
}

static const struct mrpc_call_options in_time = {.struct_bytes = sizeof in_time, .timeout_ms = 20000};

int fixture_register(struct mrpc_channel *channel, struct sample *sample, int64_t *incarnation)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const PB(RegisterResponse) *response = RPC(register)(channel, &in_time, &sample->request, &reply);
    if (response && incarnation)
        *incarnation = response->instance->incarnation;
    int code = reply.status.code;
    mrpc_reply_fini(&reply);
    return code;
}

int fixture_deregister(struct mrpc_channel *channel, const char *service, const char *id, int64_t incarnation)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    PB(InstanceKey) key;
    PB(DeregisterRequest) request;
    mltrainer__registry__v1__instance_key__init(&key);
    mltrainer__registry__v1__deregister_request__init(&request);
    key.service = (char *)(uintptr_t)service;
    key.id = (char *)(uintptr_t)id;
    request.key = &key;
    request.incarnation = incarnation;
    RPC(deregister)(channel, &in_time, &request, &reply);
    int code = reply.status.code;
    mrpc_reply_fini(&reply);
    return code;
}

int fixture_heartbeat(struct mrpc_channel *channel, const char *service, const char *id, int64_t incarnation)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    PB(InstanceKey) key;
    PB(HeartbeatRequest) request;
    mltrainer__registry__v1__instance_key__init(&key);
    mltrainer__registry__v1__heartbeat_request__init(&request);
    key.service = (char *)(uintptr_t)service;
    key.id = (char *)(uintptr_t)id;
    request.key = &key;
    request.incarnation = incarnation;
    RPC(heartbeat)(channel, &in_time, &request, &reply);
    int code = reply.status.code;
    mrpc_reply_fini(&reply);
    return code;
}

int fixture_discover(struct mrpc_channel *channel, const char *service, char *id)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    PB(DiscoverRequest) request;
    mltrainer__registry__v1__discover_request__init(&request);
    request.service = (char *)(uintptr_t)service;
    const PB(DiscoverResponse) *response = RPC(discover)(channel, &in_time, &request, &reply);
    if (response && id)
        snprintf(id, 129, "%s", response->instances[0]->key->id);
    int code = reply.status.code;
    mrpc_reply_fini(&reply);
    return code;
}
