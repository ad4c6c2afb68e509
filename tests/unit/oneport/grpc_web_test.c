/* SPDX-License-Identifier: Apache-2.0 */

/* gRPC-Web, binary and text, on HTTP/1.1 and on HTTP/2: what goes over the wire, frame by frame. The same handlers and
 * the same life of a call as with gRPC; see unit/session/calls for those. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session_driver.h"
#include "test.h"
#include "web_driver.h"
#include "wire/base64.h"
#include "wire/base64_stream.h"

#include <mrpc/error.h>

#define MAX_BYTES 70000

enum wire { HTTP1, HTTP2 };

struct call {
    enum wire wire;
    bool text;
    size_t piece;
    const char *method;
    const char *fields[8];          /* "name: value" */
    const char *messages[4];
    const uint8_t *body;            /* instead of messages */
    size_t body_bytes;
    bool refused;                   /* no interceptor hears of it */
    size_t sent_bytes;              /* that interceptors hear of; 0: not looked at */
};

/* What came back: the texts of the messages, each followed by '|', and the trailers. */
struct reply {
    char status[4];
    char type[64];
    char texts[MAX_BYTES];
    char trailers[1024];
    char compressed;                /* flag of the last message */
};

static size_t put_message(uint8_t *out, const char *text)
{
    EchoText message = echo_text(text);
    size_t size = protobuf_c_message_pack(&message.base, out + 5);
    const uint8_t prefix[5] = {0, (uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size};
    memcpy(out, prefix, 5);
    return size + 5;
}

/* A text body is sent as a client flushes it: each message base64 of its own, with its padding. */
static size_t make_body(const struct call *call, uint8_t *out)
{
    size_t used = 0;
    if (call->body != NULL) {
        memcpy(out, call->body, call->body_bytes);
        return call->body_bytes;
    }
    for (int i = 0; i < 4 && call->messages[i] != NULL; i++) {
        uint8_t frame[2048];
        size_t size = put_message(frame, call->messages[i]);
        if (call->text) {
            mrpc_base64_encode(frame, size, true, (char *)out + used);
            used += mrpc_base64_encoded_size(size, true);
        } else {
            memcpy(out + used, frame, size);
            used += size;
        }
    }
    return used;
}

static size_t decode_text(const uint8_t *text, size_t size, uint8_t *out)
{
    struct mrpc_base64_stream stream = {0};
    size_t bytes;
    assert_int_equal(mrpc_base64_stream_feed(&stream, text, size, out, &bytes), 0);
    assert_int_equal(stream.count, 0);
    return bytes;
}

static void read_frames(const uint8_t *bytes, size_t size, struct reply *reply)
{
    bool ended = false;
    while (size > 0) {
        assert_true(size >= 5);
        size_t frame = (size_t)bytes[1] << 24 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 8 | bytes[4];
        assert_true(frame <= size - 5);
        assert_false(ended);   /* nothing follows the trailers */
        if (bytes[0] == 0x80) {
            ended = true;
            memcpy(reply->trailers, bytes + 5, frame);
        } else if (bytes[0] == 0) {
            ProtobufCMessage *message = protobuf_c_message_unpack(echo_say.request->descriptor, NULL, frame, bytes + 5);
            assert_non_null(message);
            strcat(reply->texts, echo_value(message));
            strcat(reply->texts, "|");
            protobuf_c_message_free_unpacked(message, NULL);
        }
        reply->compressed = bytes[0] == 1;
        bytes += 5 + frame;
        size -= 5 + frame;
    }
}

static void read_body(const struct call *call, const uint8_t *body, size_t size, struct reply *reply)
{
    if (call->text) {
        uint8_t *bytes = malloc(size + 3);
        size_t decoded = decode_text(body, size, bytes);
        read_frames(bytes, decoded, reply);
        free(bytes);
    } else {
        read_frames(body, size, reply);
    }
}

static const char *media_type(const struct call *call)
{
    return call->text ? "application/grpc-web-text" : "application/grpc-web+proto";
}

static void do_http1(const struct call *call, struct reply *reply)
{
    struct web_driver *driver = calloc(1, sizeof(*driver));
    uint8_t body[8192];
    char head[2048 + sizeof(body)];
    size_t body_bytes = make_body(call, body);
    int used = snprintf(head, sizeof(head), "POST /test.Echo/%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n"
                                            "Content-Length: %zu\r\n", call->method, media_type(call), body_bytes);
    for (int i = 0; i < 8 && call->fields[i] != NULL; i++)
        used += snprintf(head + used, sizeof(head) - (size_t)used, "%s\r\n", call->fields[i]);
    used += snprintf(head + used, sizeof(head) - (size_t)used, "\r\n");
    memcpy(head + used, body, body_bytes);
    web_driver_open(driver, NULL);
    driver->piece = call->piece;
    web_driver_send(driver, head, (size_t)used + body_bytes);
    size_t size;
    memcpy(reply->status, driver->out + 9, 3);
    char *answer = web_driver_body(driver, atoi(reply->status), &size);
    strcpy(reply->type, web_driver_header(driver, "content-type"));
    read_body(call, (const uint8_t *)answer, size, reply);
    free(answer);
    assert_int_equal(driver->calls, call->refused ? 0 : 1);
    if (call->sent_bytes > 0)
        assert_int_equal(driver->sent_bytes, call->sent_bytes);
    /* The connection goes on, unless it was answered before all of the request was there. */
    assert_int_equal(mrpc_session_finished(driver->session), web_driver_header(driver, "connection") != NULL);
    assert_true(call->piece > 0 || !mrpc_session_finished(driver->session));
    web_driver_forget(driver);
    web_driver_say(driver, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    if (!mrpc_session_finished(driver->session))
        free(web_driver_body(driver, 200, NULL));
    web_driver_close(driver);
    free(driver);
}

static void do_http2(const struct call *call, struct reply *reply)
{
    struct session_driver *driver = calloc(1, sizeof(*driver));
    struct raw_field fields[12] = {{"content-type", media_type(call)}, {":authority", "localhost"}};
    char names[8][64];
    size_t count = 2;
    for (int i = 0; i < 8 && call->fields[i] != NULL; i++, count++) {
        size_t length = strcspn(call->fields[i], ":");
        memcpy(names[i], call->fields[i], length);
        names[i][length] = '\0';
        fields[count] = (struct raw_field){names[i], call->fields[i] + length + 2};
    }
    uint8_t body[8192];
    size_t body_bytes = make_body(call, body);
    driver_open(driver, NULL);
    driver->piece = call->piece;
    driver_headers(driver, 1, call->method, fields, count);
    raw_data(&driver->client, 1, true, body, body_bytes);
    driver_pump_frames(driver);
    size_t size;
    uint8_t *answer = driver_data(driver, 1, &size);
    assert_int_equal(raw_peer_count(&driver->client, NGHTTP2_HEADERS, 1), 1);   /* no trailers of HTTP's */
    strcpy(reply->status, driver_trailer(driver, 1, ":status"));
    strcpy(reply->type, driver_trailer(driver, 1, "content-type"));
    read_body(call, answer, size, reply);
    free(answer);
    driver_close(driver);
    free(driver);
}

static struct reply *do_call(const struct call *call)
{
    struct reply *reply = calloc(1, sizeof(*reply));
    if (call->wire == HTTP1)
        do_http1(call, reply);
    else
        do_http2(call, reply);
    return reply;
}

/* On both wires, in both forms, whole and byte by byte. */
static void each(struct call call, void (*check)(const struct call *call, const struct reply *reply))
{
    for (unsigned i = 0; i < 8; i++) {
        call.wire = i & 1 ? HTTP2 : HTTP1;
        call.text = (i & 2) != 0;
        call.piece = i & 4 ? 1 : 0;
        struct reply *reply = do_call(&call);
        check(&call, reply);
        free(reply);
    }
}

static void check_hello(const struct call *call, const struct reply *reply)
{
    assert_string_equal(reply->status, "200");
    assert_string_equal(reply->type, call->text ? "application/grpc-web-text+proto" : "application/grpc-web+proto");
    assert_string_equal(reply->texts, "hello|");
    assert_string_equal(reply->trailers, "grpc-status: 0\r\n");
}

static void unary(void **state)
{
    each((struct call){.method = "Say", .messages = {"hello"}, .sent_bytes = 7}, check_hello);
}

static void check_error(const struct call *call, const struct reply *reply)
{
    assert_string_equal(reply->status, "200");
    assert_string_equal(reply->texts, "");
    assert_string_equal(reply->trailers, "grpc-status: 5\r\ngrpc-message: not%0Ahere\r\n");
}

static void errors_come_as_trailers_in_the_body(void **state)
{
    each((struct call){.method = "Say", .messages = {"fail:5:not\nhere"}}, check_error);
}

static void check_details(const struct call *call, const struct reply *reply)
{
    assert_int_equal(strncmp(reply->trailers, "grpc-status: 3\r\n", 16), 0);
    assert_non_null(strstr(reply->trailers, "\r\ngrpc-status-details-bin: CAMSF"));
}

static void errors_keep_their_details(void **state)
{
    each((struct call){.method = "Say", .messages = {"details"}}, check_details);
}

static void check_three(const struct call *call, const struct reply *reply)
{
    assert_string_equal(reply->texts, "xxxx|xxxx|xxxx|");
    assert_string_equal(reply->trailers, "grpc-status: 0\r\n");
}

static void server_streaming(void **state)
{
    each((struct call){.method = "Split", .messages = {"3:4"}, .sent_bytes = 3 * 6}, check_three);
}

static void check_large(const struct call *call, const struct reply *reply)
{
    assert_int_equal(strlen(reply->texts), 40001);
    assert_string_equal(reply->trailers, "grpc-status: 0\r\n");
}

static void a_large_reply(void **state)
{
    each((struct call){.method = "Say", .messages = {"size:40000"}}, check_large);
}

static void check_join(const struct call *call, const struct reply *reply)
{
    assert_string_equal(reply->texts, "3:6|");
}

static void requests_of_several_messages_with_padding_between(void **state)
{
    each((struct call){.method = "Join", .messages = {"a", "bb", "ccc"}}, check_join);
}

static void check_unknown(const struct call *call, const struct reply *reply)
{
    assert_string_equal(reply->status, "200");
    assert_int_equal(strncmp(reply->trailers, "grpc-status: 12\r\n", 17), 0);
}

static void unknown_methods(void **state)
{
    each((struct call){.method = "Nothing", .refused = true, .messages = {"hello"}}, check_unknown);
}

static void unknown_encodings(void **state)
{
    each((struct call){.method = "Say", .messages = {"hello"}, .fields = {"grpc-encoding: snappy"}, .refused = true},
         check_unknown);
}

static void check_late(const struct call *call, const struct reply *reply)
{
    assert_int_equal(strncmp(reply->trailers, "grpc-status: 4\r\n", 16), 0);
}

static void a_deadline_that_has_passed(void **state)
{
    each((struct call){.method = "Say", .messages = {"hello"}, .fields = {"grpc-timeout: 0n"}}, check_late);
}

static void check_internal(const struct call *call, const struct reply *reply)
{
    assert_string_equal(reply->status, "200");
    assert_int_equal(strncmp(reply->trailers, "grpc-status: 13\r\n", 17), 0);
}

static void malformed_timeouts_and_bodies(void **state)
{
    each((struct call){.method = "Say", .messages = {"hello"}, .fields = {"grpc-timeout: 1x"}, .refused = true},
         check_internal);
    each((struct call){.method = "Say", .body = (const uint8_t *)"\0\0\0\0", .body_bytes = 4}, check_internal);
    each((struct call){.method = "Say", .body = (const uint8_t *)"\x80\0\0\0\0", .body_bytes = 5}, check_internal);
    each((struct call){.method = "Say", .body = (const uint8_t *)"AAA", .body_bytes = 3}, check_internal);
}

static void check_compressed(const struct call *call, const struct reply *reply)
{
    assert_int_equal(strncmp(reply->trailers, "grpc-status: 13\r\n", 17), 0);
}

static void a_compressed_message_without_an_encoding(void **state)
{
    each((struct call){.method = "Say", .body = (const uint8_t *)"\1\0\0\0\1x", .body_bytes = 6}, check_compressed);
    each((struct call){.method = "Say", .body = (const uint8_t *)"AQAAAAF4", .body_bytes = 8}, check_compressed);
}

static void base64_in_pieces(void **state)
{
    static const char *const good[][2] = {{"", ""},
                                          {"YQ==", "a"},
                                          {"YWI=", "ab"},
                                          {"YWJj", "abc"},
                                          {"YQ==YWI=YWJj", "aababc"},
                                          {"YWJjZA==ZQ==", "abcde"}};
    static const char *const bad[] = {"=", "Y=", "YQ=a", "YQ===", "Y Q=", "YQ-=", "====", "YWI=="};
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        for (size_t piece = 1; piece <= 12; piece++) {
            struct mrpc_base64_stream stream = {0};
            uint8_t out[64];
            size_t used = 0, size = strlen(good[i][0]), bytes;
            for (size_t at = 0; at < size; at += piece) {
                size_t n = piece < size - at ? piece : size - at;
                assert_int_equal(
                    mrpc_base64_stream_feed(&stream, (const uint8_t *)good[i][0] + at, n, out + used, &bytes), 0);
                assert_true(bytes <= mrpc_base64_decoded_bound(n));
                used += bytes;
            }
            assert_int_equal(used, strlen(good[i][1]));
            assert_memory_equal(out, good[i][1], used);
            assert_int_equal(stream.count, 0);
        }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct mrpc_base64_stream stream = {0};
        uint8_t out[64];
        size_t bytes;
        if (mrpc_base64_stream_feed(&stream, (const uint8_t *)bad[i], strlen(bad[i]), out, &bytes) == 0)
            fail_msg("%s was taken", bad[i]);
    }
}

static void a_held_call_is_cancelled_with_its_connection(void **state)
{
    struct web_driver *driver = calloc(1, sizeof(*driver));
    web_driver_open(driver, NULL);
    uint8_t frame[64];
    char head[256];
    size_t size = put_message(frame, "hold");
    (void)snprintf(head, sizeof(head),
                   "POST /test.Echo/Say HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/grpc-web\r\n"
                   "grpc-timeout: 5S\r\nContent-Length: %zu\r\n\r\n",
                   size);
    web_driver_say(driver, head);
    web_driver_send(driver, frame, size);
    assert_int_equal(driver->echo.held_count, 1);
    web_driver_advance(driver, 5000);
    assert_int_equal(driver->echo.cancelled, 1);
    char *body = web_driver_body(driver, 200, &size);
    struct reply *reply = calloc(1, sizeof(*reply));
    read_frames((const uint8_t *)body, size, reply);
    assert_int_equal(strncmp(reply->trailers, "grpc-status: 4\r\n", 16), 0);
    free(reply);
    free(body);
    web_driver_close(driver);
    free(driver);
}

static void over_the_receive_limit(void **state)
{
    struct web_driver *driver = calloc(1, sizeof(*driver));
    const struct mrpc_limits limits = {.struct_bytes = sizeof(limits), .receive_message_bytes = 1000};
    web_driver_open(driver, &(struct web_driver_options){.limits = &limits});
    web_driver_say(driver, "POST /test.Echo/Say HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/grpc-web\r\n"
                           "Content-Length: 2000\r\n\r\n");
    web_driver_send(driver, "\0\0\0\x07\xd0", 5);   /* the announcement is enough */
    size_t size;
    char *body = web_driver_body(driver, 200, &size);
    assert_non_null(memmem(body, size, "grpc-status: 8\r\n", 16));
    assert_string_equal(web_driver_header(driver, "connection"), "close");
    free(body);
    web_driver_close(driver);
    free(driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unary),
        cmocka_unit_test(errors_come_as_trailers_in_the_body),
        cmocka_unit_test(errors_keep_their_details),
        cmocka_unit_test(server_streaming),
        cmocka_unit_test(a_large_reply),
        cmocka_unit_test(requests_of_several_messages_with_padding_between),
        cmocka_unit_test(unknown_methods),
        cmocka_unit_test(unknown_encodings),
        cmocka_unit_test(a_deadline_that_has_passed),
        cmocka_unit_test(malformed_timeouts_and_bodies),
        cmocka_unit_test(a_compressed_message_without_an_encoding),
        cmocka_unit_test(base64_in_pieces),
        cmocka_unit_test(a_held_call_is_cancelled_with_its_connection),
        cmocka_unit_test(over_the_receive_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
