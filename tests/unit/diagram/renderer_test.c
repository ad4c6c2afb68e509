/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <semaphore.h>

#include <cmocka.h>

#include "diagram/layout/layout.h"
#include "diagram/renderer/renderer.h"
#include "diagram/text/text.h"
#include "random_scene.h"
#include "test_folder.h"

/* The renderer processes from the server's side. faults.md D07 (as X01 to X03 for workers): a process that hangs, dies
 * or talks nonsense costs its own job and nothing else. */

struct trial {
    struct renderer_job job; /* first: cast back */
    struct bench *bench;
    struct fault fault;
    struct message_summary summary;
    size_t content_bytes, places_bytes;
    struct layout_place places[64];
    sem_t done;
};

struct bench {
    struct domain_loop *loop;
    struct renderer *renderer;
    int pids[16], pid_count;
    sem_t asked;
};

static void start_on_loop(void *arg)
{
    renderer_start(((struct bench *)arg)->renderer);
}

static void stop_on_loop(void *arg)
{
    renderer_stop(((struct bench *)arg)->renderer);
}

static void pids_on_loop(void *arg)
{
    struct bench *bench = arg;
    bench->pid_count = renderer_pids(bench->renderer, bench->pids, 16);
    sem_post(&bench->asked);
}

static void ask_pids(struct bench *bench)
{
    assert_int_equal(domain_loop_post(bench->loop, pids_on_loop, bench), 0);
    sem_wait(&bench->asked);
}

static void open_bench(struct bench *bench, const char *path, int processes, int64_t timeout_ms)
{
    const struct renderer_options options = {.path = path, .processes = processes, .queue_limit = 4,
                                             .job_timeout_ms = timeout_ms};
    *bench = (struct bench){0};
    sem_init(&bench->asked, 0, 0);
    assert_int_equal(domain_loop_new("test", &bench->loop), 0);
    assert_int_equal(renderer_new(&options, bench->loop, &bench->renderer, NULL), 0);
    assert_int_equal(domain_loop_start(bench->loop), 0);
    assert_int_equal(domain_loop_post(bench->loop, start_on_loop, bench), 0);
}

static void close_bench(struct bench *bench)
{
    assert_int_equal(domain_loop_post(bench->loop, stop_on_loop, bench), 0);
    domain_loop_stop(bench->loop);
    renderer_free(bench->renderer);
    domain_loop_free(bench->loop);
}

static void on_done(struct renderer_job *job, const struct message_response *response)
{
    struct trial *trial = (struct trial *)job;
    trial->fault = response->fault;
    trial->summary = response->summary;
    trial->content_bytes = response->content_bytes;
    trial->places_bytes = response->places_bytes;
    if (response->places_bytes > 0 && response->places_bytes <= sizeof trial->places)
        memcpy(trial->places, response->places, response->places_bytes);
    sem_post(&trial->done);
}

static void submit_on_loop(void *arg)
{
    struct trial *trial = arg;
    if (renderer_submit(trial->bench->renderer, &trial->job, &trial->fault))
        sem_post(&trial->done);
}

static void submit(struct bench *bench, struct trial *trial, const char *spec)
{
    *trial = (struct trial){.bench = bench};
    trial->job.request = (struct message_request){.operation = MESSAGE_RENDER,
                                                  .options = {RENDER_SVG, RENDER_LIGHT, 96, 1},
                                                  .spec = spec,
                                                  .spec_bytes = strlen(spec)};
    trial->job.done = on_done;
    sem_init(&trial->done, 0, 0);
    assert_int_equal(domain_loop_post(bench->loop, submit_on_loop, trial), 0);
}

static int run(struct bench *bench, struct trial *trial, const char *spec)
{
    submit(bench, trial, spec);
    sem_wait(&trial->done);
    return trial->fault.code;
}

