/* SPDX-License-Identifier: Apache-2.0 */

/* Calls that have forgotten their request wait in little memory, and end as all others do. */

#include <stdlib.h>
#include <string.h>

#include <mrpc/interceptor.h>

#include "failing_malloc.h"
#include "server/call.h"
#include "session_driver.h"
#include "test.h"

static void prepare_nothing(struct mrpc_server *server, void *arg)
{
}

static struct session_driver *open_bare(void)
{
    struct session_driver *driver = calloc(1, sizeof(*driver));
    driver_open_bare(driver, prepare_nothing, NULL);
    return driver;
}

static void close_driver(struct session_driver *driver)
{
    driver_close(driver);
    free(driver);
}

static void expect_texts(struct session_driver *driver, int32_t id, const char *expected)
{
    char *texts = driver_texts(driver, id);
    assert_string_equal(texts, expected);
    free(texts);
}

/* The only one that is held. */
static struct mrpc_call *forgetful(struct session_driver *driver)
{
    driver_call(driver, 1, "Split", "forget");
    assert_int_equal(driver->echo.held_count, 1);
    return driver->echo.held[0];
}

static void send_text(struct mrpc_call *call, const char *text)
{
    EchoText message = echo_text(text);
    assert_int_equal(mrpc_call_send(call, &message.base), 0);
}

static void it_gives_back_what_its_request_took(void **state)
{
    struct session_driver *driver = open_bare();
    struct mrpc_call *call = forgetful(driver);
    assert_null(call->stream.desk);
    assert_null(call->arena);
    assert_int_equal(mrpc_call_request_metadata(call)->count, 0);
    assert_string_equal(mrpc_call_authority(call), "");
    assert_string_equal(mrpc_call_method(call)->name, "Split");
    assert_non_null(mrpc_call_arena(call));
    echo_service_finish_held(&driver->echo, 0);
    driver_pump(driver);
    close_driver(driver);
}

static void it_sends_and_ends_well(void **state)
{
    struct session_driver *driver = open_bare();
    struct mrpc_call *call = forgetful(driver);
    assert_int_equal(mrpc_call_add_header(call, "x-late", "1", 1), 0);
    send_text(call, "one");
    driver_pump(driver);
    send_text(call, "two");
    assert_int_equal(mrpc_call_add_trailer(call, "x-end", "2", 1), 0);
    echo_service_finish_held(&driver->echo, 0);
    driver_pump(driver);
    expect_texts(driver, 1, "one|two");
    assert_int_equal(driver_status(driver, 1), 0);
    assert_string_equal(driver_trailer(driver, 1, "x-end"), "2");
    close_driver(driver);
}

static void it_ends_badly_with_a_text_and_details(void **state)
{
    struct session_driver *driver = open_bare();
    struct mrpc_call *call = forgetful(driver);
    send_text(call, "one");
    (void)mrpc_call_fail_field(call, "text", "100%% wrong");
    echo_service_finish_held(&driver->echo, MRPC_INVALID_ARGUMENT);
    driver_pump(driver);
    assert_int_equal(driver_status(driver, 1), MRPC_INVALID_ARGUMENT);
    assert_string_equal(driver_trailer(driver, 1, "grpc-message"), "text: 100%25 wrong");
    assert_true(strlen(driver_trailer(driver, 1, "grpc-status-details-bin")) > 40);
    close_driver(driver);
}

static void its_peer_may_leave(void **state)
{
    struct session_driver *driver = open_bare();
    (void)forgetful(driver);
    raw_rst(&driver->client, 1, NGHTTP2_CANCEL);
    driver_pump(driver);
    assert_int_equal(driver->echo.cancelled, 1);
    echo_service_finish_held(&driver->echo, MRPC_CANCELLED);
    mrpc_session_host_process(driver->host, driver->now_ms);
    assert_int_equal(driver->echo.released, 1);
    close_driver(driver);
}

static void its_connection_may_go(void **state)
{
    struct session_driver *driver = open_bare();
    (void)forgetful(driver);
    driver_disconnect(driver);
    assert_int_equal(driver->echo.cancelled, 1);
    echo_service_finish_held(&driver->echo, MRPC_CANCELLED);
    mrpc_session_host_process(driver->host, driver->now_ms);
    assert_int_equal(driver->echo.released, 1);
    close_driver(driver);
}

/* DATA behind END_STREAM has nowhere to go: nghttp2 closes the stream, and nobody falls over what is not there. */
static void frames_after_its_end_find_nothing(void **state)
{
    struct session_driver *driver = open_bare();
    (void)forgetful(driver);
    driver_message(driver, 1, "more", true);
    driver_headers(driver, 1, "Split", NULL, 0);
    driver_pump(driver);
    echo_service_finish_held(&driver->echo, MRPC_CANCELLED);
    driver_pump(driver);
    close_driver(driver);
}

