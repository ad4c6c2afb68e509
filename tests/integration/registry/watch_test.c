/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fixture.h"

/* What a watch promises: ordered, unique, atomic, reliable, resumable, and an end for who cannot keep up (row R10). */

static struct fixture fixture;

static int start(void **state)
{
    fixture_start(&fixture, NULL, NULL);
    return 0;
}

static int stop(void **state)
{
    fixture_stop(&fixture);
    return 0;
}

/* A client's copy of what it watches, held to the contract with every message. */
enum { COPY_MAX = 1000 };

struct copy {
    int64_t revision;
    uint64_t epoch;
    bool complete; /* the snapshot has come whole */
    size_t count;
    struct {
        char id[32];
        int64_t revision;
        uint32_t port;
    } instances[COPY_MAX];
};

static size_t find(const struct copy *copy, const char *id)
{
    size_t at = 0;
    while (at < copy->count && strcmp(copy->instances[at].id, id) != 0)
        at++;
    return at;
}

static void hold(struct copy *copy, size_t at, const PB(Instance) * instance)
{
    snprintf(copy->instances[at].id, sizeof copy->instances[at].id, "%s", instance->key->id);
    copy->instances[at].revision = instance->revision;
    copy->instances[at].port = instance->endpoints[0]->port;
}

static void take_change(struct copy *copy, const PB(Change) * change, int64_t revision)
{
    size_t at = find(copy, change->instance->key->id);
    assert_int_equal(change->instance->revision, revision);
    if (change->kind == (PB(ChangeKind))CHANGE_ADDED) {
        assert_int_equal(at, copy->count);
        assert_true(copy->count < COPY_MAX);
        hold(copy, copy->count++, change->instance);
        return;
    }
    assert_true(at < copy->count); /* reliable: it was told of before */
    if (change->kind == (PB(ChangeKind))CHANGE_REMOVED)
        copy->instances[at] = copy->instances[--copy->count];
    else
        hold(copy, at, change->instance);
}

static void take_message(struct copy *copy, const PB(WatchResponse) * message)
{
    copy->epoch = message->epoch;
    switch (message->body_case) {
    case MLTRAINER__REGISTRY__V1__WATCH_RESPONSE__BODY_SNAPSHOT:
        assert_false(copy->complete);
        if (message->snapshot->first)
            copy->count = 0;
        for (size_t i = 0; i < message->snapshot->n_instances; i++)
            hold(copy, copy->count++, message->snapshot->instances[i]);
        copy->complete = message->snapshot->last;
        copy->revision = message->revision;
        break;
    case MLTRAINER__REGISTRY__V1__WATCH_RESPONSE__BODY_CHANGES:
        assert_true(copy->complete);
        assert_true(message->revision > copy->revision); /* ordered, unique */
        for (size_t i = 0; i < message->changes->n_changes; i++)
            take_change(copy, message->changes->changes[i], message->revision);
        copy->revision = message->revision;
        break;
    default:
        assert_true(message->revision >= copy->revision);
        copy->revision = message->revision;
    }
}

static struct mrpc_client_call *watch(PB(WatchRequest) * request)
{
    struct mrpc_client_call *call;
    struct mrpc_call_options options = {.struct_bytes = sizeof options, .timeout_ms = 30000};
    assert_int_equal(RPC(watch__start)(fixture.channel, &options, request, NULL, NULL, &call), 0);
    return call;
}

static PB(WatchRequest) request_of(const char *service)
{
    PB(WatchRequest) request;
    mltrainer__registry__v1__watch_request__init(&request);
    request.service = (char *)(uintptr_t)service;
    return request;
}

static void read_until(struct mrpc_client_call *call, struct copy *copy, int64_t revision)
{
    while (!copy->complete || copy->revision < revision) {
        const PB(WatchResponse) *message = RPC(watch__recv)(call);
        if (!message) {
            struct mrpc_reply reply = MRPC_REPLY_INIT;
            mrpc_client_call_finish(call, &reply);
            fail_msg("the watch ended: %d %s", reply.status.code, reply.status.message);
        }
        take_message(copy, message);
    }
}

static void put(const char *id, uint32_t port)
{
    struct sample sample;
    sample_init(&sample, "web", id, port, 60000);
    assert_int_equal(fixture_register(fixture.channel, &sample, NULL), MRPC_OK);
}

