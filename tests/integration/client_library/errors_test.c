/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <mltrainer/mltrainer.h>

#include "server_process.h"
#include "test.h"

/* What a program is told when something does not work. */

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

static struct mlt_instance sick_instance(void)
{
    return (struct mlt_instance){.struct_bytes = sizeof(struct mlt_instance), .service = "sick", .id = "a",
                                 .address = "127.0.0.1", .port = 1};
}

static void a_wrong_field_is_named(void **state)
{
    (void)state;
    struct mlt_instance instance = sick_instance();
    struct mlt_registration *registration = NULL;
    struct mlt_error error;
    instance.lease_ttl_ms = 1;
    assert_int_equal(mlt_registration_begin(client, &instance, &registration, &error), 3);
    assert_int_equal(error.code, 3);
    assert_string_equal(error.field, "instance.lease_ttl");
    assert_int_equal(error.retry_after_ms, 0);
    assert_null(registration);
}

static void advice_to_try_again_is_passed_on(void **state)
{
    (void)state;
    struct mlt_instance instance = sick_instance();
    struct mlt_registration *registration;
    struct mlt_endpoint endpoint = {.port = 7};
    struct mlt_error error;
    instance.tcp_check = 1; /* nobody listens on port 1 */
    assert_int_equal(mlt_registration_begin(client, &instance, &registration, &error), 0);
    assert_int_equal(mlt_discover(client, NULL, "sick", &endpoint, &error), 14);
    assert_true(error.retry_after_ms > 0);
    assert_string_equal(error.field, "");
    assert_int_equal(endpoint.port, 7); /* untouched */
    mlt_registration_end(registration);
}

static void what_is_required_is_asked_for_before_anything_is_sent(void **state)
{
    (void)state;
    struct mlt_instance instance = {.struct_bytes = sizeof instance, .service = "s"};
    struct mlt_training training = {.struct_bytes = sizeof training};
    struct mlt_registration *registration;
    struct mlt_error error;
    char id[MLT_JOB_ID_BYTES];
    assert_int_equal(mlt_registration_begin(client, &instance, &registration, &error), 3);
    assert_int_equal(mlt_train(client, &training, id, &error), 3);
    assert_int_equal(mlt_discover(client, NULL, NULL, &(struct mlt_endpoint){.port = 0}, &error), 3);
}

static void a_target_or_certificate_that_cannot_be_is_refused(void **state)
{
    (void)state;
    const struct mlt_client_options options = {.struct_bytes = sizeof options, .tls_ca_file = "/nonexistent/ca.pem"};
    struct mlt_client *refused = NULL;
    struct mlt_error error;
    assert_int_equal(mlt_client_new("not a target", NULL, &refused, &error), 3);
    assert_non_null(strstr(error.message, "not a target"));
    assert_int_equal(mlt_client_new("127.0.0.1:1", &options, &refused, &error), 3);
    assert_non_null(strstr(error.message, "/nonexistent/ca.pem"));
    assert_null(refused);
}

static void a_timeout_ends_a_call(void **state)
{
    (void)state;
    const struct mlt_client_options options = {.struct_bytes = sizeof options, .timeout_ms = 1};
    struct mlt_client *hasty;
    struct mlt_error error;
    assert_int_equal(mlt_client_new("192.0.2.1:9", &options, &hasty, &error), 0); /* RFC 5737: nobody is there */
    int code = mlt_discover(hasty, NULL, "x", &(struct mlt_endpoint){.port = 0}, &error);
    assert_true(code == 4 || code == 14); /* 14 where the network says at once that there is no route */
    mlt_client_free(hasty);
}

static void options_of_an_older_library_are_understood(void **state)
{
    (void)state;
    const struct mlt_client_options options = {.struct_bytes = offsetof(struct mlt_client_options, token),
                                               .timeout_ms = 10000,
                                               .token = "beyond what this program knew",
                                               .tls = 1};
    struct mlt_client *old;
    assert_int_equal(mlt_client_new(server.target, &options, &old, NULL), 0);
    /* no TLS was tried */
    assert_int_equal(mlt_discover(old, NULL, "nosuch", &(struct mlt_endpoint){.port = 0}, NULL), 5);
    mlt_client_free(old);
}

static void nothing_can_be_freed(void **state)
{
    (void)state;
    mlt_client_free(NULL);
    mlt_registration_end(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_field_is_named),
        cmocka_unit_test(advice_to_try_again_is_passed_on),
        cmocka_unit_test(what_is_required_is_asked_for_before_anything_is_sent),
        cmocka_unit_test(a_target_or_certificate_that_cannot_be_is_refused),
        cmocka_unit_test(a_timeout_ends_a_call),
        cmocka_unit_test(options_of_an_older_library_are_understood),
        cmocka_unit_test(nothing_can_be_freed),
    };
    return cmocka_run_group_tests_name("client_library/errors", tests, set_up, tear_down);
}
