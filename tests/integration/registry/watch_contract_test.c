/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "watch_validator.h"

/* The contract of Watch under everything that is done to watchers (row R10): they read slowly, drop their streams, come
 * back late, behind what the log still has, and filter, while writers go on. Afterwards all must have been told the
 * same, and what the writers were answered. */

enum { WRITERS = 2, CHANGES = 1500, FOLLOWERS = 6, BLOB_BYTES = 3000, PROGRESS_S = 1 };

static struct fixture fixture;

/* How far the writers are, for those who wait for it. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    int acknowledged;
    bool over;
    int64_t revision; /* once it is over: the last */
} progress = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};

/* Wait until the writers have done @more changes, or all. */
static void wait_for_writers(int more)
{
    pthread_mutex_lock(&progress.lock);
    int until = progress.acknowledged + more;
    while (!progress.over && progress.acknowledged < until)
        pthread_cond_wait(&progress.moved, &progress.lock);
    pthread_mutex_unlock(&progress.lock);
}

static bool reached_the_end(const struct watch_validator *validator)
{
    pthread_mutex_lock(&progress.lock);
    bool reached = progress.over && watch_validator_revision(validator) >= progress.revision;
    pthread_mutex_unlock(&progress.lock);
    return reached;
}

/* --- writers ------------------------------------------------------------------------------------------------------ */

struct acknowledgement {
    int64_t revision;
    bool removed;
    char service[8], id[8];
};

struct writer {
    pthread_t thread;
    unsigned seed;
    char name;
    struct acknowledgement acknowledged[CHANGES];
    int count;
};

static void note(struct writer *writer, const struct acknowledgement *acknowledgement)
{
    writer->acknowledged[writer->count++] = *acknowledgement;
    pthread_mutex_lock(&progress.lock);
    progress.acknowledged++;
    pthread_cond_broadcast(&progress.moved);
    pthread_mutex_unlock(&progress.lock);
}

static void put(struct writer *writer, struct acknowledgement *at)
{
    static const struct mrpc_call_options in_time = {.struct_bytes = sizeof in_time, .timeout_ms = 20000};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    struct sample sample;
    char blob[BLOB_BYTES];
    PB(MetadataValue) value;
    PB(Instance__MetadataEntry) entry, *metadata[] = {&entry};
    memset(blob, 'x', sizeof blob - 1);
    blob[sizeof blob - 1] = '\0';
    mltrainer__registry__v1__metadata_value__init(&value);
    mltrainer__registry__v1__instance__metadata_entry__init(&entry);
    value.kind_case = MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_TEXT;
    value.text = blob;
    entry.key = (char *)(uintptr_t) "blob";
    entry.value = &value;
    sample_init(&sample, at->service, at->id, 1 + (uint32_t)(rand_r(&writer->seed) % 60000), 60000);
    sample.instance.metadata = metadata;
    sample.instance.n_metadata = 1;
    const PB(RegisterResponse) *response = RPC(register)(fixture.channel, &in_time, &sample.request, &reply);
    assert_non_null(response);
    at->revision = response->instance->revision;
    mrpc_reply_fini(&reply);
}

static bool take_away(struct acknowledgement *at)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    PB(InstanceKey) key;
    PB(DeregisterRequest) request;
    mltrainer__registry__v1__instance_key__init(&key);
    mltrainer__registry__v1__deregister_request__init(&request);
    key.service = at->service;
    key.id = at->id;
    request.key = &key;
    const PB(DeregisterResponse) *response = RPC(deregister)(fixture.channel, NULL, &request, &reply);
    if (response)
        at->revision = response->revision;
    mrpc_reply_fini(&reply);
    return response;
}

/* Ids are each writer's own, so that every answer belongs to a change of its own. */
static void *write_changes(void *arg)
{
    struct writer *writer = arg;
    bool there[20] = {false};
    while (writer->count < CHANGES) {
        struct acknowledgement at = {0};
        int which = rand_r(&writer->seed) % 20;
        snprintf(at.service, sizeof at.service, which % 2 ? "web" : "db");
        snprintf(at.id, sizeof at.id, "%c%d", writer->name, which);
        at.removed = there[which] && rand_r(&writer->seed) % 3 == 0;
        if (at.removed)
            assert_true(take_away(&at));
        else
            put(writer, &at);
        there[which] = !at.removed;
        note(writer, &at);
    }
    return NULL;
}

/* --- followers ---------------------------------------------------------------------------------------------------- */

struct follower {
    pthread_t thread;
    struct watch_validator *validator;
    struct mrpc_channel *channel; /* its own: a slow one holds up nobody else's connection */
    bool healthy_only;
    bool slow;   /* lets the writers get ahead before each message */
    bool drops;  /* ends its streams itself and resumes */
    bool absent; /* stays away between two streams, longer than the log remembers */
    unsigned seed;
    int streams, resumed, exhausted, out_of_range;
};

static bool is_healthy(void *arg, const PB(Instance) * instance)
{
    return instance->status && instance->status->state == (PB(HealthState))HEALTH_HEALTHY;
}

static struct mrpc_client_call *watch(struct follower *follower, bool resume)
{
    struct mrpc_client_call *call;
    PB(WatchRequest) request;
    PB(InstanceFilter) filter;
    PB(HealthState) states[] = {(PB(HealthState))HEALTH_HEALTHY};
    Google__Protobuf__Duration interval;
    mltrainer__registry__v1__watch_request__init(&request);
    mltrainer__registry__v1__instance_filter__init(&filter);
    google__protobuf__duration__init(&interval);
    filter.states = states;
    filter.n_states = 1;
    interval.seconds = PROGRESS_S;
    watch_validator_begin(follower->validator, resume, &request);
    request.progress_interval = &interval;
    if (follower->healthy_only)
        request.filter = &filter;
    follower->streams++;
    follower->resumed += request.after_revision > 0;
    struct mrpc_call_options options = {.struct_bytes = sizeof options, .timeout_ms = 100000};
    assert_int_equal(RPC(watch__start)(follower->channel, &options, &request, NULL, NULL, &call), 0);
    return call;
}

