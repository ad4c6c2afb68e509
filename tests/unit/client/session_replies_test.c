/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "session_harness.h"
#include "test.h"

/* What a misbehaving or unusual server sends on a stream, and what the call ends with. */

static const size_t chunks[] = {0, 1, 7};

typedef void script(struct raw_peer *peer);

#define FIELDS(...)                                                                                                    \
    (const struct raw_field[]){__VA_ARGS__}, sizeof((const struct raw_field[]){__VA_ARGS__}) / sizeof(struct raw_field)

static void trailers_only(struct raw_peer *peer)
{
    raw_headers(peer, 1, true,
                FIELDS({":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "5"},
                       {"grpc-message", "not%20here %E2%82%AC"}));
}

static void status_7_with_zeros(struct raw_peer *peer)
{
    raw_ok_headers(peer, 1);
    raw_trailers(peer, 1, "007", NULL);
}

static void status_99(struct raw_peer *peer)
{
    raw_ok_headers(peer, 1);
    raw_trailers(peer, 1, "99", "odd");
}

static void status_negative(struct raw_peer *peer)
{
    raw_ok_headers(peer, 1);
    raw_trailers(peer, 1, "-1", NULL);
}

static void no_status(struct raw_peer *peer)
{
    raw_ok_headers(peer, 1);
    raw_headers(peer, 1, true, FIELDS({"x", "y"}));
}

static void no_trailers(struct raw_peer *peer)
{
    raw_ok_headers(peer, 1);
    raw_message(peer, 1, true, "abc", 3);
}

static void http_404(struct raw_peer *peer)
{
    raw_headers(peer, 1, false, FIELDS({":status", "404"}, {"content-type", "text/html"}));
    raw_data(peer, 1, true, "<html>", 6);
}

static void http_502_without_body(struct raw_peer *peer)
{
    raw_headers(peer, 1, true, FIELDS({":status", "502"}));
}

static void http_403_with_grpc_status(struct raw_peer *peer)
{
    raw_headers(peer, 1, true, FIELDS({":status", "403"}, {"content-type", "application/grpc"}, {"grpc-status", "9"}));
}

static void wrong_content_type(struct raw_peer *peer)
{
    raw_headers(peer, 1, false, FIELDS({":status", "200"}, {"content-type", "text/html"}));
    raw_data(peer, 1, false, "<html>", 6);
}

static void informational_first(struct raw_peer *peer)
{
    raw_headers(peer, 1, false, FIELDS({":status", "103"}, {"link", "</x>"}));
    raw_ok_headers(peer, 1);
    raw_message(peer, 1, false, "abc", 3);
    raw_trailers(peer, 1, "0", NULL);
}

static void data_before_headers(struct raw_peer *peer)
{
    raw_data(peer, 1, false, "abc", 3);
}

static void data_after_trailers(struct raw_peer *peer)
{
    raw_ok_headers(peer, 1);
    raw_trailers(peer, 1, "3", NULL);
    raw_data(peer, 1, true, "abc", 3);
}

static void trailers_without_end(struct raw_peer *peer)
{
    raw_ok_headers(peer, 1);
    raw_headers(peer, 1, false, FIELDS({"grpc-status", "0"}));
}

static void cut_in_prefix(struct raw_peer *peer)
{
    raw_ok_headers(peer, 1);
    raw_data(peer, 1, false, "\0\0\0", 3);
    raw_trailers(peer, 1, "0", NULL);
}

static void cut_in_message(struct raw_peer *peer)
{
    raw_ok_headers(peer, 1);
    raw_data(peer, 1, false, "\0\0\0\0\5ab", 7);
    raw_trailers(peer, 1, "0", NULL);
}

static void cut_but_failed(struct raw_peer *peer)
{
    raw_ok_headers(peer, 1);
    raw_data(peer, 1, false, "\0\0\0\0\5ab", 7);
    raw_trailers(peer, 1, "10", "aborted");
}

static void message_too_large(struct raw_peer *peer)
{
    raw_ok_headers(peer, 1);
    raw_data(peer, 1, false, "\0\xff\xff\xff\xff", 5);
}

static void compressed_flag_without_encoding(struct raw_peer *peer)
{
    raw_ok_headers(peer, 1);
    raw_data(peer, 1, false, "\1\0\0\0\0", 5);
}

static void flag_2(struct raw_peer *peer)
{
    raw_ok_headers(peer, 1);
    raw_data(peer, 1, false, "\2\0\0\0\0", 5);
}

static void unknown_encoding(struct raw_peer *peer)
{
    raw_headers(peer, 1, false,
                FIELDS({":status", "200"}, {"content-type", "application/grpc"}, {"grpc-encoding", "br"}));
}

static void corrupt_gzip(struct raw_peer *peer)
{
    raw_headers(peer, 1, false,
                FIELDS({":status", "200"}, {"content-type", "application/grpc"}, {"grpc-encoding", "gzip"}));
    raw_data(peer, 1, false, "\1\0\0\0\4junk", 9);
}

static void broken_percent(struct raw_peer *peer)
{
    raw_ok_headers(peer, 1);
    raw_trailers(peer, 1, "2", "%zz %0 %");
}

static void odd_metadata(struct raw_peer *peer)
{
    raw_headers(peer, 1, false,
                FIELDS({":status", "200"}, {"content-type", "application/grpc"}, {"a-bin", "!!!"}, {"b", "\x01 \xff"},
                       {"grpc-odd", "x"}));
    raw_message(peer, 1, false, "abc", 3);
    raw_trailers(peer, 1, "0", NULL);
}

static void upper_case_name(struct raw_peer *peer)
{
    raw_headers(peer, 1, false, FIELDS({":status", "200"}, {"content-type", "application/grpc"}, {"Upper", "x"}));
}

static void bad_details(struct raw_peer *peer)
{
    raw_headers(peer, 1, true,
                FIELDS({":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "8"},
                       {"grpc-status-details-bin", "***"}));
}

static void huge_header_list(struct raw_peer *peer)
{
    char value[8192];
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    raw_headers(peer, 1, false,
                FIELDS({":status", "200"}, {"content-type", "application/grpc"}, {"a", value}, {"b", value},
                       {"c", value}, {"d", value}, {"e", value}, {"f", value}, {"g", value}, {"h", value},
                       {"i", value}));
}

static void no_pseudo_header(struct raw_peer *peer)
{
    raw_headers(peer, 1, false, FIELDS({"content-type", "application/grpc"}));
}

static const struct {
    const char *name;
    script *run;
    enum mrpc_code code;
    const char *message; /* its beginning */
} scripts[] = {
    {"trailers only", trailers_only, MRPC_NOT_FOUND, "not here \xe2\x82\xac"},
    {"status 007", status_7_with_zeros, MRPC_PERMISSION_DENIED, ""},
    {"status 99", status_99, MRPC_UNKNOWN, "odd"},
    {"status -1", status_negative, MRPC_UNKNOWN, "the server's grpc-status is not a number"},
    {"no status", no_status, MRPC_UNKNOWN, "the server ended the stream without a grpc-status"},
    {"no trailers", no_trailers, MRPC_UNKNOWN, "the server ended the stream without a grpc-status"},
    {"404", http_404, MRPC_UNIMPLEMENTED, "the server answered with HTTP status 404"},
    {"502", http_502_without_body, MRPC_UNAVAILABLE, "the server answered with HTTP status 502"},
    {"403 with grpc-status", http_403_with_grpc_status, MRPC_FAILED_PRECONDITION, ""},
    {"wrong content-type", wrong_content_type, MRPC_UNKNOWN, "the server's content-type is not application/grpc"},
    {"informational first", informational_first, MRPC_OK, ""},
    {"data before headers", data_before_headers, MRPC_UNAVAILABLE, "connection closed"},
    {"data after trailers", data_after_trailers, MRPC_INVALID_ARGUMENT, ""},
    {"trailers without end", trailers_without_end, MRPC_INTERNAL, "the stream was reset: PROTOCOL_ERROR"},
    {"cut in prefix", cut_in_prefix, MRPC_INTERNAL, "the stream ended inside a message"},
    {"cut in message", cut_in_message, MRPC_INTERNAL, "the stream ended inside a message"},
    {"cut but failed", cut_but_failed, MRPC_ABORTED, "aborted"},
    {"message too large", message_too_large, MRPC_RESOURCE_EXHAUSTED, ""},
    {"compressed without encoding", compressed_flag_without_encoding, MRPC_INTERNAL, ""},
    {"flag 2", flag_2, MRPC_INTERNAL, ""},
    {"unknown encoding", unknown_encoding, MRPC_INTERNAL, "the server's grpc-encoding"},
    {"corrupt gzip", corrupt_gzip, MRPC_INTERNAL, ""},
    {"broken percent", broken_percent, MRPC_UNKNOWN, "%zz %0 %"},
    {"odd metadata", odd_metadata, MRPC_OK, ""},
    {"upper case name", upper_case_name, MRPC_INTERNAL, "the stream was reset: PROTOCOL_ERROR"}, /* RFC 9113 8.2.1 */
    {"bad details", bad_details, MRPC_RESOURCE_EXHAUSTED, ""},
    {"huge header list", huge_header_list, MRPC_RESOURCE_EXHAUSTED, "the response's header list is over 64 KiB"},
    {"no pseudo header", no_pseudo_header, MRPC_INTERNAL, "the stream was reset: PROTOCOL_ERROR"},
};

static void g14_odd_servers_end_the_call_once_with_a_status(void **state)
{
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        for (size_t c = 0; c < 3; c++) {
            struct harness h;
            struct probe p;
            print_message("%s, %zu\n", scripts[i].name, chunks[c]);
            harness_init_ready(&h);
            h.chunk = chunks[c];
            probe_init(&p);
            probe_open(&p, &h, "request");
            harness_run(&h);
            scripts[i].run(&h.peer);
            harness_run(&h);
            if (mrpc_client_session_finished(h.session))
                mrpc_client_session_lost(h.session, "connection closed");
            assert_int_equal(p.closed_count, 1);
            assert_string_equal(mrpc_code_name(p.end.code), mrpc_code_name(scripts[i].code));
            assert_memory_equal(p.end_message, scripts[i].message, strlen(scripts[i].message));
            assert_false(p.end.unprocessed);
            probe_fini(&p);
            harness_fini(&h);
        }
    }
}

static void g14_every_reset_code_becomes_a_status(void **state)
{
    for (uint32_t code = 0; code <= 14; code++) {
        struct harness h;
        struct probe p;
        harness_init_ready(&h);
        probe_init(&p);
        probe_open(&p, &h, "request");
        harness_run(&h);
        raw_rst(&h.peer, 1, code);
        harness_run(&h);
        assert_int_equal(p.closed_count, 1);
        assert_true(p.end.reset);
        assert_true(p.end.code != MRPC_OK);
        assert_int_equal(p.end.unprocessed, code == NGHTTP2_REFUSED_STREAM);
        assert_false(p.end.never_sent);
        probe_fini(&p);
        harness_fini(&h);
    }
}

static void a_server_that_answers_early_gets_a_quiet_reset(void **state)
{
    struct harness h;
    struct probe p;
    harness_init_ready(&h);
    probe_init(&p);
    probe_open(&p, &h, "");
    p.half_closed = false;
    harness_run(&h);
    trailers_only(&h.peer);
    harness_run(&h);
    assert_int_equal(p.end.code, MRPC_NOT_FOUND);
    assert_int_equal(raw_frame_error(raw_peer_find(&h.peer, NGHTTP2_RST_STREAM, 1)), NGHTTP2_NO_ERROR);
    probe_fini(&p);
    harness_fini(&h);
}

static void hpack_stays_in_step_after_a_refused_block(void **state)
{
    struct harness h;
    struct probe p[2];
    harness_init_ready(&h);
    for (int i = 0; i < 2; i++) {
        probe_init(&p[i]);
        probe_open(&p[i], &h, "request");
    }
    harness_run(&h);
    huge_header_list(&h.peer);
    raw_headers(
        &h.peer, 3, true,
        FIELDS({":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "0"}, {"i", "in step"}));
    harness_run(&h);
    assert_int_equal(p[0].end.code, MRPC_RESOURCE_EXHAUSTED);
    assert_int_equal(p[1].end.code, MRPC_OK);
    assert_string_equal(mrpc_metadata_find(&p[1].stream.trailers, "i")->value, "in step");
    for (int i = 0; i < 2; i++)
        probe_fini(&p[i]);
    harness_fini(&h);
}

static void metadata_and_details_are_kept(void **state)
{
    struct harness h;
    struct probe p;
    harness_init_ready(&h);
    probe_init(&p);
    probe_open(&p, &h, "request");
    harness_run(&h);
    raw_headers(&h.peer, 1, false,
                FIELDS({":status", "200"}, {"content-type", "application/grpc"}, {"k", "1"}, {"k", "2"},
                       {"b-bin", "AAE,/w=="}));
    raw_headers(&h.peer, 1, true, FIELDS({"grpc-status", "9"}, {"grpc-status-details-bin", "CAk"}, {"t", "trailer"}));
    harness_run(&h);
    const struct mrpc_metadata *headers = &p.stream.headers;
    assert_int_equal(headers->count, 4);
    assert_string_equal(headers->entries[0].value, "1");
    assert_string_equal(headers->entries[1].value, "2");
    assert_memory_equal(headers->entries[2].value, "\0\1", 2);
    assert_memory_equal(headers->entries[3].value, "\xff", 1);
    assert_string_equal(mrpc_metadata_find(p.end.trailers, "t")->value, "trailer");
    assert_int_equal(p.end.details_bytes, 2);
    assert_memory_equal(p.end.details, "\x08\x09", 2);
    probe_fini(&p);
    harness_fini(&h);
}

static void a_long_message_is_cut_not_refused(void **state)
{
    static char text[60001];
    struct harness h;
    struct probe p;
    memset(text, 'm', sizeof text - 1);
    harness_init_ready(&h);
    probe_init(&p);
    probe_open(&p, &h, "request");
    harness_run(&h);
    raw_ok_headers(&h.peer, 1);
    raw_trailers(&h.peer, 1, "3", text);
    harness_run(&h);
    assert_int_equal(p.end.code, MRPC_INVALID_ARGUMENT);
    assert_int_equal(strlen(p.end_message), 8192);
    probe_fini(&p);
    harness_fini(&h);
}

static void padding_is_not_content(void **state)
{
    struct harness h;
    struct probe p;
    harness_init_ready(&h);
    probe_init(&p);
    probe_open(&p, &h, "request");
    harness_run(&h);
    raw_ok_headers(&h.peer, 1);
    raw_frame(&h.peer, NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, "\3\0\0\0\0\2ab\0\0\0", 11);
    raw_trailers(&h.peer, 1, "0", NULL);
    harness_run(&h);
    assert_string_equal(p.first_message, "ab");
    assert_int_equal(p.end.code, MRPC_OK);
    probe_fini(&p);
    harness_fini(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g14_odd_servers_end_the_call_once_with_a_status),
        cmocka_unit_test(g14_every_reset_code_becomes_a_status),
        cmocka_unit_test(a_server_that_answers_early_gets_a_quiet_reset),
        cmocka_unit_test(hpack_stays_in_step_after_a_refused_block),
        cmocka_unit_test(metadata_and_details_are_kept),
        cmocka_unit_test(a_long_message_is_cut_not_refused),
        cmocka_unit_test(padding_is_not_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
