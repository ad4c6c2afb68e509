/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "session_harness.h"
#include "test.h"

/* A call on the client's session in memory, against a server that we write frame by frame. */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_unary_call_completes),
        cmocka_unit_test(streams_wait_for_settings_and_for_their_number),
        cmocka_unit_test(cancel_resets_and_says_nothing_more),
        cmocka_unit_test(keepalive_pings_and_then_gives_up),
        cmocka_unit_test(garbage_is_no_http2),
        cmocka_unit_test(a_breach_of_the_protocol_ends_the_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
