/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "execution/execution_scene.h"
#include "test.h"

static const struct process_worker workers[] = {{PROCESS_WORKER_IDLE, 71}, {PROCESS_WORKER_BUSY, 72}};
static const struct execution_scene_family families[] = {{"linear", 11, 11, 0}, {"options", 2, 0, 0}};

static struct execution_scene_parts parts(const struct execution_picture *picture)
{
    return (struct execution_scene_parts){
        .stats =
            {.workers = 2, .workers_busy = 1, .threads = 4, .queue_limit = 100, .models = 13, .models_available = 11},
        .picture = picture,
        .workers = workers,
        .worker_count = 2,
        .families = families,
        .family_count = 2,
    };
}

static struct scene *draw(const struct execution_scene_parts *of)
{
    struct scene *scene;
    struct fault fault = FAULT_INIT;
    assert_int_equal(execution_scene(of, &scene, &fault), 0);
    return scene;
}

static const struct scene_item *item(const struct scene *scene, const char *id)
{
    int at = scene_find(scene, id);
    assert_true(at >= 0);
    return &scene->items[at];
}

static void workers_show_what_they_do(void **state)
{
    struct execution_scene_parts of = parts(NULL);
    struct scene *scene = draw(&of);
    assert_string_equal(item(scene, "workers")->detail, "1 of 2 busy");
    assert_int_equal(item(scene, "workers")->health, SCENE_HEALTH_HEALTHY);
    assert_string_equal(item(scene, "worker-1")->detail, "idle, pid 71");
    assert_string_equal(item(scene, "worker-2")->detail, "busy, pid 72");
    scene_unref(scene);
}

static void a_pool_that_lost_workers_is_degraded_and_one_without_any_is_down(void **state)
{
    static const struct process_worker half[] = {{PROCESS_WORKER_ABSENT, 0}, {PROCESS_WORKER_BUSY, 72}};
    static const struct process_worker none[] = {{PROCESS_WORKER_ABSENT, 0}, {PROCESS_WORKER_STARTING, 73}};
    struct execution_scene_parts of = parts(NULL);
    of.workers = half;
    struct scene *scene = draw(&of);
    assert_int_equal(item(scene, "workers")->health, SCENE_HEALTH_DEGRADED);
    assert_string_equal(item(scene, "worker-1")->detail, "absent");
    scene_unref(scene);
    of.workers = none;
    scene = draw(&of);
    assert_int_equal(item(scene, "workers")->health, SCENE_HEALTH_DOWN);
    scene_unref(scene);
}

static void a_family_whose_models_are_not_available_is_down(void **state)
{
    struct execution_scene_parts of = parts(NULL);
    struct scene *scene = draw(&of);
    assert_int_equal(item(scene, "family-linear")->health, SCENE_HEALTH_HEALTHY);
    assert_string_equal(item(scene, "family-linear")->detail, "11/11 models");
    assert_int_equal(item(scene, "family-options")->health, SCENE_HEALTH_DOWN);
    scene_unref(scene);
    struct execution_scene_family some[] = {{"linear", 11, 11, 0}, {"nlp", 3, 0, 3}, {"mixed", 4, 3, 1}};
    of.families = some;
    of.family_count = 3;
    of.stats.models = 18;
    of.stats.models_available = 14;
    scene = draw(&of);
    assert_int_equal(item(scene, "models")->health, SCENE_HEALTH_HEALTHY); /* what is withheld is not missed */
    assert_int_equal(item(scene, "family-nlp")->health, SCENE_HEALTH_UNKNOWN);
    assert_int_equal(item(scene, "family-mixed")->health, SCENE_HEALTH_HEALTHY);
    scene_unref(scene);
}

static void the_queue_warns_before_it_is_full(void **state)
{
    static const struct {
        uint32_t queued;
        enum scene_health health;
    } cases[] = {
        {0, SCENE_HEALTH_HEALTHY}, {79, SCENE_HEALTH_HEALTHY}, {80, SCENE_HEALTH_DEGRADED}, {100, SCENE_HEALTH_DOWN}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct execution_scene_parts of = parts(NULL);
        of.stats.jobs_queued = cases[i].queued;
        struct scene *scene = draw(&of);
        assert_int_equal(item(scene, "queue")->health, cases[i].health);
        scene_unref(scene);
    }
}

