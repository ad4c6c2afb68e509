/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <mltrainer/mltrainer.h>

#include "server_process.h"
#include "test.h"

/* A watched cache against a real server that is killed, restarted, stopped and made to forget. */

enum { PATIENCE_MS = 120000 };

static struct server_process server;
static struct mlt_client *client;

static int set_up(void **state)
{
    (void)state;
    server_process_begin(&server);
    return mlt_client_new(server.target, NULL, &client, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    mlt_client_free(client);
    server_process_end(&server);
    return 0;
}

static struct mlt_registration *begin(const char *service, const char *id, const char *zone, uint32_t weight)
{
    const struct mlt_instance instance = {.struct_bytes = sizeof instance,
                                          .service = service,
                                          .id = id,
                                          .zone = zone,
                                          .address = "127.0.0.1",
                                          .port = 8080,
                                          .weight = weight,
                                          .lease_ttl_ms = 20000};
    struct mlt_registration *registration = NULL;
    struct mlt_error error;
    if (mlt_registration_begin(client, &instance, &registration, &error) != 0)
        fail_msg("%s", error.message);
    return registration;
}

static struct mlt_cache *open_cache(const char *service, const char *zone)
{
    const struct mlt_cache_options options = {.struct_bytes = sizeof options, .zone = zone};
    struct mlt_cache *cache = NULL;
    struct mlt_error error;
    if (mlt_cache_open(client, service, &options, &cache, &error) != 0)
        fail_msg("%s", error.message);
    return cache;
}

static struct mlt_cache_state state_of(struct mlt_cache *cache)
{
    struct mlt_cache_state state = {.struct_bytes = sizeof state};
    mlt_cache_state(cache, &state);
    return state;
}

static bool in_step(const struct mlt_cache_state *state)
{
    return state->stale_ms == 0;
}

static bool stale(const struct mlt_cache_state *state)
{
    return state->stale_ms > 0;
}

/* Wait until the state is as @wanted, and there are @candidates to pick from (-1: however many). */
static struct mlt_cache_state wait_until(struct mlt_cache *cache, bool (*wanted)(const struct mlt_cache_state *state),
                                         int candidates)
{
    for (;;) {
        struct mlt_cache_state now = state_of(cache);
        if ((!wanted || wanted(&now)) && (candidates < 0 || now.candidate_count == (size_t)candidates))
            return now;
        if (mlt_cache_wait(cache, now.version, PATIENCE_MS) != 0)
            fail_msg("%zu candidates, stale for %lld ms", now.candidate_count, (long long)now.stale_ms);
    }
}

static char pick(struct mlt_cache *cache, const struct mlt_pick *how)
{
    struct mlt_endpoint endpoint;
    struct mlt_error error;
    if (mlt_cache_pick(cache, how, &endpoint, &error) != 0)
        fail_msg("%s", error.message);
    return endpoint.id[0];
}

static void picks_follow_who_comes_and_goes(void **state)
{
    (void)state;
    struct mlt_endpoint endpoint;
    struct mlt_error error;
    struct mlt_cache *cache = open_cache("turns", NULL);
    assert_int_equal(mlt_cache_pick(cache, NULL, &endpoint, &error), 14);
    assert_non_null(strstr(error.message, "turns"));
    struct mlt_registration *a = begin("turns", "a", NULL, 100), *b = begin("turns", "b", NULL, 100);
    wait_until(cache, in_step, 2);
    assert_int_equal(mlt_cache_pick(cache, NULL, &endpoint, &error), 0);
    assert_string_equal(endpoint.id, "a");
    assert_string_equal(endpoint.address, "127.0.0.1");
    assert_int_equal(endpoint.port, 8080);
    assert_int_equal(pick(cache, NULL), 'b');
    assert_int_equal(pick(cache, NULL), 'a');
    struct mlt_registration *c = begin("turns", "c", NULL, 100);
    wait_until(cache, in_step, 3);
    assert_int_equal(pick(cache, NULL), 'b');
    assert_int_equal(pick(cache, NULL), 'c');
    mlt_registration_end(a);
    wait_until(cache, in_step, 2);
    assert_int_equal(pick(cache, NULL), 'b');
    mlt_registration_end(b);
    mlt_registration_end(c);
    assert_int_equal(wait_until(cache, in_step, 0).instance_count, 0);
    mlt_cache_close(cache);
}

static void weights_keys_and_zones_choose(void **state)
{
    (void)state;
    struct mlt_registration *registrations[3] = {begin("ways", "a", "east", 300), begin("ways", "b", "east", 100),
                                                 begin("ways", "c", "west", 100)};
    struct mlt_cache *any = open_cache("ways", NULL), *west = open_cache("ways", "west"),
                     *north = open_cache("ways", "north");
    int counts[3] = {0}, keys[3] = {0};
    for (int i = 0; i < 500; i++)
        counts[pick(any, &(struct mlt_pick){.struct_bytes = sizeof(struct mlt_pick), .policy = MLT_PICK_WEIGHTED}) -
               'a']++;
    assert_in_range(counts[0], 295, 305);
    assert_in_range(counts[1], 95, 105);
    for (int i = 0; i < 300; i++) {
        const struct mlt_pick by_key = {
            .struct_bytes = sizeof by_key, .policy = MLT_PICK_BY_KEY, .key = &i, .key_bytes = sizeof i};
        char first = pick(any, &by_key);
        assert_int_equal(pick(any, &by_key), first);
        assert_int_equal(pick(north, &by_key), first); /* another cache, the same instance */
        keys[first - 'a']++;
        assert_int_equal(pick(west, NULL), 'c');
    }
    assert_in_range(keys[0], 150, 210); /* as its weight says */
    assert_in_range(keys[1], 35, 85);
    assert_in_range(keys[2], 35, 85);
    mlt_registration_end(registrations[2]);
    wait_until(west, in_step, 2); /* nobody near: the others */
    assert_int_equal(
        mlt_cache_pick(any, &(struct mlt_pick){.struct_bytes = sizeof(struct mlt_pick), .policy = MLT_PICK_BY_KEY},
                       &(struct mlt_endpoint){.port = 0}, NULL),
        3);
    assert_int_equal(mlt_cache_pick(any, &(struct mlt_pick){.struct_bytes = sizeof(struct mlt_pick), .policy = 77},
                                    &(struct mlt_endpoint){.port = 0}, NULL), 3);
    mlt_registration_end(registrations[0]);
    mlt_registration_end(registrations[1]);
    mlt_cache_close(any);
    mlt_cache_close(west);
    mlt_cache_close(north);
}

/* The id that Discover gives for a key, by mltctl. */
static char discover_by_key(const char *service, const char *key)
{
    char command[600], line[1024], id = '?';
    snprintf(command, sizeof command, "'%s' --server '%s' registry discover '%s' --policy consistent-hash --key '%s'",
             MLTCTL, server.target, service, key);
    FILE *output = popen(command, "r");
    assert_non_null(output);
    while (fgets(line, sizeof line, output))
        if (!strstr(line, "ADDRESS"))
            sscanf(line, "%*s %c", &id);
    assert_int_equal(pclose(output), 0);
    return id;
}

static void a_key_means_the_same_instance_to_cache_and_registry(void **state)
{
    (void)state;
    struct mlt_registration *registrations[3] = {begin("keys", "a", NULL, 300), begin("keys", "b", NULL, 100),
                                                 begin("keys", "c", NULL, 100)};
    struct mlt_cache *cache = open_cache("keys", NULL);
    wait_until(cache, in_step, 3);
    for (int i = 0; i < 12; i++) {
        char key[16];
        snprintf(key, sizeof key, "user-%d", i);
        const struct mlt_pick by_key = {
            .struct_bytes = sizeof by_key, .policy = MLT_PICK_BY_KEY, .key = key, .key_bytes = strlen(key)};
        assert_int_equal(pick(cache, &by_key), discover_by_key("keys", key));
    }
    for (int i = 0; i < 3; i++)
        mlt_registration_end(registrations[i]);
    mlt_cache_close(cache);
}

static void what_was_known_is_served_while_the_registry_is_away(void **state)
{
    (void)state;
    struct mlt_registration *registration = begin("away", "a", NULL, 100);
    struct mlt_cache *cache = open_cache("away", NULL);
    struct mlt_cache_state before = wait_until(cache, in_step, 1);
    server_process_kill(&server);
    struct mlt_cache_state away = wait_until(cache, stale, 1);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(pick(cache, NULL), 'a');
    server_process_start(&server);
    struct mlt_cache_state after = wait_until(cache, in_step, 1);
    assert_int_equal(pick(cache, NULL), 'a');
    assert_true(away.stale_ms > 0);
    assert_true(after.epoch != before.epoch);
    assert_true(after.resync_count > before.resync_count); /* another epoch: OUT_OF_RANGE, then the present state */
    struct mlt_registration *b = begin("away", "b", NULL, 100);
    wait_until(cache, in_step, 2);
    mlt_registration_end(registration);
    mlt_registration_end(b);
    mlt_cache_close(cache);
}

static void a_registry_that_falls_silent_is_noticed(void **state)
{
    (void)state;
    struct mlt_registration *registration = begin("silent", "a", NULL, 100);
    struct mlt_cache *cache = open_cache("silent", NULL);
    wait_until(cache, in_step, 1);
    assert_int_equal(kill(server.pid, SIGSTOP), 0);
    wait_until(cache, stale, 1);
    assert_int_equal(pick(cache, NULL), 'a');
    assert_int_equal(kill(server.pid, SIGCONT), 0);
    wait_until(cache, in_step, -1);
    mlt_registration_end(registration);
    mlt_cache_close(cache);
}

/* Row N11: registry after registry stops in good order and another begins; nobody who picks sees an error, and the
 * instance stays what it was. */
static void rolling_restarts_of_the_registry_are_not_seen(void **state)
{
    (void)state;
    struct mlt_registration *registration = begin("rolling", "a", NULL, 100);
    struct mlt_cache *cache = open_cache("rolling", NULL);
    uint64_t epoch = wait_until(cache, in_step, 1).epoch;
    for (int round = 0; round < 5; round++) {
        int status;
        assert_int_equal(kill(server.pid, SIGTERM), 0);
        pid_t ended;
        while ((ended = waitpid(server.pid, &status, WNOHANG)) == 0)
            assert_int_equal(pick(cache, NULL), 'a');
        assert_int_equal(ended, server.pid);
        assert_int_equal(WEXITSTATUS(status), 0);
        assert_int_equal(pick(cache, NULL), 'a');
        server_process_start(&server);
        struct mlt_cache_state now;
        while ((now = state_of(cache)).epoch == epoch || now.stale_ms) {
            assert_int_equal(pick(cache, NULL), 'a');
            assert_int_equal(mlt_cache_wait(cache, now.version, PATIENCE_MS), 0);
        }
        assert_int_equal(now.candidate_count, 1);
        epoch = now.epoch;
    }
    mlt_registration_end(registration);
    wait_until(cache, in_step, 0);
    mlt_cache_close(cache);
}

static void *wake(void *arg)
{
    mlt_cache_wake(arg);
    return NULL;
}

/* Now and INT64_MAX ms is no time that has passed. */
static void waiting_may_take_for_ever(void **state)
{
    (void)state;
    struct mlt_registration *registration = begin("patient", "a", NULL, 0);
    struct mlt_cache *cache = open_cache("patient", NULL);
    uint64_t version = state_of(cache).version;
    pthread_t waker;
    assert_int_equal(pthread_create(&waker, NULL, wake, cache), 0);
    assert_int_equal(mlt_cache_wait(cache, version, INT64_MAX), 0);
    pthread_join(waker, NULL);
    mlt_cache_close(cache);
    mlt_registration_end(registration);
}

static void without_a_registry_opening_fails(void **state)
{
    (void)state;
    struct mlt_client *nowhere;
    struct mlt_cache *cache = NULL;
    struct mlt_error error;
    const struct mlt_client_options options = {.struct_bytes = sizeof options, .timeout_ms = 5000};
    assert_int_equal(mlt_client_new("127.0.0.1:1", &options, &nowhere, NULL), 0);
    assert_int_equal(mlt_cache_open(nowhere, "s", NULL, &cache, &error), 14);
    assert_non_null(strstr(error.message, "127.0.0.1:1"));
    assert_int_equal(mlt_cache_open(nowhere, "", NULL, &cache, &error), 3);
    assert_null(cache);
    assert_int_equal(mlt_cache_open(client, "not a name", NULL, &cache, &error), 3);
    mlt_client_free(nowhere);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(picks_follow_who_comes_and_goes),
        cmocka_unit_test(weights_keys_and_zones_choose),
        cmocka_unit_test(a_key_means_the_same_instance_to_cache_and_registry),
        cmocka_unit_test(what_was_known_is_served_while_the_registry_is_away),
        cmocka_unit_test(a_registry_that_falls_silent_is_noticed),
        cmocka_unit_test(rolling_restarts_of_the_registry_are_not_seen),
        cmocka_unit_test(waiting_may_take_for_ever),
        cmocka_unit_test(without_a_registry_opening_fails),
    };
    return cmocka_run_group_tests_name("client_library/cache", tests, set_up, tear_down);
}
