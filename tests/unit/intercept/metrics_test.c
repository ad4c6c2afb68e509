/* SPDX-License-Identifier: Apache-2.0 */

/* Checklist, server 27: metrics with the names of gRFC A66. Names, labels, units and buckets below are copied from
 * it. */

#include <mrpc/metrics.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "session_driver.h"
#include "test.h"

static const struct mrpc_metric_point *find(const struct mrpc_metrics_snapshot *snapshot, const char *name,
                                            const char *method, const char *status)
{
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct mrpc_metric_point *point = &snapshot->points[i];
        bool same_status = status == NULL ? point->status == NULL
                                          : point->status != NULL && strcmp(point->status, status) == 0;
        if (strcmp(point->metric->name, name) == 0 && strcmp(point->method, method) == 0 && same_status)
            return point;
    }
    return NULL;
}

static uint64_t count_of(const struct mrpc_metrics_snapshot *snapshot, const char *name, const char *method,
                         const char *status)
{
    const struct mrpc_metric_point *point = find(snapshot, name, method, status);
    return point != NULL ? point->count : 0;
}

static void add_metrics(struct mrpc_server *server, void *arg)
{
    assert_int_equal(mrpc_metrics_add_to_server(arg, server), 0);
}

#define DURATION "grpc.server.call.duration"
#define SENT "grpc.server.call.sent_total_compressed_message_size"
#define RCVD "grpc.server.call.rcvd_total_compressed_message_size"
#define STARTED "grpc.server.call.started"

static void server_27_a_server_records_starts_durations_and_sizes(void **state)
{
    struct mrpc_metrics *metrics;
    assert_int_equal(mrpc_metrics_new(NULL, &metrics), 0);
    struct session_driver driver;
    driver_open_with(&driver, add_metrics, metrics);
    driver_call(&driver, 1, "Say", "hello");
    driver_call(&driver, 3, "Say", "size:2000");
    driver_call(&driver, 5, "Say", "fail:5:none");
    driver_call(&driver, 7, "Split", "3:1000");
    driver_call(&driver, 9, "Say", "hold");
    driver_call(&driver, 11, "Nothing", "");
    struct mrpc_metrics_snapshot *snapshot;
    assert_int_equal(mrpc_metrics_snapshot(metrics, &snapshot), 0);
    assert_int_equal(count_of(snapshot, STARTED, "test.Echo/Say", NULL), 4);
    assert_int_equal(count_of(snapshot, STARTED, "test.Echo/Split", NULL), 1);
    assert_int_equal(count_of(snapshot, DURATION, "test.Echo/Say", "OK"), 2);
    assert_int_equal(count_of(snapshot, DURATION, "test.Echo/Say", "NOT_FOUND"), 1);
    assert_null(find(snapshot, DURATION, "test.Echo/Say", "CANCELLED"));
    const struct mrpc_metric_point *sent = find(snapshot, SENT, "test.Echo/Say", "OK");
    assert_true(sent->sum == 7 + 2003);
    assert_int_equal(sent->buckets[1], 1);   /* over 0, up to 1024 */
    assert_int_equal(sent->buckets[2], 1);
    assert_true(find(snapshot, SENT, "test.Echo/Split", "OK")->sum == 3 * 1003);
    assert_int_equal(find(snapshot, SENT, "test.Echo/Say", "NOT_FOUND")->buckets[0], 1);
    assert_true(find(snapshot, RCVD, "test.Echo/Say", "OK")->sum == 7 + 11);
    assert_int_equal(count_of(snapshot, STARTED, "other", NULL), 1);
    assert_int_equal(count_of(snapshot, DURATION, "other", "UNIMPLEMENTED"), 1);
    for (size_t i = 0; i < snapshot->count; i++)
        assert_string_not_equal(snapshot->points[i].method, "test.Echo/Nothing");
    mrpc_metrics_snapshot_free(snapshot);
    raw_rst(&driver.client, 9, NGHTTP2_CANCEL);
    driver_pump(&driver);
    echo_service_finish_held(&driver.echo, 0);
    driver_close(&driver);
    assert_int_equal(mrpc_metrics_snapshot(metrics, &snapshot), 0);
    assert_int_equal(count_of(snapshot, DURATION, "test.Echo/Say", "CANCELLED"), 1);
    mrpc_metrics_snapshot_free(snapshot);
    mrpc_metrics_free(metrics);
}

