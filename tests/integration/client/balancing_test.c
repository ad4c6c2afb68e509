/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certificates.h"
#include "client/channel_core.h"
#include "echo_service.h"
#include "test.h"

/* A channel over several real servers: checklist client 4, 5, 6, N11. */

enum { BACKENDS = 3, CALLERS = 6 };

struct load {
    struct mrpc_channel *channel;
    bool wait_for_ready;
    atomic_bool stop;
    atomic_uint good;
    atomic_uint bad;
    pthread_t threads[CALLERS];
};

static bool say(struct load *load)
{
    Test__Echo__V1__SayRequest request = TEST__ECHO__V1__SAY_REQUEST__INIT;
    const struct mrpc_call_options options = {
        .struct_bytes = sizeof options, .timeout_ms = 60000, .wait_for_ready = load->wait_for_ready};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.text = (char *)"still there?";
    bool good = test__echo__v1__echo__say(load->channel, &options, &request, &reply);
    if (!good)
        print_message("%s: %s\n", mrpc_code_name(reply.status.code), reply.status.message);
    mrpc_reply_fini(&reply);
    return good;
}

static void *say_until_stopped(void *arg)
{
    struct load *load = arg;
    while (!atomic_load(&load->stop))
        atomic_fetch_add(say(load) ? &load->good : &load->bad, 1);
    return NULL;
}

static void load_start(struct load *load, struct mrpc_channel *channel)
{
    load->channel = channel;
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&load->threads[i], NULL, say_until_stopped, load), 0);
}

static void load_stop(struct load *load)
{
    atomic_store(&load->stop, true);
    for (int i = 0; i < CALLERS; i++)
        pthread_join(load->threads[i], NULL);
}

static void wait_for_calls(struct load *load, unsigned count)
{
    unsigned before = atomic_load(&load->good);
    while (atomic_load(&load->good) < before + count)
        usleep(1000);
}

static uint64_t calls_of(const struct echo_server *server)
{
    struct mrpc_server_stats stats;
    mrpc_server_stats(server->server, &stats);
    return stats.calls_started;
}

/* Until the server takes part again: the client has connected to it. */
static void wait_for_its_calls(const struct echo_server *server, uint64_t count)
{
    while (calls_of(server) < count)
        usleep(1000);
}

static struct mrpc_channel *open_over(struct echo_server *servers, enum mrpc_balancing balancing, const char *config)
{
    char target[256] = "ipv4:";
    struct mrpc_channel *channel;
    const struct mrpc_channel_options options = {.struct_bytes = sizeof options,
                                                 .balancing = balancing,
                                                 .backoff_base_ms = 10,
                                                 .backoff_max_ms = 20,
                                                 .service_config = config};
    for (int i = 0; i < BACKENDS; i++) {
        size_t size = strlen(target);
        snprintf(target + size, sizeof target - size, "%s%s", i ? "," : "", servers[i].bound);
    }
    assert_int_equal(mrpc_channel_new(target, &options, &channel), 0);
    return channel;
}

static void restart(struct echo_server *server)
{
    char address[64];
    snprintf(address, sizeof address, "%s", server->bound);
    echo_server_drain(server, 10000);
    echo_server_start(server, address, NULL, 0);
}

/* Calls that do not even wait for a connection: as long as two of three are there, none may fail. */
static void a_rolling_restart_of_three_costs_no_call(void **state)
{
    struct echo_server servers[BACKENDS];
    struct load load = {0};
    for (int i = 0; i < BACKENDS; i++)
        echo_server_start(&servers[i], "127.0.0.1:0", NULL, 0);
    struct mrpc_channel *channel = open_over(servers, MRPC_ROUND_ROBIN, NULL);
    load_start(&load, channel);
    for (int i = 0; i < BACKENDS; i++)
        wait_for_its_calls(&servers[i], 20);
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < BACKENDS; i++) {
            restart(&servers[i]);
            wait_for_its_calls(&servers[i], 20);
        }
    load_stop(&load);
    assert_int_equal(atomic_load(&load.bad), 0);
    mrpc_channel_free(channel);
    for (int i = 0; i < BACKENDS; i++)
        echo_server_stop(&servers[i]);
}

static void pick_first_moves_on_when_its_server_leaves(void **state)
{
    struct echo_server servers[BACKENDS];
    struct load load = {.wait_for_ready = true};
    for (int i = 0; i < BACKENDS; i++)
        echo_server_start(&servers[i], "127.0.0.1:0", NULL, 0);
    struct mrpc_channel *channel = open_over(servers, MRPC_PICK_FIRST, NULL);
    load_start(&load, channel);
    for (int i = 0; i < BACKENDS; i++) {
        wait_for_its_calls(&servers[i], 50);
        for (int other = i + 1; other < BACKENDS; other++)
            assert_int_equal(calls_of(&servers[other]), 0);
        if (i + 1 < BACKENDS)
            echo_server_drain(&servers[i], 10000);
    }
    load_stop(&load);
    assert_int_equal(atomic_load(&load.bad), 0);
    mrpc_channel_free(channel);
    echo_server_stop(&servers[BACKENDS - 1]);
}

