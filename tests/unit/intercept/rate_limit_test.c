/* SPDX-License-Identifier: Apache-2.0 */

#include <mrpc/rate_limit.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/authentication.h>

#include "base/siphash.h"
#include "intercept/token_bucket.h"
#include "session_driver.h"
#include "test.h"

/* Ten calls a second, three at once. */
static void a_bucket_fills_with_time_and_never_beyond_its_burst(void **state)
{
    const struct token_rate rate = mrpc_token_rate(10, 3);
    const int64_t ms = 1000000;
    _Atomic int64_t bucket = 0;
    int64_t wait_ns = 0;
    int64_t now = 1000000 * ms;
    for (int i = 0; i < 3; i++)
        assert_true(mrpc_token_take(&bucket, &rate, now, &wait_ns));
    assert_false(mrpc_token_take(&bucket, &rate, now, &wait_ns));
    assert_int_equal(wait_ns, 100 * ms);
    assert_false(mrpc_token_take(&bucket, &rate, now + 99 * ms, &wait_ns));
    assert_int_equal(wait_ns, 1 * ms);
    assert_true(mrpc_token_take(&bucket, &rate, now + 100 * ms, &wait_ns));
    assert_false(mrpc_token_take(&bucket, &rate, now + 199 * ms, &wait_ns));
    now += 3600 * 1000 * ms;
    for (int i = 0; i < 3; i++)
        assert_true(mrpc_token_take(&bucket, &rate, now, &wait_ns));
    assert_false(mrpc_token_take(&bucket, &rate, now, &wait_ns));
}

struct shared {
    _Atomic int64_t bucket;
    struct token_rate rate;
};

static void *take_many(void *arg)
{
    struct shared *shared = arg;
    uintptr_t taken = 0;
    int64_t wait_ns;
    for (int i = 0; i < 10000; i++)
        taken += mrpc_token_take(&shared->bucket, &shared->rate, 1, &wait_ns);
    return (void *)taken;
}

static void threads_take_no_token_twice(void **state)
{
    struct shared shared = {.rate = mrpc_token_rate(1000, 12345)};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_many, &shared), 0);
    size_t taken = 0;
    for (int i = 0; i < 4; i++) {
        void *one;
        pthread_join(threads[i], &one);
        taken += (uintptr_t)one;
    }
    assert_int_equal(taken, 12345);
}

/* Vectors made with OpenSSL's SIPHASH, c-rounds 1, d-rounds 3, size 8, key 00 … 0f, input 00 01 … */
static void siphash_is_siphash_1_3(void **state)
{
    static const struct {
        size_t size;
        uint64_t hash;
    } rows[] = {
        {0, 0xabac0158050fc4dc}, {1, 0xc9f49bf37d57ca93},  {7, 0xd3927d989bb11140},
        {8, 0x369095118d299a8e}, {15, 0xd320d86d2a519956},
    };
    const uint64_t key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    uint8_t bytes[16];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)i;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_true(mrpc_siphash(key, bytes, rows[i].size) == rows[i].hash);
}

struct limited {
    struct session_driver driver;
    struct mrpc_rate_limit *limit;
    struct mrpc_authentication *authentication;
};

/* The call is from whom its "who" says; without one it stays anonymous. */
static int believe(void *arg, struct mrpc_call *call, struct mrpc_identity *identity)
{
    const struct mrpc_metadatum *who = mrpc_metadata_find(mrpc_call_request_metadata(call), "who");
    if (who == NULL)
        return 0;
    identity->kind = MRPC_IDENTITY_TOKEN;
    identity->name = who->value;
    return 0;
}

static bool is_join(void *arg, const struct mrpc_call *call)
{
    return strcmp(mrpc_call_method(call)->name, "Join") == 0;
}

