/* SPDX-License-Identifier: Apache-2.0 */

/* Our rules beside nghttp2's own: requests made at random of legal and of illegal parts are given to both. */

#include "test.h"

#include <stdio.h>
#include <string.h>

#include <nghttp2/nghttp2.h>

#include "session/http_rules.h"

#define FIELDS_MAX 10
#define REQUESTS 40000

struct field {
    const char *name;
    const char *value;
    size_t name_bytes, value_bytes;
};

struct request {
    struct field fields[FIELDS_MAX];
    size_t count;
    size_t data_bytes;
    bool ends_with_head;
};

#define FIELD(name, value) {name, value, sizeof(name) - 1, sizeof(value) - 1}

static const struct field usual[] = {
    FIELD(":method", "POST"),
    FIELD(":scheme", "http"),
    FIELD(":path", "/helloworld.Greeter/SayHello"),
    FIELD(":authority", "127.0.0.1:50051"),
    FIELD("content-type", "application/grpc"),
    FIELD("te", "trailers"),
};

/* Each stands in for one of the usual fields, or follows them. */
static const struct field odd[] = {
    FIELD(":method", "GET"),        FIELD(":method", "CONNECT"),      FIELD(":method", "OPTIONS"),
    FIELD(":method", ""),           FIELD(":method", "PO ST"),        FIELD(":method", "post"),
    FIELD(":scheme", "https"),      FIELD(":scheme", "HTTP"),         FIELD(":scheme", "ftp"),
    FIELD(":scheme", "1http"),      FIELD(":scheme", ""),             FIELD(":scheme", "ht tp"),
    FIELD(":path", "*"),            FIELD(":path", ""),               FIELD(":path", "relative"),
    FIELD(":path", "/a b"),         FIELD(":path", "/\xc3\xa9?q#f"),  FIELD(":path", "/\x7f"),
    FIELD(":authority", ""),        FIELD(":authority", "a/b"),       FIELD(":authority", "user@[::1]:1"),
    FIELD(":authority", "\xc3\xa9"), FIELD(":protocol", "websocket"), FIELD(":unknown", "x"),
    FIELD(":status", "200"),        FIELD(":", "x"),                  FIELD("host", "example.com"),
    FIELD("host", ""),              FIELD("host", "a b"),             FIELD("te", "Trailers"),
    FIELD("te", "gzip"),            FIELD("te", "trailers, gzip"),    FIELD("connection", "close"),
    FIELD("keep-alive", "1"),       FIELD("upgrade", "h2c"),          FIELD("proxy-connection", "x"),
    FIELD("transfer-encoding", "chunked"), FIELD("trailer", "x"),     FIELD("content-length", "0"),
    FIELD("content-length", "12"),  FIELD("content-length", "012"),   FIELD("content-length", "-1"),
    FIELD("content-length", ""),    FIELD("content-length", "9223372036854775807"),
    FIELD("content-length", "99999999999999999999"),                  FIELD("grpc-timeout", "1S"),
    FIELD("grpc-Timeout", "1S"),    FIELD("grpc-a\x01", "1S"),        FIELD("Upper", "x"),
    FIELD("sp ace", "x"),           FIELD("", "x"),                   FIELD("a!#$%&'*+-.^_`|~9", "x"),
    FIELD("caf\xc3\xa9", "x"),      FIELD("a(b", "x"),                FIELD("value", ""),
    FIELD("value", " x"),           FIELD("value", "x\t"),            FIELD("value", "a\tb"),
    FIELD("value", "a\nb"),         FIELD("value", "a\0b"),           FIELD("value", "\x7f"),
    FIELD("value", "\xff\x80"),     FIELD("origin", "null"),          FIELD("origin", "a\r"),
    FIELD("content-type", "a\x1f"), FIELD("user-agent", "a long one, of more than a word's eight bytes"),
};

#define USUAL (sizeof(usual) / sizeof(*usual))
#define ODD (sizeof(odd) / sizeof(*odd))