/* A resolver that the test plays, from its own thread. */

struct stage {
    atomic_uintptr_t listener;
};

static void *resolver_start(void *arg, const char *target, struct mrpc_resolver_listener *listener)
{
    struct stage *stage = arg;
    atomic_store(&stage->listener, (uintptr_t)listener);
    return stage;
}

static void resolver_stop(void *self)
{
}

static const struct mrpc_resolver resolver = {
    .struct_bytes = sizeof resolver, .start = resolver_start, .stop = resolver_stop};

static struct mrpc_resolver_listener *listener_of(struct stage *stage)
{
    uintptr_t listener;
    while (!(listener = atomic_load(&stage->listener)))
        usleep(1000);
    return (struct mrpc_resolver_listener *)listener;
}

static void push(struct stage *stage, const struct mrpc_resolver_address *addresses, size_t count)
{
    const struct mrpc_resolver_result result = {.struct_bytes = sizeof result,
                                                .address_bytes = sizeof *addresses,
                                                .addresses = addresses,
                                                .address_count = count};
    assert_int_equal(mrpc_resolver_push(listener_of(stage), &result), 0);
}

/* Whatever part of the servers the list names, and however often it changes. */
static void a_list_that_changes_all_the_time_costs_no_call(void **state)
{
    for (int balancing = MRPC_PICK_FIRST; balancing <= MRPC_WEIGHTED_ROUND_ROBIN; balancing++) {
        struct echo_server servers[BACKENDS];
        struct load load = {0};
        struct stage stage = {0};
        struct mrpc_channel *channel;
        const struct mrpc_channel_options options = {.struct_bytes = sizeof options,
                                                     .balancing = (enum mrpc_balancing)balancing,
                                                     .resolver = &resolver,
                                                     .resolver_arg = &stage};
        for (int i = 0; i < BACKENDS; i++)
            echo_server_start(&servers[i], "127.0.0.1:0", NULL, 0);
        assert_int_equal(mrpc_channel_new("test:///echo", &options, &channel), 0);
        load_start(&load, channel);
        for (unsigned i = 1; i <= 500; i++) {
            struct mrpc_resolver_address list[BACKENDS] = {0};
            size_t count = 0;
            for (unsigned server = 0; server < BACKENDS; server++)
                if ((i % 7 + 1) >> server & 1) /* each of the seven parts in turn */
                    list[count++] = (struct mrpc_resolver_address){.address = servers[server].bound, .weight = i};
            push(&stage, list, count);
            wait_for_calls(&load, i % 3);
        }
        load_stop(&load);
        assert_int_equal(atomic_load(&load.bad), 0);
        mrpc_channel_free(channel);
        mrpc_resolver_listener_release(listener_of(&stage));
        for (int i = 0; i < BACKENDS; i++)
            echo_server_stop(&servers[i]);
    }
}

/* Servers whose certificates, of one authority, say "server0.example" and so on. */
struct secure_backends {
    char directory[40], key[64], certificate[64], ca[64];
    char names[BACKENDS][32];
    struct echo_server servers[BACKENDS];
    struct mrpc_tls *tls[BACKENDS], *client;
};

static void start_one(struct secure_backends *backends, int i, const struct issued_certificate *authority)
{
    char name[64], why[256] = "";
    snprintf(backends->names[i], sizeof backends->names[i], "server%d.example", i);
    snprintf(name, sizeof name, "DNS:%s", backends->names[i]);
    struct issued_certificate own = certificate_issue(&(struct certificate_spec){.alternative_names = name}, authority);
    certificate_write(&own, NULL, 0, backends->key, backends->certificate);
    certificate_discard(&own);
    const struct mrpc_tls_options options = {
        .struct_bytes = sizeof options, .key_file = backends->key, .certificate_file = backends->certificate};
    assert_int_equal(mrpc_tls_server_new(&options, &backends->tls[i], why, sizeof why), 0);
    echo_server_start(&backends->servers[i], "127.0.0.1:0", backends->tls[i], 0);
}

static void secure_backends_start(struct secure_backends *backends)
{
    char why[256] = "";
    struct issued_certificate authority =
        certificate_issue(&(struct certificate_spec){.common_name = "CA", .authority = true}, NULL);
    snprintf(backends->directory, sizeof backends->directory, "/tmp/mrpc-balancing-XXXXXX");
    assert_non_null(mkdtemp(backends->directory));
    snprintf(backends->key, sizeof backends->key, "%s/key.pem", backends->directory);
    snprintf(backends->certificate, sizeof backends->certificate, "%s/certificate.pem", backends->directory);
    snprintf(backends->ca, sizeof backends->ca, "%s/ca.pem", backends->directory);
    certificate_write(&authority, NULL, 0, backends->key, backends->ca);
    for (int i = 0; i < BACKENDS; i++)
        start_one(backends, i, &authority);
    certificate_discard(&authority);
    const struct mrpc_tls_options options = {.struct_bytes = sizeof options, .ca_file = backends->ca};
    assert_int_equal(mrpc_tls_client_new(&options, &backends->client, why, sizeof why), 0);
}

