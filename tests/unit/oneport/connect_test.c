/* SPDX-License-Identifier: Apache-2.0 */

/* Connect, unary and streams, on HTTP/1.1 and on HTTP/2, and JSON in gRPC's own frames. test.Echo's messages are
 * StringValue: a string in JSON. Source: connectrpc.com/docs/protocol. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session_driver.h"
#include "test.h"
#include "web_driver.h"
#include "wire/compress.h"

enum wire { HTTP1, HTTP2 };

struct request {
    const char *method;      /* NULL: POST */
    const char *path;
    const char *type;        /* NULL: application/json */
    const char *fields[6];   /* "name: value" */
    const void *body;
    size_t body_bytes;       /* 0: body is a text */
    const char *host;        /* NULL: localhost */
    const char *allowed;     /* an origin whose pages may call; HTTP/1.1 only */
};

struct reply {
    enum wire wire;
    int status;
    char *body;              /* with a NUL */
    size_t body_bytes;
    unsigned calls;          /* that interceptors heard of; HTTP/1.1 only */
    char headers[16384];     /* "name: value\n" */
};

static size_t size_of(const struct request *request)
{
    return request->body == NULL ? 0 : request->body_bytes > 0 ? request->body_bytes : strlen(request->body);
}

static const char *type_of(const struct request *request)
{
    return request->type != NULL ? request->type : "application/json";
}

static void do_http1(const struct request *request, size_t piece, struct reply *reply)
{
    struct web_driver *driver = calloc(1, sizeof(*driver));
    size_t size = size_of(request);
    char *text = malloc(4096 + size);
    const char *const origins[] = {request->allowed};
    const struct mrpc_web_options web = {.struct_bytes = sizeof(web), .origins = origins, .origin_count = 1};
    const struct web_driver_options options = {.web = &web};
    int used = sprintf(text, "%s %s HTTP/1.1\r\nHost: %s\r\n", request->method != NULL ? request->method : "POST",
                       request->path, request->host != NULL ? request->host : "localhost");
    if (request->body != NULL)
        used += sprintf(text + used, "Content-Type: %s\r\nContent-Length: %zu\r\n", type_of(request), size);
    for (int i = 0; i < 6 && request->fields[i] != NULL; i++)
        used += sprintf(text + used, "%s\r\n", request->fields[i]);
    used += sprintf(text + used, "\r\n");
    if (size > 0)
        memcpy(text + used, request->body, size);
    web_driver_open(driver, request->allowed != NULL ? &options : NULL);
    driver->piece = piece;
    web_driver_send(driver, text, (size_t)used + size);
    reply->status = atoi(driver->out + 9);
    reply->body = web_driver_body(driver, reply->status, &reply->body_bytes);
    reply->calls = driver->calls;
    for (const char *at = strchr(driver->out, '\n') + 1; *at != '\r'; at = strchr(at, '\n') + 1)
        strncat(reply->headers, at, strcspn(at, "\r")), strcat(reply->headers, "\n");
    free(text);
    web_driver_close(driver);
    free(driver);
}

static void do_http2(const struct request *request, size_t piece, struct reply *reply)
{
    struct session_driver *driver = calloc(1, sizeof(*driver));
    struct raw_field fields[12] = {{":path", request->path},
                                   {":authority", request->host != NULL ? request->host : "localhost"},
                                   {":method", request->method != NULL ? request->method : "POST"},
                                   {"content-type", request->body != NULL ? type_of(request) : NULL},
                                   {"te", NULL}};
    char names[6][64];
    size_t count = 5;
    for (int i = 0; i < 6 && request->fields[i] != NULL; i++, count++) {
        size_t length = strcspn(request->fields[i], ":");
        memcpy(names[i], request->fields[i], length);
        names[i][length] = '\0';
        fields[count] = (struct raw_field){names[i], request->fields[i] + length + 2};
    }
    driver_open(driver, NULL);
    driver->piece = piece;
    driver_headers(driver, 1, "", fields, count);
    raw_data(&driver->client, 1, true, request->body != NULL ? request->body : "", size_of(request));
    driver_pump_frames(driver);
    const struct raw_frame *head = raw_peer_find(&driver->client, NGHTTP2_HEADERS, 1);
    assert_non_null(head);
    assert_int_equal(raw_peer_count(&driver->client, NGHTTP2_HEADERS, 1), 1); /* no trailers of HTTP's */
    reply->status = atoi(raw_frame_header(head, ":status"));
    snprintf(reply->headers, sizeof(reply->headers), "%s", head->headers);
    reply->body = (char *)driver_data(driver, 1, &reply->body_bytes);
    reply->body = realloc(reply->body, reply->body_bytes + 1);
    reply->body[reply->body_bytes] = '\0';
    driver_close(driver);
    free(driver);
}

