/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/status.h>

#include "events/domain_loop.h"
#include "fault/fault.h"
#include "test.h"
#include "trace/trace.h"
#include "trace/trace_scene.h"

static uint64_t begin(struct trace_ring *ring, uint8_t id)
{
    const uint8_t trace_id[TRACE_ID_BYTES] = {id}, span_id[TRACE_SPAN_BYTES] = {1}, parent_id[TRACE_SPAN_BYTES] = {0};
    const struct trace_start start = {.trace_id = trace_id, .span_id = span_id, .parent_id = parent_id,
                                      .method = "test.Service/Method", .peer = "here"};
    return trace_call_begin(ring, &start);
}

static bool copy(void *arg, const struct trace_record *record)
{
    *(struct trace_record *)arg = *record;
    return true;
}

static bool count(void *arg, const struct trace_record *record)
{
    ++*(int *)arg;
    return true;
}

static struct scene *draw(struct trace_ring *ring, const char *argument)
{
    struct scene *scene = NULL;
    struct fault fault = FAULT_INIT;
    if (trace_scene_call(ring, argument, &scene, &fault))
        fail_msg("%s", fault.text);
    return scene;
}

/* "client>store:put" of an edge. */
static void assert_step(const struct scene *scene, int at, const char *from, const char *to, const char *label,
                        bool answer)
{
    assert_true(at < scene->edge_count);
    const struct scene_edge *edge = &scene->edges[at];
    assert_string_equal(scene->items[edge->from].id, from);
    assert_string_equal(scene->items[edge->to].id, to);
    assert_memory_equal(edge->label, label, strlen(label)); /* ", after …" may follow */
    assert_int_equal(edge->line, answer ? SCENE_LINE_DASHED : SCENE_LINE_SOLID);
}

struct relay {
    struct domain_loop *first, *second;
    struct domain_task done;
};

static void end_relay(struct domain_task *task)
{
    assert_true(trace_here.call != 0);
}

static void relay_on(void *arg)
{
    struct relay *relay = arg;
    relay->done.run = end_relay;
    assert_int_equal(domain_loop_post_task(relay->first, &relay->done), 0);
}

static void relay_first(void *arg)
{
    struct relay *relay = arg;
    assert_int_equal(domain_loop_post(relay->second, relay_on, relay), 0);
}

/* Who posts knows nothing of it: the loops carry on for whom the work is, and a call that is not followed leaves
 * nothing. */
static void loops_carry_a_call_on(void **state)
{
    struct trace_ring *ring;
    struct relay relay;
    assert_int_equal(trace_ring_new(4, &ring), 0);
    assert_int_equal(domain_loop_new("first", &relay.first), 0);
    assert_int_equal(domain_loop_new("second", &relay.second), 0);
    uint64_t call = begin(ring, 0xab);
    trace_enter(ring, call, "service");
    assert_int_equal(domain_loop_post(relay.first, relay_first, &relay), 0);
    trace_depart();
    assert_int_equal(domain_loop_start(relay.first), 0);
    assert_int_equal(domain_loop_start(relay.second), 0);
    struct trace_record *record = calloc(1, sizeof *record);
    while (record->step_count < 3)
        assert_int_equal(trace_ring_each(ring, copy, record), 0);
    domain_loop_free(relay.second);
    domain_loop_free(relay.first);
    struct scene *scene = draw(ring, "ab000000000000000000000000000000");
    assert_int_equal(scene->arrangement, SCENE_SEQUENCE);
    assert_step(scene, 0, "Service", "first", "command", false);
    assert_step(scene, 1, "first", "second", "command", false);
    assert_step(scene, 2, "second", "first", "done", true);
    scene_unref(scene);
    free(record);
    trace_ring_free(ring);
}

static void a_call_is_drawn_from_its_client_and_back(void **state)
{
    struct trace_ring *ring;
    assert_int_equal(trace_ring_new(4, &ring), 0);
    uint64_t call = begin(ring, 1);
    struct trace_place client = {.ring = ring, .call = call, .name = "client"}, service = client, worker = client;
    service.name = "service";
    worker.name = "worker";
    trace_step(&client, "service", SCENE_ICON_SERVICE, "Method");
    trace_step(&service, "worker", SCENE_ICON_WORKER, "task");
    trace_step(&worker, "service", SCENE_ICON_SERVICE, "answer");
    trace_step(&service, "client", SCENE_ICON_USER, "INTERNAL");
    trace_step(&service, "service", SCENE_ICON_SERVICE, "to itself");
    trace_call_end(ring, call, MRPC_INTERNAL, 1500, false);
    struct scene *scene = draw(ring, "latest");
    assert_int_equal(scene->edge_count, 4);
    assert_step(scene, 0, "client", "Service", "Method", false);
    assert_step(scene, 2, "worker", "Service", "answer", true);
    assert_step(scene, 3, "Service", "client", "INTERNAL", true);
    assert_int_equal(scene->edges[3].health, SCENE_HEALTH_DOWN);
    assert_string_equal(scene->items[scene_find(scene, "client")].detail, "here");
    assert_non_null(strstr(scene->subtitle, "INTERNAL in 1.50 ms"));
    scene_unref(scene);
    trace_ring_free(ring);
}

