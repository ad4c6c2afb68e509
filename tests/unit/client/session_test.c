/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "session_harness.h"
#include "test.h"

/* The client's session in memory against a server that we write frame by frame, whole and one byte at a time. */

static const size_t chunks[] = {0, 1, 7};

static void a_unary_call_completes(void **state)
{
    for (size_t i = 0; i < 3; i++) {
        struct harness h;
        struct probe p;
        harness_init_ready(&h);
        h.chunk = chunks[i];
        probe_init(&p);
        probe_open(&p, &h, "request");
        harness_run(&h);
        const struct raw_frame *headers = raw_peer_find(&h.peer, NGHTTP2_HEADERS, 1);
        assert_string_equal(headers->headers, ":method: POST\n:scheme: http\n:path: /test.Echo/Say\n"
                                              ":authority: localhost\nte: trailers\ncontent-type: application/grpc\n");
        const struct raw_frame *data = raw_peer_find(&h.peer, NGHTTP2_DATA, 1);
        assert_int_equal(data->size, 7);
        assert_memory_equal(data->payload, "request", 7);
        assert_true(data->flags & NGHTTP2_FLAG_END_STREAM);
        raw_ok_headers(&h.peer, 1);
        raw_message(&h.peer, 1, false, "response", 8);
        raw_trailers(&h.peer, 1, "0", NULL);
        harness_run(&h);
        assert_int_equal(p.headers_count, 1);
        assert_int_equal(p.message_count, 1);
        assert_string_equal(p.first_message, "response");
        assert_int_equal(p.closed_count, 1);
        assert_int_equal(p.end.code, MRPC_OK);
        assert_int_equal(raw_peer_count(&h.peer, NGHTTP2_RST_STREAM, -1), 0);
        assert_int_equal(mrpc_client_session_stream_count(h.session), 0);
        probe_fini(&p);
        harness_fini(&h);
    }
}

/* What a misbehaving or unusual server sends on stream 1, and what the call ends with. */

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

static void a_refusal_after_headers_is_no_retry(void **state)
{
    struct harness h;
    struct probe p;
    harness_init_ready(&h);
    probe_init(&p);
    probe_open(&p, &h, "request");
    harness_run(&h);
    raw_ok_headers(&h.peer, 1);
    raw_rst(&h.peer, 1, NGHTTP2_REFUSED_STREAM);
    harness_run(&h);
    assert_int_equal(p.end.code, MRPC_UNAVAILABLE);
    assert_false(p.end.unprocessed);
    probe_fini(&p);
    harness_fini(&h);
}

static void goaway_gives_back_what_is_above_its_last_id(void **state)
{
    struct harness h;
    struct probe p[3];
    harness_init_ready(&h);
    for (int i = 0; i < 3; i++) {
        probe_init(&p[i]);
        probe_open(&p[i], &h, "request");
    }
    harness_run(&h);
    raw_goaway(&h.peer, 3, NGHTTP2_NO_ERROR, "");
    harness_run(&h);
    assert_int_equal(h.draining_count, 1);
    assert_false(h.too_many_pings);
    assert_false(mrpc_client_session_can_open(h.session));
    assert_int_equal(p[0].closed_count + p[1].closed_count, 0);
    assert_int_equal(p[2].closed_count, 1);
    assert_true(p[2].end.unprocessed);
    raw_ok_headers(&h.peer, 1);
    raw_message(&h.peer, 1, false, "abc", 3);
    raw_trailers(&h.peer, 1, "0", NULL);
    harness_run(&h);
    assert_int_equal(p[0].end.code, MRPC_OK);
    assert_false(mrpc_client_session_finished(h.session));
    mrpc_client_session_lost(h.session, "gone");
    assert_int_equal(p[1].closed_count, 1);
    assert_int_equal(p[1].end.code, MRPC_UNAVAILABLE);
    assert_string_equal(p[1].end_message, "gone");
    assert_false(p[1].end.unprocessed);
    for (int i = 0; i < 3; i++)
        probe_fini(&p[i]);
    harness_fini(&h);
}