static void server_27_names_units_and_buckets_are_those_of_a66(void **state)
{
    static const double latency[] = {
        0, 0.00001, 0.00005, 0.0001, 0.0003, 0.0006, 0.0008, 0.001, 0.002,
        0.003, 0.004, 0.005, 0.006, 0.008, 0.01, 0.013, 0.016, 0.02, 0.025, 0.03,
        0.04, 0.05, 0.065, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65,
        0.8, 1, 2, 5, 10, 20, 50, 100};
    static const double size[] = {0, 1024, 2048, 4096, 16384, 65536, 262144, 1048576, 4194304,
        16777216, 67108864, 268435456, 1073741824, 4294967296};
    static const struct {
        const char *name, *unit;
        const double *bounds;
        size_t bound_count;
        bool target, status;
    } rows[] = {
        {"grpc.client.attempt.started", "{attempt}", NULL, 0, true, false},
        {"grpc.client.attempt.duration", "s", latency, 41, true, true},
        {"grpc.client.attempt.sent_total_compressed_message_size", "By", size, 14, true, true},
        {"grpc.client.attempt.rcvd_total_compressed_message_size", "By", size, 14, true, true},
        {"grpc.client.call.duration", "s", latency, 41, true, true},
        {STARTED, "{call}", NULL, 0, false, false},
        {DURATION, "s", latency, 41, false, true},
        {SENT, "By", size, 14, false, true},
        {RCVD, "By", size, 14, false, true},
    };
    struct mrpc_metrics *metrics;
    assert_int_equal(mrpc_metrics_new(NULL, &metrics), 0);
    struct session_driver driver;
    driver_open_with(&driver, add_metrics, metrics);
    driver_call(&driver, 1, "Say", "hello");
    driver_close(&driver);
    struct mrpc_metrics_recorder *recorder;
    assert_int_equal(mrpc_metrics_recorder_new(metrics, &recorder), 0);
    struct mrpc_metrics_series *series = mrpc_metrics_client_series(recorder, "/test.Echo/Say", "dns:///here:1");
    mrpc_metrics_attempt_started(series);
    mrpc_metrics_attempt_ended(series, 0, 1, 2, 3);
    mrpc_metrics_call_ended(series, 0, 1);
    mrpc_metrics_recorder_release(recorder);
    struct mrpc_metrics_snapshot *snapshot;
    assert_int_equal(mrpc_metrics_snapshot(metrics, &snapshot), 0);
    assert_int_equal(snapshot->count, sizeof(rows) / sizeof(*rows));
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct mrpc_metric_point *point = &snapshot->points[i];
        assert_string_equal(point->metric->name, rows[i].name);
        assert_string_equal(point->metric->unit, rows[i].unit);
        assert_int_equal(point->metric->type, rows[i].bounds != NULL ? MRPC_METRIC_HISTOGRAM : MRPC_METRIC_COUNTER);
        assert_int_equal(point->metric->bound_count, rows[i].bound_count);
        for (size_t b = 0; b < rows[i].bound_count; b++)
            assert_true(point->metric->bounds[b] == rows[i].bounds[b]);
        assert_string_equal(point->method, "test.Echo/Say");
        assert_int_equal(point->target != NULL, rows[i].target);
        assert_int_equal(point->status != NULL, rows[i].status);
        assert_int_equal(point->count, 1);
    }
    mrpc_metrics_snapshot_free(snapshot);
    mrpc_metrics_free(metrics);
}

static void a_value_on_a_bound_is_below_it(void **state)
{
    static const struct {
        int64_t us;
        size_t bucket;
    } rows[] = {{-5, 0}, {0, 0},        {1, 1},        {10, 1},          {11, 2},           {50, 2},
                {100, 3}, {65000, 22}, {65001, 23}, {1000000, 34}, {100000000, 40}, {100000001, 41}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct mrpc_metrics *metrics;
        assert_int_equal(mrpc_metrics_new(NULL, &metrics), 0);
        struct mrpc_metrics_recorder *recorder;
        assert_int_equal(mrpc_metrics_recorder_new(metrics, &recorder), 0);
        mrpc_metrics_call_ended(mrpc_metrics_client_series(recorder, "/a/b", "t"), 0, rows[i].us);
        struct mrpc_metrics_snapshot *snapshot;
        assert_int_equal(mrpc_metrics_snapshot(metrics, &snapshot), 0);
        const struct mrpc_metric_point *point = find(snapshot, "grpc.client.call.duration", "a/b", "OK");
        assert_int_equal(point->buckets[rows[i].bucket], 1);
        assert_true(point->sum == (rows[i].us < 0 ? 0 : (double)rows[i].us / 1e6));
        mrpc_metrics_snapshot_free(snapshot);
        mrpc_metrics_free(metrics);
    }
}