static void the_ring_forgets_the_oldest_and_counts_what_is_too_much(void **state)
{
    struct trace_ring *ring;
    struct scene *scene = NULL;
    struct fault fault = FAULT_INIT;
    assert_int_equal(trace_ring_new(2, &ring), 0);
    struct trace_place first = {.ring = ring, .call = begin(ring, 1), .name = "client"};
    begin(ring, 2);
    begin(ring, 3);
    trace_step(&first, "service", SCENE_ICON_NONE, "too late");
    trace_call_end(ring, first.call, 0, 1, false);
    assert_int_equal(trace_scene_call(ring, "01000000000000000000000000000000", &scene, &fault), MRPC_NOT_FOUND);
    struct trace_place last = {.ring = ring, .call = begin(ring, 4), .name = "a"};
    for (int i = 0; i < TRACE_STEPS + 5; i++)
        trace_step(&last, "b", SCENE_ICON_NONE, "");
    scene = draw(ring, "04000000000000000000000000000000");
    assert_int_equal(scene->edge_count, TRACE_STEPS);
    assert_non_null(strstr(scene->subtitle, "5 further steps"));
    scene_unref(scene);
    trace_ring_free(ring);
}

static void slow_calls_have_room_of_their_own(void **state)
{
    struct trace_ring *ring;
    struct scene *scene = NULL;
    struct fault fault = FAULT_INIT;
    const uint8_t id[TRACE_ID_BYTES] = {9};
    assert_int_equal(trace_ring_new(2, &ring), 0);
    assert_int_equal(trace_scene_call(ring, "slow", &scene, &fault), MRPC_NOT_FOUND);
    trace_call_slow(ring,
                    &(struct trace_start){
                        .trace_id = id, .span_id = id, .parent_id = id, .method = "test.Service/Slow", .peer = "p"},
                    0, 200000);
    for (uint8_t i = 1; i < 9; i++)
        begin(ring, i);
    scene = draw(ring, "slow");
    assert_string_equal(scene->title, "Service/Slow");
    assert_string_equal(scene->edges[1].detail, "200.00 ms");
    scene_unref(scene);
    assert_int_equal(trace_scene_calls(ring, "", &scene, &fault), 0);
    assert_string_equal(scene->items[scene_find(scene, "slow") + 1].key, "call:09000000000000000000000000000000");
    assert_int_equal(scene->group_count, 2);
    assert_int_equal(scene->item_count, 2 + 1 + 2);
    scene_unref(scene);
    trace_ring_free(ring);
}

static void note(void *arg)
{
    assert_int_equal(trace_here.call, 0); /* what is told is no step of the call */
    ++*(int *)arg;
}

static void a_change_is_told_once_for_each_look(void **state)
{
    struct trace_ring *ring;
    int told = 0, kept = 0;
    assert_int_equal(trace_ring_new(4, &ring), 0);
    trace_ring_tell(ring, note, &told);
    uint64_t call = begin(ring, 1);
    assert_int_equal(told, 0); /* nobody has looked */
    assert_int_equal(trace_ring_each(ring, count, &kept), 0);
    trace_enter(ring, call, "client");
    trace_step(&trace_here, "service", SCENE_ICON_SERVICE, "Method");
    assert_int_equal(told, 1);
    assert_int_equal(trace_here.call, call);
    trace_depart();
    trace_call_end(ring, call, 0, 5, false);
    assert_int_equal(told, 1); /* nobody has looked since */
    assert_int_equal(trace_ring_each(ring, count, &kept), 0);
    begin(ring, 2);
    assert_int_equal(told, 2);
    trace_ring_tell(ring, NULL, NULL);
    assert_int_equal(trace_ring_each(ring, count, &kept), 0);
    begin(ring, 3);
    assert_int_equal(told, 2);
    trace_ring_free(ring);
}

static void no_room_keeps_nothing(void **state)
{
    struct trace_ring *ring;
    const uint8_t id[TRACE_ID_BYTES] = {9};
    int kept = 0;
    assert_int_equal(trace_ring_new(0, &ring), 0);
    assert_int_equal(begin(ring, 1), 0);
    trace_call_slow(
        ring, &(struct trace_start){.trace_id = id, .span_id = id, .parent_id = id, .method = "m", .peer = ""}, 0, 1);
    assert_int_equal(trace_ring_each(ring, count, &kept), 0);
    assert_int_equal(kept, 0);
    trace_ring_free(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loops_carry_a_call_on),
        cmocka_unit_test(a_call_is_drawn_from_its_client_and_back),
        cmocka_unit_test(the_ring_forgets_the_oldest_and_counts_what_is_too_much),
        cmocka_unit_test(slow_calls_have_room_of_their_own),
        cmocka_unit_test(a_change_is_told_once_for_each_look),
        cmocka_unit_test(no_room_keeps_nothing),
    };
    return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