static void prepare(struct mrpc_server *server, void *arg)
{
    struct limited *limited = arg;
    struct mrpc_authentication_options authentication = {.struct_bytes = sizeof(authentication),
                                                         .authenticate = believe};
    assert_int_equal(mrpc_authentication_new(&authentication, &limited->authentication), 0);
    assert_int_equal(mrpc_authentication_add_to_server(limited->authentication, server), 0);
    struct mrpc_rate_limit_options options = {
        .struct_bytes = sizeof(options), .calls_per_second = 10, .burst = 2, .callers_max = 1, .exempt = is_join};
    assert_int_equal(mrpc_rate_limit_new(&options, &limited->limit), 0);
    assert_int_equal(mrpc_rate_limit_add_to_server(limited->limit, server), 0);
}

static int set_up(void **state)
{
    struct limited *limited = calloc(1, sizeof(*limited));
    driver_open_with(&limited->driver, prepare, limited);
    *state = limited;
    return 0;
}

static int tear_down(void **state)
{
    struct limited *limited = *state;
    driver_close(&limited->driver);
    mrpc_rate_limit_free(limited->limit);
    mrpc_authentication_free(limited->authentication);
    free(limited);
    return 0;
}

static int call_as(struct limited *limited, int32_t id, const char *who)
{
    driver_headers(&limited->driver, id, "Say", &(struct raw_field){"who", who}, 1);
    driver_message(&limited->driver, id, "hello", true);
    driver_pump(&limited->driver);
    return driver_status(&limited->driver, id);
}

/* google.rpc.Status{8, message, RetryInfo{0.1 s}}, made with googleapis-common-protos in Python. */
#define DETAILS                                                                                                        \
    "CAgSOXRvbyBtYW55IGNhbGxzOiBtb3JlIHRoYW4gdGhpcyBjYWxsZXIgbWF5IG1ha2UgaW4gYSB3aGlsZRozCih0eXBlLmdvb2dsZWFwaXMuY29t" \
    "L2"                                                                                                               \
    "dvb2dsZS5ycGMuUmV0cnlJbmZvEgcKBRCAwtcv"

static void who_calls_too_often_is_told_when_to_come_back(void **state)
{
    struct limited *limited = *state;
    assert_int_equal(call_as(limited, 1, "ada"), 0);
    assert_int_equal(call_as(limited, 3, "ada"), 0);
    assert_int_equal(call_as(limited, 5, "ada"), MRPC_RESOURCE_EXHAUSTED);
    assert_string_equal(driver_trailer(&limited->driver, 5, "grpc-status-details-bin"), DETAILS);
    assert_int_equal(mrpc_rate_limit_refused(limited->limit), 1);
    assert_int_equal(limited->driver.echo.said, 2);
    driver_advance(&limited->driver, 99);
    assert_int_equal(call_as(limited, 7, "ada"), MRPC_RESOURCE_EXHAUSTED);
    driver_advance(&limited->driver, 1);
    assert_int_equal(call_as(limited, 9, "ada"), 0);
    assert_int_equal(call_as(limited, 11, "ada"), MRPC_RESOURCE_EXHAUSTED);
}

static void callers_have_buckets_of_their_own(void **state)
{
    struct limited *limited = *state;
    static const char *const callers[] = {"ada", "bob", NULL};   /* NULL: by address */
    int32_t id = 1;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(call_as(limited, id, callers[i]), 0);
        assert_int_equal(call_as(limited, id + 2, callers[i]), 0);
        assert_int_equal(call_as(limited, id + 4, callers[i]), MRPC_RESOURCE_EXHAUSTED);
        id += 6;
    }
}

static void exempt_calls_are_not_counted(void **state)
{
    struct limited *limited = *state;
    for (int32_t id = 1; id < 21; id += 2) {
        driver_call(&limited->driver, id, "Join", "x");
        assert_int_equal(driver_status(&limited->driver, id), 0);
    }
    assert_int_equal(call_as(limited, 21, NULL), 0);
}

