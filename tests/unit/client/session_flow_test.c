/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "session_harness.h"
#include "test.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_that_holds_stops_the_server),
        cmocka_unit_test(the_end_waits_for_the_reader),
        cmocka_unit_test(a_message_larger_than_the_window_arrives),
        cmocka_unit_test(sending_waits_for_the_servers_window),
        cmocka_unit_test(a_late_request_is_sent_when_it_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
