/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mltrainer/registry/v1/registry.mrpc.h>

#include "client.h"

/* A registration and the thread that keeps it alive: heartbeats at the interval that the server gives; when the server does not
 * know the instance, or cannot be reached, it registers again after a pause that grows from 0.1 s to 10 s with 20 % jitter. */

/* PATIENCE_MS bounds each call once the registration stands, so that its end need not wait for a server that is silent. */
enum { PAUSE_LEAST_MS = 100, PAUSE_MOST_MS = 10000, PATIENCE_MS = 2000 };

struct mlt_registration {
    struct mlt_client *client;
    struct mlt_instance instance;
    struct mrpc_arena *texts;
    pthread_t thread;
    pthread_mutex_t lock; /* guards ending */
    pthread_cond_t wake;
    bool ending;
    int64_t interval_ms; /* between heartbeats, as the server wants it; the thread's own after the start */
    _Atomic uint64_t renewals;
    uint64_t random;
};

/* Everything of the request that lives on the stack while it is sent. */
struct request {
    Mltrainer__Registry__V1__RegisterRequest message;
    Mltrainer__Registry__V1__Instance instance;
    Mltrainer__Registry__V1__InstanceKey key;
    Mltrainer__Registry__V1__Endpoint endpoint, *endpoints[1];
    Mltrainer__Registry__V1__Check checks[3], *check_pointers[3];
    Mltrainer__Registry__V1__HttpCheck http;
    Mltrainer__Registry__V1__GrpcCheck grpc;
    Mltrainer__Registry__V1__TcpCheck tcp;
    Google__Protobuf__Duration lease, interval;
};

static void set_duration(Google__Protobuf__Duration *duration, int64_t ms)
{
    google__protobuf__duration__init(duration);
    duration->seconds = ms / 1000;
    duration->nanos = (int32_t)(ms % 1000) * 1000000;
}

static Mltrainer__Registry__V1__Check *add_check(struct request *r, char *name)
{
    Mltrainer__Registry__V1__Check *check = &r->checks[r->instance.n_checks];
    mltrainer__registry__v1__check__init(check);
    check->name = name;
    check->interval = &r->interval;
    r->check_pointers[r->instance.n_checks++] = check;
    return check;
}

static void describe_checks(const struct mlt_instance *instance, struct request *r)
{
    set_duration(&r->interval, instance->check_interval_ms > 0 ? instance->check_interval_ms : 10000);
    if (instance->http_check_path) {
        Mltrainer__Registry__V1__Check *check = add_check(r, "http");
        mltrainer__registry__v1__http_check__init(&r->http);
        r->http.path = (char *)instance->http_check_path;
        check->kind_case = MLTRAINER__REGISTRY__V1__CHECK__KIND_HTTP;
        check->http = &r->http;
    }
    if (instance->grpc_check) {
        Mltrainer__Registry__V1__Check *check = add_check(r, "grpc");
        mltrainer__registry__v1__grpc_check__init(&r->grpc);
        check->kind_case = MLTRAINER__REGISTRY__V1__CHECK__KIND_GRPC;
        check->grpc = &r->grpc;
    }
    if (instance->tcp_check) {
        Mltrainer__Registry__V1__Check *check = add_check(r, "tcp");
        mltrainer__registry__v1__tcp_check__init(&r->tcp);
        check->kind_case = MLTRAINER__REGISTRY__V1__CHECK__KIND_TCP;
        check->tcp = &r->tcp;
    }
    r->instance.checks = r->check_pointers;
}

static void describe_key(const struct mlt_instance *instance, Mltrainer__Registry__V1__InstanceKey *key)
{
    mltrainer__registry__v1__instance_key__init(key);
    key->namespace_ = (char *)(instance->namespace_name ? instance->namespace_name : "");
    key->service = (char *)instance->service;
    key->id = (char *)instance->id;
}

static void describe(const struct mlt_instance *instance, struct request *r)
{
    memset(r, 0, sizeof *r);
    mltrainer__registry__v1__register_request__init(&r->message);
    mltrainer__registry__v1__instance__init(&r->instance);
    mltrainer__registry__v1__endpoint__init(&r->endpoint);
    describe_key(instance, &r->key);
    r->endpoint.address = (char *)instance->address;
    r->endpoint.port = instance->port;
    r->endpoints[0] = &r->endpoint;
    set_duration(&r->lease, instance->lease_ttl_ms > 0 ? instance->lease_ttl_ms : 30000);
    r->instance.key = &r->key;
    r->instance.endpoints = r->endpoints;
    r->instance.n_endpoints = 1;
    r->instance.version = (char *)(instance->version ? instance->version : "");
    r->instance.zone = (char *)(instance->zone ? instance->zone : "");
    r->instance.weight = instance->weight ? instance->weight : 100;
    r->instance.lease_ttl = &r->lease;
    describe_checks(instance, r);
    r->message.instance = &r->instance;
}

static struct mrpc_call_options patient(const struct mlt_registration *registration)
{
    struct mrpc_call_options options = client_call_options(registration->client);
    if (options.timeout_ms > PATIENCE_MS)
        options.timeout_ms = PATIENCE_MS;
    return options;
}

static int do_register(struct mlt_registration *registration, struct mrpc_call_options options, struct mlt_error *error)
{
    struct request request;
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    describe(&registration->instance, &request);
    const Mltrainer__Registry__V1__RegisterResponse *response = mltrainer__registry__v1__registry_service__register(
        registration->client->channel, &options, &request.message, &reply);
    int code = response ? 0 : client_fail(error, &reply.status);
    const Google__Protobuf__Duration *interval = response ? response->heartbeat_interval : NULL;
    if (response)
        registration->interval_ms = interval ? interval->seconds * 1000 + interval->nanos / 1000000 : 10000;
    mrpc_reply_fini(&reply);
    return code;
}

