/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "container/container.h"
#include "events/retention.h"
#include "execution/job/jobs.h"
#include "execution/operation/component.h"
#include "execution/retention/retention.h"
#include "execution/schedule/schedule.h"
#include "execution/service.h"
#include "store/memory.h"
#include "test.h"

/* The engine with everything below it, in this process, and somebody who listens to the bus. */

enum { HEARD = 256 };

struct heard {
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t more;
    struct execution_job_event jobs[HEARD];
    size_t job_count;
    struct execution_schedule_event runs[HEARD];
    size_t run_count;
    struct retention_event swept[HEARD];
    size_t swept_count;
    size_t workers_started, pictures;
};

struct fixture {
    char folder[64];
    struct config *config;
    struct log *log;
    struct bus *bus;
    struct store *store;
    struct thread_pool *threads;
    struct process_pool *processes;
    struct container *container;
    struct execution *engine;
    struct domain_loop *listener;
    struct bus_subscription *subscriptions[5];
    struct heard heard;
};

#define KEEP(list, type)                                                                                               \
    do {                                                                                                               \
        pthread_mutex_lock(&heard->lock);                                                                              \
        if (heard->list##_count < HEARD)                                                                               \
            heard->list##s[heard->list##_count++] = *(const type *)event;                                              \
        pthread_cond_broadcast(&heard->more);                                                                          \
        pthread_mutex_unlock(&heard->lock);                                                                            \
    } while (0)

static void hear_job(void *arg, const void *event)
{
    struct heard *heard = arg;
    KEEP(job, struct execution_job_event);
}

static void hear_run(void *arg, const void *event)
{
    struct heard *heard = arg;
    KEEP(run, struct execution_schedule_event);
}

static void hear_retention(void *arg, const void *event)
{
    struct heard *heard = arg;
    pthread_mutex_lock(&heard->lock);
    if (heard->swept_count < HEARD)
        heard->swept[heard->swept_count++] = *(const struct retention_event *)event;
    pthread_cond_broadcast(&heard->more);
    pthread_mutex_unlock(&heard->lock);
}

static void hear_pool(void *arg, const void *event)
{
    struct heard *heard = arg;
    pthread_mutex_lock(&heard->lock);
    heard->workers_started += ((const struct process_pool_event *)event)->change == PROCESS_POOL_STARTED;
    pthread_cond_broadcast(&heard->more);
    pthread_mutex_unlock(&heard->lock);
}

static void hear_scene(void *arg, const void *event)
{
    struct heard *heard = arg;
    pthread_mutex_lock(&heard->lock);
    heard->pictures += strcmp(((const struct scene_source_event *)event)->source, "execution") == 0;
    pthread_cond_broadcast(&heard->more);
    pthread_mutex_unlock(&heard->lock);
}

static void listen_to(struct fixture *f)
{
    pthread_mutex_init(&f->heard.lock, NULL);
    pthread_cond_init(&f->heard.more, NULL);
    const struct {
        const struct bus_topic *topic;
        void (*hear)(void *arg, const void *event);
    } topics[] = {{&execution_job_changed, hear_job},
                  {&execution_schedule_ran, hear_run},
                  {&retention_swept, hear_retention},
                  {&process_pool_changed, hear_pool},
                  {&scene_source_changed, hear_scene}};
    assert_int_equal(domain_loop_new("listener", &f->listener), 0);
    for (int i = 0; i < 5; i++)
        assert_int_equal(bus_subscribe(f->bus, topics[i].topic, f->listener, HEARD, topics[i].hear, &f->heard,
                                       &f->subscriptions[i]),
                         0);
    assert_int_equal(domain_loop_start(f->listener), 0);
}

static void configure(struct fixture *f)
{
    struct fault fault = FAULT_INIT;
    const char *const values[][2] = {{"data_dir", f->folder},
                                     {"execution.models_dir", MODEL_FOLDER},
                                     {"execution.plugins_dir", PLUGIN_FOLDER},
                                     {"retention.interval", "100ms"},
                                     {"retention.jobs", "1"}};
    assert_int_equal(config_new(&f->config), 0);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        assert_int_equal(config_set(f->config, values[i][0], values[i][1], "test", &fault), 0);
}

static void open_parts(struct fixture *f)
{
    static const char *const plugins[] = {PLUGIN_FOLDER, NULL};
    struct fault fault = FAULT_INIT;
    assert_int_equal(log_new(STDERR_FILENO, LOG_LEVEL_ERROR, &f->log), 0);
    assert_int_equal(bus_new(&f->bus), 0);
    listen_to(f);
    assert_int_equal(store_memory_open(NULL, &f->store, &fault), 0);
    assert_int_equal(thread_pool_new(&(struct thread_pool_options){.name = "files"}, &f->threads), 0);
    assert_int_equal(thread_pool_start(f->threads), 0);
    struct process_pool_options pool = {
        .worker_path = WORKER, .plugin_folders = plugins, .workers = 2, .log = f->log, .bus = f->bus};
    if (process_pool_new(&pool, &f->processes, &fault) || process_pool_start(f->processes, &fault))
        fail_msg("%s", fault.text);
}

static void open_engine(struct fixture *f)
{
    struct fault fault = FAULT_INIT;
    strcpy(f->folder, "/tmp/mlt-bus.XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    configure(f);
    open_parts(f);
    assert_int_equal(container_new(&f->container), 0);
    assert_int_equal(container_add(f->container, &operation_arena_component, &fault), 0);
    assert_int_equal(container_add(f->container, &operation_component, &fault), 0);
    assert_int_equal(container_start(f->container, &fault), 0);
    const struct execution_parts parts = {.config = f->config,
                                          .log = f->log,
                                          .bus = f->bus,
                                          .store = f->store,
                                          .threads = f->threads,
                                          .processes = f->processes,
                                          .operations = container_get(f->container, "operation")};
    if (execution_new(&parts, &f->engine, &fault))
        fail_msg("%s", fault.text);
}

static void start_engine(struct fixture *f)
{
    struct fault fault = FAULT_INIT;
    if (execution_start(f->engine, &fault))
        fail_msg("%s", fault.text);
}

static void close_engine(struct fixture *f)
{
    char command[100];
    execution_stop(f->engine);
    process_pool_stop(f->processes);
    thread_pool_stop(f->threads);
    execution_free(f->engine);
    container_free(f->container);
    process_pool_free(f->processes);
    thread_pool_free(f->threads);
    store_close(f->store);
    domain_loop_stop(f->listener);
    for (int i = 0; i < 5; i++)
        bus_unsubscribe(f->subscriptions[i]);
    domain_loop_free(f->listener);
    bus_free(f->bus);
    log_free(f->log);
    config_free(f->config);
    snprintf(command, sizeof command, "rm -r %s", f->folder);
    assert_int_equal(system(command), 0);
}

/* ---- What is done ---- */

/* A moving average of four prices. Static memory. */
static API(JobSpec) * average(void)
{
    static API(JobSpec) job;
    static API(ComputeSpec) compute;
    static API(ComputeSpec__ParametersEntry) window, *parameters[] = {&window};
    static API(ParameterValue) two;
    static API(DataReference) data;
    static API(Table) table;
    static API(Column) close, *columns[] = {&close};
    static API(DoubleValues) values;
    static double prices[] = {1, 2, 3, 4};
    API_INIT(job_spec, &job);
    API_INIT(compute_spec, &compute);
    API_INIT(compute_spec__parameters_entry, &window);
    API_INIT(parameter_value, &two);
    API_INIT(data_reference, &data);
    API_INIT(table, &table);
    API_INIT(column, &close);
    API_INIT(double_values, &values);
    values.values = prices;
    values.n_values = 4;
    close.name = (char *)"close";
    close.values_case = MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DOUBLES;
    close.doubles = &values;
    table.columns = columns;
    table.n_columns = 1;
    data.data_case = MLTRAINER__EXECUTION__V1__DATA_REFERENCE__DATA_TABLE;
    data.table = &table;
    two.kind_case = MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_INTEGER;
    two.integer = 2;
    window.key = (char *)"window";
    window.value = &two;
    compute.model = (char *)"sma";
    compute.parameters = parameters;
    compute.n_parameters = 1;
    compute.data = &data;
    job.work_case = MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_COMPUTE;
    job.compute = &compute;
    return &job;
}

static void submitted(void *arg, struct job *job, bool existed, const struct fault *fault)
{
    if (fault->code)
        fprintf(stderr, "submission: %s: %s\n", fault->field, fault->text); /* the test then waits in vain */
}

static void submit(void *engine)
{
    jobs_submit(engine, average(), "", "", NULL, submitted, NULL);
}

static void keep_house(void *engine)
{
    retention_start(engine);
}

static void run_schedules(void *engine)
{
    schedules_start(engine);
}

static void post(struct fixture *f, void (*task)(void *engine))
{
    assert_int_equal(domain_loop_post(f->engine->loop, task, f->engine), 0);
}

static void wait_for(struct fixture *f, bool (*condition)(const struct heard *heard))
{
    pthread_mutex_lock(&f->heard.lock);
    while (!condition(&f->heard))
        pthread_cond_wait(&f->heard.more, &f->heard.lock);
    pthread_mutex_unlock(&f->heard.lock);
}

static bool three_have_succeeded(const struct heard *heard)
{
    int succeeded = 0;
    for (size_t i = 0; i < heard->job_count; i++)
        succeeded += heard->jobs[i].to == JOB_SUCCEEDED;
    return succeeded == 3;
}

static bool workers_and_pictures(const struct heard *heard)
{
    return heard->workers_started >= 2 && heard->pictures >= 1;
}

static bool two_are_gone(const struct heard *heard)
{
    uint64_t jobs = 0;
    for (size_t i = 0; i < heard->swept_count; i++)
        jobs += heard->swept[i].job_count;
    return jobs == 2;
}

/* ---- The tests ---- */

static void each_change_of_a_job_is_told_once_and_in_order(void **state)
{
    static struct fixture f;
    static const int path[] = {JOB_NONE, JOB_QUEUED, JOB_RUNNING, JOB_SUCCEEDED};
    f = (struct fixture){.folder = ""};
    open_engine(&f);
    start_engine(&f);
    for (int i = 0; i < 3; i++)
        post(&f, submit);
    wait_for(&f, three_have_succeeded);
    wait_for(&f, workers_and_pictures);
    assert_int_equal(f.heard.job_count, 9);
    for (int job = 1; job <= 3; job++) {
        int step = 0;
        char id[24];
        snprintf(id, sizeof id, "j%012d", job);
        for (size_t i = 0; i < f.heard.job_count; i++) {
            const struct execution_job_event *event = &f.heard.jobs[i];
            if (strcmp(event->job, id) != 0)
                continue;
            assert_true(step < 3);
            assert_int_equal(event->from, path[step]);
            assert_int_equal(event->to, path[++step]);
            assert_int_equal(event->attempt, step > 1);
        }
        assert_int_equal(step, 3);
    }
    assert_int_equal(bus_dropped(f.bus), 0);
    close_engine(&f);
}

static void what_retention_lets_go_of_is_told(void **state)
{
    static struct fixture f;
    f = (struct fixture){.folder = ""};
    open_engine(&f);
    start_engine(&f);
    for (int i = 0; i < 3; i++)
        post(&f, submit);
    wait_for(&f, three_have_succeeded);
    post(&f, keep_house);
    wait_for(&f, two_are_gone);
    assert_string_equal(f.heard.swept[0].module, "execution");
    assert_true(f.heard.swept[0].job_event_count >= 3);
    close_engine(&f);
}

static bool a_schedule_ran(const struct heard *heard)
{
    return heard->run_count >= 1 && heard->job_count >= 1;
}

static void a_run_of_a_schedule_is_told_with_its_job(void **state)
{
    static struct fixture f;
    struct fault fault = FAULT_INIT;
    struct zone *zone;
    API(Schedule) schedule;
    Google__Protobuf__Duration interval = GOOGLE__PROTOBUF__DURATION__INIT;
    Google__Protobuf__Timestamp long_ago = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    f = (struct fixture){.folder = ""};
    open_engine(&f);
    interval.seconds = 3600;
    long_ago.seconds = 1000000;
    API_INIT(schedule, &schedule);
    schedule.name = (char *)"hourly";
    schedule.when_case = MLTRAINER__EXECUTION__V1__SCHEDULE__WHEN_INTERVAL;
    schedule.interval = &interval;
    schedule.job = average();
    schedule.create_time = schedule.anchor_time = schedule.settled_time = &long_ago;
    assert_int_equal(zone_load("", "UTC", &zone, &fault), 0);
    assert_int_equal(schedules_restore(f.engine, &schedule, zone, &fault), 0);
    start_engine(&f);
    int64_t before_ms = api_now_ms();
    post(&f, run_schedules);
    wait_for(&f, a_schedule_ran);
    const struct execution_schedule_event *run = &f.heard.runs[0];
    assert_string_equal(run->schedule, "hourly");
    assert_int_equal(run->outcome, SCHEDULE_SUBMITTED);
    assert_string_equal(run->job, f.heard.jobs[0].job);
    assert_true(run->due_ms % 3600000 == 1000000000 % 3600000 && run->due_ms > before_ms - 3600000 - 1000);
    close_engine(&f);
    assert_int_equal(f.heard.run_count, 1); /* of half a million hours the latest */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_change_of_a_job_is_told_once_and_in_order),
        cmocka_unit_test(what_retention_lets_go_of_is_told),
        cmocka_unit_test(a_run_of_a_schedule_is_told_with_its_job),
    };
    return cmocka_run_group_tests_name("execution/bus", tests, NULL, NULL);
}
