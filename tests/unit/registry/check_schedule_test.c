/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry/checks/board.h"
#include "registry/checks/flapping.h"
#include "registry/checks/schedule.h"
#include "test.h"

static uint64_t seed = 88172645463325252u;

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* Whenever it is asked, the next run is near the phase, no more than an interval, a sixteenth and the jitter away, and
 * one after the other keeps the interval but for the jitter. */
static void regular_runs_return_to_their_phase(void **state)
{
    for (int i = 0; i < 10000; i++) {
        int64_t interval_ms = 1000 + (int64_t)(next_random() % 60000), now_ms = (int64_t)(next_random() % 1000000000);
        uint64_t phase = next_random();
        int64_t offset_ms = (int64_t)(phase % (uint64_t)interval_ms), jitter_ms = interval_ms / 20;
        for (int run = 0; run < 5; run++) {
            int64_t apart_ms = schedule_apart_ms(interval_ms);
            int64_t after_ms = schedule_regular_ms(phase, interval_ms, now_ms, apart_ms, next_random());
            assert_in_range(after_ms, apart_ms - jitter_ms - 1, interval_ms + apart_ms + jitter_ms + 1);
            if (run)
                assert_in_range(after_ms, interval_ms - 2 * jitter_ms - 1, interval_ms + 2 * jitter_ms + 1);
            now_ms += after_ms;
            int64_t away_ms = (now_ms - offset_ms + interval_ms / 2) % interval_ms - interval_ms / 2;
            assert_true(away_ms >= -jitter_ms - 1 && away_ms <= jitter_ms + 1);
        }
    }
}

/* 10,000 that were registered within two seconds: from their second run on the load is even. */
static void load_is_even_however_they_came(void **state)
{
    enum { COUNT = 10000, INTERVAL_MS = 30000, SECONDS = 150 };
    static int starts[SECONDS + 120];
    for (int i = 0; i < COUNT; i++) {
        uint64_t phase = next_random();
        int64_t now_ms = (int64_t)i / 5;
        for (;;) {
            now_ms += schedule_regular_ms(phase, INTERVAL_MS, now_ms, schedule_apart_ms(INTERVAL_MS), next_random());
            if (now_ms >= (SECONDS + 60) * 1000)
                break;
            starts[now_ms / 1000]++;
        }
    }
    int most = 0, sum = 0;
    for (int second = 60; second < 60 + SECONDS; second++) {
        most = starts[second] > most ? starts[second] : most;
        sum += starts[second];
    }
    assert_in_range(sum / SECONDS, 320, 346);
    assert_true(most <= sum * 1.25 / SECONDS);
}

static void hurried_runs_share_a_rate(void **state)
{
    for (int i = 0; i < 1000; i++) {
        assert_in_range(schedule_hurried_ms(1000, 30000, 1, next_random()), 950, 1050);
        assert_in_range(schedule_hurried_ms(1000, 30000, 1000, next_random()), 1, 4000);
        assert_int_equal(schedule_hurried_ms(1000, 1000, 1, next_random()), 0);
        assert_int_equal(schedule_hurried_ms(1000, 30000, 20000, next_random()), 0);
    }
}

static void check_that_flaps_is_damped_until_it_is_quiet(void **state)
{
    struct flapping flapping = {0};
    int64_t now_ms = 1000000;
    flapping_fall(&flapping, now_ms);
    flapping_fall(&flapping, now_ms + 20000);
    assert_int_equal(flapping_left_ms(&flapping, now_ms + 20000), 0);
    flapping_fall(&flapping, now_ms + 40000);
    int64_t left_ms = flapping_left_ms(&flapping, now_ms + 40000);
    assert_in_range(left_ms, 120000, 240000);
    assert_in_range(flapping_left_ms(&flapping, now_ms + 40000 + left_ms / 2), left_ms / 2 - 1000, left_ms / 2 + 1000);
    assert_int_equal(flapping_left_ms(&flapping, now_ms + 40000 + left_ms + 1000), 0);
    for (int i = 0; i < 100; i++)
        flapping_fall(&flapping, now_ms + 1000000);
    assert_in_range(flapping_left_ms(&flapping, now_ms + 1000000), 350000, 361000);
}

static void falls_now_and_then_are_not_damped(void **state)
{
    struct flapping flapping = {0};
    for (int64_t now_ms = 1000; now_ms < 86400000; now_ms += 180000) {
        flapping_fall(&flapping, now_ms);
        assert_int_equal(flapping_left_ms(&flapping, now_ms), 0);
    }
}

/* --- the board
 * --------------------------------------------------------------------------------------------------------
 */

enum { WRITES = 200000 };

static void *write_results(void *arg)
{
    struct board_result result = {.state = HEALTH_HEALTHY};
    for (uint32_t i = 1; i <= WRITES; i++) {
        result.pending_count = i;
        result.run_wall_ns = i;
        memset(result.text, (int)(i % 26) + 'a', sizeof result.text - 1);
        board_write(arg, 1, &result);
    }
    return NULL;
}

static void readers_get_results_that_are_whole(void **state)
{
    struct board *board = board_new(2);
    struct board_result result;
    pthread_t writer;
    assert_non_null(board);
    board_read(board, 0, &result);
    assert_int_equal(result.state, HEALTH_UNKNOWN);
    assert_int_equal(pthread_create(&writer, NULL, write_results, board), 0);
    do {
        board_read(board, 1, &result);
        assert_int_equal(result.pending_count, result.run_wall_ns);
        for (size_t i = 0; result.run_wall_ns && i < sizeof result.text - 1; i++)
            assert_int_equal(result.text[i], (int)(result.pending_count % 26) + 'a');
    } while (result.pending_count < WRITES);
    pthread_join(writer, NULL);
    board_unref(board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regular_runs_return_to_their_phase),
        cmocka_unit_test(load_is_even_however_they_came),
        cmocka_unit_test(hurried_runs_share_a_rate),
        cmocka_unit_test(check_that_flaps_is_damped_until_it_is_quiet),
        cmocka_unit_test(falls_now_and_then_are_not_damped),
        cmocka_unit_test(readers_get_results_that_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
