/* SPDX-License-Identifier: Apache-2.0 */

/* What the library's interceptors add to a unary call: a session in memory, no sockets, one thread; CPU time of the
 * server's side alone. Medians of rounds that are taken in turns.
 *
 *     build/release/tests/bench_interceptors [ROUNDS] */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "interceptor_set.h"
#include "session_driver.h"
#include "test.h"

#define CALLS 50
#define BATCHES 400
#define ROUNDS_MAX 101

struct row {
    const char *name;
    unsigned kinds;
    double ns[ROUNDS_MAX];
};

static struct row rows[] = {
    {"none", 0, {0}},
    {"metrics", WITH_METRICS, {0}},
    {"tracing", WITH_TRACING, {0}},
    {"call log, lines held back", WITH_CALL_LOG, {0}},
    {"authentication", WITH_AUTHENTICATION, {0}},
    {"rate limit", WITH_RATE_LIMIT, {0}},
    {"all", WITH_ALL, {0}},
};
#define ROWS (sizeof(rows) / sizeof(*rows))

static int64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ns of CPU a call. */
static double measure(unsigned kinds)
{
    struct interceptor_set set = {.kinds = kinds, .lines_per_second = 1};
    struct session_driver *driver = calloc(1, sizeof(*driver));
    driver_open_bare(driver, interceptor_set_add, &set);
    raw_window_update(&driver->client, 0, 1 << 30);
    int32_t id = 1;
    int64_t spent = 0;
    for (int batch = 0; batch < BATCHES; batch++) {
        for (int i = 0; i < CALLS; i++, id += 2) {
            driver_headers(driver, id, "Say", NULL, 0);
            driver_message(driver, id, "hello", true);
        }
        size_t size;
        uint8_t *bytes = driver_take_queued(driver, &size);
        int64_t before = cpu_ns();
        driver_feed(driver, bytes, size);
        spent += cpu_ns() - before;
        free(bytes);
    }
    driver_close(driver);
    interceptor_set_fini(&set);
    free(driver);
    return (double)spent / (BATCHES * CALLS);
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 11;
    if (rounds < 1 || rounds > ROUNDS_MAX)
        return 2;
    for (int round = 0; round < rounds; round++)
        for (size_t i = 0; i < ROWS; i++)
            rows[i].ns[round] = measure(rows[i].kinds);
    printf("%-28s %10s %10s\n", "interceptors", "ns a call", "added");
    for (size_t i = 0; i < ROWS; i++) {
        qsort(rows[i].ns, (size_t)rounds, sizeof(double), by_value);
        printf("%-28s %10.0f %10.0f\n", rows[i].name, rows[i].ns[rounds / 2],
               rows[i].ns[rounds / 2] - rows[0].ns[rounds / 2]);
    }
    return 0;
}
