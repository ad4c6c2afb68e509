/* SPDX-License-Identifier: Apache-2.0 */
#include "web_driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <mrpc/interceptor.h>

#include "test.h"

#define BIG_BYTES 1000000

static void on_rejected(void *arg, const char *reason, const char *peer)
{
    struct web_driver *driver = arg;
    size_t used = strlen(driver->rejected);
    (void)snprintf(driver->rejected + used, sizeof(driver->rejected) - used, "%s ", reason);
}

static void on_wake(void *arg)
{
}

static void on_output_ready(void *arg)
{
}

static const char *local_address(void *arg)
{
    return ((struct web_driver *)arg)->local;
}

static void hello(void *self, struct mrpc_web *web)
{
    assert_int_equal(mrpc_web_add_header(web, "x-greeting", "hi"), 0);
    mrpc_web_respond(web, 200, "text/plain", "hello\n", 6);
}

static void echo(void *self, struct mrpc_web *web)
{
    size_t size;
    const void *body = mrpc_web_body(web, &size);
    ((struct web_driver *)self)->handled++;
    mrpc_web_respond(web, 200, mrpc_web_content_type(web), body, size);
}

static void tree(void *self, struct mrpc_web *web)
{
    char text[512];
    const char *ask = mrpc_web_header(web, "x-ask");
    int size = snprintf(text, sizeof(text), "%s %s|%s|%s|%s", mrpc_web_method(web), mrpc_web_path(web),
                        mrpc_web_query(web), ask != NULL ? ask : "", mrpc_web_peer(web));
    mrpc_web_respond(web, 200, "text/plain", text, (size_t)size);
}

static void on_cancel(void *arg, struct mrpc_web *web)
{
    ((struct web_driver *)arg)->cancelled++;
}

static void later(void *self, struct mrpc_web *web)
{
    struct web_driver *driver = self;
    assert_null(driver->held);
    driver->held = web;
    mrpc_web_on_cancel(web, on_cancel, driver);
}

static void stream(void *self, struct mrpc_web *web)
{
    mrpc_web_begin(web, 200, "text/plain");
    for (int i = 0; i < 3; i++)
        (void)!mrpc_web_send(web, "part ", 5);
    mrpc_web_end(web);
}

static void pour(void *arg, struct mrpc_web *web)
{
    static const char block[10000];
    struct web_driver *driver = arg;
    while (driver->big_left > 0) {
        int error = mrpc_web_send(web, block, sizeof(block));
        if (error == MRPC_ERR_AGAIN)
            return;
        assert_int_equal(error, 0);
        driver->big_left -= sizeof(block);
    }
    mrpc_web_end(web);
}

static void big(void *self, struct mrpc_web *web)
{
    struct web_driver *driver = self;
    driver->big_left = BIG_BYTES;
    mrpc_web_on_writable(web, pour, driver);
    mrpc_web_begin(web, 200, "application/octet-stream");
    pour(driver, web);
}

static void thing(void *self, struct mrpc_web *web)
{
    mrpc_web_respond(web, 204, NULL, NULL, 0);
}

/* Web requests are no calls: it must not see them. */
static int started(void *self, void *state, struct mrpc_call *call)
{
    assert_non_null(mrpc_call_method(call));
    ((struct web_driver *)self)->calls++;
    return 0;
}

static void sent(void *self, void *state, struct mrpc_call *call, const struct mrpc_call_message *message)
{
    struct web_driver *driver = self;
    driver->sent_bytes += message->bytes;
    assert_true(message->wire_bytes <= message->bytes); /* as far as these tests compress */
}

static const struct mrpc_interceptor watch = {
    .struct_bytes = sizeof(watch), .name = "watch", .message_data = true, .started = started, .sent = sent};

static void add_routes(struct web_driver *driver)
{
    const struct mrpc_web_route routes[] = {
        {.method = "GET", .path = "/hello", .handle = hello},
        {.method = "POST", .path = "/echo", .handle = echo},
        {.method = "POST", .path = "/small", .body_bytes = 8, .handle = echo},
        {.method = "GET", .path = "/tree/", .prefix = true, .handle = tree},
        {.method = "GET", .path = "/later", .handle = later},
        {.method = "GET", .path = "/timed", .timeout_ms = 2000, .handle = later},
        {.method = "GET", .path = "/stream", .handle = stream},
        {.method = "GET", .path = "/big", .handle = big},
        {.method = "DELETE", .path = "/thing", .handle = thing},
    };
    for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
        struct mrpc_web_route route = routes[i];
        route.struct_bytes = sizeof(route);
        route.self = driver;
        assert_int_equal(mrpc_server_add_route(driver->server, &route), 0);
    }
}

void web_driver_open(struct web_driver *driver, const struct web_driver_options *given)
{
    const struct web_driver_options options = given != NULL ? *given : (struct web_driver_options){0};
    memset(driver, 0, sizeof(*driver));
    driver->now_ms = 1000000;
    strcpy(driver->local, "10.1.2.3:50051");
    struct mrpc_server_observer observer = {.rejected = on_rejected, .arg = driver};
    struct mrpc_server_options server = {.struct_bytes = sizeof(server), .observer = &observer};
    if (options.limits != NULL)
        server.limits = *options.limits;
    assert_int_equal(mrpc_server_new(&server, &driver->server), 0);
    assert_int_equal(echo_service_add(&driver->echo, driver->server), 0);
    assert_int_equal(mrpc_server_add_interceptor(driver->server, &watch, driver), 0);
    add_routes(driver);
    if (options.web != NULL)
        assert_int_equal(mrpc_server_set_web(driver->server, options.web), 0);
    struct mrpc_session_host_options host = {.struct_bytes = sizeof(host), .wake = on_wake, .arg = driver};
    assert_int_equal(mrpc_session_host_new(driver->server, &host, &driver->host), 0);
    assert_int_equal(mrpc_server_add_route(driver->server, &(struct mrpc_web_route){.path = "/late", .handle = hello}),
                     MRPC_ERR_INVALID);
    struct mrpc_session_options session = {.struct_bytes = sizeof(session),
                                           .peer = "memory:1",
                                           .output_ready = on_output_ready,
                                           .arg = driver,
                                           .protocol = options.protocol,
                                           .local_address = local_address};
    assert_int_equal(mrpc_session_new(driver->host, &session, driver->now_ms, &driver->session), 0);
}

