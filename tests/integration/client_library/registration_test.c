/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <mltrainer/mltrainer.h>

#include "server_process.h"
#include "test.h"

/* The registry through libmltrainer, against a real server that is killed, stopped and made to forget. */

enum { LEASE_MS = 2000, PATIENCE_MS = 120000 };

struct fixture {
    struct server_process server;
    struct mlt_client *client;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void breathe(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

static int set_up(void **state)
{
    static struct fixture fixture;
    struct mlt_error error;
    server_process_begin(&fixture.server);
    if (mlt_client_new(fixture.server.target, NULL, &fixture.client, &error) != 0)
        fail_msg("%s", error.message);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    mlt_client_free(fixture->client);
    server_process_end(&fixture->server);
    return 0;
}

static struct mlt_registration *begin(struct fixture *fixture, const char *service, const char *id)
{
    const struct mlt_instance instance = {.struct_bytes = sizeof instance, .service = service, .id = id,
                                          .address = "127.0.0.1", .port = 8080, .lease_ttl_ms = LEASE_MS};
    struct mlt_registration *registration = NULL;
    struct mlt_error error;
    if (mlt_registration_begin(fixture->client, &instance, &registration, &error) != 0)
        fail_msg("%s", error.message);
    return registration;
}

static int discover(struct fixture *fixture, const char *service, struct mlt_endpoint *out)
{
    return mlt_discover(fixture->client, NULL, service, out, NULL);
}

static void wait_discovered(struct fixture *fixture, const char *service)
{
    struct mlt_endpoint endpoint;
    int64_t deadline_ms = now_ms() + PATIENCE_MS;
    while (discover(fixture, service, &endpoint) != 0) {
        if (now_ms() > deadline_ms)
            fail_msg("%s is not there", service);
        breathe();
    }
}

static void assert_stays_for(struct fixture *fixture, const char *service, int64_t ms)
{
    struct mlt_endpoint endpoint;
    for (int64_t end_ms = now_ms() + ms; now_ms() < end_ms; breathe())
        assert_int_equal(discover(fixture, service, &endpoint), 0);
}

static void a_registration_outlives_its_lease_and_ends_with_end(void **state)
{
    struct fixture *fixture = *state;
    struct mlt_endpoint endpoint;
    struct mlt_error error;
    struct mlt_registration *registration = begin(fixture, "alive", "a");
    assert_stays_for(fixture, "alive", LEASE_MS + LEASE_MS / 2);
    assert_int_equal(discover(fixture, "alive", &endpoint), 0);
    assert_string_equal(endpoint.address, "127.0.0.1");
    assert_string_equal(endpoint.id, "a");
    assert_int_equal(endpoint.port, 8080);
    assert_int_equal(mlt_registration_renewals(registration), 0);
    mlt_registration_end(registration);
    assert_int_equal(mlt_discover(fixture->client, "default", "alive", &endpoint, &error), 5);
    assert_int_equal(error.code, 5);
    assert_non_null(strstr(error.message, "alive"));
}

static void a_registration_survives_kill_9_of_the_server(void **state)
{
    struct fixture *fixture = *state;
    struct mlt_registration *registration = begin(fixture, "stubborn", "a");
    server_process_kill(&fixture->server);
    server_process_start(&fixture->server);
    wait_discovered(fixture, "stubborn");
    assert_stays_for(fixture, "stubborn", LEASE_MS + LEASE_MS / 2);
    mlt_registration_end(registration);
}

static void an_instance_that_the_server_forgot_is_registered_again(void **state)
{
    struct fixture *fixture = *state;
    struct mlt_registration *registration = begin(fixture, "forgotten", "a");
    mlt_registration_end(begin(fixture, "forgotten", "a")); /* deregisters behind its back */
    wait_discovered(fixture, "forgotten");
    for (int64_t deadline_ms = now_ms() + PATIENCE_MS; mlt_registration_renewals(registration) == 0; breathe())
        assert_true(now_ms() < deadline_ms);
    assert_int_equal(mlt_registration_renewals(registration), 1);
    mlt_registration_end(registration);
}

static void the_end_of_a_registration_does_not_wait_for_a_silent_server(void **state)
{
    struct fixture *fixture = *state;
    struct mlt_registration *registration = begin(fixture, "silent", "a");
    assert_int_equal(kill(fixture->server.pid, SIGSTOP), 0);
    nanosleep(&(struct timespec){.tv_nsec = 800000000}, NULL); /* a heartbeat (every 667 ms) is under way now */
    int64_t began_ms = now_ms();
    mlt_registration_end(registration);
    assert_in_range(now_ms() - began_ms, 0, 60000);
    assert_int_equal(kill(fixture->server.pid, SIGCONT), 0);
}

static void without_a_server_a_registration_fails_at_once(void **state)
{
    (void)state;
    const struct mlt_instance instance = {
        .struct_bytes = sizeof instance, .service = "s", .id = "a", .address = "127.0.0.1", .port = 1};
    struct mlt_registration *registration = NULL;
    struct mlt_client *client;
    struct mlt_error error;
    assert_int_equal(mlt_client_new("127.0.0.1:1", NULL, &client, &error), 0);
    assert_int_equal(mlt_registration_begin(client, &instance, &registration, &error), 14);
    assert_int_equal(error.code, 14);
    assert_non_null(strstr(error.message, "127.0.0.1:1"));
    assert_null(registration);
    mlt_client_free(client);
}

static void discovery_takes_turns(void **state)
{
    struct fixture *fixture = *state;
    struct mlt_registration *registrations[3];
    struct mlt_endpoint endpoint;
    char ids[10] = "";
    for (int i = 0; i < 3; i++)
        registrations[i] = begin(fixture, "turns", (const char *[]){"a", "b", "c"}[i]);
    for (int i = 0; i < 9; i++) {
        assert_int_equal(discover(fixture, "turns", &endpoint), 0);
        ids[i] = endpoint.id[0];
    }
    for (int i = 0; i < 6; i++)
        assert_int_equal(ids[i], ids[i + 3]);
    assert_true(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
    for (int i = 0; i < 3; i++)
        mlt_registration_end(registrations[i]);
}

enum { THREADS = 4, PICKS = 150, INSTANCES = 3 };

struct picker {
    struct fixture *fixture;
    pthread_t thread;
    int picks[INSTANCES];
    bool failed;
};

static void *pick(void *arg)
{
    struct picker *picker = arg;
    for (int i = 0; i < PICKS; i++) {
        struct mlt_endpoint endpoint;
        if (discover(picker->fixture, "shared", &endpoint) != 0) {
            picker->failed = true;
            break;
        }
        picker->picks[endpoint.id[0] - 'a']++;
    }
    return NULL;
}

static void threads_share_a_client(void **state)
{
    struct fixture *fixture = *state;
    struct mlt_registration *registrations[INSTANCES];
    struct picker pickers[THREADS] = {0};
    int picks[INSTANCES] = {0};
    for (int i = 0; i < INSTANCES; i++)
        registrations[i] = begin(fixture, "shared", (const char *[]){"a", "b", "c"}[i]);
    for (int i = 0; i < THREADS; i++) {
        pickers[i].fixture = fixture;
        assert_int_equal(pthread_create(&pickers[i].thread, NULL, pick, &pickers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(pickers[i].thread, NULL);
        assert_false(pickers[i].failed);
        for (int k = 0; k < INSTANCES; k++)
            picks[k] += pickers[i].picks[k];
    }
    for (int k = 0; k < INSTANCES; k++) {
        assert_int_equal(picks[k], THREADS * PICKS / INSTANCES); /* in turn means evenly, whoever asks */
        mlt_registration_end(registrations[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_registration_outlives_its_lease_and_ends_with_end),
        cmocka_unit_test(a_registration_survives_kill_9_of_the_server),
        cmocka_unit_test(an_instance_that_the_server_forgot_is_registered_again),
        cmocka_unit_test(the_end_of_a_registration_does_not_wait_for_a_silent_server),
        cmocka_unit_test(without_a_server_a_registration_fails_at_once),
        cmocka_unit_test(discovery_takes_turns),
        cmocka_unit_test(threads_share_a_client),
    };
    return cmocka_run_group_tests_name("client_library/registration", tests, set_up, tear_down);
}
