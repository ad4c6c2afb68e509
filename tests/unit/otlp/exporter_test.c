/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/server.h>
#include <mrpc/trace.h>
#include <opentelemetry/proto/collector/trace/v1/trace_service.mrpc.h>

#include "otlp/exporter.h"
#include "test.h"

/* The exporter against a collector of our own library: calls end on many threads, and each is sent, or counted. */

enum { THREADS = 4, CALLS = 500 };

struct collector {
    struct mrpc_server *server;
    char *address;
    _Atomic uint64_t spans, events;
    _Atomic bool silent;
};

static void give_up(void *arg, struct mrpc_call *call)
{
    mrpc_call_finish(call, MRPC_CANCELLED, NULL);
}

static int take(void *self, struct mrpc_call *call,
                const Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest *request,
                Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceResponse *response)
{
    struct collector *collector = self;
    if (atomic_load(&collector->silent)) {
        mrpc_call_on_cancel(call, give_up, NULL);
        return MRPC_PENDING;
    }
    const Opentelemetry__Proto__Trace__V1__ScopeSpans *scope = request->resource_spans[0]->scope_spans[0];
    for (size_t i = 0; i < scope->n_spans; i++)
        atomic_fetch_add(&collector->events, scope->spans[i]->n_events);
    atomic_fetch_add(&collector->spans, scope->n_spans);
    return MRPC_OK;
}

static const struct opentelemetry__proto__collector__trace__v1__trace_service__handlers handlers = {.export_ = take};

static void start_collector(struct collector *collector)
{
    *collector = (struct collector){0};
    assert_int_equal(mrpc_server_new(NULL, &collector->server), 0);
    assert_int_equal(opentelemetry__proto__collector__trace__v1__trace_service__add_to_server(collector->server,
                                                                                              &handlers, collector),
                     0);
    assert_int_equal(mrpc_server_listen(collector->server, "127.0.0.1:0", NULL, &collector->address), 0);
    assert_int_equal(mrpc_server_start(collector->server), 0);
}

static void stop_collector(struct collector *collector)
{
    mrpc_server_stop(collector->server);
    mrpc_server_free(collector->server);
    free(collector->address);
}

static struct otlp_exporter *start_exporter(const struct collector *collector, struct trace_ring *ring)
{
    char endpoint[100];
    struct otlp_exporter *exporter;
    struct fault fault = FAULT_INIT;
    snprintf(endpoint, sizeof endpoint, "http://%s", collector->address);
    const struct otlp_options options = {.endpoint = endpoint};
    if (otlp_exporter_new(&options, ring, NULL, &exporter, &fault) || otlp_exporter_start(exporter, &fault))
        fail_msg("%s", fault.text);
    return exporter;
}

static void one_call(struct trace_ring *ring)
{
    static const uint8_t id[TRACE_ID_BYTES] = {1}, span[TRACE_SPAN_BYTES] = {2}, parent[TRACE_SPAN_BYTES] = {3};
    const struct trace_start start = {.trace_id = id, .span_id = span, .parent_id = parent, .flags = MRPC_TRACE_SAMPLED,
                                      .method = "test.Service/Method", .peer = "127.0.0.1:1"};
    uint64_t call = trace_call_begin(ring, &start);
    const struct trace_place client = {.ring = ring, .call = call, .name = "client"};
    trace_step(&client, "service", SCENE_ICON_SERVICE, "request");
    trace_call_end(ring, call, 0, 10, false);
}

static void *many_calls(void *ring)
{
    for (int i = 0; i < CALLS; i++)
        one_call(ring);
    return NULL;
}

static int add_up(void *arg, const char *text, size_t size)
{
    uint64_t *sum = arg;
    char line[512];
    snprintf(line, sizeof line, "%.*s", (int)size, text);
    if (strncmp(line, "mltrainer_otlp_spans_", 21) == 0)
        *sum += strtoull(strrchr(line, ' '), NULL, 10);
    return 0;
}

static void every_call_is_sent_or_counted(void **state)
{
    struct collector collector;
    struct trace_ring *ring;
    pthread_t threads[THREADS];
    start_collector(&collector);
    assert_int_equal(trace_ring_new(4 * THREADS * CALLS, &ring), 0);
    struct otlp_exporter *exporter = start_exporter(&collector, ring);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, many_calls, ring), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    otlp_exporter_stop(exporter);
    one_call(ring); /* after the end: counted, not sent */
    uint64_t sum = 0;
    assert_int_equal(otlp_exporter_write_metrics(exporter, add_up, &sum), 0);
    assert_int_equal(sum, THREADS * CALLS + 1);
    /* what the queue holds at the end, at least */
    assert_in_range(atomic_load(&collector.spans), 100, THREADS * CALLS);
    assert_int_equal(atomic_load(&collector.events), atomic_load(&collector.spans));
    otlp_exporter_free(exporter);
    trace_ring_free(ring);
    stop_collector(&collector);
}

static void a_silent_collector_does_not_hold_up_the_end(void **state)
{
    struct collector collector;
    struct trace_ring *ring;
    start_collector(&collector);
    atomic_store(&collector.silent, true);
    assert_int_equal(trace_ring_new(256, &ring), 0);
    struct otlp_exporter *exporter = start_exporter(&collector, ring);
    many_calls(ring);
    otlp_exporter_stop(exporter);
    uint64_t sum = 0;
    assert_int_equal(otlp_exporter_write_metrics(exporter, add_up, &sum), 0);
    assert_true(sum > 0 && atomic_load(&collector.spans) == 0);
    otlp_exporter_free(exporter);
    trace_ring_free(ring);
    stop_collector(&collector);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_is_sent_or_counted),
        cmocka_unit_test(a_silent_collector_does_not_hold_up_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
