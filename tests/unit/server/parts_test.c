/* SPDX-License-Identifier: Apache-2.0 */

/* The small parts below sessions and servers: timers, the output queue, token buckets, the method table, counts by
 * address. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timers.h"
#include "echo_methods.h"
#include "server/methods.h"
#include "server/peer_counts.h"
#include "session/limits.h"
#include "session/output.h"
#include "test.h"

static int64_t fired_at[600];
static size_t fired;

static void record(struct mrpc_timer *timer)
{
    fired_at[fired++] = timer->at_ms;
}

static void timers_fire_in_order_whatever_was_set_moved_and_cleared(void **state)
{
    struct mrpc_timers timers = {0};
    struct mrpc_timer list[500] = {0};
    uint32_t random = 1;
    size_t set = 0;
    fired = 0;
    for (int round = 0; round < 2000; round++) {
        random = random * 1664525 + 1013904223;
        struct mrpc_timer *timer = &list[(random >> 8) % 500];
        timer->fire = record;
        bool was_set = timer->place != 0;
        if (random >> 30 == 0) {
            mrpc_timers_clear(&timers, timer);
            set -= was_set;
        } else {
            assert_int_equal(mrpc_timers_set(&timers, timer, random >> 16), 0);
            set += !was_set;
        }
        assert_int_equal(timers.count, set);
    }
    assert_true(set > 100);
    assert_true(mrpc_timers_next_ms(&timers) < 65536);
    mrpc_timers_run(&timers, 30000);
    assert_true(mrpc_timers_next_ms(&timers) > 30000);
    mrpc_timers_run(&timers, 65536);
    assert_int_equal(fired, set);
    for (size_t i = 1; i < fired; i++)
        assert_true(fired_at[i - 1] <= fired_at[i]);
    assert_int_equal(mrpc_timers_next_ms(&timers), INT64_MAX);
    mrpc_timers_fini(&timers);
}

static void output_keeps_the_order_of_copies_and_references(void **state)
{
    struct session_output output = {0};
    char expected[4000], got[4000];
    size_t expected_bytes = 0, got_bytes = 0;
    for (int i = 0; i < 300; i++) {
        char text[8] = {(char)('a' + i % 26), (char)('A' + i % 26), (char)('0' + i % 10)};
        size_t size = 1 + (size_t)i % 3;
        memcpy(expected + expected_bytes, text, size);
        expected_bytes += size;
        if (i % 4 == 1) {
            struct mrpc_chunk *chunk = mrpc_chunk_new();
            assert_int_equal(mrpc_buffer_append(&chunk->bytes, text, size), 0);
            assert_int_equal(mrpc_output_refer(&output, mrpc_buffer_bytes(&chunk->bytes), size, chunk), 0);
            mrpc_chunk_unref(chunk);
        } else {
            assert_int_equal(mrpc_output_append(&output, text, size), 0);
        }
        if (i % 5 != 4)
            continue;
        struct iovec pieces[3];
        int count = mrpc_output_pieces(&output, pieces, 1 + i % 3);
        size_t taken = 0;
        for (int k = 0; k < count; k++) {
            size_t n = k + 1 == count && pieces[k].iov_len > 1 ? pieces[k].iov_len - 1 : pieces[k].iov_len;
            memcpy(got + got_bytes, pieces[k].iov_base, n);
            got_bytes += n;
            taken += n;
        }
        mrpc_output_consume(&output, taken);
    }
    while (output.pending_bytes > 0) {
        struct iovec piece;
        assert_int_equal(mrpc_output_pieces(&output, &piece, 1), 1);
        memcpy(got + got_bytes, piece.iov_base, piece.iov_len);
        got_bytes += piece.iov_len;
        mrpc_output_consume(&output, piece.iov_len);
    }
    assert_int_equal(got_bytes, expected_bytes);
    assert_memory_equal(got, expected, expected_bytes);
    mrpc_output_fini(&output);
}

static void a_bucket_gives_its_burst_and_then_its_rate(void **state)
{
    struct session_bucket bucket = {0};
    int64_t now_ms = 5000;
    for (int i = 0; i < 10; i++)
        assert_true(mrpc_bucket_take(&bucket, now_ms, 10, 2));
    assert_false(mrpc_bucket_take(&bucket, now_ms, 10, 2));
    assert_false(mrpc_bucket_take(&bucket, now_ms + 499, 10, 2));
    assert_true(mrpc_bucket_take(&bucket, now_ms + 500, 10, 2));
    assert_false(mrpc_bucket_take(&bucket, now_ms + 500, 10, 2));
    for (int i = 0; i < 10; i++)
        assert_true(mrpc_bucket_take(&bucket, now_ms + 3600000, 10, 2));
    assert_false(mrpc_bucket_take(&bucket, now_ms + 3600000, 10, 2));
}

static void limits_that_are_zero_or_unknown_to_the_caller_take_their_defaults(void **state)
{
    struct mrpc_limits given = {.struct_bytes = offsetof(struct mrpc_limits, concurrent_streams), .connections = 7,
                                .concurrent_streams = 3};
    struct mrpc_limits limits;
    mrpc_limits_resolve(&given, &limits);
    assert_int_equal(limits.connections, 7);
    assert_int_equal(limits.concurrent_streams, 100);   /* beyond what an older program knows of */
    assert_int_equal(limits.receive_message_bytes, 4 << 20);
    mrpc_limits_resolve(NULL, &limits);
    assert_int_equal(limits.connections, 10000);
}