static void running_jobs_have_cards_and_the_rest_is_counted(void **state)
{
    struct execution_picture picture = {.job_count = 1, .running = 4};
    strcpy(picture.jobs[0].id, "j000000000007");
    strcpy(picture.jobs[0].what, "train ridge");
    strcpy(picture.jobs[0].state, "running");
    picture.jobs[0].attempt = 2;
    struct execution_scene_parts of = parts(&picture);
    struct scene *scene = draw(&of);
    assert_string_equal(item(scene, "j000000000007")->title, "train ridge");
    assert_string_equal(item(scene, "j000000000007")->detail, "running, attempt 2");
    assert_string_equal(item(scene, "more-jobs")->title, "and 3 more");
    scene_unref(scene);
}

static void schedules_show_how_they_stand(void **state)
{
    struct execution_picture picture = {.schedule_count = 2, .schedules_all = 20};
    strcpy(picture.schedules[0].name, "nightly");
    strcpy(picture.schedules[0].stands, "next 2026-12-01 03:30 UTC");
    strcpy(picture.schedules[1].name, "off");
    strcpy(picture.schedules[1].stands, "paused");
    picture.schedules[1].paused = true;
    struct execution_scene_parts of = parts(&picture);
    struct scene *scene = draw(&of);
    assert_string_equal(item(scene, "schedule-1")->title, "nightly");
    assert_int_equal(item(scene, "schedule-1")->health, SCENE_HEALTH_HEALTHY);
    assert_int_equal(item(scene, "schedule-2")->health, SCENE_HEALTH_UNKNOWN);
    assert_string_equal(item(scene, "more-schedules")->title, "and 18 more");
    scene_unref(scene);
    of = parts(NULL);
    scene = draw(&of);
    assert_int_equal(scene_find(scene, "schedules"), -1);
    scene_unref(scene);
}

static void a_pipeline_is_a_graph_of_its_tasks(void **state)
{
    struct picture_task tasks[] = {
        {.key = "features", .work = "rsi", .job = "j000000000001", .state = JOB_SUCCEEDED},
        {.key = "train",
         .work = "ridge",
         .job = "j000000000002",
         .state = JOB_RUNNING,
         .progress = 0.4,
         .need_count = 1},
        {.key = "check", .work = "evaluate", .state = JOB_SKIPPED, .first_need = 1, .need_count = 2},
        {.key = "later", .work = "lasso"}};
    uint32_t needs[] = {0, 0, 1};
    struct execution_picture picture = {.pipeline_count = 1,
                                        .tasks = tasks,
                                        .task_count = 4,
                                        .needs = needs,
                                        .need_count = 3,
                                        .pipelines = {{.id = "p000000000001", .title = "Nightly", .task_count = 4}}};
    struct scene *scene = NULL;
    struct fault fault = FAULT_INIT;
    assert_int_equal(execution_pipeline_scene(&picture, "p000000000001", &scene, &fault), 0);
    assert_string_equal(scene->title, "Nightly");
    assert_string_equal(scene->subtitle, "p000000000001: 2 of 4 tasks have ended");
    assert_string_equal(item(scene, "features")->detail, "rsi, succeeded");
    assert_int_equal(item(scene, "features")->health, SCENE_HEALTH_HEALTHY);
    assert_string_equal(item(scene, "features")->key, "j000000000001");
    assert_string_equal(item(scene, "train")->detail, "ridge, 40 %");
    assert_string_equal(item(scene, "check")->detail, "evaluate, skipped");
    assert_int_equal(item(scene, "check")->health, SCENE_HEALTH_DEGRADED);
    assert_string_equal(item(scene, "later")->detail, "lasso, waits");
    assert_int_equal(scene->edge_count, 3);
    assert_int_equal(scene->edges[2].from, scene_find(scene, "train"));
    assert_int_equal(scene->edges[2].to, scene_find(scene, "check"));
    scene_unref(scene);
    assert_int_equal(execution_pipeline_scene(&picture, "p000000000002", &scene, &fault), MRPC_NOT_FOUND);
    assert_int_equal(execution_pipeline_scene(NULL, "p000000000001", &scene, &fault), MRPC_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_show_what_they_do),
        cmocka_unit_test(a_pool_that_lost_workers_is_degraded_and_one_without_any_is_down),
        cmocka_unit_test(a_family_whose_models_are_not_available_is_down),
        cmocka_unit_test(the_queue_warns_before_it_is_full),
        cmocka_unit_test(schedules_show_how_they_stand),
        cmocka_unit_test(a_pipeline_is_a_graph_of_its_tasks),
        cmocka_unit_test(running_jobs_have_cards_and_the_rest_is_counted),
    };
    return cmocka_run_group_tests_name("execution/scene", tests, NULL, NULL);
}
