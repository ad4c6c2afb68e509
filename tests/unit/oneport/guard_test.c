/* SPDX-License-Identifier: Apache-2.0 */

/* Who may speak to the server through a browser: the rules at work on HTTP/1.1 and on HTTP/2. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session_driver.h"
#include "test.h"
#include "web_driver.h"

static const char *const hosts[] = {"app.example.com"};
static const char *const origins[] = {"https://pages.example.com"};
static const struct mrpc_web_options web = {
    .struct_bytes = sizeof(web), .hosts = hosts, .host_count = 1, .origins = origins, .origin_count = 1};

static int set_up(void **state)
{
    struct web_driver *driver = calloc(1, sizeof(*driver));
    web_driver_open(driver, &(struct web_driver_options){.web = &web});
    *state = driver;
    return 0;
}

static int tear_down(void **state)
{
    struct web_driver *driver = *state;
    web_driver_close(driver);
    free(driver);
    return 0;
}

static void ask(struct web_driver *driver, const char *request, int status)
{
    web_driver_forget(driver);
    web_driver_say(driver, request);
    free(web_driver_body(driver, status, NULL));
}

static void a_name_that_was_pointed_at_us_is_421(void **state)
{
    struct web_driver *driver = *state;
    ask(driver, "GET /hello HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421);
    ask(driver, "GET /hello HTTP/1.1\r\nHost: evil.example:50051\r\nOrigin: http://evil.example:50051\r\n\r\n", 421);
    ask(driver, "GET /nothing HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421);
    ask(driver, "GET http://evil.example/hello HTTP/1.1\r\nHost: localhost\r\n\r\n", 421);
    ask(driver, "POST /test.Echo/Say HTTP/1.1\r\nHost: evil.example\r\nContent-Type: application/grpc-web\r\n"
                "Content-Length: 5\r\n\r\n\1\1\1\1\1", 421);
    ask(driver, "GET /hello HTTP/1.1\r\nHost: 10.9.9.9\r\n\r\n", 421);
    ask(driver, "GET /hello HTTP/1.0\r\n\r\n", 421);
    assert_int_equal(driver->echo.said, 0);
    assert_non_null(strstr(driver->rejected, "web_host "));
}

static void names_of_ours_are_served(void **state)
{
    struct web_driver *driver = *state;
    ask(driver, "GET /hello HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n", 200);
    ask(driver, "GET /hello HTTP/1.1\r\nHost: [::1]\r\n\r\n", 200);
    ask(driver, "GET /hello HTTP/1.1\r\nHost: App.Example.com:443\r\n\r\n", 200);
    ask(driver, "GET /hello HTTP/1.1\r\nHost: 10.1.2.3:50051\r\n\r\n", 200);   /* the connection's own address */
    ask(driver, "GET http://localhost/hello HTTP/1.1\r\nHost: evil.example\r\n\r\n", 200);
}

static void a_form_of_another_site_is_403(void **state)
{
    struct web_driver *driver = *state;
    static const char *const foreign[] = {"http://evil.example", "null", "http://localhost:3000",
                                          "https://app.example.com:1", "https://pages.example.com.evil"};
    for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++) {
        char request[512];
        (void)snprintf(request, sizeof(request),
                       "POST /echo HTTP/1.1\r\nHost: localhost:50051\r\nOrigin: %s\r\n"
                       "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b", foreign[i]);
        ask(driver, request, 403);
        assert_null(web_driver_header(driver, "access-control-allow-origin"));
    }
    assert_int_equal(driver->handled, 0);
    ask(driver,
        "POST /echo HTTP/1.1\r\nHost: localhost:50051\r\nOrigin: http://localhost:50051\r\nContent-Length: "
        "3\r\n\r\na=b",
        200);
    assert_null(web_driver_header(driver, "access-control-allow-origin"));
    assert_int_equal(driver->handled, 1);
}

static void listed_origins_may_read(void **state)
{
    struct web_driver *driver = *state;
    ask(driver, "GET /hello HTTP/1.1\r\nHost: localhost\r\nOrigin: https://pages.example.com\r\n\r\n", 200);
    assert_string_equal(web_driver_header(driver, "access-control-allow-origin"), "https://pages.example.com");
    assert_string_equal(web_driver_header(driver, "vary"), "origin");
}

