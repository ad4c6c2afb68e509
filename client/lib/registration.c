/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <mltrainer/registry/v1/registry.mrpc.h>

#include "client.h"
#include "keeper.h"

/* A registration and the thread that keeps it alive: heartbeats over one stream, at the interval that the server gives.
 *
 *     register ──► open a stream ──► beat, answer, wait ──┐
 *        ▲                ▲              ▲                │
 *        │                │              └── renewed ─────┤
 *        │                └── broken, silent, pause ──────┤
 *        └── unknown instance, or another epoch ──────────┘
 *
 * A registry that comes back with another epoch is registered with again at once, though it may remember: it may also
 * have been restored from a copy. A registration that changes nothing costs it nothing. */

/* PATIENCE_MS bounds each answer once the registration stands, so that its end need not wait for a server that is
 * silent; a heartbeat's also by the interval, so that another connection comes within the lease. */
enum {
    PAUSE_MOST_MS = 10000,
    PAUSE_MOST_LEAST_MS = 500,
    PATIENCE_MS = 2000,
    PATIENCE_LEAST_MS = 1000,
    FAREWELL_MS = 1000,
    INTERVAL_DEFAULT_MS = 10000
};

struct mlt_registration {
    struct client_keeper keeper; /* the first: keeper_on_done() */
    struct mlt_client *client;
    struct mlt_instance instance;
    struct mrpc_arena *texts;
    int64_t interval_ms; /* between heartbeats, as the server wants it; the thread's own after the start */
    int64_t silent_ms;   /* the last heartbeat was waited for so long, in vain; 0: it was not; the thread's own */
    uint64_t epoch;      /* of the registry that it registered with; the thread's own */
    _Atomic uint64_t renewals;

    /* Under the keeper's lock: the answer to the last heartbeat. */
    bool kept; /* one was answered well */
    bool answered;
    int answer_code;
    uint64_t answer_epoch;
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
    if (response) {
        registration->interval_ms =
            interval ? interval->seconds * 1000 + interval->nanos / 1000000 : INTERVAL_DEFAULT_MS;
        registration->epoch = response->epoch;
    }
    mrpc_reply_fini(&reply);
    return code;
}

/* --- heartbeats --------------------------------------------------------------------------------------------------- */

static bool on_answer(void *arg, struct mrpc_client_call *call, const ProtobufCMessage *message)
{
    const Mltrainer__Registry__V1__HeartbeatStreamResponse *answer =
        (const Mltrainer__Registry__V1__HeartbeatStreamResponse *)message;
    struct mlt_registration *registration = arg;
    (void)call;
    pthread_mutex_lock(&registration->keeper.lock);
    registration->answered = true;
    registration->answer_code = answer->code;
    registration->answer_epoch = answer->epoch;
    registration->kept = registration->kept || answer->code == MRPC_OK;
    pthread_cond_broadcast(&registration->keeper.changed);
    pthread_mutex_unlock(&registration->keeper.lock);
    return true;
}

static bool open_stream(struct mlt_registration *registration)
{
    static const struct mrpc_client_events events = {.on_message = on_answer, .on_done = keeper_on_done};
    return mltrainer__registry__v1__registry_service__heartbeat_stream__start(
               registration->client->channel, NULL, &events, registration, &registration->keeper.call) == 0;
}

static bool send_beat(struct mlt_registration *registration)
{
    Mltrainer__Registry__V1__HeartbeatStreamRequest message = MLTRAINER__REGISTRY__V1__HEARTBEAT_STREAM_REQUEST__INIT;
    Mltrainer__Registry__V1__HeartbeatRequest heartbeat = MLTRAINER__REGISTRY__V1__HEARTBEAT_REQUEST__INIT;
    Mltrainer__Registry__V1__InstanceKey key;
    describe_key(&registration->instance, &key);
    heartbeat.key = &key;
    message.heartbeat = &heartbeat;
    message.expire_on_disconnect = registration->instance.expire_on_disconnect != 0;
    registration->answered = false; /* nobody else looks: there is one heartbeat at a time */
    return mltrainer__registry__v1__registry_service__heartbeat_stream__send(registration->keeper.call, &message) == 0;
}

/* What came of a heartbeat. */
enum beat { BEAT_RENEWED, BEAT_UNKNOWN, BEAT_OTHER_EPOCH, BEAT_BROKEN };

static int64_t patience_ms(const struct mlt_registration *registration)
{
    int64_t ms = registration->interval_ms < PATIENCE_MS ? registration->interval_ms : PATIENCE_MS;
    return ms < PATIENCE_LEAST_MS ? PATIENCE_LEAST_MS : ms;
}

static enum beat beat(struct mlt_registration *registration)
{
    struct client_keeper *keeper = &registration->keeper;
    int64_t wait_ms = patience_ms(registration), until_ms = keeper_now_ms() + wait_ms;
    if (!send_beat(registration))
        return BEAT_BROKEN;
    pthread_mutex_lock(&keeper->lock);
    while (!registration->answered && !keeper->done && !keeper->ending && keeper_now_ms() < until_ms)
        keeper_wait(keeper, until_ms);
    bool answered = registration->answered;
    int code = registration->answer_code;
    bool same_epoch = registration->answer_epoch == registration->epoch;
    bool silent = !answered && !keeper->done && !keeper->ending;
    pthread_mutex_unlock(&keeper->lock);
    registration->silent_ms = silent ? wait_ms : 0;
    if (!answered)
        return BEAT_BROKEN;
    return code ? BEAT_UNKNOWN : same_epoch ? BEAT_RENEWED : BEAT_OTHER_EPOCH;
}