static int64_t revision_now(void)
{
    const struct registry_view *view = registry_snapshot(fixture.registry);
    int64_t revision = view->revision;
    registry_snapshot_release(view);
    return revision;
}

static void close_watch(struct mrpc_client_call *call)
{
    mrpc_client_call_cancel(call);
    mrpc_client_call_free(call);
}

static void assert_like_registry(const struct copy *copy)
{
    const struct registry_view *view = registry_snapshot(fixture.registry);
    const struct registry_service_view *service = registry_view_find(view, "default", "web");
    assert_int_equal(copy->count, service ? service->count : 0);
    for (size_t i = 0; service && i < service->count; i++) {
        const PB(Instance) *message = service->instances[i]->message;
        size_t at = find(copy, message->key->id);
        assert_true(at < copy->count);
        assert_int_equal(copy->instances[at].revision, message->revision);
        assert_int_equal(copy->instances[at].port, message->endpoints[0]->port);
    }
    registry_snapshot_release(view);
}

static void snapshot_comes_first_then_changes(void **state)
{
    static struct copy copy;
    copy = (struct copy){0};
    put("a", 1);
    put("b", 2);
    PB(WatchRequest) request = request_of("web");
    struct mrpc_client_call *call = watch(&request);
    read_until(call, &copy, 2);
    assert_int_equal(copy.count, 2);
    put("c", 3);
    put("a", 4);
    assert_int_equal(fixture_deregister(fixture.channel, "web", "b", 0), MRPC_OK);
    read_until(call, &copy, 5);
    assert_int_equal(copy.count, 2);
    assert_like_registry(&copy);
    close_watch(call);
}

static void big_snapshot_comes_in_parts(void **state)
{
    static struct copy copy;
    copy = (struct copy){0};
    char id[16];
    for (int i = 0; i < 300; i++) {
        snprintf(id, sizeof id, "i%d", i);
        put(id, 1);
    }
    PB(WatchRequest) request = request_of("web");
    struct mrpc_client_call *call = watch(&request);
    int parts = 0;
    while (!copy.complete) {
        take_message(&copy, RPC(watch__recv)(call));
        parts++;
    }
    assert_true(parts > 3);
    assert_int_equal(copy.count, 300);
    assert_like_registry(&copy);
    close_watch(call);
}

static void other_services_are_not_told_of(void **state)
{
    static struct copy copy;
    copy = (struct copy){0};
    PB(WatchRequest) request = request_of("db");
    struct mrpc_client_call *call = watch(&request);
    read_until(call, &copy, 0);
    put("a", 1);
    struct sample sample;
    sample_init(&sample, "db", "x", 1, 60000);
    assert_int_equal(fixture_register(fixture.channel, &sample, NULL), MRPC_OK);
    const PB(WatchResponse) *message = RPC(watch__recv)(call);
    assert_int_equal(message->revision, 2);
    assert_string_equal(message->changes->changes[0]->instance->key->service, "db");
    close_watch(call);
}

static void resuming_tells_what_was_missed(void **state)
{
    static struct copy copy;
    copy = (struct copy){0};
    put("a", 1);
    PB(WatchRequest) request = request_of("web");
    struct mrpc_client_call *call = watch(&request);
    read_until(call, &copy, 1);
    close_watch(call);

    put("b", 2);
    put("a", 3);
    request.after_revision = copy.revision;
    request.epoch = copy.epoch;
    call = watch(&request);
    read_until(call, &copy, 3);
    put("c", 4);
    read_until(call, &copy, 4);
    assert_like_registry(&copy);
    close_watch(call);
}

static void assert_watch_ends(PB(WatchRequest) * request, int code, const char *text)
{
    struct mrpc_client_call *call = watch(request);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    while (RPC(watch__recv)(call)) {
    }
    assert_int_equal(mrpc_client_call_finish(call, &reply), code);
    assert_non_null(strstr(reply.status.message, text));
    mrpc_reply_fini(&reply);
    mrpc_client_call_free(call);
}

static void resuming_from_another_epoch_or_the_future_is_out_of_range(void **state)
{
    put("a", 1);
    PB(WatchRequest) request = request_of("web");
    request.after_revision = 1;
    request.epoch = registry_epoch(fixture.registry) + 1;
    assert_watch_ends(&request, MRPC_OUT_OF_RANGE, "watch again without a revision");
    request.epoch = registry_epoch(fixture.registry);
    request.after_revision = 2;
    assert_watch_ends(&request, MRPC_OUT_OF_RANGE, "watch again without a revision");
    request.epoch = 0;
    assert_watch_ends(&request, MRPC_INVALID_ARGUMENT, "epoch");
}

