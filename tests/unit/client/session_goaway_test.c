/* SPDX-License-Identifier: Apache-2.0 */
#include "session_harness.h"
#include "test.h"

/* Streams that a server refuses or leaves behind: which of them may be sent again. */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_after_headers_is_no_retry),
        cmocka_unit_test(goaway_gives_back_what_is_above_its_last_id),
        cmocka_unit_test(a_graceful_goaway_comes_in_two_steps),
        cmocka_unit_test(what_never_left_is_unprocessed),
        cmocka_unit_test(too_many_pings_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