static void secure_backends_stop(struct secure_backends *backends)
{
    for (int i = 0; i < BACKENDS; i++) {
        echo_server_stop(&backends->servers[i]);
        mrpc_tls_free(backends->tls[i]);
    }
    mrpc_tls_free(backends->client);
    unlink(backends->key);
    unlink(backends->certificate);
    unlink(backends->ca);
    rmdir(backends->directory);
}

static void each_server_has_a_certificate_of_its_own(void **state)
{
    struct secure_backends backends;
    struct stage stage = {0};
    struct load load = {.wait_for_ready = true};
    struct mrpc_resolver_address list[BACKENDS] = {0};
    struct mrpc_channel *channel;
    secure_backends_start(&backends);
    for (int i = 0; i < BACKENDS; i++)
        list[i] = (struct mrpc_resolver_address){.address = backends.servers[i].bound,
                                                 .server_name = backends.names[i < 2 ? i : 0]}; /* the last is wrong */
    const struct mrpc_channel_options options = {.struct_bytes = sizeof options,
                                                 .tls = backends.client,
                                                 .balancing = MRPC_ROUND_ROBIN,
                                                 .resolver = &resolver,
                                                 .resolver_arg = &stage};
    assert_int_equal(mrpc_channel_new("test:///echo", &options, &channel), 0);
    load_start(&load, channel);
    push(&stage, list, BACKENDS);
    wait_for_its_calls(&backends.servers[0], 50);
    wait_for_its_calls(&backends.servers[1], 50);
    load_stop(&load);
    assert_int_equal(calls_of(&backends.servers[2]), 0);
    assert_int_equal(atomic_load(&load.bad), 0);
    mrpc_channel_free(channel);
    mrpc_resolver_listener_release(listener_of(&stage));
    secure_backends_stop(&backends);
}

/* Health, from the server that answers Watch for real. */

#define WATCHING(SERVICE)                                                                                              \
    "{\"loadBalancingConfig\":[{\"round_robin\":{}}],\"healthCheckConfig\":{\"serviceName\":\"" SERVICE "\"}}"

static void a_server_that_is_ill_gets_no_calls(void **state)
{
    struct echo_server servers[BACKENDS];
    struct load load = {0};
    for (int i = 0; i < BACKENDS; i++) {
        echo_server_start_with_health(&servers[i], "127.0.0.1:0");
        assert_int_equal(mrpc_server_set_health(servers[i].server, "users", MRPC_SERVING), 0);
    }
    struct mrpc_channel *channel = open_over(servers, MRPC_PICK_FIRST, WATCHING("users"));
    load_start(&load, channel);
    for (int i = 0; i < BACKENDS; i++)
        wait_for_its_calls(&servers[i], 20);
    assert_int_equal(mrpc_server_set_health(servers[0].server, "users", MRPC_NOT_SERVING), 0);
    uint64_t before;
    do { /* until the news has arrived: then it gets no more, while the others get a hundred */
        before = calls_of(&servers[0]);
        wait_for_calls(&load, 100);
    } while (calls_of(&servers[0]) != before);
    assert_int_equal(mrpc_server_set_health(servers[0].server, "users", MRPC_SERVING), 0);
    wait_for_its_calls(&servers[0], before + 20);
    load_stop(&load);
    assert_int_equal(atomic_load(&load.bad), 0);
    mrpc_channel_free(channel);
    for (int i = 0; i < BACKENDS; i++)
        echo_server_stop(&servers[i]);
}

static void a_service_that_no_server_knows_is_unavailable(void **state)
{
    struct echo_server servers[BACKENDS];
    for (int i = 0; i < BACKENDS; i++)
        echo_server_start_with_health(&servers[i], "127.0.0.1:0");
    struct mrpc_channel *channel = open_over(servers, MRPC_PICK_FIRST, WATCHING("nobody"));
    Test__Echo__V1__SayRequest request = TEST__ECHO__V1__SAY_REQUEST__INIT;
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    assert_null(test__echo__v1__echo__say(channel, NULL, &request, &reply));
    assert_int_equal(reply.status.code, MRPC_UNAVAILABLE);
    assert_string_equal(reply.status.message, "the server says that it is not serving");
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    for (int i = 0; i < BACKENDS; i++)
        echo_server_stop(&servers[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rolling_restart_of_three_costs_no_call),
        cmocka_unit_test(pick_first_moves_on_when_its_server_leaves),
        cmocka_unit_test(a_list_that_changes_all_the_time_costs_no_call),
        cmocka_unit_test(each_server_has_a_certificate_of_its_own),
        cmocka_unit_test(a_server_that_is_ill_gets_no_calls),
        cmocka_unit_test(a_service_that_no_server_knows_is_unavailable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