static void targets_beyond_the_limit_are_other(void **state)
{
    struct mrpc_metrics_options options = {.struct_bytes = sizeof(options), .series_max = 2};
    struct mrpc_metrics *metrics;
    assert_int_equal(mrpc_metrics_new(&options, &metrics), 0);
    struct mrpc_metrics_recorder *recorder;
    assert_int_equal(mrpc_metrics_recorder_new(metrics, &recorder), 0);
    static const char *const targets[] = {"one", "two", "three", "four", "one"};
    for (size_t i = 0; i < 5; i++)
        mrpc_metrics_attempt_started(mrpc_metrics_client_series(recorder, "/a/b", targets[i]));
    struct mrpc_metrics_snapshot *snapshot;
    assert_int_equal(mrpc_metrics_snapshot(metrics, &snapshot), 0);
    assert_int_equal(snapshot->count, 3);
    assert_string_equal(snapshot->points[0].target, "one");
    assert_int_equal(snapshot->points[0].count, 2);
    assert_string_equal(snapshot->points[1].target, "other");
    assert_int_equal(snapshot->points[1].count, 2);
    mrpc_metrics_snapshot_free(snapshot);
    mrpc_metrics_free(metrics);
}

struct text {
    char bytes[65536];
    size_t size;
    size_t fail_after;
};

static int take_text(void *arg, const char *bytes, size_t size)
{
    struct text *text = arg;
    if (text->fail_after > 0 && text->size >= text->fail_after)
        return MRPC_ERR_CLOSED;
    assert_true(text->size + size < sizeof(text->bytes));
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
    return 0;
}

static void prometheus_gets_what_it_reads(void **state)
{
    struct mrpc_metrics *metrics;
    assert_int_equal(mrpc_metrics_new(NULL, &metrics), 0);
    struct mrpc_metrics_recorder *recorder;
    assert_int_equal(mrpc_metrics_recorder_new(metrics, &recorder), 0);
    struct mrpc_metrics_series *series = mrpc_metrics_client_series(recorder, "/a.B/C", "dns:///\"h\\\n");
    mrpc_metrics_attempt_started(series);
    mrpc_metrics_attempt_started(series);
    mrpc_metrics_attempt_ended(series, 4, 1500, 1024, 5000000000);
    struct text text = {0};
    assert_int_equal(mrpc_metrics_write_prometheus(metrics, take_text, &text), 0);
#define LABELS "grpc_method=\"a.B/C\",grpc_status=\"DEADLINE_EXCEEDED\",grpc_target=\"dns:///\\\"h\\\\\\n\""
    static const char *const lines[] = {
        "# TYPE grpc_client_attempt_started_total counter\n"
        "grpc_client_attempt_started_total{grpc_method=\"a.B/C\",grpc_target=\"dns:///\\\"h\\\\\\n\"} 2\n",
        "# TYPE grpc_client_attempt_duration_seconds histogram\n"
        "grpc_client_attempt_duration_seconds_bucket{" LABELS ",le=\"0\"} 0\n"
        "grpc_client_attempt_duration_seconds_bucket{" LABELS ",le=\"1e-05\"} 0\n",
        "grpc_client_attempt_duration_seconds_bucket{" LABELS ",le=\"0.001\"} 0\n"
        "grpc_client_attempt_duration_seconds_bucket{" LABELS ",le=\"0.002\"} 1\n",
        "grpc_client_attempt_duration_seconds_bucket{" LABELS ",le=\"100\"} 1\n"
        "grpc_client_attempt_duration_seconds_bucket{" LABELS ",le=\"+Inf\"} 1\n"
        "grpc_client_attempt_duration_seconds_sum{" LABELS "} 0.0015\n"
        "grpc_client_attempt_duration_seconds_count{" LABELS "} 1\n",
        "grpc_client_attempt_sent_total_compressed_message_size_bytes_bucket{" LABELS ",le=\"1024\"} 1\n",
        "grpc_client_attempt_rcvd_total_compressed_message_size_bytes_bucket{" LABELS ",le=\"4294967296\"} 0\n"
        "grpc_client_attempt_rcvd_total_compressed_message_size_bytes_bucket{" LABELS ",le=\"+Inf\"} 1\n"
        "grpc_client_attempt_rcvd_total_compressed_message_size_bytes_sum{" LABELS "} 5000000000\n",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
        assert_non_null(strstr(text.bytes, lines[i]));
    assert_null(strstr(text.bytes, "grpc_server"));
    struct text cut = {.fail_after = 1};
    assert_int_equal(mrpc_metrics_write_prometheus(metrics, take_text, &cut), MRPC_ERR_CLOSED);
    assert_true(cut.size < text.size);
    mrpc_metrics_free(metrics);
}

struct crowd {
    struct mrpc_metrics *metrics;
    atomic_int running;
};

#define THREADS 4
#define CALLS 20000

static void *record(void *arg)
{
    struct crowd *crowd = arg;
    struct mrpc_metrics_recorder *recorder;
    assert_int_equal(mrpc_metrics_recorder_new(crowd->metrics, &recorder), 0);
    for (int i = 0; i < CALLS; i++) {
        struct mrpc_metrics_series *series = mrpc_metrics_client_series(recorder, i % 2 == 0 ? "/a/b" : "/a/c", "t");
        mrpc_metrics_attempt_started(series);
        mrpc_metrics_attempt_ended(series, i % 17, i, 1, 1);
    }
    mrpc_metrics_recorder_release(recorder);
    atomic_fetch_sub(&crowd->running, 1);
    return NULL;
}

static uint64_t total(const struct mrpc_metrics_snapshot *snapshot, const char *name)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < snapshot->count; i++)
        if (strcmp(snapshot->points[i].metric->name, name) == 0)
            sum += snapshot->points[i].count;
    return sum;
}