/* Wait for the next heartbeat's time. False when the stream breaks or the end comes. */
static bool stay(struct mlt_registration *registration, int64_t ms)
{
    struct client_keeper *keeper = &registration->keeper;
    int64_t until_ms = keeper_now_ms() + ms;
    pthread_mutex_lock(&keeper->lock);
    while (!keeper->ending && !keeper->done && keeper_now_ms() < until_ms)
        keeper_wait(keeper, until_ms);
    bool go_on = !keeper->ending && !keeper->done;
    pthread_mutex_unlock(&keeper->lock);
    return go_on;
}

/* Who is not known registers soon. With a registry that was away all its clients register again, but their leases have
 * just begun anew: they take a heartbeat's time for it, each its own part. */
static bool register_again(struct mlt_registration *registration, enum beat why)
{
    struct client_keeper *keeper = &registration->keeper;
    bool ending = why == BEAT_UNKNOWN ? keeper_pause(keeper)
                                      : !stay(registration, keeper_random(keeper, registration->interval_ms));
    if (ending || do_register(registration, patient(registration), NULL) != 0)
        return false;
    atomic_fetch_add(&registration->renewals, 1);
    return true;
}

/* One stream, as long as it carries. */
static void beat_on(struct mlt_registration *registration)
{
    for (;;) {
        enum beat result = beat(registration);
        if (result == BEAT_BROKEN)
            return;
        if (result == BEAT_RENEWED) {
            keeper_worked(&registration->keeper);
            if (!stay(registration, registration->interval_ms))
                return;
        } else if (!register_again(registration, result)) {
            return;
        }
    }
}

/* In good order: a stream that is only cut would let the instance expire, if it asked for that. A registry that does
 * not answer may be one that no packet reaches any more, of which TCP tells after a quarter of an hour: then the
 * connection is given up too, unless something else came on it. One that is merely slow finds the stream's end before
 * the connection's. */
static void end_stream(struct mlt_registration *registration)
{
    struct client_keeper *keeper = &registration->keeper;
    int64_t until_ms = keeper_now_ms() + (registration->silent_ms ? FAREWELL_MS : PATIENCE_MS);
    mrpc_client_call_half_close(keeper->call);
    pthread_mutex_lock(&keeper->lock);
    while (!keeper->done && keeper_now_ms() < until_ms)
        keeper_wait(keeper, until_ms);
    bool silent = registration->silent_ms && !keeper->done;
    pthread_mutex_unlock(&keeper->lock);
    if (silent)
        mrpc_channel_give_up_silent(registration->client->channel, (uint32_t)registration->silent_ms);
    registration->silent_ms = 0;
    keeper_close_stream(keeper);
}

static void *keep(void *arg)
{
    struct mlt_registration *registration = arg;
    do {
        if (!open_stream(registration))
            continue;
        beat_on(registration);
        end_stream(registration);
    } while (!keeper_pause(&registration->keeper));
    return NULL;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

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
    keeper_fini(&registration->keeper);
    mrpc_arena_free(registration->texts);
    free(registration);
}

static struct mlt_registration *registration_new(struct mlt_client *client)
{
    struct mlt_registration *registration = calloc(1, sizeof *registration);
    if (!registration)
        return NULL;
    keeper_init(&registration->keeper);
    registration->client = client;
    registration->texts = mrpc_arena_new(0);
    return registration;
}

/* Nobody is away for longer than a lease because of our own patience. */
static void limit_pauses(struct mlt_registration *registration)
{
    int64_t most_ms = registration->interval_ms;
    most_ms = most_ms > PAUSE_MOST_MS ? PAUSE_MOST_MS : most_ms;
    registration->keeper.pause_most_ms = most_ms < PAUSE_MOST_LEAST_MS ? PAUSE_MOST_LEAST_MS : most_ms;
}

/* The stream is what a death is noticed by: let it stand before the program goes on, if that is soon. */
static void wait_for_stream(struct mlt_registration *registration)
{
    struct client_keeper *keeper = &registration->keeper;
    int64_t until_ms = keeper_now_ms() + PATIENCE_MS;
    pthread_mutex_lock(&keeper->lock);
    while (!registration->kept && keeper_now_ms() < until_ms)
        keeper_wait(keeper, until_ms);
    pthread_mutex_unlock(&keeper->lock);
}

int mlt_registration_begin(struct mlt_client *client, const struct mlt_instance *instance,
                           struct mlt_registration **out, struct mlt_error *error)
{
    struct mlt_registration *registration = registration_new(client);
    if (!registration)
        return client_fail_text(error, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    int code =
        copy_instance(registration, instance) ? client_fail_text(error, MRPC_RESOURCE_EXHAUSTED, "out of memory") : 0;
    if (!code && (!registration->instance.service || !registration->instance.id || !registration->instance.address))
        code = client_fail_text(error, MRPC_INVALID_ARGUMENT, "service, id and address are required");
    if (!code)
        code = do_register(registration, client_call_options(client), error);
    limit_pauses(registration);
    if (!code && keeper_start(&registration->keeper, keep, registration) != 0)
        code = client_fail_text(error, MRPC_RESOURCE_EXHAUSTED, "a thread cannot be started");
    if (code) {
        release(registration);
        return code;
    }
    if (registration->instance.expire_on_disconnect)
        wait_for_stream(registration);
    *out = registration;
    return 0;
}

void mlt_registration_end(struct mlt_registration *registration)
{
    if (!registration)
        return;
    keeper_end(&registration->keeper);
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