static uint64_t state_of_random;

static size_t below(size_t limit)
{
    state_of_random ^= state_of_random << 13;
    state_of_random ^= state_of_random >> 7;
    state_of_random ^= state_of_random << 17;
    return (size_t)(state_of_random % limit);
}

/* Mostly right, with a field left out, replaced, added or in the wrong place. */
static struct request make(void)
{
    struct request request = {.data_bytes = below(4) == 0 ? 0 : 12, .ends_with_head = below(8) == 0};
    for (size_t i = 0; i < USUAL; i++) {
        size_t what = below(12);
        if (what == 0)
            continue;
        request.fields[request.count++] = what == 1 ? odd[below(ODD)] : usual[i];
    }
    if (below(2) == 0)
        request.fields[request.count++] = odd[below(ODD)];
    if (below(4) == 0 && request.count > 1) {
        size_t a = below(request.count);
        size_t b = below(request.count);
        struct field kept = request.fields[a];
        request.fields[a] = request.fields[b];
        request.fields[b] = kept;
    }
    if (request.ends_with_head)
        request.data_bytes = 0;
    return request;
}

static bool ours_takes(const struct request *request)
{
    struct http_rules rules = {0};
    for (size_t i = 0; i < request->count; i++) {
        const struct field *field = &request->fields[i];
        const struct request_header header = {
            .known = mrpc_header_name(field->name, field->name_bytes),
            .name = field->name,
            .name_bytes = field->name_bytes,
            .value = field->value,
            .value_bytes = field->value_bytes,
        };
        if (mrpc_http_header(&rules, &header, false) != HTTP_FINE)
            return false;
    }
    return mrpc_http_head_whole(&rules) && (request->data_bytes == 0 || mrpc_http_data(&rules, request->data_bytes)) &&
           mrpc_http_ended(&rules);
}

/* What the other side has been seen to do. */
struct seen {
    bool ended, refused;
};

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct seen *seen = user_data;
    bool of_stream = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    seen->ended |= of_stream && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    return 0;
}

