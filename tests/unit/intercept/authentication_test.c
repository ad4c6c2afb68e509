/* SPDX-License-Identifier: Apache-2.0 */

#include <mrpc/authentication.h>

#include <stdlib.h>
#include <string.h>

#include "session_driver.h"
#include "test.h"

struct gate {
    struct session_driver driver;
    struct mrpc_authentication *authentication;
    char token[64];
    char authorized[64];
};

/* Whom "token-NAME" belongs to: NAME. */
static int authenticate(void *arg, struct mrpc_call *call, struct mrpc_identity *identity)
{
    struct gate *gate = arg;
    const char *token = mrpc_call_bearer_token(call);
    assert_int_equal(identity->kind, MRPC_IDENTITY_ANONYMOUS);
    strcpy(gate->token, token != NULL ? token : "none");
    if (token == NULL || strncmp(token, "token-", 6) != 0)
        return mrpc_call_fail(call, MRPC_UNAUTHENTICATED, "who are you?");
    identity->kind = MRPC_IDENTITY_TOKEN;
    identity->name = mrpc_arena_strdup(mrpc_call_arena(call), token + 6);
    return 0;
}

static int authorize(void *arg, struct mrpc_call *call)
{
    struct gate *gate = arg;
    strcpy(gate->authorized, mrpc_call_identity(call)->name);
    if (strcmp(mrpc_call_method(call)->name, "Say") != 0)
        return mrpc_call_fail(call, MRPC_PERMISSION_DENIED, "%s may only say", gate->authorized);
    return 0;
}

static void prepare(struct mrpc_server *server, void *arg)
{
    struct gate *gate = arg;
    struct mrpc_authentication_options options = {
        .struct_bytes = sizeof(options), .authenticate = authenticate, .authorize = authorize, .arg = gate};
    assert_int_equal(mrpc_authentication_new(&options, &gate->authentication), 0);
    assert_int_equal(mrpc_authentication_add_to_server(gate->authentication, server), 0);
}

static int set_up(void **state)
{
    struct gate *gate = calloc(1, sizeof(*gate));
    driver_open_with(&gate->driver, prepare, gate);
    *state = gate;
    return 0;
}

static int tear_down(void **state)
{
    struct gate *gate = *state;
    driver_close(&gate->driver);
    mrpc_authentication_free(gate->authentication);
    free(gate);
    return 0;
}

static void call_with(struct gate *gate, int32_t id, const char *method, const char *credentials)
{
    driver_headers(&gate->driver, id, method, &(struct raw_field){"authorization", credentials}, 1);
    driver_message(&gate->driver, id, "1:1", true);
    driver_pump(&gate->driver);
}

static void the_identity_is_what_authenticate_says(void **state)
{
    struct gate *gate = *state;
    call_with(gate, 1, "Say", "Bearer token-ada");
    assert_int_equal(driver_status(&gate->driver, 1), 0);
    assert_string_equal(gate->authorized, "ada");
    assert_string_equal(gate->driver.echo.identity, "ada");
}

static void who_is_nobody_gets_no_further(void **state)
{
    struct gate *gate = *state;
    call_with(gate, 1, "Say", "Bearer something");
    assert_int_equal(driver_status(&gate->driver, 1), MRPC_UNAUTHENTICATED);
    assert_string_equal(driver_trailer(&gate->driver, 1, "grpc-message"), "who are you?");
    assert_string_equal(gate->authorized, "");
    assert_int_equal(gate->driver.echo.said, 0);
    assert_string_equal(gate->driver.ended, "16 ");
}

static void who_may_not_is_told_so(void **state)
{
    struct gate *gate = *state;
    call_with(gate, 1, "Chat", "Bearer token-ada");
    assert_int_equal(driver_status(&gate->driver, 1), MRPC_PERMISSION_DENIED);
    assert_string_equal(driver_trailer(&gate->driver, 1, "grpc-message"), "ada may only say");
    assert_null(gate->driver.echo.chat);
}

static void tokens_are_read_as_rfc_6750_says(void **state)
{
    static const struct {
        const char *credentials, *token;
    } rows[] = {
        {"Bearer token-a", "token-a"},   {"bearer   token-a", "token-a"}, {"BEARER a.b_c~d+e/f==", "a.b_c~d+e/f=="},
        {"Bearer", "none"},              {"Bearer ", "none"},             {"Basic dXNlcg==", "none"},
        {"Bearer a b", "none"},          {"Bearer a=b", "none"},          {"Bearer =", "none"},
        {"Bearertoken-a", "none"},       {"Bearer a,b", "none"},
    };
    struct gate *gate = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        call_with(gate, (int32_t)(2 * i + 1), "Say", rows[i].credentials);
        assert_string_equal(gate->token, rows[i].token);
    }
    struct raw_field twice[] = {{"authorization", "Bearer token-a"}, {"authorization", "Bearer token-b"}};
    driver_headers(&gate->driver, 101, "Say", twice, 2);
    driver_pump(&gate->driver);
    assert_string_equal(gate->token, "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_identity_is_what_authenticate_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_nobody_gets_no_further, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_may_not_is_told_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tokens_are_read_as_rfc_6750_says, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
