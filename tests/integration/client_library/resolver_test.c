/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mltrainer/resolver.h>

#include "../client/echo_service.h"
#include "server_process.h"
#include "test.h"

/* A channel of libmrpc over the registry: it follows who comes and goes, and goes on without the registry. */

enum { BACKENDS = 3, ROUNDS = 3000, TRIES = 400 };

static struct server_process server;
static struct mlt_client *client;
static struct echo_server backends[BACKENDS];

static int set_up(void **state)
{
    (void)state;
    server_process_begin(&server);
    for (int i = 0; i < BACKENDS; i++)
        echo_server_start(&backends[i], "127.0.0.1:0", NULL, 0);
    return mlt_client_new(server.target, NULL, &client, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    mlt_client_free(client);
    for (int i = 0; i < BACKENDS; i++)
        echo_server_stop(&backends[i]);
    server_process_end(&server);
    return 0;
}

static struct mlt_registration *begin(int which, uint32_t weight)
{
    char id[8];
    snprintf(id, sizeof id, "b%d", which);
    const struct mlt_instance instance = {.struct_bytes = sizeof instance, .service = "echo", .id = id,
                                          .address = "127.0.0.1", .weight = weight,
                                          .port = (uint16_t)atoi(strrchr(backends[which].bound, ':') + 1)};
    struct mlt_registration *registration = NULL;
    struct mlt_error error;
    int code = 14;
    /* after a restart the connection comes within a second */
    for (int tries = 0; code == 14 && tries < TRIES; tries++) {
        code = mlt_registration_begin(client, &instance, &registration, &error);
        if (code == 14)
            nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    if (code)
        fail_msg("%s", error.message);
    return registration;
}

static struct mrpc_channel *open_channel(const char *target, const struct mlt_resolver_options *registry)
{
    struct mrpc_channel *channel;
    const struct mrpc_channel_options options = {.struct_bytes = sizeof options, .balancing = MRPC_WEIGHTED_ROUND_ROBIN,
                                                 .resolver = mlt_resolver(), .resolver_arg = (void *)registry,
                                                 .backoff_base_ms = 50};
    assert_int_equal(mrpc_channel_new(target, &options, &channel), 0);
    return channel;
}

/* @why, if not NULL, must be in the message. */
static int say_why(struct mrpc_channel *channel, bool wait_for_ready, const char *why)
{
    Test__Echo__V1__SayRequest request = TEST__ECHO__V1__SAY_REQUEST__INIT;
    const struct mrpc_call_options options = {.struct_bytes = sizeof options, .timeout_ms = 20000,
                                              .wait_for_ready = wait_for_ready};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    test__echo__v1__echo__say(channel, &options, &request, &reply);
    int code = (int)reply.status.code;
    if (why && (!reply.status.message || !strstr(reply.status.message, why)))
        fail_msg("\"%s\" is not in \"%s\"", why, reply.status.message);
    mrpc_reply_fini(&reply);
    return code;
}

static int say(struct mrpc_channel *channel, bool wait_for_ready)
{
    return say_why(channel, wait_for_ready, NULL);
}

static void counts(uint64_t out[BACKENDS])
{
    for (int i = 0; i < BACKENDS; i++) {
        struct mrpc_server_stats stats;
        mrpc_server_stats(backends[i].server, &stats);
        out[i] = stats.calls_started;
    }
}

/* Call until exactly the backends in @set are called, evenly or not. */
static void call_until_spread_over(struct mrpc_channel *channel, unsigned set)
{
    unsigned seen = 0;
    for (int round = 0; seen != set; round++) {
        uint64_t before[BACKENDS], after[BACKENDS];
        if (round == ROUNDS)
            fail_msg("calls go to %x, not %x", seen, set);
        counts(before);
        for (int i = 0; i < 4 * BACKENDS; i++)
            assert_int_equal(say(channel, true), MRPC_OK);
        counts(after);
        seen = 0;
        for (int i = 0; i < BACKENDS; i++)
            seen |= after[i] > before[i] ? 1u << i : 0;
    }
}

static void a_channel_follows_the_registry(void **state)
{
    (void)state;
    const struct mlt_resolver_options registry = {.struct_bytes = sizeof registry, .registry = server.target};
    struct mlt_registration *a = begin(0, 100), *b = begin(1, 100);
    struct mrpc_channel *channel = open_channel("mlt:///echo", &registry);
    call_until_spread_over(channel, 3);
    struct mlt_registration *c = begin(2, 100);
    call_until_spread_over(channel, 7);
    mlt_registration_end(a);
    call_until_spread_over(channel, 6);
    server_process_kill(&server); /* nobody to ask: the same as before */
    call_until_spread_over(channel, 6);
    server_process_start(&server);
    a = begin(0, 100);
    call_until_spread_over(channel, 7);
    mrpc_channel_free(channel);
    mlt_registration_end(a);
    mlt_registration_end(b);
    mlt_registration_end(c);
}

static void weights_come_from_the_registry(void **state)
{
    (void)state;
    const struct mlt_resolver_options registry = {.struct_bytes = sizeof registry, .registry = server.target};
    struct mlt_registration *a = begin(0, 300), *b = begin(1, 100);
    struct mrpc_channel *channel = open_channel("mlt:///default/echo", &registry);
    uint64_t before[BACKENDS], after[BACKENDS];
    call_until_spread_over(channel, 3);
    counts(before);
    for (int i = 0; i < 400; i++)
        assert_int_equal(say(channel, false), MRPC_OK);
    counts(after);
    assert_in_range(after[0] - before[0], 280, 320);
    mrpc_channel_free(channel);
    mlt_registration_end(a);
    mlt_registration_end(b);
}

static void why_there_is_nobody_is_said(void **state)
{
    (void)state;
    struct mlt_client_options impatient = {.struct_bytes = sizeof impatient, .timeout_ms = 300};
    const struct mlt_resolver_options registry = {.struct_bytes = sizeof registry, .registry = server.target},
                                      nowhere = {.struct_bytes = sizeof nowhere, .registry = "127.0.0.1:1",
                                                 .client = &impatient};
    struct mrpc_channel *channels[3] = {open_channel("mlt:///nobody", &registry), open_channel("mlt:///echo", &nowhere),
                                        open_channel("mlt:///a/b/c", &registry)};
    const char *const reasons[3] = {"nobody", "127.0.0.1:1", "mlt:///SERVICE"};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(say_why(channels[i], false, reasons[i]), MRPC_UNAVAILABLE);
        mrpc_channel_free(channels[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_channel_follows_the_registry),
        cmocka_unit_test(weights_come_from_the_registry),
        cmocka_unit_test(why_there_is_nobody_is_said),
    };
    return cmocka_run_group_tests_name("client_library/resolver", tests, set_up, tear_down);
}