static void a_graceful_goaway_comes_in_two_steps(void **state)
{
    struct harness h;
    struct probe p;
    harness_init_ready(&h);
    probe_init(&p);
    probe_open(&p, &h, "request");
    harness_run(&h);
    raw_goaway(&h.peer, INT32_MAX, NGHTTP2_NO_ERROR, "");
    harness_run(&h);
    raw_goaway(&h.peer, 1, NGHTTP2_NO_ERROR, "");
    raw_ok_headers(&h.peer, 1);
    raw_trailers(&h.peer, 1, "0", NULL);
    harness_run(&h);
    assert_int_equal(h.draining_count, 1);
    assert_int_equal(p.end.code, MRPC_OK);
    assert_true(mrpc_client_session_finished(h.session));
    probe_fini(&p);
    harness_fini(&h);
}

static void what_never_left_is_unprocessed(void **state)
{
    struct harness h;
    struct probe p;
    harness_init_ready(&h);
    probe_init(&p);
    probe_open(&p, &h, "request");
    mrpc_client_session_lost(h.session, "gone");
    assert_true(p.end.never_sent && p.end.unprocessed);
    probe_fini(&p);
    harness_fini(&h);
}

static void too_many_pings_is_told(void **state)
{
    struct harness h;
    harness_init_ready(&h);
    raw_goaway(&h.peer, 0, NGHTTP2_ENHANCE_YOUR_CALM, "too_many_pings");
    harness_run(&h);
    assert_true(h.too_many_pings);
    harness_fini(&h);
}

static void streams_wait_for_settings_and_for_their_number(void **state)
{
    struct harness h;
    struct probe p[3];
    harness_init(&h, 0);
    assert_false(mrpc_client_session_can_open(h.session));
    raw_setting(&h.peer, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2);
    harness_run(&h);
    for (int i = 0; i < 3; i++) {
        probe_init(&p[i]);
        assert_int_equal(mrpc_client_session_can_open(h.session), i < 2);
        if (i < 2)
            probe_open(&p[i], &h, "request");
    }
    harness_run(&h);
    raw_ok_headers(&h.peer, 1);
    raw_trailers(&h.peer, 1, "0", NULL);
    harness_run(&h);
    assert_true(mrpc_client_session_can_open(h.session));
    raw_setting(&h.peer, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1);
    harness_run(&h);
    assert_false(mrpc_client_session_can_open(h.session));
    for (int i = 0; i < 3; i++)
        probe_fini(&p[i]);
    harness_fini(&h);
}

/* Flow control: the stream's window is 256 KiB; a reader that holds must stop the server there. */
static void a_reader_that_holds_stops_the_server(void **state)
{
    static char payload[16000];
    struct harness h;
    struct probe p;
    harness_init_ready(&h);
    probe_init(&p);
    p.hold = true;
    probe_open(&p, &h, "request");
    harness_run(&h);
    raw_ok_headers(&h.peer, 1);
    for (int i = 0; i < 16; i++)
        raw_message(&h.peer, 1, false, payload, sizeof payload);
    harness_run(&h);
    assert_int_equal(p.message_count, 1);
    assert_int_equal(raw_peer_count(&h.peer, NGHTTP2_WINDOW_UPDATE, 1), 0);
    p.hold = false;
    mrpc_client_stream_resume_reading(&p.stream);
    harness_run(&h);
    assert_int_equal(p.message_count, 16);
    assert_true(raw_peer_count(&h.peer, NGHTTP2_WINDOW_UPDATE, 1) > 0);
    raw_trailers(&h.peer, 1, "0", NULL);
    harness_run(&h);
    assert_int_equal(p.end.code, MRPC_OK);
    probe_fini(&p);
    harness_fini(&h);
}

static void the_end_waits_for_the_reader(void **state)
{
    struct harness h;
    struct probe p;
    harness_init_ready(&h);
    probe_init(&p);
    p.hold = true;
    probe_open(&p, &h, "request");
    harness_run(&h);
    raw_ok_headers(&h.peer, 1);
    for (int i = 0; i < 3; i++)
        raw_message(&h.peer, 1, false, "abc", 3);
    raw_trailers(&h.peer, 1, "5", "after all");
    harness_run(&h);
    for (unsigned i = 1; i < 3; i++) {
        assert_int_equal(p.message_count, i);
        assert_int_equal(p.closed_count, 0);
        mrpc_client_stream_resume_reading(&p.stream);
    }
    assert_int_equal(p.message_count, 3);
    assert_int_equal(p.closed_count, 1); /* nothing is held any more */
    assert_int_equal(p.end.code, MRPC_NOT_FOUND);
    probe_fini(&p);
    harness_fini(&h);
}

