/* SPDX-License-Identifier: Apache-2.0 */
#include "session_driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/web.h>

#include "test.h"

static void on_rejected(void *arg, const char *reason, const char *peer)
{
    struct session_driver *driver = arg;
    size_t used = strlen(driver->rejected);
    (void)snprintf(driver->rejected + used, sizeof(driver->rejected) - used, "%s ", reason);
}

static void on_ended(void *self, void *state, struct mrpc_call *call, const struct mrpc_call_end *end)
{
    struct session_driver *driver = self;
    size_t used = strlen(driver->ended);
    assert_true(end->duration_us >= 0);
    (void)snprintf(driver->ended + used, sizeof(driver->ended) - used, "%d ", end->code);
}

static const struct mrpc_interceptor watch_ends = {
    .struct_bytes = sizeof(watch_ends), .name = "ends", .ended = on_ended};

static void on_wake(void *arg)
{
    ((struct session_driver *)arg)->wakes++;
}

static void on_output_ready(void *arg)
{
    ((struct session_driver *)arg)->output_ready++;
}

static void make_server(struct session_driver *driver, const struct mrpc_limits *limits)
{
    memset(driver, 0, sizeof(*driver));
    driver->now_ms = 1000000;
    struct mrpc_server_observer observer = {.rejected = on_rejected, .arg = driver};
    struct mrpc_server_options options = {.struct_bytes = sizeof(options), .observer = &observer};
    if (limits != NULL)
        options.limits = *limits;
    assert_int_equal(mrpc_server_new(&options, &driver->server), 0);
    assert_int_equal(echo_service_add(&driver->echo, driver->server), 0);
}

static void watch_calls_end(struct session_driver *driver)
{
    assert_int_equal(mrpc_server_add_interceptor(driver->server, &watch_ends, driver), 0);
}

static void make_host(struct session_driver *driver)
{
    struct mrpc_session_host_options host = {.struct_bytes = sizeof(host), .wake = on_wake, .arg = driver};
    assert_int_equal(mrpc_session_host_new(driver->server, &host, &driver->host), 0);
}

static void make_session(struct session_driver *driver, const char *peer)
{
    struct mrpc_session_options session = {
        .struct_bytes = sizeof(session), .peer = peer, .output_ready = on_output_ready, .arg = driver};
    assert_int_equal(mrpc_session_new(driver->host, &session, driver->now_ms, &driver->session), 0);
    raw_peer_init(&driver->client);
    driver->client.preface_seen = true;   /* a server sends none */
}

void driver_open_silent(struct session_driver *driver, const struct mrpc_limits *limits)
{
    make_server(driver, limits);
    watch_calls_end(driver);
    make_host(driver);
    make_session(driver, "memory:1");
}

void driver_open_silent_strict(struct session_driver *driver)
{
    const struct mrpc_web_options web = {.struct_bytes = sizeof(web), .http1_off = true};
    make_server(driver, NULL);
    assert_int_equal(mrpc_server_set_web(driver->server, &web), 0);
    make_host(driver);
    make_session(driver, "memory:1");
}