/* One set of eight slots: the ninth caller takes the place of the one nearest to a full bucket. */
static void the_table_is_bounded_and_forgets_who_owes_least(void **state)
{
    struct limited *limited = *state;
    char who[16];
    int32_t id = 1;
    for (int i = 0; i < 8; i++, id += 2) {
        (void)snprintf(who, sizeof(who), "caller%d", i);
        assert_int_equal(call_as(limited, id, who), 0);
        driver_advance(&limited->driver, 1);
    }
    assert_int_equal(call_as(limited, id, "caller7"), 0);
    assert_int_equal(call_as(limited, id + 2, "ninth"), 0);
    assert_int_equal(call_as(limited, id + 4, "caller7"), MRPC_RESOURCE_EXHAUSTED);   /* still known */
    assert_int_equal(call_as(limited, id + 6, "caller1"), 0);
    assert_int_equal(call_as(limited, id + 8, "caller1"), MRPC_RESOURCE_EXHAUSTED);   /* known too */
    assert_int_equal(call_as(limited, id + 10, "caller0"), 0);
    assert_int_equal(call_as(limited, id + 12, "caller0"), 0);                        /* was forgotten */
}

/* A peer and a peer that counts as the same caller, or does not. */
static void addresses_count_by_host_or_network(void **state)
{
    static const struct {
        const char *first, *second;
        bool same;
    } rows[] = {
        {"10.0.0.1:1", "10.0.0.1:2", true},
        {"10.0.0.1:1", "10.0.0.2:1", false},
        {"[2001:db8::1]:1", "[2001:db8::2]:2", true},
        {"[2001:db8::1]:1", "[2001:db8:0:1::1]:1", false},
        {"[::ffff:10.0.0.1]:1", "10.0.0.1:2", true},
        {"[::ffff:10.0.0.1]:1", "[::ffff:10.0.0.2]:1", false},
        {"unix:", "unix:", true},
        {"[2001:db8::1", "[2001:db8::1", true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct limited *limited = calloc(1, sizeof(*limited));
        struct session_driver *driver = &limited->driver;
        driver_open_with(driver, prepare, limited);
        const char *peers[] = {rows[i].first, rows[i].first, rows[i].second};
        int statuses[3];
        for (size_t p = 0; p < 3; p++) {
            driver_reconnect(driver, peers[p]);
            driver_call(driver, 1, "Say", "hello");
            statuses[p] = driver_status(driver, 1);
        }
        assert_int_equal(statuses[1], 0);
        if ((statuses[2] == MRPC_RESOURCE_EXHAUSTED) != rows[i].same)
            fail_msg("%s and %s", rows[i].first, rows[i].second);
        driver_close(driver);
        mrpc_rate_limit_free(limited->limit);
        mrpc_authentication_free(limited->authentication);
        free(limited);
    }
}

static void options_that_make_no_sense_are_refused(void **state)
{
    struct mrpc_rate_limit *limit;
    struct mrpc_rate_limit_options options = {.struct_bytes = sizeof(options)};
    assert_int_equal(mrpc_rate_limit_new(&options, &limit), MRPC_ERR_INVALID);
    options.calls_per_second = 1000000001;
    assert_int_equal(mrpc_rate_limit_new(&options, &limit), MRPC_ERR_INVALID);
    options = (struct mrpc_rate_limit_options){.calls_per_second = 1, .callers_max = SIZE_MAX};
    assert_int_equal(mrpc_rate_limit_new(&options, &limit), MRPC_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_fills_with_time_and_never_beyond_its_burst),
        cmocka_unit_test(threads_take_no_token_twice),
        cmocka_unit_test(siphash_is_siphash_1_3),
        cmocka_unit_test_setup_teardown(who_calls_too_often_is_told_when_to_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(callers_have_buckets_of_their_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(exempt_calls_are_not_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_table_is_bounded_and_forgets_who_owes_least, set_up, tear_down),
        cmocka_unit_test(addresses_count_by_host_or_network),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