static void one_with_a_deadline_keeps_it_all(void **state)
{
    struct session_driver *driver = open_bare();
    const struct raw_field timeout = {"grpc-timeout", "1S"};
    driver_headers(driver, 1, "Split", &timeout, 1);
    driver_message(driver, 1, "forget", true);
    driver_pump(driver);
    assert_non_null(driver->echo.held[0]->stream.desk);
    driver_advance(driver, 1001);
    driver_pump(driver);
    assert_int_equal(driver_status(driver, 1), MRPC_DEADLINE_EXCEEDED);
    echo_service_finish_held(&driver->echo, MRPC_DEADLINE_EXCEEDED);
    close_driver(driver);
}

/* The driver's own interceptor does not say that it forgets. */
static void one_that_an_interceptor_holds_on_to_keeps_it_all(void **state)
{
    struct session_driver *driver = calloc(1, sizeof(*driver));
    driver_open(driver, NULL);
    driver_call(driver, 1, "Split", "forget");
    assert_non_null(driver->echo.held[0]->stream.desk);
    assert_true(mrpc_call_request_metadata(driver->echo.held[0])->arena != NULL);
    echo_service_finish_held(&driver->echo, 0);
    driver_pump(driver);
    assert_int_equal(driver_status(driver, 1), 0);
    close_driver(driver);
}

static int name_the_caller(void *self, void *call_state, struct mrpc_call *call)
{
    struct mrpc_arena *arena = mrpc_call_arena(call);
    const char **roles = mrpc_arena_alloc(arena, 2 * sizeof(*roles));
    roles[0] = mrpc_arena_strdup(arena, "reader");
    roles[1] = mrpc_arena_strdup(arena, "writer");
    mrpc_call_set_identity(call, &(struct mrpc_identity){.kind = MRPC_IDENTITY_TOKEN,
                                                         .name = mrpc_arena_strdup(arena, "anna"),
                                                         .roles = roles,
                                                         .role_count = 2});
    return 0;
}

static void add_naming(struct mrpc_server *server, void *arg)
{
    static const struct mrpc_interceptor naming = {.struct_bytes = sizeof(naming),
                                                   .name = "naming",
                                                   .started = name_the_caller,
                                                   .forget = mrpc_interceptor_forgets};
    assert_int_equal(mrpc_server_add_interceptor(server, &naming, NULL), 0);
}

static void it_still_knows_who_calls(void **state)
{
    struct session_driver *driver = calloc(1, sizeof(*driver));
    driver_open_bare(driver, add_naming, NULL);
    const struct mrpc_call *call = forgetful(driver);
    assert_null(call->stream.desk);
    driver_call(driver, 3, "Say", "hello");   /* takes the arena that was given back */
    assert_string_equal(mrpc_call_identity(call)->name, "anna");
    assert_int_equal(mrpc_call_identity(call)->role_count, 2);
    assert_string_equal(mrpc_call_identity(call)->roles[1], "writer");
    echo_service_finish_held(&driver->echo, 0);
    driver_pump(driver);
    close_driver(driver);
}

/* Without memory for its end it is reset; with less and less of it, it ends somehow, and nothing is left. */
static bool ends_without_memory(size_t nth)
{
    struct session_driver *driver = open_bare();
    struct mrpc_call *call = forgetful(driver);
    send_text(call, "one");
    driver_pump(driver);
    for (int32_t id = 3; id < 11; id += 2)
        driver_call(driver, id, "Split", "hold");   /* nothing is free any more */
    failing_malloc_at(nth, 0);
    (void)mrpc_call_fail_field(call, "text", "wrong");
    driver->echo.held[0] = driver->echo.held[--driver->echo.held_count];
    mrpc_call_finish(call, MRPC_INVALID_ARGUMENT, NULL);
    bool failed = failing_malloc_calls() >= nth;
    failing_malloc_at(0, 0);
    driver_pump(driver);
    assert_true(raw_peer_count(&driver->client, NGHTTP2_RST_STREAM, 1) == 1 ||
                driver_status(driver, 1) == MRPC_INVALID_ARGUMENT);
    echo_service_finish_held(&driver->echo, 0);
    driver_pump(driver);
    close_driver(driver);
    return failed;
}

static void without_memory_its_end_is_a_reset(void **state)
{
    size_t nth = 1;
    while (ends_without_memory(nth))
        nth++;
    assert_true(nth > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_gives_back_what_its_request_took),
        cmocka_unit_test(it_sends_and_ends_well),
        cmocka_unit_test(it_ends_badly_with_a_text_and_details),
        cmocka_unit_test(its_peer_may_leave),
        cmocka_unit_test(its_connection_may_go),
        cmocka_unit_test(frames_after_its_end_find_nothing),
        cmocka_unit_test(one_with_a_deadline_keeps_it_all),
        cmocka_unit_test(one_that_an_interceptor_holds_on_to_keeps_it_all),
        cmocka_unit_test(it_still_knows_who_calls),
        cmocka_unit_test(without_memory_its_end_is_a_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