static int on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                             size_t name_bytes, const uint8_t *value, size_t value_bytes, uint8_t flags,
                             void *user_data)
{
    struct seen *seen = user_data;
    seen->refused = true;
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static size_t put_head(uint8_t *out, size_t payload_bytes, uint8_t type, uint8_t flags)
{
    const uint8_t head[9] = {0, (uint8_t)(payload_bytes >> 8), (uint8_t)payload_bytes, type, flags, 0, 0, 0, 1};
    memcpy(out, head, sizeof(head));
    return sizeof(head);
}

/* As a client that checks nothing would send it. */
static size_t encode(const struct request *request, uint8_t *out, size_t room)
{
    nghttp2_hd_deflater *deflater;
    nghttp2_nv list[FIELDS_MAX];
    for (size_t i = 0; i < request->count; i++)
        list[i] = (nghttp2_nv){
            .name = (uint8_t *)(uintptr_t)request->fields[i].name,
            .value = (uint8_t *)(uintptr_t)request->fields[i].value,
            .namelen = request->fields[i].name_bytes,
            .valuelen = request->fields[i].value_bytes,
        };
    memcpy(out, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
    size_t at = NGHTTP2_CLIENT_MAGIC_LEN;
    const uint8_t settings[9] = {0, 0, 0, NGHTTP2_SETTINGS};
    memcpy(out + at, settings, sizeof(settings));
    at += sizeof(settings);
    assert_int_equal(nghttp2_hd_deflate_new(&deflater, 4096), 0);
    ssize_t block = nghttp2_hd_deflate_hd(deflater, out + at + 9, room - at - 64, list, request->count);
    nghttp2_hd_deflate_del(deflater);
    assert_true(block >= 0);
    uint8_t end = request->ends_with_head ? NGHTTP2_FLAG_END_STREAM : 0;
    at += put_head(out + at, (size_t)block, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | end) + (size_t)block;
    if (request->ends_with_head)
        return at;
    at += put_head(out + at, request->data_bytes, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM);
    memset(out + at, 'x', request->data_bytes);
    return at + request->data_bytes;
}

static bool nghttp2_takes(const struct request *request)
{
    uint8_t bytes[4096];
    struct seen seen = {0};
    nghttp2_session_callbacks *callbacks;
    nghttp2_session *session;
    assert_int_equal(nghttp2_session_callbacks_new(&callbacks), 0);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
    nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, on_invalid_header);
    assert_int_equal(nghttp2_session_server_new(&session, callbacks, &seen), 0);
    nghttp2_session_callbacks_del(callbacks);
    size_t size = encode(request, bytes, sizeof(bytes));
    assert_int_equal(nghttp2_session_mem_recv(session, bytes, size), size);
    nghttp2_session_del(session);
    return seen.ended && !seen.refused;
}

static void show(const struct request *request, bool ours)
{
    (void)fprintf(stderr, "we %s what nghttp2 does not: %zu bytes of DATA%s\n", ours ? "take" : "refuse",
                  request->data_bytes, request->ends_with_head ? ", no frame of it" : "");
    for (size_t i = 0; i < request->count; i++)
        (void)fprintf(stderr, "    %s: %s\n", request->fields[i].name, request->fields[i].value);
}

static void requests_are_judged_as_nghttp2_judges_them(void **state)
{
    size_t taken = 0;
    state_of_random = 0x9e3779b97f4a7c15;
    for (size_t i = 0; i < REQUESTS; i++) {
        struct request request = make();
        bool ours = ours_takes(&request);
        if (ours != nghttp2_takes(&request)) {
            show(&request, ours);
            fail();
        }
        taken += ours;
    }
    /* Both kinds are among them in number. */
    assert_in_range(taken, REQUESTS / 10, REQUESTS / 10 * 9);
}

static enum http_verdict judge(const char *name, const char *value, bool trailer)
{
    struct http_rules rules = {0};
    const struct request_header header = {
        .known = mrpc_header_name(name, strlen(name)),
        .name = name,
        .name_bytes = strlen(name),
        .value = value,
        .value_bytes = strlen(value),
    };
    return mrpc_http_header(&rules, &header, trailer);
}

static void what_bytes_may_not_be_is_told_from_what_a_request_may_not_be(void **state)
{
    assert_int_equal(judge("a b", "x", false), HTTP_ILLEGAL_FIELD);
    assert_int_equal(judge("a", "x\n", false), HTTP_ILLEGAL_FIELD);
    assert_int_equal(judge("A", "x", false), HTTP_MALFORMED);
    assert_int_equal(judge("connection", "close", false), HTTP_MALFORMED);
    assert_int_equal(judge("te", "gzip", false), HTTP_MALFORMED);
}

static void trailers_have_no_pseudo_headers(void **state)
{
    assert_int_equal(judge(":path", "/x", true), HTTP_MALFORMED);
    assert_int_equal(judge(":path", "/x", false), HTTP_FINE);
    assert_int_equal(judge("a", "x", true), HTTP_FINE);
}

static void more_or_less_data_than_announced_is_seen(void **state)
{
    struct http_rules rules = {.has_length = true, .length_bytes = 10};
    assert_true(mrpc_http_data(&rules, 4));
    assert_false(mrpc_http_ended(&rules));
    assert_true(mrpc_http_data(&rules, 6));
    assert_true(mrpc_http_ended(&rules));
    assert_false(mrpc_http_data(&rules, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_judged_as_nghttp2_judges_them),
        cmocka_unit_test(what_bytes_may_not_be_is_told_from_what_a_request_may_not_be),
        cmocka_unit_test(trailers_have_no_pseudo_headers),
        cmocka_unit_test(more_or_less_data_than_announced_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