static void exchange_prefaces(struct session_driver *driver)
{
    raw_bytes(&driver->client, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
    raw_settings(&driver->client);
    raw_settings_ack(&driver->client);
    driver_pump(driver);
}

void driver_open(struct session_driver *driver, const struct mrpc_limits *limits)
{
    driver_open_silent(driver, limits);
    exchange_prefaces(driver);
}

static void open_prepared(struct session_driver *driver, void (*prepare)(struct mrpc_server *server, void *arg),
                          void *arg)
{
    prepare(driver->server, arg);
    make_host(driver);
    make_session(driver, "memory:1");
    exchange_prefaces(driver);
}

void driver_open_bare(struct session_driver *driver, void (*prepare)(struct mrpc_server *server, void *arg), void *arg)
{
    make_server(driver, NULL);
    open_prepared(driver, prepare, arg);
}

void driver_open_with(struct session_driver *driver, void (*prepare)(struct mrpc_server *server, void *arg), void *arg)
{
    make_server(driver, NULL);
    watch_calls_end(driver);
    open_prepared(driver, prepare, arg);
}

void driver_disconnect(struct session_driver *driver)
{
    mrpc_session_free(driver->session);
    driver->session = NULL;
}

void driver_reconnect(struct session_driver *driver, const char *peer)
{
    driver_disconnect(driver);
    raw_peer_fini(&driver->client);
    make_session(driver, peer);
    exchange_prefaces(driver);
}

void driver_close(struct session_driver *driver)
{
    driver_disconnect(driver);
    mrpc_session_host_process(driver->host, driver->now_ms);
    assert_int_equal(mrpc_session_host_calls(driver->host), 0);
    mrpc_session_host_free(driver->host);
    mrpc_server_free(driver->server);
    raw_peer_fini(&driver->client);
}

static void deliver(struct session_driver *driver)
{
    uint8_t *bytes = driver->client.out;
    size_t size = driver->client.out_size;
    driver->client.out = NULL;
    driver->client.out_size = 0;
    for (size_t at = 0; at < size;) {
        size_t n = driver->piece > 0 && driver->piece < size - at ? driver->piece : size - at;
        /* A copy of its own: a byte read beyond the piece is one that a sanitizer sees. */
        uint8_t *piece = malloc(n);
        memcpy(piece, bytes + at, n);
        mrpc_session_receive(driver->session, driver->now_ms, piece, n);
        free(piece);
        at += n;
    }
    free(bytes);
}

static bool take(struct session_driver *driver)
{
    struct iovec pieces[8];
    int count = mrpc_session_output(driver->session, pieces, 8);
    if (count == 0 || driver->deaf)
        return false;
    size_t size = 0;
    for (int i = 0; i < count; i++) {
        raw_peer_receive(&driver->client, pieces[i].iov_base, pieces[i].iov_len);
        size += pieces[i].iov_len;
    }
    mrpc_session_consume(driver->session, driver->now_ms, size);
    return true;
}

void driver_pump(struct session_driver *driver)
{
    if (driver->session != NULL && driver->client.out_size > 0)
        deliver(driver);
    mrpc_session_host_process(driver->host, driver->now_ms);
    while (driver->session != NULL && take(driver))
        continue;
}

void driver_pump_frames(struct session_driver *driver)
{
    uint8_t *bytes = driver->client.out;
    size_t size = driver->client.out_size;
    driver->client.out = NULL;
    driver->client.out_size = 0;
    for (size_t at = 0; at < size;) {
        size_t frame = 9 + ((size_t)bytes[at] << 16 | (size_t)bytes[at + 1] << 8 | bytes[at + 2]);
        raw_bytes(&driver->client, bytes + at, frame);
        driver_pump(driver);
        at += frame;
    }
    free(bytes);
}

uint8_t *driver_take_queued(struct session_driver *driver, size_t *size)
{
    uint8_t *bytes = driver->client.out;
    *size = driver->client.out_size;
    driver->client.out = NULL;
    driver->client.out_size = 0;
    return bytes;
}

void driver_feed(struct session_driver *driver, const uint8_t *bytes, size_t size)
{
    mrpc_session_receive(driver->session, driver->now_ms, bytes, size);
    struct iovec pieces[8];
    for (int count; (count = mrpc_session_output(driver->session, pieces, 8)) > 0;) {
        size_t sent = 0;
        for (int i = 0; i < count; i++)
            sent += pieces[i].iov_len;
        mrpc_session_consume(driver->session, driver->now_ms, sent);
    }
}

void driver_advance(struct session_driver *driver, int64_t ms)
{
    driver->now_ms += ms;
    mrpc_session_tick(driver->session, driver->now_ms);
    driver_pump(driver);
}

static bool replaced(const char *name, const struct raw_field *more, size_t more_count)
{
    for (size_t i = 0; i < more_count; i++)
        if (strcmp(more[i].name, name) == 0)
            return true;
    return false;
}

void driver_headers(struct session_driver *driver, int32_t id, const char *method, const struct raw_field *more,
                    size_t more_count)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "/test.Echo/%s", method);
    const struct raw_field usual[] = {
        {":method", "POST"},   {":scheme", "http"}, {":path", path},
        {":authority", "test"}, {"te", "trailers"},  {"content-type", "application/grpc"},
    };
    struct raw_field fields[64];
    size_t count = 0;
    for (size_t i = 0; i < more_count; i++)   /* pseudo-headers come first */
        if (more[i].name[0] == ':' && more[i].value != NULL)
            fields[count++] = more[i];
    for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++)
        if (!replaced(usual[i].name, more, more_count))
            fields[count++] = usual[i];
    for (size_t i = 0; i < more_count; i++)
        if (more[i].name[0] != ':' && more[i].value != NULL)
            fields[count++] = more[i];
    raw_headers(&driver->client, id, false, fields, count);
}