static int start_with_short_log(void **state)
{
    struct registry_options options = {.watch_log = 4};
    fixture_start(&fixture, NULL, &options);
    return 0;
}

static void resuming_from_before_the_log_is_out_of_range(void **state)
{
    for (uint32_t i = 1; i <= 6; i++)
        put("a", i);
    PB(WatchRequest) request = request_of("web");
    request.epoch = registry_epoch(fixture.registry);
    request.after_revision = 1;
    assert_watch_ends(&request, MRPC_OUT_OF_RANGE, "changes are known after revision 2");
    request.after_revision = 2;
    static struct copy copy;
    copy = (struct copy){.complete = true, .revision = 2, .count = 1, .instances = {{"a", 2, 2}}};
    struct mrpc_client_call *call = watch(&request);
    read_until(call, &copy, 6);
    assert_int_equal(copy.instances[0].port, 6);
    close_watch(call);
}

static void filtered_watch_sees_instances_come_and_go(void **state)
{
    static struct copy copy;
    copy = (struct copy){0};
    char *tags[] = {(char *)(uintptr_t) "blue"};
    PB(InstanceFilter) filter;
    mltrainer__registry__v1__instance_filter__init(&filter);
    filter.tags = tags;
    filter.n_tags = 1;
    PB(WatchRequest) request = request_of("web");
    request.filter = &filter;
    put("plain", 1);
    struct mrpc_client_call *call = watch(&request);
    read_until(call, &copy, 1);
    assert_int_equal(copy.count, 0);

    struct sample sample;
    sample_init(&sample, "web", "a", 1, 60000);
    sample.instance.tags = tags;
    sample.instance.n_tags = 1;
    assert_int_equal(fixture_register(fixture.channel, &sample, NULL), MRPC_OK);
    read_until(call, &copy, 2);
    assert_int_equal(copy.count, 1);
    put("plain", 2); /* not told */
    put("a", 2);     /* without the tag: it leaves */
    read_until(call, &copy, 4);
    assert_int_equal(copy.count, 0);
    close_watch(call);
}

static void progress_moves_the_revision_on(void **state)
{
    static struct copy copy;
    copy = (struct copy){0};
    PB(WatchRequest) request = request_of("db");
    Google__Protobuf__Duration interval;
    google__protobuf__duration__init(&interval);
    interval.seconds = 1;
    request.progress_interval = &interval;
    struct mrpc_client_call *call = watch(&request);
    read_until(call, &copy, 0);
    put("a", 1);
    put("b", 1);
    read_until(call, &copy, 2);
    assert_int_equal(copy.count, 0);
    close_watch(call);
}

static int start_with_small_queues(void **state)
{
    struct registry_options options = {.watcher_queue_bytes = 64 * 1024};
    fixture_start(&fixture, NULL, &options);
    return 0;
}

static bool hold_back(void *arg, struct mrpc_client_call *call, const ProtobufCMessage *message)
{
    return false; /* the client takes one message and no more */
}

struct end {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done;
    int code;
};

static void on_done(void *arg, struct mrpc_client_call *call, const struct mrpc_status *status,
                    const struct mrpc_metadata *trailers)
{
    struct end *end = arg;
    pthread_mutex_lock(&end->lock);
    end->done = true;
    end->code = status->code;
    pthread_cond_signal(&end->changed);
    pthread_mutex_unlock(&end->lock);
}

static size_t watchers(void)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    PB(GetRegistryInfoRequest) request;
    mltrainer__registry__v1__get_registry_info_request__init(&request);
    const PB(GetRegistryInfoResponse) *info = RPC(get_registry_info)(fixture.channel, NULL, &request, &reply);
    assert_non_null(info);
    size_t count = (size_t)info->watcher_count;
    mrpc_reply_fini(&reply);
    return count;
}