static void threads_record_while_others_read(void **state)
{
    struct crowd crowd = {.running = THREADS};
    assert_int_equal(mrpc_metrics_new(NULL, &crowd.metrics), 0);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, record, &crowd), 0);
    uint64_t before = 0;
    struct mrpc_metrics_snapshot *snapshot;
    while (atomic_load(&crowd.running) > 0) {
        assert_int_equal(mrpc_metrics_snapshot(crowd.metrics, &snapshot), 0);
        uint64_t now = total(snapshot, "grpc.client.attempt.started");
        assert_true(now >= before);
        before = now;
        mrpc_metrics_snapshot_free(snapshot);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(mrpc_metrics_snapshot(crowd.metrics, &snapshot), 0);
    assert_int_equal(total(snapshot, "grpc.client.attempt.started"), THREADS * CALLS);
    assert_int_equal(total(snapshot, "grpc.client.attempt.duration"), THREADS * CALLS);
    mrpc_metrics_snapshot_free(snapshot);
    mrpc_metrics_free(crowd.metrics);
}

static void a_recorder_given_back_is_used_again_and_keeps_its_numbers(void **state)
{
    struct mrpc_metrics *metrics;
    assert_int_equal(mrpc_metrics_new(NULL, &metrics), 0);
    struct mrpc_metrics_recorder *first, *second, *third;
    assert_int_equal(mrpc_metrics_recorder_new(metrics, &first), 0);
    mrpc_metrics_attempt_started(mrpc_metrics_client_series(first, "/a/b", "t"));
    assert_int_equal(mrpc_metrics_recorder_new(metrics, &second), 0);
    assert_ptr_not_equal(first, second);
    mrpc_metrics_recorder_release(first);
    assert_int_equal(mrpc_metrics_recorder_new(metrics, &third), 0);
    assert_ptr_equal(first, third);
    mrpc_metrics_attempt_started(mrpc_metrics_client_series(third, "/a/b", "t"));
    mrpc_metrics_attempt_started(mrpc_metrics_client_series(second, "/a/b", "t"));
    struct mrpc_metrics_snapshot *snapshot;
    assert_int_equal(mrpc_metrics_snapshot(metrics, &snapshot), 0);
    assert_int_equal(snapshot->count, 1);
    assert_int_equal(snapshot->points[0].count, 3);
    mrpc_metrics_snapshot_free(snapshot);
    mrpc_metrics_free(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(server_27_a_server_records_starts_durations_and_sizes),
        cmocka_unit_test(server_27_names_units_and_buckets_are_those_of_a66),
        cmocka_unit_test(a_value_on_a_bound_is_below_it),
        cmocka_unit_test(targets_beyond_the_limit_are_other),
        cmocka_unit_test(prometheus_gets_what_it_reads),
        cmocka_unit_test(threads_record_while_others_read),
        cmocka_unit_test(a_recorder_given_back_is_used_again_and_keeps_its_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
