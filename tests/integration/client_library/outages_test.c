/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mltrainer/mltrainer.h>
#include <mltrainer/registry/v1/registry.mrpc.h>
#include <mrpc/channel.h>

#include "server_process.h"
#include "test.h"

/* The registry is killed and stays away, while services keep themselves registered and others come, go and ask. Each
 * time it comes back, with its store or without, every registration is there again within two times to live, once.
 *     MLT_SEED=n repeats the choices. MLT_LONG: 20 outages of 1 to 60 s instead of 2 of 1 to 3 s */

#define PB(name) Mltrainer__Registry__V1__##name
#define RPC(name) mltrainer__registry__v1__registry_service__##name

enum { KEEPERS = 40, CLIENTS = 4, LOADERS = 2, TTL_MS = 3000, LIMIT = 1000 };

static struct server_process server;
static struct mlt_client *clients[CLIENTS];
static struct mlt_registration *registrations[KEEPERS];
static _Atomic bool loading = true;
static _Atomic uint64_t load_calls;

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct mrpc_channel *open_channel(void)
{
    struct mrpc_channel_options options = {
        .struct_bytes = sizeof options, .backoff_base_ms = 50, .backoff_max_ms = 200};
    struct mrpc_channel *channel;
    assert_int_equal(mrpc_channel_new(server.target, &options, &channel), 0);
    return channel;
}

static void begin_registrations(void)
{
    char id[16];
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(mlt_client_new(server.target, NULL, &clients[i], NULL), 0);
    for (int i = 0; i < KEEPERS; i++) {
        struct mlt_instance instance = {.struct_bytes = sizeof instance,
                                        .service = "kept",
                                        .id = id,
                                        .address = "192.0.2.1",
                                        .port = 80,
                                        .lease_ttl_ms = TTL_MS};
        struct mlt_error error;
        snprintf(id, sizeof id, "k%02d", i);
        if (mlt_registration_begin(clients[i % CLIENTS], &instance, &registrations[i], &error))
            fail_msg("%s: %s", id, error.message);
    }
}

/* --- load --------------------------------------------------------------------------------------------------------- */

static void register_and_ask(struct mrpc_channel *channel, unsigned number)
{
    static const struct mrpc_call_options in_time = {.struct_bytes = sizeof in_time, .timeout_ms = 1000};
    char id[32];
    PB(InstanceKey) key;
    PB(Endpoint) endpoint, *endpoints[] = {&endpoint};
    PB(Instance) instance;
    PB(RegisterRequest) request;
    PB(DiscoverRequest) discover;
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    mltrainer__registry__v1__instance_key__init(&key);
    mltrainer__registry__v1__endpoint__init(&endpoint);
    mltrainer__registry__v1__instance__init(&instance);
    mltrainer__registry__v1__register_request__init(&request);
    mltrainer__registry__v1__discover_request__init(&discover);
    snprintf(id, sizeof id, "load-%u", number % 200);
    key.service = (char *)(uintptr_t) "load";
    key.id = id;
    endpoint.address = (char *)(uintptr_t) "192.0.2.2";
    endpoint.port = 1 + number % 60000;
    instance.key = &key;
    instance.endpoints = endpoints;
    instance.n_endpoints = 1;
    request.instance = &instance;
    discover.service = (char *)(uintptr_t) "kept";
    RPC(register)(channel, &in_time, &request, &reply);
    mrpc_reply_fini(&reply);
    reply = (struct mrpc_reply)MRPC_REPLY_INIT;
    RPC(discover)(channel, &in_time, &discover, &reply);
    mrpc_reply_fini(&reply);
}

static void *load(void *arg)
{
    struct mrpc_channel *channel = open_channel();
    for (unsigned number = 0; atomic_load(&loading); number++) {
        register_and_ask(channel, number);
        atomic_fetch_add(&load_calls, 2);
    }
    mrpc_channel_free(channel);
    return NULL;
}

/* --- what is there ------------------------------------------------------------------------------------------------ */

struct picture {
    size_t count;
    int64_t incarnations[KEEPERS]; /* 0: not there */
};