static void draws_in_another_process(void **state)
{
    struct bench bench;
    struct trial trial;
    open_bench(&bench, RENDERER, 1, 0);
    assert_int_equal(run(&bench, &trial, "nodes: [a, b]\nedges: [{from: a, to: b}]"), 0);
    assert_int_equal(trial.summary.nodes, 2);
    assert_int_equal(trial.summary.edges, 1);
    assert_true(trial.content_bytes > 1000);
    assert_int_equal(run(&bench, &trial, "nodes: 7"), MRPC_INVALID_ARGUMENT);
    assert_int_equal(run(&bench, &trial, "nodes: [c]"), 0); /* by the same process */
    close_bench(&bench);
}

/* Looked at in a mirror, a graph has as many crossings: who has seen that picture gets it again, from the process as
 * from the layout, with where everything is. */
static void a_process_knows_the_picture_before(void **state)
{
    struct random_shape shape = {.nodes = 30, .edges = 45};
    struct scene *scene = random_scene(5, &shape);
    struct text_meter *meter = text_meter_new();
    struct layout *anew, *expected;
    struct layout_place mirrored[30];
    int moved = 0;
    assert_int_equal(layout_make(scene, NULL, meter, &anew, NULL), 0);
    for (int i = 0; i < scene->item_count; i++)
        mirrored[i] = (struct layout_place){anew->width - layout_place_of(anew, i).x, layout_place_of(anew, i).y};
    assert_int_equal(layout_make(scene, mirrored, meter, &expected, NULL), 0);

    struct bench bench;
    struct trial trial = {.bench = &bench, .job.done = on_done};
    open_bench(&bench, RENDERER, 1, 0);
    trial.job.request = (struct message_request){.operation = MESSAGE_RENDER,
                                                 .options = {RENDER_SVG, RENDER_LIGHT, 96, 1},
                                                 .scene = scene,
                                                 .before = mirrored,
                                                 .before_bytes = sizeof mirrored};
    sem_init(&trial.done, 0, 0);
    assert_int_equal(domain_loop_post(bench.loop, submit_on_loop, &trial), 0);
    sem_wait(&trial.done);
    assert_int_equal(trial.fault.code, 0);
    assert_int_equal(trial.places_bytes, sizeof mirrored);
    for (int i = 0; i < scene->item_count; i++) {
        struct layout_place place = layout_place_of(expected, i);
        assert_memory_equal(&trial.places[i], &place, sizeof place);
        moved += place.x != layout_place_of(anew, i).x;
    }
    assert_true(moved > 0);
    close_bench(&bench);
    layout_free(anew);
    layout_free(expected);
    text_meter_free(meter);
    scene_unref(scene);
}

static void a_killed_process_is_replaced(void **state)
{
    struct bench bench;
    struct trial trial;
    open_bench(&bench, RENDERER, 1, 0);
    assert_int_equal(run(&bench, &trial, "nodes: [a]"), 0);
    ask_pids(&bench);
    assert_int_equal(bench.pid_count, 1);
    int before = bench.pids[0];
    assert_int_equal(kill(before, SIGKILL), 0);
    int code = run(&bench, &trial, "nodes: [a]"); /* perhaps given to the dead one */
    assert_true(code == 0 || code == MRPC_UNAVAILABLE);
    assert_int_equal(run(&bench, &trial, "nodes: [a]"), 0);
    ask_pids(&bench);
    assert_int_not_equal(bench.pids[0], before);
    close_bench(&bench);
}

static const char *script(const char *name, const char *text)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", test_folder(), name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", text);
    fclose(file);
    assert_int_equal(chmod(path, 0755), 0);
    return path;
}

static void a_process_that_hangs_is_killed(void **state)
{
    struct bench bench;
    struct trial trial;
    open_bench(&bench, script("hang", "exec sleep 600"), 1, 200);
    assert_int_equal(run(&bench, &trial, "nodes: [a]"), MRPC_RESOURCE_EXHAUSTED);
    close_bench(&bench);
}