static struct reply *do_request(const struct request *request, enum wire wire, size_t piece)
{
    struct reply *reply = calloc(1, sizeof(*reply));
    reply->wire = wire;
    if (wire == HTTP1)
        do_http1(request, piece, reply);
    else
        do_http2(request, piece, reply);
    return reply;
}

static void reply_free(struct reply *reply)
{
    free(reply->body);
    free(reply);
}

static void assert_header(const struct reply *reply, const char *name, const char *value)
{
    char line[2048];
    (void)snprintf(line, sizeof(line), "%s: %s\n", name, value);
    if (strstr(reply->headers, line) == NULL)
        fail_msg("no %s in\n%s", line, reply->headers);
}

/* On both wires, whole and byte by byte. */
static void each(struct request request, int status, const char *body)
{
    for (unsigned i = 0; i < 4; i++) {
        struct reply *reply = do_request(&request, i & 1 ? HTTP2 : HTTP1, i & 2 ? 1 : 0);
        assert_int_equal(reply->status, status);
        assert_string_equal(reply->body, body);
        reply_free(reply);
    }
}

#define SAY "/test.Echo/Say"
#define ASK "/test.Echo/Ask"

static void a_message_of_json_is_the_whole_body(void **state)
{
    each((struct request){.path = SAY, .body = "\"hello\""}, 200, "\"hello\"");
    each((struct request){.path = SAY, .body = " \"h\\u00e4\" ", .type = "Application/JSON; charset=utf-8"}, 200,
         "\"h\xc3\xa4\"");
    for (int wire = HTTP1; wire <= HTTP2; wire++) {
        struct reply *reply = do_request(&(struct request){.path = SAY, .body = "\"hello\""}, (enum wire)wire, 0);
        assert_header(reply, "content-type", "application/json");
        assert_int_equal(reply->calls, wire == HTTP1);
        reply_free(reply);
    }
}

static void a_message_of_protobuf_is_too(void **state)
{
    for (unsigned i = 0; i < 4; i++) {
        const struct request request = {.path = SAY, .body = "\x0a\x05hello", .type = "application/proto"};
        struct reply *reply = do_request(&request, i & 1 ? HTTP2 : HTTP1, i & 2 ? 1 : 0);
        assert_int_equal(reply->status, 200);
        assert_header(reply, "content-type", "application/proto");
        assert_int_equal(reply->body_bytes, 7);
        assert_memory_equal(reply->body, "\x0a\x05hello", 7);
        reply_free(reply);
    }
    each((struct request){.path = SAY, .body = "", .type = "application/proto"}, 200, "");
}

static void each_code_has_its_name_and_http_status(void **state)
{
    static const struct {
        int status;
        const char *name;
    } codes[] = {
        {499, "canceled"}, {500, "unknown"}, {400, "invalid_argument"}, {504, "deadline_exceeded"}, {404, "not_found"},
        {409, "already_exists"}, {403, "permission_denied"}, {429, "resource_exhausted"}, {400, "failed_precondition"},
        {409, "aborted"}, {400, "out_of_range"}, {501, "unimplemented"}, {500, "internal"}, {503, "unavailable"},
        {500, "data_loss"}, {401, "unauthenticated"},
    };
    for (int code = 1; code <= 16; code++) {
        char body[32], expected[128];
        (void)snprintf(body, sizeof(body), "\"fail:%d:\\\"why\\\"\"", code);
        (void)snprintf(expected, sizeof(expected), "{\"code\":\"%s\",\"message\":\"\\\"why\\\"\"}",
                       codes[code - 1].name);
        each((struct request){.path = SAY, .body = body}, codes[code - 1].status, expected);
    }
}