static void methods_are_found_by_their_whole_path(void **state)
{
    static struct mrpc_method methods[100];
    static struct mrpc_invoke invokes[100];
    static char paths[100][32];
    for (int i = 0; i < 100; i++) {
        (void)snprintf(paths[i], sizeof(paths[i]), "/pkg.Service/Method%d", i);
        methods[i] = (struct mrpc_method){.name = paths[i] + 13, .path = paths[i]};
    }
    const struct mrpc_service service = {.full_name = "pkg.Service", .methods = methods, .method_count = 100};
    const struct mrpc_skeleton skeleton = {.service = &service, .invokes = invokes};
    struct method_table table = {0};
    assert_null(mrpc_methods_find(&table, paths[0], strlen(paths[0])));
    assert_int_equal(mrpc_methods_add(&table, &skeleton, NULL, &table), 0);
    assert_int_equal(mrpc_methods_add(&table, &skeleton, NULL, NULL), MRPC_ERR_INVALID);
    for (int i = 0; i < 100; i++) {
        const struct method_entry *entry = mrpc_methods_find(&table, paths[i], strlen(paths[i]));
        assert_ptr_equal(entry->method, &methods[i]);
        assert_ptr_equal(entry->invoke, &invokes[i]);
        assert_ptr_equal(entry->self, &table);
    }
    assert_null(mrpc_methods_find(&table, paths[7], strlen(paths[7]) - 1));
    assert_null(mrpc_methods_find(&table, "/pkg.Service/method1", 20));
    mrpc_methods_fini(&table);
}

static const struct sockaddr *v4(struct sockaddr_in *address, const char *text)
{
    *address = (struct sockaddr_in){.sin_family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, text, &address->sin_addr), 1);
    return (const struct sockaddr *)address;
}

static void connections_are_counted_by_address_but_not_loopback(void **state)
{
    struct peer_counts *counts = malloc(sizeof(*counts));
    struct sockaddr_in address;
    struct sockaddr_in6 mapped = {.sin6_family = AF_INET6};
    assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.1", &mapped.sin6_addr), 1);
    mrpc_peer_counts_init(counts);
    assert_true(mrpc_peer_counts_add(counts, v4(&address, "192.0.2.1"), 2));
    assert_true(mrpc_peer_counts_add(counts, (const struct sockaddr *)&mapped, 2));
    assert_false(mrpc_peer_counts_add(counts, v4(&address, "192.0.2.1"), 2));
    assert_true(mrpc_peer_counts_add(counts, v4(&address, "192.0.2.2"), 2));
    mrpc_peer_counts_remove(counts, v4(&address, "192.0.2.1"));
    assert_true(mrpc_peer_counts_add(counts, v4(&address, "192.0.2.1"), 2));
    for (int i = 0; i < 10; i++)
        assert_true(mrpc_peer_counts_add(counts, v4(&address, "127.0.0.1"), 2));
    mrpc_peer_counts_fini(counts);
    free(counts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_in_order_whatever_was_set_moved_and_cleared),
        cmocka_unit_test(output_keeps_the_order_of_copies_and_references),
        cmocka_unit_test(a_bucket_gives_its_burst_and_then_its_rate),
        cmocka_unit_test(limits_that_are_zero_or_unknown_to_the_caller_take_their_defaults),
        cmocka_unit_test(methods_are_found_by_their_whole_path),
        cmocka_unit_test(connections_are_counted_by_address_but_not_loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