void web_driver_close(struct web_driver *driver)
{
    mrpc_session_free(driver->session);
    if (driver->held != NULL)
        web_driver_answer(driver, "");
    echo_service_finish_held(&driver->echo, 0);
    mrpc_session_host_process(driver->host, driver->now_ms);
    assert_int_equal(mrpc_session_host_calls(driver->host), 0);
    mrpc_session_host_free(driver->host);
    mrpc_server_free(driver->server);
    free(driver->out);
}

void web_driver_take(struct web_driver *driver)
{
    struct iovec pieces[8];
    int count;
    mrpc_session_host_process(driver->host, driver->now_ms);
    while ((count = mrpc_session_output(driver->session, pieces, 8)) > 0) {
        size_t size = 0;
        for (int i = 0; i < count; i++) {
            driver->out = realloc(driver->out, driver->out_bytes + pieces[i].iov_len + 1);
            memcpy(driver->out + driver->out_bytes, pieces[i].iov_base, pieces[i].iov_len);
            driver->out_bytes += pieces[i].iov_len;
            driver->out[driver->out_bytes] = '\0';
            size += pieces[i].iov_len;
        }
        mrpc_session_consume(driver->session, driver->now_ms, size);
    }
}

void web_driver_send(struct web_driver *driver, const void *bytes, size_t size)
{
    for (size_t at = 0; at < size && !mrpc_session_finished(driver->session);) {
        size_t n = driver->piece > 0 && driver->piece < size - at ? driver->piece : size - at;
        uint8_t *piece = malloc(n);
        memcpy(piece, (const char *)bytes + at, n);
        mrpc_session_receive(driver->session, driver->now_ms, piece, n);
        free(piece);
        at += n;
        web_driver_take(driver);
    }
    web_driver_take(driver);
}

void web_driver_say(struct web_driver *driver, const char *text)
{
    web_driver_send(driver, text, strlen(text));
}

void web_driver_advance(struct web_driver *driver, int64_t ms)
{
    driver->now_ms += ms;
    mrpc_session_tick(driver->session, driver->now_ms);
    web_driver_take(driver);
}

void web_driver_answer(struct web_driver *driver, const char *text)
{
    struct mrpc_web *web = driver->held;
    driver->held = NULL;
    mrpc_web_respond(web, 200, "text/plain", text, strlen(text));
}

void web_driver_forget(struct web_driver *driver)
{
    free(driver->out);
    driver->out = NULL;
    driver->out_bytes = 0;
}

const char *web_driver_header(const struct web_driver *driver, const char *name)
{
    static char value[512];
    size_t size = strlen(name);
    const char *line = driver->out;
    while (line != NULL && line[0] != '\r') {
        if (strncasecmp(line, name, size) == 0 && line[size] == ':') {
            (void)snprintf(value, sizeof(value), "%.*s", (int)strcspn(line + size + 2, "\r"), line + size + 2);
            return value;
        }
        line = strstr(line, "\r\n");
        line = line != NULL ? line + 2 : NULL;
    }
    return NULL;
}

static size_t unchunk(char *out, const char *at, const char *end)
{
    size_t used = 0;
    for (;;) {
        char *line_end;
        size_t size = strtoul(at, &line_end, 16);
        assert_memory_equal(line_end, "\r\n", 2);
        at = line_end + 2;
        assert_true(size <= (size_t)(end - at));
        memcpy(out + used, at, size);
        used += size;
        assert_memory_equal(at + size, "\r\n", 2);
        at += size + 2;
        if (size > 0)
            continue;
        assert_ptr_equal(at, end);
        return used;
    }
}

char *web_driver_body(const struct web_driver *driver, int status, size_t *size)
{
    char line[32];
    (void)snprintf(line, sizeof(line), "HTTP/1.1 %d ", status);
    assert_non_null(driver->out);
    if (strncmp(driver->out, line, strlen(line)) != 0)
        fail_msg("expected %d, got %s", status, driver->out);
    const char *body = strstr(driver->out, "\r\n\r\n") + 4;
    const char *end = driver->out + driver->out_bytes;
    char *copy = calloc(1, driver->out_bytes + 1);
    const char *length = web_driver_header(driver, "content-length");
    size_t body_bytes = (size_t)(end - body);
    if (web_driver_header(driver, "transfer-encoding") != NULL) {
        assert_string_equal(web_driver_header(driver, "transfer-encoding"), "chunked");
        assert_null(web_driver_header(driver, "content-length"));
        body_bytes = unchunk(copy, body, end);
    } else {
        memcpy(copy, body, body_bytes);
        if (length != NULL)
            assert_int_equal(strtoul(web_driver_header(driver, "content-length"), NULL, 10), body_bytes);
    }
    if (size != NULL)
        *size = body_bytes;
    return copy;
}