static int beat(struct mlt_registration *registration)
{
    Mltrainer__Registry__V1__HeartbeatRequest request = MLTRAINER__REGISTRY__V1__HEARTBEAT_REQUEST__INIT;
    Mltrainer__Registry__V1__InstanceKey key;
    struct mrpc_call_options options = patient(registration);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    describe_key(&registration->instance, &key);
    request.key = &key;
    mltrainer__registry__v1__registry_service__heartbeat(registration->client->channel, &options, &request, &reply);
    int code = (int)reply.status.code;
    mrpc_reply_fini(&reply);
    return code;
}

/* Source of jitter: xorshift64 (Marsaglia 2003). */
static int64_t with_jitter(struct mlt_registration *registration, int64_t ms)
{
    uint64_t x = registration->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    registration->random = x;
    return ms - ms / 5 + (int64_t)(x % (uint64_t)(2 * (ms / 5) + 1));
}

/* True when the registration is to end. */
static bool wait_ms(struct mlt_registration *registration, int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&registration->lock);
    int timed_out = 0;
    while (!registration->ending && !timed_out)
        timed_out = pthread_cond_timedwait(&registration->wake, &registration->lock, &until);
    bool ending = registration->ending;
    pthread_mutex_unlock(&registration->lock);
    return ending;
}

static void *keep(void *arg)
{
    struct mlt_registration *registration = arg;
    int64_t pause_ms = PAUSE_LEAST_MS;
    bool known = true;
    while (!wait_ms(registration, with_jitter(registration, known ? registration->interval_ms : pause_ms))) {
        if (known && beat(registration) == MRPC_OK)
            continue;
        if (wait_ms(registration, 0))
            break;
        known = do_register(registration, patient(registration), NULL) == 0;
        if (known)
            atomic_fetch_add(&registration->renewals, 1);
        pause_ms = known ? PAUSE_LEAST_MS : pause_ms * 2 < PAUSE_MOST_MS ? pause_ms * 2 : PAUSE_MOST_MS;
    }
    return NULL;
}

static const char *keep_text(struct mlt_registration *registration, const char *text, int *failed)
{
    char *copy = text ? mrpc_arena_strdup(registration->texts, text) : NULL;
    *failed |= text && !copy;
    return copy;
}

static int copy_instance(struct mlt_registration *registration, const struct mlt_instance *instance)
{
    struct mlt_instance *own = &registration->instance;
    int failed = !registration->texts;
    client_copy_options(own, sizeof *own, instance, instance->struct_bytes);
    if (failed)
        return failed;
    own->namespace_name = keep_text(registration, own->namespace_name, &failed);
    own->service = keep_text(registration, own->service, &failed);
    own->id = keep_text(registration, own->id, &failed);
    own->address = keep_text(registration, own->address, &failed);
    own->version = keep_text(registration, own->version, &failed);
    own->zone = keep_text(registration, own->zone, &failed);
    own->http_check_path = keep_text(registration, own->http_check_path, &failed);
    return failed;
}

static void release(struct mlt_registration *registration)
{
    pthread_cond_destroy(&registration->wake);
    pthread_mutex_destroy(&registration->lock);
    mrpc_arena_free(registration->texts);
    free(registration);
}

static struct mlt_registration *registration_new(struct mlt_client *client)
{
    struct mlt_registration *registration = calloc(1, sizeof *registration);
    if (!registration)
        return NULL;
    struct timespec now;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&registration->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&registration->lock, NULL);
    clock_gettime(CLOCK_MONOTONIC, &now);
    registration->random = ((uint64_t)now.tv_nsec << 20) ^ (uintptr_t)registration ^ 0x9e3779b97f4a7c15u;
    registration->client = client;
    registration->texts = mrpc_arena_new(0);
    return registration;
}

int mlt_registration_begin(struct mlt_client *client, const struct mlt_instance *instance, struct mlt_registration **out,
                           struct mlt_error *error)
{
    struct mlt_registration *registration = registration_new(client);
    if (!registration)
        return client_fail_text(error, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    int code = copy_instance(registration, instance) ? client_fail_text(error, MRPC_RESOURCE_EXHAUSTED, "out of memory") : 0;
    if (!code && (!registration->instance.service || !registration->instance.id || !registration->instance.address))
        code = client_fail_text(error, MRPC_INVALID_ARGUMENT, "service, id and address are required");
    if (!code)
        code = do_register(registration, client_call_options(client), error);
    if (!code && pthread_create(&registration->thread, NULL, keep, registration) != 0)
        code = client_fail_text(error, MRPC_RESOURCE_EXHAUSTED, "a thread cannot be started");
    if (code) {
        release(registration);
        return code;
    }
    *out = registration;
    return 0;
}

void mlt_registration_end(struct mlt_registration *registration)
{
    if (!registration)
        return;
    pthread_mutex_lock(&registration->lock);
    registration->ending = true;
    pthread_cond_signal(&registration->wake);
    pthread_mutex_unlock(&registration->lock);
    pthread_join(registration->thread, NULL);
    Mltrainer__Registry__V1__DeregisterRequest request = MLTRAINER__REGISTRY__V1__DEREGISTER_REQUEST__INIT;
    Mltrainer__Registry__V1__InstanceKey key;
    struct mrpc_call_options options = patient(registration);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    describe_key(&registration->instance, &key);
    request.key = &key;
    request.reason = "the client ended";
    mltrainer__registry__v1__registry_service__deregister(registration->client->channel, &options, &request, &reply);
    mrpc_reply_fini(&reply);
    release(registration);
}

uint64_t mlt_registration_renewals(const struct mlt_registration *registration)
{
    return atomic_load(&registration->renewals);
}