static void details_are_there_and_shown(void **state)
{
    each((struct request){.path = SAY, .body = "\"details\""}, 400,
         "{\"code\":\"invalid_argument\",\"message\":\"text: is 100% \\\"wrong\\\"\",\"details\":[{\"type\":"
         "\"google.rpc.BadRequest\",\"value\":\"ChcKBHRleHQSD2lzIDEwMCUgIndyb25nIg==\",\"debug\":{\"fieldViolations\":"
         "[{\"field\":\"text\",\"description\":\"is 100% \\\"wrong\\\"\"}]}}]}");
}

static void trailers_are_headers_with_a_prefix(void **state)
{
    for (int wire = HTTP1; wire <= HTTP2; wire++) {
        char value[1025];
        struct reply *reply = do_request(&(struct request){.path = SAY, .body = "\"trailers:2\""}, (enum wire)wire, 0);
        memset(value, 'x', 1024);
        value[1024] = '\0';
        assert_int_equal(reply->status, 503);
        assert_header(reply, "trailer-x-long", value);
        assert_null(strstr(reply->headers, "grpc-"));
        reply_free(reply);
    }
}

static void what_is_no_such_message_is_the_callers_mistake(void **state)
{
    each((struct request){.path = SAY, .body = "5"}, 400,
         "{\"code\":\"invalid_argument\",\"message\":\"the request cannot be decoded: value: a string is expected here "
         "at"
         " byte 1\"}");
    each((struct request){.path = SAY, .body = ""}, 400,
         "{\"code\":\"invalid_argument\",\"message\":\"the request cannot be decoded: value: the text ends too early at"
         " byte 0\"}");
    each(
        (struct request){.path = SAY, .body = "\x0a\x05h", .type = "application/proto"}, 400,
        "{\"code\":\"invalid_argument\",\"message\":\"the request cannot be decoded: value: length is beyond the end at"
        " byte 1\"}");
}

static void heads_that_are_wrong_are_told_why(void **state)
{
    each((struct request){.path = SAY, .body = "\"x\"", .fields = {"connect-timeout-ms: 1s"}}, 400,
         "{\"code\":\"invalid_argument\",\"message\":\"malformed connect-timeout-ms\"}");
    each((struct request){.path = SAY, .body = "\"x\"", .fields = {"connect-timeout-ms: 12345678901"}}, 400,
         "{\"code\":\"invalid_argument\",\"message\":\"malformed connect-timeout-ms\"}");
    each((struct request){.path = SAY, .body = "\"x\"", .fields = {"connect-protocol-version: 2"}}, 400,
         "{\"code\":\"invalid_argument\",\"message\":\"connect-protocol-version is 1 here\"}");
    each((struct request){.path = SAY, .body = "\"x\"", .fields = {"connect-protocol-version: 1"}}, 200, "\"x\"");
    each((struct request){.path = SAY, .body = "\"x\"", .fields = {"content-encoding: br"}}, 501,
         "{\"code\":\"unimplemented\",\"message\":\"unsupported grpc-encoding\"}");
    each((struct request){.path = "/test.Echo/Nothing", .body = "\"x\""}, 501,
         "{\"code\":\"unimplemented\",\"message\":\"unknown method /test.Echo/Nothing\"}");
    each((struct request){.path = "/test.Echo/Split", .body = "\"1:1\""}, 415,
         "a stream's content-type is application/connect+json or +proto\n");
    each((struct request){.path = SAY, .body = "x", .type = "text/plain"}, 415,
         "the content-type of a gRPC call is application/grpc\n");
}