/* Read one stream to its end, or until enough has been read. Returns its status. */
static int read_stream(struct follower *follower, struct mrpc_client_call *call)
{
    int left = follower->drops ? 1 + rand_r(&follower->seed) % 60 : INT32_MAX;
    const PB(WatchResponse) *message = NULL;
    while (left-- > 0 && !reached_the_end(follower->validator)) {
        if (follower->slow)
            wait_for_writers(300);
        message = RPC(watch__recv)(call);
        if (!message)
            break;
        if (watch_validator_take(follower->validator, message))
            fail_msg("%s", watch_validator_violation(follower->validator));
    }
    if (message || left < 0)
        mrpc_client_call_cancel(call);
    int code = mrpc_client_call_finish(call, NULL);
    mrpc_client_call_free(call);
    return code;
}

static void *follow(void *arg)
{
    struct follower *follower = arg;
    bool resume = true;
    while (!reached_the_end(follower->validator)) {
        int code = read_stream(follower, watch(follower, resume));
        follower->exhausted += code == MRPC_RESOURCE_EXHAUSTED;
        follower->out_of_range += code == MRPC_OUT_OF_RANGE;
        resume = code != MRPC_RESOURCE_EXHAUSTED && code != MRPC_OUT_OF_RANGE;
        if (follower->absent)
            wait_for_writers(400);
    }
    return NULL;
}

static void follower_begin(struct follower *follower, const struct watch_selection *selection)
{
    struct mrpc_channel_options options = {.struct_bytes = sizeof options};
    assert_int_equal(mrpc_channel_new(fixture.address, &options, &follower->channel), 0);
    follower->validator = watch_validator_new(selection);
    assert_int_equal(pthread_create(&follower->thread, NULL, follow, follower), 0);
}

static void follower_end(struct follower *follower)
{
    mrpc_channel_free(follower->channel);
    watch_validator_free(follower->validator);
}

/* --- the test ----------------------------------------------------------------------------------------------------- */

static int start(void **state)
{
    struct registry_options options = {.watch_log = 200, .watcher_queue_bytes = 256 * 1024};
    fixture_start(&fixture, NULL, &options);
    return 0;
}

static int stop(void **state)
{
    fixture_stop(&fixture);
    return 0;
}

static void end_writing(struct writer *writers)
{
    for (int i = 0; i < WRITERS; i++)
        pthread_join(writers[i].thread, NULL);
    const struct registry_view *view = registry_snapshot(fixture.registry);
    pthread_mutex_lock(&progress.lock);
    progress.over = true;
    progress.revision = view->revision;
    pthread_cond_broadcast(&progress.moved);
    pthread_mutex_unlock(&progress.lock);
    registry_snapshot_release(view);
}

static void assert_told(struct follower *reference, const struct writer *writer)
{
    for (int i = 0; i < writer->count; i++) {
        const struct acknowledgement *at = &writer->acknowledged[i];
        PB(InstanceKey) key;
        mltrainer__registry__v1__instance_key__init(&key);
        key.namespace_ = (char *)(uintptr_t) "default";
        key.service = (char *)(uintptr_t)at->service;
        key.id = (char *)(uintptr_t)at->id;
        if (watch_validator_told(reference->validator, at->revision, &key, at->removed))
            fail_msg("%s", watch_validator_violation(reference->validator));
    }
}

static void all_watchers_are_told_the_same(void **state)
{
    static const struct watch_selection all = {0}, web = {.service = "web", .namespace_name = "default"},
                                        healthy = {.passes = is_healthy};
    static struct writer writers[WRITERS];
    static struct follower followers[FOLLOWERS] = {
        {0}, {.drops = true}, {.slow = true}, {.absent = true, .drops = true}, {.drops = true, .healthy_only = true},
    };
    const struct watch_selection *selections[FOLLOWERS] = {&all, &all, &all, &all, &healthy, &web};
    for (int i = 0; i < FOLLOWERS; i++) {
        followers[i].seed = (unsigned)i + 1;
        follower_begin(&followers[i], selections[i]);
    }
    for (int i = 0; i < WRITERS; i++) {
        writers[i].seed = (unsigned)i + 100;
        writers[i].name = (char)('a' + i);
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_changes, &writers[i]), 0);
    }
    end_writing(writers);
    for (int i = 0; i < FOLLOWERS; i++)
        pthread_join(followers[i].thread, NULL);
    for (int i = 0; i < FOLLOWERS; i++) {
        size_t compared;
        if (watch_validator_agree(followers[i].validator, followers[0].validator, &compared))
            fail_msg("follower %d: %s", i, watch_validator_violation(followers[i].validator));
        print_message("follower %d: %d streams, %d resumed, %d too slow, %d too late, %zu messages compared\n", i,
                      followers[i].streams, followers[i].resumed, followers[i].exhausted, followers[i].out_of_range,
                      compared);
        assert_true(compared > 0);
    }
    for (int i = 0; i < WRITERS; i++)
        assert_told(&followers[0], &writers[i]);
    assert_true(followers[1].resumed > 0);      /* what was to happen did */
    assert_true(followers[2].exhausted > 0);
    assert_true(followers[3].out_of_range > 0);
    assert_int_equal(watch_validator_count(followers[1].validator), watch_validator_count(followers[0].validator));
    for (int i = 0; i < FOLLOWERS; i++)
        follower_end(&followers[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_watchers_are_told_the_same, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