void driver_message(struct session_driver *driver, int32_t id, const char *text, bool end_stream)
{
    size_t size = strlen(text);
    uint8_t *bytes = malloc(size + 6);
    size_t at = 0;
    bytes[at++] = 0x0a;
    for (size_t left = size;;) {
        uint8_t low = left & 0x7f;
        left >>= 7;
        bytes[at++] = (uint8_t)(low | (left > 0 ? 0x80 : 0));
        if (left == 0)
            break;
    }
    memcpy(bytes + at, text, size);
    raw_message(&driver->client, id, end_stream, bytes, at + size);
    free(bytes);
}

void driver_call(struct session_driver *driver, int32_t id, const char *method, const char *text)
{
    driver_headers(driver, id, method, NULL, 0);
    driver_message(driver, id, text, true);
    driver_pump(driver);
}

const char *driver_trailer(struct session_driver *driver, int32_t id, const char *name)
{
    const struct raw_frame *frame = raw_peer_find(&driver->client, NGHTTP2_HEADERS, id);
    const char *value = frame != NULL ? raw_frame_header(frame, name) : NULL;
    return value != NULL ? value : "";
}

int driver_status(struct session_driver *driver, int32_t id)
{
    const char *status = driver_trailer(driver, id, "grpc-status");
    return *status != '\0' ? atoi(status) : -1;
}

uint8_t *driver_data(struct session_driver *driver, int32_t id, size_t *size)
{
    uint8_t *bytes = NULL;
    *size = 0;
    for (size_t i = 0; i < driver->client.frame_count; i++) {
        const struct raw_frame *frame = &driver->client.frames[i];
        if (frame->type != NGHTTP2_DATA || frame->id != id || frame->size == 0)
            continue;
        bytes = realloc(bytes, *size + frame->size);
        memcpy(bytes + *size, frame->payload, frame->size);
        *size += frame->size;
    }
    return bytes;
}

char *driver_texts(struct session_driver *driver, int32_t id)
{
    size_t size;
    uint8_t *bytes = driver_data(driver, id, &size);
    char *texts = calloc(1, size + 1);
    size_t used = 0;
    for (size_t at = 0; at < size;) {
        assert_true(size - at >= 5);
        size_t length = (size_t)bytes[at + 1] << 24 | (size_t)bytes[at + 2] << 16 | (size_t)bytes[at + 3] << 8 |
                        bytes[at + 4];
        assert_int_equal(bytes[at], 0);
        assert_true(length <= size - at - 5);
        Google__Protobuf__StringValue *value =
            google__protobuf__string_value__unpack(NULL, length, bytes + at + 5);
        assert_non_null(value);
        if (used > 0 || at > 0)
            texts[used++] = '|';
        memcpy(texts + used, value->value, strlen(value->value));
        used += strlen(value->value);
        google__protobuf__string_value__free_unpacked(value, NULL);
        at += 5 + length;
    }
    free(bytes);
    return texts;
}

bool driver_rejected(const struct session_driver *driver, const char *reason)
{
    char word[64];
    (void)snprintf(word, sizeof(word), "%s ", reason);
    const char *at = strstr(driver->rejected, word);
    return at != NULL && (at == driver->rejected || at[-1] == ' ');
}

int64_t driver_goaway(struct session_driver *driver)
{
    const struct raw_frame *frame = raw_peer_find(&driver->client, NGHTTP2_GOAWAY, -1);
    return frame != NULL ? (int64_t)raw_frame_error(frame) : -1;
}