static void deadlines_are_told_in_milliseconds(void **state)
{
    struct web_driver *driver = calloc(1, sizeof(*driver));
    web_driver_open(driver, NULL);
    web_driver_say(driver, "POST /test.Echo/Say HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                           "Connect-Timeout-Ms: 1500\r\nContent-Length: 6\r\n\r\n\"hold\"");
    assert_int_equal(driver->echo.held_count, 1);
    web_driver_advance(driver, 1499);
    assert_int_equal(driver->out_bytes, 0);
    web_driver_advance(driver, 1);
    char *body = web_driver_body(driver, 504, NULL);
    assert_string_equal(body, "{\"code\":\"deadline_exceeded\",\"message\":\"the deadline has passed\"}");
    assert_int_equal(driver->echo.cancelled, 1);
    free(body);
    web_driver_close(driver);
    free(driver);
    each((struct request){.path = SAY, .body = "\"x\"", .fields = {"connect-timeout-ms: 0"}}, 504,
         "{\"code\":\"deadline_exceeded\",\"message\":\"the deadline has passed\"}");
}

static void bodies_are_limited_while_they_come(void **state)
{
    struct web_driver *driver = calloc(1, sizeof(*driver));
    const struct mrpc_limits limits = {
        .struct_bytes = sizeof(limits), .receive_message_bytes = 1000, .message_timeout_ms = 700};
    char more[1001];
    web_driver_open(driver, &(struct web_driver_options){.limits = &limits});
    web_driver_say(driver, "POST /test.Echo/Say HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                           "Content-Length: 5000\r\n\r\n");
    memset(more, ' ', sizeof(more));
    web_driver_send(driver, more, 1000);
    assert_int_equal(driver->out_bytes, 0);
    web_driver_send(driver, more, 1);
    char *body = web_driver_body(driver, 429, NULL);
    assert_string_equal(body,
                        "{\"code\":\"resource_exhausted\",\"message\":\"message is larger than the receive limit\"}");
    assert_string_equal(web_driver_header(driver, "connection"), "close");
    free(body);
    web_driver_close(driver);
    free(driver);
}

static void gzip_is_https_own(void **state)
{
    struct mrpc_buffer small = {0}, large = {0}, plain = {0};
    assert_int_equal(mrpc_compress(MRPC_ENCODING_GZIP, "\"hello\"", 7, &small), 0);
    assert_int_equal(mrpc_compress(MRPC_ENCODING_GZIP, "\"size:2000\"", 11, &large), 0);
    struct request request = {.path = SAY, .fields = {"content-encoding: gzip", "accept-encoding: gzip"}};
    request.body = mrpc_buffer_bytes(&small);
    request.body_bytes = mrpc_buffer_size(&small);
    each(request, 200, "\"hello\""); /* smaller as it is */
    request.body = mrpc_buffer_bytes(&large);
    request.body_bytes = mrpc_buffer_size(&large);
    for (int wire = HTTP1; wire <= HTTP2; wire++) {
        struct reply *reply = do_request(&request, (enum wire)wire, 0);
        assert_header(reply, "content-encoding", "gzip");
        assert_int_equal(mrpc_decompress(MRPC_ENCODING_GZIP, reply->body, reply->body_bytes, 4000, &plain), 0);
        assert_int_equal(mrpc_buffer_size(&plain), 2002);
        mrpc_buffer_fini(&plain);
        reply_free(reply);
    }
    request.body = "no gzip";
    request.body_bytes = 7;
    each(request, 500, "{\"code\":\"internal\",\"message\":\"message cannot be decompressed\"}");
    mrpc_buffer_fini(&small);
    mrpc_buffer_fini(&large);
}

static void methods_without_side_effects_answer_get(void **state)
{
    each((struct request){.method = "GET", .path = ASK "?connect=v1&encoding=json&message=%22a+b%22"}, 200, "\"a b\"");
    each((struct request){.method = "GET", .path = ASK "?base64=1&message=ImhlbGxvIg&encoding=json"}, 200, "\"hello\"");
    each((struct request){.method = "GET", .path = ASK "?base64=1&message=CgE_&encoding=proto"}, 200, "\x0a\x01?");
    each((struct request){.method = "GET", .path = ASK "?encoding=json&message=%22fail:5:x%22"}, 404,
         "{\"code\":\"not_found\",\"message\":\"x\"}");
    each((struct request){.method = "GET", .path = ASK "?encoding=json&message=%22x%22&compression=br"}, 501,
         "{\"code\":\"unimplemented\",\"message\":\"unsupported grpc-encoding\"}");
    each((struct request){.method = "GET", .path = ASK "?encoding=json&message="}, 400,
         "{\"code\":\"invalid_argument\",\"message\":\"the request cannot be decoded: value: the text ends too early at"
         " byte 0\"}");
    each((struct request){.path = ASK, .body = "\"posted\""}, 200, "\"posted\"");
}

static void other_gets_are_no_calls(void **state)
{
    static const char not_grpc[] = "gRPC calls are POST requests\n";
    each((struct request){.method = "GET", .path = SAY "?encoding=json&message=%22x%22"}, 405,
         "this method may change something: call it by POST\n");
    each((struct request){.method = "GET", .path = ASK "?connect=v2&encoding=json&message=%22x%22"}, 405, not_grpc);
    each((struct request){.method = "GET", .path = ASK "?encoding=xml&message=x"}, 405, not_grpc);
    each((struct request){.method = "GET", .path = ASK "?encoding=json"}, 405, not_grpc);
    each((struct request){.method = "GET", .path = ASK "?encoding=json&base64=1&message=%25"}, 405, not_grpc);
    each((struct request){.method = "GET", .path = ASK}, 405, not_grpc);
    struct reply *reply =
        do_request(&(struct request){.method = "GET", .path = "/hello?encoding=json&message=x"}, HTTP1, 0);
    assert_string_equal(reply->body, "hello\n"); /* routes come first */
    reply_free(reply);
}

static void hosts_and_origins_are_judged_as_for_gRPC_Web(void **state)
{
    const struct request foreign = {.path = SAY, .body = "\"x\"", .host = "evil.example"};
    each(foreign, 421, "this server does not go by that name\n");
    each((struct request){.path = SAY, .body = "\"x\"", .fields = {"origin: https://evil.example"}}, 403,
         "pages of that origin may not call this server\n");
    each((struct request){.method = "GET", .path = ASK "?encoding=json&message=%22x%22", .host = "evil.example"}, 421,
         "this server does not go by that name\n");
    const struct request listed = {
        .path = SAY, .body = "\"x\"", .fields = {"origin: https://good.example"}, .allowed = "https://good.example"};
    struct reply *reply = do_request(&listed, HTTP1, 0);
    assert_int_equal(reply->status, 200);
    assert_header(reply, "access-control-allow-origin", "https://good.example");
    reply_free(reply);
}

/* Streams: each message a frame "FLAG LENGTH text", the last with the flag 2. */

static char *frames_of(const struct reply *reply)
{
    char *out = calloc(1, 4096);
    const uint8_t *at = (const uint8_t *)reply->body;
    for (size_t left = reply->body_bytes; left > 0;) {
        assert_true(left >= 5);
        size_t size = (size_t)at[1] << 24 | (size_t)at[2] << 16 | (size_t)at[3] << 8 | at[4];
        assert_true(size <= left - 5);
        sprintf(out + strlen(out), "%u %.*s\n", at[0], (int)size, (const char *)at + 5);
        at += 5 + size;
        left -= 5 + size;
    }
    return out;
}

static void each_stream(struct request request, const char *type, const char *expected)
{
    for (unsigned i = 0; i < 4; i++) {
        struct reply *reply = do_request(&request, i & 1 ? HTTP2 : HTTP1, i & 2 ? 1 : 0);
        assert_int_equal(reply->status, 200);
        assert_header(reply, "content-type", type);
        char *frames = frames_of(reply);
        assert_string_equal(frames, expected);
        free(frames);
        reply_free(reply);
    }
}

static void streams_are_frames_and_an_end_in_json(void **state)
{
    struct request request = {.path = "/test.Echo/Split", .type = "application/connect+json", .body_bytes = 10,
                              .body = "\0\0\0\0\5\"2:3\""};
    each_stream(request, "application/connect+json", "0 \"xxx\"\n0 \"xxx\"\n2 {}\n");
    request.path = "/test.Echo/Join";
    request.body = "\0\0\0\0\3\"a\"\0\0\0\0\4\"bb\"";
    request.body_bytes = 17;
    each_stream(request, "application/connect+json", "0 \"2:3\"\n2 {}\n");
    request.body = "\0\0\0\0\3\"a\"\0\0\0\0\1x";
    request.body_bytes = 14;
    each_stream(
        request, "application/connect+json",
        "2 {\"error\":{\"code\":\"invalid_argument\",\"message\":\"the request cannot be decoded: value: a value is"
        " expected here at byte 0\"}}\n");
    request = (struct request){.path = "/test.Echo/Split", .type = "application/connect+proto", .body_bytes = 10,
                               .body = "\0\0\0\0\5\x0a\3" "2:1"};
    each_stream(request, "application/connect+proto", "0 \x0a\x01x\n0 \x0a\x01x\n2 {}\n");
}

static void a_streams_failure_brings_code_details_and_trailers(void **state)
{
    struct request request = {.path = SAY, .type = "application/connect+json", .body_bytes = 14,
                              .body = "\0\0\0\0\x09\"details\""};
    each_stream(
        request, "application/connect+json",
        "2 {\"error\":{\"code\":\"invalid_argument\",\"message\":\"text: is 100% "
        "\\\"wrong\\\"\",\"details\":[{\"type\":"
        "\"google.rpc.BadRequest\",\"value\":\"ChcKBHRleHQSD2lzIDEwMCUgIndyb25nIg==\",\"debug\":{\"fieldViolations\":"
        "[{\"field\":\"text\",\"description\":\"is 100% \\\"wrong\\\"\"}]}}]}}\n");
    request.body = "\0\0\0\0\x0c\"trailers:2\"";
    request.body_bytes = 17;
    struct reply *reply = do_request(&request, HTTP2, 0);
    assert_non_null(memmem(reply->body, reply->body_bytes, "\"metadata\":{\"x-long\":[\"xxx", 25));
    assert_non_null(memmem(reply->body, reply->body_bytes, "xxx\",\"xxx", 9)); /* both values, under one name */
    reply_free(reply);
}

static void json_goes_in_grpcs_frames_too(void **state)
{
    struct request request = {.path = SAY, .type = "application/grpc-web+json", .body_bytes = 12,
                              .body = "\0\0\0\0\7\"hello\""};
    struct session_driver *driver = calloc(1, sizeof(*driver));
    const struct raw_field json = {"content-type", "application/grpc+json"};
    size_t size;
    each_stream(request, "application/grpc-web+json", "0 \"hello\"\n128 grpc-status: 0\r\n\n");
    driver_open(driver, NULL);
    driver_headers(driver, 1, "Split", &json, 1);
    raw_message(&driver->client, 1, true, "\"2:1\"", 5);
    driver_pump(driver);
    uint8_t *body = driver_data(driver, 1, &size);
    assert_int_equal(size, 16);
    assert_memory_equal(body, "\0\0\0\0\3\"x\"\0\0\0\0\3\"x\"", 16);
    assert_int_equal(driver_status(driver, 1), 0);
    free(body);
    driver_close(driver);
    free(driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_of_json_is_the_whole_body),
        cmocka_unit_test(a_message_of_protobuf_is_too),
        cmocka_unit_test(each_code_has_its_name_and_http_status),
        cmocka_unit_test(details_are_there_and_shown),
        cmocka_unit_test(trailers_are_headers_with_a_prefix),
        cmocka_unit_test(what_is_no_such_message_is_the_callers_mistake),
        cmocka_unit_test(heads_that_are_wrong_are_told_why),
        cmocka_unit_test(deadlines_are_told_in_milliseconds),
        cmocka_unit_test(bodies_are_limited_while_they_come),
        cmocka_unit_test(gzip_is_https_own),
        cmocka_unit_test(methods_without_side_effects_answer_get),
        cmocka_unit_test(other_gets_are_no_calls),
        cmocka_unit_test(hosts_and_origins_are_judged_as_for_gRPC_Web),
        cmocka_unit_test(streams_are_frames_and_an_end_in_json),
        cmocka_unit_test(a_streams_failure_brings_code_details_and_trailers),
        cmocka_unit_test(json_goes_in_grpcs_frames_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