static bool look(struct mrpc_channel *channel, struct picture *picture)
{
    static const struct mrpc_call_options in_time = {.struct_bytes = sizeof in_time, .timeout_ms = 2000};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    PB(ListInstancesRequest) request;
    mltrainer__registry__v1__list_instances_request__init(&request);
    request.service = (char *)(uintptr_t) "kept";
    request.page_size = LIMIT;
    const PB(ListInstancesResponse) *response = RPC(list_instances)(channel, &in_time, &request, &reply);
    bool answered = response != NULL;
    *picture = (struct picture){.count = answered ? response->n_instances : 0};
    for (size_t i = 0; i < picture->count; i++) {
        int keeper = atoi(response->instances[i]->key->id + 1);
        assert_in_range(keeper, 0, KEEPERS - 1);
        if (picture->incarnations[keeper])
            fail_msg("k%02d is there twice", keeper);
        picture->incarnations[keeper] = response->instances[i]->incarnation;
    }
    mrpc_reply_fini(&reply);
    return answered;
}

/* Until all are there. Returns how long it took, in ms; fails the test after @patience_ms. */
static int64_t wait_for_all(struct mrpc_channel *channel, struct picture *picture, int64_t patience_ms)
{
    int64_t begun_ms = now_ms();
    while (!look(channel, picture) || picture->count < KEEPERS) {
        if (now_ms() - begun_ms > patience_ms)
            fail_msg("%zu of %d registrations are back after %lld ms", picture->count, KEEPERS, (long long)patience_ms);
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return now_ms() - begun_ms;
}

/* Leases begin anew with a restart, so that who has been there before is there at first, kept or not: from two times to
 * live on it tells. All stay, and nobody begins anew. */
static void stay(struct mrpc_channel *channel)
{
    struct picture first, picture;
    wait_for_all(channel, &first, 0);
    int64_t begun_ms = now_ms();
    while (now_ms() - begun_ms < TTL_MS + TTL_MS / 2) {
        if (look(channel, &picture) && picture.count != KEEPERS)
            fail_msg("%zu of %d registrations are kept", picture.count, KEEPERS);
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    for (int i = 0; i < KEEPERS; i++)
        if (picture.incarnations[i] != first.incarnations[i])
            fail_msg("k%02d was registered anew though it was known", i);
}

static void sleep_ms(int64_t ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static int count_new(const struct picture *picture, const struct picture *before)
{
    int count = 0;
    for (int i = 0; i < KEEPERS; i++)
        count += picture->incarnations[i] != before->incarnations[i];
    return count;
}

static void forget_everything(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s/data'", server.folder);
    assert_int_equal(system(command), 0);
}

static void every_registration_is_back_after_an_outage(void **state)
{
    const char *given = getenv("MLT_SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL), first_seed = seed;
    int outages = getenv("MLT_LONG") ? 20 : 2, longest_ms = getenv("MLT_LONG") ? 60000 : 3000;
    pthread_t loaders[LOADERS];
    server_process_begin(&server);
    begin_registrations();
    for (int i = 0; i < LOADERS; i++)
        assert_int_equal(pthread_create(&loaders[i], NULL, load, NULL), 0);
    struct mrpc_channel *channel = open_channel();
    struct picture picture, before;
    wait_for_all(channel, &before, TTL_MS);
    for (int i = 0; i < outages; i++) {
        int64_t away_ms = 1000 + rand_r(&seed) % (longest_ms - 999);
        bool forgetful = i % 2;
        server_process_kill(&server);
        if (forgetful)
            forget_everything();
        sleep_ms(away_ms);
        server_process_start(&server);
        int64_t took_ms = wait_for_all(channel, &picture, 2 * TTL_MS);
        sleep_ms(2 * TTL_MS - took_ms);
        stay(channel);
        look(channel, &picture);
        print_message(
            "MLT_SEED=%u outage %d of %lld ms%s: all %d there after %lld ms, %d of them anew; %llu calls of load "
            "so far\n",
            first_seed, i + 1, (long long)away_ms, forgetful ? ", store lost" : "", KEEPERS, (long long)took_ms,
            count_new(&picture, &before), (unsigned long long)atomic_load(&load_calls));
        before = picture;
    }
    atomic_store(&loading, false);
    for (int i = 0; i < LOADERS; i++)
        pthread_join(loaders[i], NULL);
    mrpc_channel_free(channel);
    for (int i = 0; i < KEEPERS; i++)
        mlt_registration_end(registrations[i]);
    for (int i = 0; i < CLIENTS; i++)
        mlt_client_free(clients[i]);
    server_process_end(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_registration_is_back_after_an_outage)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