static void preflights_are_answered_for_listed_origins(void **state)
{
    struct web_driver *driver = *state;
    ask(driver,
        "OPTIONS /test.Echo/Say HTTP/1.1\r\nHost: localhost\r\nOrigin: https://pages.example.com\r\n"
        "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type,x-grpc-web\r\n\r\n",
        204);
    assert_string_equal(web_driver_header(driver, "access-control-allow-origin"), "https://pages.example.com");
    assert_string_equal(web_driver_header(driver, "access-control-allow-headers"), "content-type,x-grpc-web");
    assert_non_null(strstr(web_driver_header(driver, "access-control-allow-methods"), "POST"));
    ask(driver, "OPTIONS /test.Echo/Say HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n"
                "Access-Control-Request-Method: POST\r\n\r\n", 403);
    ask(driver, "OPTIONS /test.Echo/Say HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n"
                "Access-Control-Request-Method: POST\r\n\r\n", 403);
    ask(driver, "OPTIONS /hello HTTP/1.1\r\nHost: localhost\r\nOrigin: https://pages.example.com\r\n\r\n", 405);
    ask(driver, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n", 200);
}

/* HTTP/2
 * ------------------------------------------------------------------------------------------------------------ */

static const char *h2_ask(struct session_driver *driver, int32_t id, const struct raw_field *fields, size_t count)
{
    driver_headers(driver, id, "Say", fields, count);
    driver_message(driver, id, "hello", true);
    driver_pump(driver);
    return driver_trailer(driver, id, ":status");
}

#define ASK(id, ...)                                                                                                   \
    h2_ask(driver, id, (const struct raw_field[]){__VA_ARGS__},                                                        \
           sizeof((const struct raw_field[]){__VA_ARGS__}) / sizeof(struct raw_field))

static void a_call_with_an_origin_is_held_to_the_rules(void **state)
{
    struct session_driver *driver = calloc(1, sizeof(*driver));
    driver_open(driver, NULL);
    assert_string_equal(ASK(1, {"origin", "http://evil.example"}, {":authority", "localhost"}), "403");
    assert_string_equal(ASK(3, {"origin", "null"}, {":authority", "localhost"}), "403");
    assert_string_equal(ASK(5, {"origin", "http://evil.example"}, {":authority", "evil.example"}), "421");
    assert_int_equal(driver->echo.said, 0);
    ASK(7, {"origin", "http://localhost:1"}, {":authority", "localhost:1"});
    assert_int_equal(driver_status(driver, 7), 0);
    ASK(9, {":authority", "any.example"});   /* no browser: any name will do */
    assert_int_equal(driver_status(driver, 9), 0);
    assert_int_equal(driver->echo.said, 2);
    driver_close(driver);
    free(driver);
}

static void a_web_call_on_http2_is_held_to_the_rules(void **state)
{
    struct session_driver *driver = calloc(1, sizeof(*driver));
    driver_open(driver, NULL);
    const struct raw_field type = {"content-type", "application/grpc-web+proto"};
    assert_string_equal(ASK(1, type, {":authority", "evil.example"}), "421");
    assert_string_equal(ASK(3, type, {":authority", "localhost"}, {"host", "evil.example"}), "400");
    assert_string_equal(ASK(5, type, {":authority", "localhost"}, {"origin", "http://localhost:1"}), "403");
    assert_int_equal(driver->echo.said, 0);
    assert_string_equal(ASK(7, type, {":authority", "localhost"}), "200");
    assert_int_equal(driver->echo.said, 1);
    driver_close(driver);
    free(driver);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(a_name_that_was_pointed_at_us_is_421),
        WITH(names_of_ours_are_served),
        WITH(a_form_of_another_site_is_403),
        WITH(listed_origins_may_read),
        WITH(preflights_are_answered_for_listed_origins),
        cmocka_unit_test(a_call_with_an_origin_is_held_to_the_rules),
        cmocka_unit_test(a_web_call_on_http2_is_held_to_the_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