static void a_message_larger_than_the_window_arrives(void **state)
{
    static char payload[3 << 20];
    struct harness h;
    struct probe p;
    harness_init_ready(&h);
    probe_init(&p);
    probe_open(&p, &h, "request");
    harness_run(&h);
    raw_ok_headers(&h.peer, 1);
    static uint8_t framed[5 + sizeof payload];
    framed[2] = sizeof payload >> 16;
    for (size_t at = 0; at < sizeof framed; at += 16000) {
        size_t piece = sizeof framed - at < 16000 ? sizeof framed - at : 16000;
        raw_data(&h.peer, 1, false, framed + at, piece);
        harness_run(&h);
    }
    assert_int_equal(p.message_count, 1);
    assert_int_equal(p.message_bytes[0], sizeof payload);
    probe_fini(&p);
    harness_fini(&h);
}

static void sending_waits_for_the_servers_window(void **state)
{
    static char request[200001];
    struct harness h;
    struct probe p;
    harness_init_ready(&h);
    probe_init(&p);
    memset(request, 'r', sizeof request - 1);
    probe_open(&p, &h, request);
    harness_run(&h);
    assert_int_equal(p.taken, 65535);
    raw_window_update(&h.peer, 1, 1 << 20);
    harness_run(&h);
    assert_int_equal(p.taken, 65535);
    raw_window_update(&h.peer, 0, 1 << 20);
    harness_run(&h);
    assert_int_equal(p.taken, 200000);
    assert_true(raw_peer_find(&h.peer, NGHTTP2_DATA, 1)->flags & NGHTTP2_FLAG_END_STREAM);
    probe_fini(&p);
    harness_fini(&h);
}