/* The writer goes on at full speed, the slow one is struck off, and the quick one misses nothing. */
static void slow_watcher_is_ended_and_holds_up_nobody(void **state)
{
    static struct copy copy;
    copy = (struct copy){0};
    PB(WatchRequest) request = request_of("web");
    struct end end = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    struct mrpc_client_events events = {.on_message = hold_back, .on_done = on_done};
    struct mrpc_client_call *slow;
    struct mrpc_channel *own;
    struct mrpc_channel_options options = {.struct_bytes = sizeof options};
    assert_int_equal(mrpc_channel_new(fixture.address, &options, &own), 0);
    assert_int_equal(RPC(watch__start)(own, NULL, &request, &events, &end, &slow), 0);
    struct mrpc_client_call *quick = watch(&request);
    read_until(quick, &copy, 0);

    char text[8000], id[16];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    PB(MetadataValue) value;
    PB(Instance__MetadataEntry) entry;
    PB(Instance__MetadataEntry) * metadata[] = {&entry};
    mltrainer__registry__v1__metadata_value__init(&value);
    mltrainer__registry__v1__instance__metadata_entry__init(&entry);
    entry.key = (char *)(uintptr_t) "blob";
    entry.value = &value;
    value.kind_case = MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_TEXT;
    value.text = text;
    for (int i = 0; i < 400; i++) { /* 3 MB in all */
        struct sample sample;
        snprintf(id, sizeof id, "i%d", i % 50);
        sample_init(&sample, "web", id, (uint32_t)i + 1, 60000);
        sample.instance.metadata = metadata;
        sample.instance.n_metadata = 1;
        assert_int_equal(fixture_register(fixture.channel, &sample, NULL), MRPC_OK);
        read_until(quick, &copy, i + 1);
    }
    assert_like_registry(&copy);
    int64_t begin = fixture_now_ms();
    while (watchers() != 1)
        assert_true(fixture_now_ms() - begin < 120000);
    mrpc_client_call_resume(slow);
    mrpc_client_call_cancel(slow);
    pthread_mutex_lock(&end.lock);
    while (!end.done)
        pthread_cond_wait(&end.changed, &end.lock);
    pthread_mutex_unlock(&end.lock);
    mrpc_client_call_free(slow);
    close_watch(quick);
    mrpc_channel_free(own);
}

static atomic_bool churning;

static void *churn(void *arg)
{
    unsigned seed = (unsigned)(uintptr_t)arg;
    char id[16];
    while (atomic_load(&churning)) {
        snprintf(id, sizeof id, "i%d", rand_r(&seed) % 30);
        if (rand_r(&seed) % 3 == 0) {
            fixture_deregister(fixture.channel, "web", id, 0);
            continue;
        }
        struct sample sample;
        sample_init(&sample, "web", id, 1 + (uint32_t)rand_r(&seed) % 60000, 60000);
        fixture_register(fixture.channel, &sample, NULL);
    }
    return NULL;
}

/* Watchers that come, go and resume in the middle of changes end with the same copy as the registry. */
static void churn_is_followed_exactly(void **state)
{
    pthread_t threads[3];
    static struct copy copies[3];
    memset(copies, 0, sizeof copies);
    atomic_store(&churning, true);
    for (uintptr_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, churn, (void *)(i + 7)), 0);
    PB(WatchRequest) request = request_of("web");
    struct mrpc_client_call *calls[3];
    for (int i = 0; i < 3; i++)
        calls[i] = watch(&request);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 3; i++)
            read_until(calls[i], &copies[i], copies[i].revision + 20);
        int again = round % 3;
        close_watch(calls[again]);
        PB(WatchRequest) resume = request_of("web");
        resume.after_revision = copies[again].revision;
        resume.epoch = copies[again].epoch;
        calls[again] = watch(&resume);
    }
    atomic_store(&churning, false);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 3; i++) {
        read_until(calls[i], &copies[i], revision_now());
        assert_like_registry(&copies[i]);
        close_watch(calls[i]);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        CASE(snapshot_comes_first_then_changes),
        CASE(big_snapshot_comes_in_parts),
        CASE(other_services_are_not_told_of),
        CASE(resuming_tells_what_was_missed),
        CASE(resuming_from_another_epoch_or_the_future_is_out_of_range),
        cmocka_unit_test_setup_teardown(resuming_from_before_the_log_is_out_of_range, start_with_short_log, stop),
        CASE(filtered_watch_sees_instances_come_and_go),
        CASE(progress_moves_the_revision_on),
        cmocka_unit_test_setup_teardown(slow_watcher_is_ended_and_holds_up_nobody, start_with_small_queues, stop),
        CASE(churn_is_followed_exactly),
    };
#undef CASE
    return cmocka_run_group_tests(tests, NULL, NULL);
}