static void nonsense_and_death_fail_the_job(void **state)
{
    struct bench bench;
    struct trial trial;
    open_bench(&bench, script("flood", "exec yes >&3"), 1, 5000);
    assert_int_equal(run(&bench, &trial, "nodes: [a]"), MRPC_UNAVAILABLE);
    close_bench(&bench);
    open_bench(&bench, script("die", "kill -SEGV $$"), 1, 5000);
    assert_int_equal(run(&bench, &trial, "nodes: [a]"), MRPC_UNAVAILABLE);
    assert_true(trial.fault.retry_after_ms > 0);
    close_bench(&bench);
}

static void a_full_queue_refuses_and_stop_ends_all(void **state)
{
    struct bench bench;
    struct trial trials[7];
    int waiting = 0, refused = 0;
    open_bench(&bench, script("stall", "exec sleep 600"), 1, 60000);
    for (int i = 0; i < 7; i++) /* one in the process, four in the queue, two too many */
        submit(&bench, &trials[i], "nodes: [a]");
    for (int i = 5; i < 7; i++) {
        sem_wait(&trials[i].done);
        assert_int_equal(trials[i].fault.code, MRPC_RESOURCE_EXHAUSTED);
        assert_true(trials[i].fault.retry_after_ms > 0);
        refused++;
    }
    close_bench(&bench);
    for (int i = 0; i < 5; i++) {
        sem_wait(&trials[i].done);
        assert_int_equal(trials[i].fault.code, MRPC_UNAVAILABLE);
        waiting++;
    }
    assert_int_equal(waiting + refused, 7);
}

/* Every request body cut short, and each byte changed: an answer or a fault, never a crash. */
static void damaged_requests_are_refused(void **state)
{
    struct scene_builder *b = scene_builder_new("t");
    struct scene *scene = NULL;
    scene_builder_group(b, &(struct scene_item_spec){.id = "g"});
    scene_builder_node(b, &(struct scene_item_spec){.id = "a", .parent = "g"});
    scene_builder_edge(b, &(struct scene_edge_spec){.from = "g", .to = "a", .label = "x"});
    assert_int_equal(scene_builder_finish(b, &scene, NULL), 0);
    struct message_request request = {
        .operation = MESSAGE_RENDER, .options = {RENDER_SVG, RENDER_LIGHT, 96, 1}, .scene = scene};
    struct buffer frame;
    buffer_init(&frame, MESSAGE_MAX_BYTES);
    message_put_request(&frame, &request);
    assert_false(frame.failed);
    size_t size = frame.size - MESSAGE_HEAD_BYTES;
    assert_int_equal(message_body_bytes((const unsigned char *)frame.bytes), size);
    for (size_t i = 0; i <= 2 * size; i++) {
        char *body = malloc(size); /* exactly as long, so that a sanitizer sees what is read beyond */
        struct message_request got;
        struct scene *read = NULL;
        memcpy(body, frame.bytes + MESSAGE_HEAD_BYTES, size);
        size_t length = i < size ? i : size;
        if (i > size)
            body[i - size - 1] ^= (char)0x81;
        char *exact = malloc(length + 1);
        memcpy(exact, body, length);
        int code = message_get_request(exact, length, &got, &read, NULL);
        if (i < size)
            assert_int_equal(code, MRPC_INTERNAL);
        if (i == size)
            assert_string_equal(read->digest, scene->digest);
        scene_unref(read);
        free(exact);
        free(body);
    }
    buffer_fini(&frame);
    scene_unref(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_in_another_process),
        cmocka_unit_test(a_process_knows_the_picture_before),
        cmocka_unit_test(a_killed_process_is_replaced),
        cmocka_unit_test(a_process_that_hangs_is_killed),
        cmocka_unit_test(nonsense_and_death_fail_the_job),
        cmocka_unit_test(a_full_queue_refuses_and_stop_ends_all),
        cmocka_unit_test(damaged_requests_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