static void a_late_request_is_sent_when_it_comes(void **state)
{
    struct harness h;
    struct probe p;
    harness_init_ready(&h);
    probe_init(&p);
    probe_open(&p, &h, "");
    p.half_closed = false;
    harness_run(&h);
    assert_int_equal(raw_peer_count(&h.peer, NGHTTP2_DATA, 1), 0);
    p.request = "late";
    p.request_bytes = 4;
    mrpc_client_stream_resume_sending(&p.stream);
    harness_run(&h);
    assert_int_equal(raw_peer_count(&h.peer, NGHTTP2_DATA, 1), 1);
    p.half_closed = true;
    mrpc_client_stream_resume_sending(&p.stream);
    harness_run(&h);
    const struct raw_frame *last = raw_peer_find(&h.peer, NGHTTP2_DATA, 1);
    assert_int_equal(last->size, 0);
    assert_true(last->flags & NGHTTP2_FLAG_END_STREAM);
    probe_fini(&p);
    harness_fini(&h);
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

static void cancel_resets_and_says_nothing_more(void **state)
{
    struct harness h;
    struct probe p;
    harness_init_ready(&h);
    probe_init(&p);
    probe_open(&p, &h, "request");
    harness_run(&h);
    mrpc_client_stream_cancel(&p.stream, NGHTTP2_CANCEL);
    harness_run(&h);
    assert_int_equal(raw_frame_error(raw_peer_find(&h.peer, NGHTTP2_RST_STREAM, 1)), NGHTTP2_CANCEL);
    raw_ok_headers(&h.peer, 1);
    raw_message(&h.peer, 1, false, "late", 4);
    raw_trailers(&h.peer, 1, "0", NULL);
    harness_run(&h);
    assert_int_equal(p.headers_count + p.message_count + p.closed_count, 0);
    assert_int_equal(h.receive_error, 0);
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

static void keepalive_pings_and_then_gives_up(void **state)
{
    struct harness h;
    struct probe p;
    harness_init(&h, 10000);
    raw_settings(&h.peer);
    harness_run(&h);
    assert_int_equal(mrpc_client_session_next_timer_ms(h.session), INT64_MAX);
    probe_init(&p);
    probe_open(&p, &h, "request");
    harness_run(&h);
    assert_int_equal(mrpc_client_session_next_timer_ms(h.session), 11000);
    assert_int_equal(mrpc_client_session_tick(h.session, 10999), 0);
    harness_run(&h);
    assert_int_equal(raw_peer_count(&h.peer, NGHTTP2_PING, 0), 0);
    assert_int_equal(mrpc_client_session_tick(h.session, 11000), 0);
    harness_run(&h);
    assert_int_equal(raw_peer_count(&h.peer, NGHTTP2_PING, 0), 1);
    h.now_ms = 12000;
    raw_frame(&h.peer, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, raw_peer_find(&h.peer, NGHTTP2_PING, 0)->payload, 8);
    harness_run(&h);
    assert_int_equal(mrpc_client_session_next_timer_ms(h.session), 22000);
    assert_int_equal(mrpc_client_session_tick(h.session, 22000), 0);
    assert_int_equal(mrpc_client_session_next_timer_ms(h.session), 42000);
    assert_int_equal(mrpc_client_session_tick(h.session, 42000), MRPC_ERR_CLOSED);
    probe_fini(&p);
    harness_fini(&h);
}

static void garbage_is_no_http2(void **state)
{
    struct harness h;
    struct probe p;
    harness_init(&h, 0);
    probe_init(&p);
    raw_bytes(&h.peer, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
    harness_run(&h);
    assert_true(h.receive_error || mrpc_client_session_finished(h.session));
    assert_int_equal(h.ready_count, 0);
    probe_fini(&p);
    harness_fini(&h);
}

static void a_breach_of_the_protocol_ends_the_session(void **state)
{
    struct harness h;
    struct probe p;
    harness_init_ready(&h);
    probe_init(&p);
    probe_open(&p, &h, "request");
    harness_run(&h);
    raw_frame(&h.peer, NGHTTP2_DATA, 0, 0, "x", 1); /* DATA on stream 0 */
    harness_run(&h);
    assert_true(mrpc_client_session_finished(h.session));
    assert_int_equal(mrpc_client_session_own_error(h.session), NGHTTP2_PROTOCOL_ERROR);
    mrpc_client_session_lost(h.session, "broken");
    assert_int_equal(p.closed_count, 1);
    assert_int_equal(p.end.code, MRPC_UNAVAILABLE);
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
        cmocka_unit_test(a_unary_call_completes),
        cmocka_unit_test(g14_odd_servers_end_the_call_once_with_a_status),
        cmocka_unit_test(g14_every_reset_code_becomes_a_status),
        cmocka_unit_test(a_refusal_after_headers_is_no_retry),
        cmocka_unit_test(goaway_gives_back_what_is_above_its_last_id),
        cmocka_unit_test(a_graceful_goaway_comes_in_two_steps),
        cmocka_unit_test(what_never_left_is_unprocessed),
        cmocka_unit_test(too_many_pings_is_told),
        cmocka_unit_test(streams_wait_for_settings_and_for_their_number),
        cmocka_unit_test(a_reader_that_holds_stops_the_server),
        cmocka_unit_test(the_end_waits_for_the_reader),
        cmocka_unit_test(a_message_larger_than_the_window_arrives),
        cmocka_unit_test(sending_waits_for_the_servers_window),
        cmocka_unit_test(a_late_request_is_sent_when_it_comes),
        cmocka_unit_test(a_server_that_answers_early_gets_a_quiet_reset),
        cmocka_unit_test(cancel_resets_and_says_nothing_more),
        cmocka_unit_test(hpack_stays_in_step_after_a_refused_block),
        cmocka_unit_test(metadata_and_details_are_kept),
        cmocka_unit_test(a_long_message_is_cut_not_refused),
        cmocka_unit_test(keepalive_pings_and_then_gives_up),
        cmocka_unit_test(garbage_is_no_http2),
        cmocka_unit_test(a_breach_of_the_protocol_ends_the_session),
        cmocka_unit_test(padding_is_not_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
