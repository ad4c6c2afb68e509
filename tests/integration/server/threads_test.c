/* SPDX-License-Identifier: Apache-2.0 */

/* Handlers that answer from other threads, on a server with two loops, while clients cancel, time out and go away. Run
 * under the thread sanitizer this is the test of everything that crosses threads. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/mrpc.h>

#include "echo_methods.h"
#include "test.h"

#define WORKERS 3
#define CALLS 400

/* Calls wait here for a worker. */
struct job {
    struct job *next;
    struct mrpc_call *call;
    const EchoText *request;
};

struct works {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct job *jobs;
    bool ending;
    pthread_t workers[WORKERS];
    atomic_uint taken, cancelled, finished;
};

/* A Split that is sent by a worker, which sleeps while there is no room. */
struct sender {
    pthread_mutex_t lock;
    pthread_cond_t room;
    bool writable;
};

static void on_writable(void *arg, struct mrpc_call *call)
{
    struct sender *sender = arg;
    pthread_mutex_lock(&sender->lock);
    sender->writable = true;
    pthread_cond_signal(&sender->room);
    pthread_mutex_unlock(&sender->lock);
}

static void on_cancel(void *arg, struct mrpc_call *call)
{
    atomic_fetch_add(&((struct works *)arg)->cancelled, 1);
    if (mrpc_call_data(call) != NULL)
        on_writable(mrpc_call_data(call), call);
}

static void wait_for_room(struct sender *sender)
{
    pthread_mutex_lock(&sender->lock);
    while (!sender->writable)
        pthread_cond_wait(&sender->room, &sender->lock);
    sender->writable = false;
    pthread_mutex_unlock(&sender->lock);
}

static int send_all(struct mrpc_call *call, struct sender *sender, unsigned count)
{
    char line[1001];
    memset(line, 'x', 1000);
    line[1000] = '\0';
    for (unsigned i = 0; i < count; i++) {
        line[0] = (char)('a' + i % 26);
        EchoText message = echo_text(line);
        int error;
        while ((error = mrpc_call_send(call, &message.base)) == MRPC_ERR_AGAIN)
            wait_for_room(sender);
        if (error != 0)
            return MRPC_CANCELLED;
    }
    return 0;
}

static void do_job(struct works *works, const struct job *job)
{
    struct sender *sender = mrpc_call_data(job->call);
    EchoText *reply = mrpc_arena_alloc(mrpc_call_arena(job->call), sizeof(*reply));
    *reply = echo_text(job->request->value);
    atomic_fetch_add(&works->finished, 1);
    if (sender != NULL)
        mrpc_call_finish(job->call, send_all(job->call, sender, (unsigned)atoi(job->request->value)), NULL);
    else
        mrpc_call_finish(job->call, 0, &reply->base);
}

static void *work(void *arg)
{
    struct works *works = arg;
    pthread_mutex_lock(&works->lock);
    for (;;) {
        while (works->jobs == NULL && !works->ending)
            pthread_cond_wait(&works->changed, &works->lock);
        struct job *job = works->jobs;
        if (job == NULL)
            break;
        works->jobs = job->next;
        pthread_mutex_unlock(&works->lock);
        do_job(works, job);
        pthread_mutex_lock(&works->lock);
    }
    pthread_mutex_unlock(&works->lock);
    return NULL;
}

static int enqueue(struct works *works, struct mrpc_call *call, const ProtobufCMessage *request)
{
    struct job *job = mrpc_arena_alloc(mrpc_call_arena(call), sizeof(*job));
    mrpc_call_on_cancel(call, on_cancel, works);
    atomic_fetch_add(&works->taken, 1);
    pthread_mutex_lock(&works->lock);
    *job = (struct job){.next = works->jobs, .call = call, .request = (const EchoText *)request};
    works->jobs = job;
    pthread_cond_signal(&works->changed);
    pthread_mutex_unlock(&works->lock);
    return MRPC_PENDING;
}

static int say(const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
               ProtobufCMessage *response)
{
    return enqueue(self, call, request);
}

static int split(const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
                 ProtobufCMessage *response)
{
    struct sender *sender = mrpc_arena_calloc(mrpc_call_arena(call), 1, sizeof(*sender));
    pthread_mutex_init(&sender->lock, NULL);
    pthread_cond_init(&sender->room, NULL);
    mrpc_call_set_data(call, sender, NULL);
    mrpc_call_on_writable(call, on_writable, sender);
    return enqueue(self, call, request);
}

static bool implemented(const void *handlers)
{
    return true;
}

static const struct mrpc_method methods[] = {ECHO_METHOD("Say", false, false), ECHO_METHOD("Split", false, true)};
static const struct mrpc_invoke invokes[] = {{.message = say, .implemented = implemented},
                                             {.message = split, .implemented = implemented}};
static const struct mrpc_service service = {.full_name = "test.Echo", .methods = methods, .method_count = 2};
static const struct mrpc_skeleton skeleton = {.service = &service, .invokes = invokes};

struct fixture {
    struct works works;
    struct mrpc_server *server;
    char *bound;
    struct mrpc_channel *channels[2];
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct works *works = &fixture->works;
    pthread_mutex_init(&works->lock, NULL);
    pthread_cond_init(&works->changed, NULL);
    for (int i = 0; i < WORKERS; i++)
        pthread_create(&works->workers[i], NULL, work, works);
    struct mrpc_server_options options = {.struct_bytes = sizeof(options), .loops = 2,
                                          .limits = {.concurrent_streams = 1000}};
    assert_int_equal(mrpc_server_new(&options, &fixture->server), 0);
    assert_int_equal(mrpc_server_add_service(fixture->server, &skeleton, NULL, works), 0);
    assert_int_equal(mrpc_server_listen(fixture->server, "127.0.0.1:0", NULL, &fixture->bound), 0);
    assert_int_equal(mrpc_server_start(fixture->server), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(mrpc_channel_new(fixture->bound, NULL, &fixture->channels[i]), 0);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 2; i++)
        mrpc_channel_free(fixture->channels[i]);
    mrpc_server_stop(fixture->server);   /* blocks until the workers have finished what they hold */
    struct mrpc_server_stats stats;
    mrpc_server_stats(fixture->server, &stats);
    assert_int_equal(stats.calls_started, stats.calls_ended);
    assert_int_equal(stats.connections, 0);
    assert_int_equal(stats.streams, 0);
    assert_int_equal(atomic_load(&fixture->works.taken), atomic_load(&fixture->works.finished));
    mrpc_server_free(fixture->server);
    pthread_mutex_lock(&fixture->works.lock);
    fixture->works.ending = true;
    pthread_cond_broadcast(&fixture->works.changed);
    pthread_mutex_unlock(&fixture->works.lock);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(fixture->works.workers[i], NULL);
    free(fixture->bound);
    free(fixture);
    return 0;
}

struct outcome {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned done;
    unsigned codes[17];
};

static void on_done(void *arg, const ProtobufCMessage *response, const struct mrpc_reply *reply)
{
    struct outcome *outcome = arg;
    pthread_mutex_lock(&outcome->lock);
    outcome->codes[reply->status.code]++;
    outcome->done++;
    pthread_cond_signal(&outcome->changed);
    pthread_mutex_unlock(&outcome->lock);
}

static void wait_for(struct outcome *outcome, unsigned count)
{
    pthread_mutex_lock(&outcome->lock);
    while (outcome->done < count)
        pthread_cond_wait(&outcome->changed, &outcome->lock);
    pthread_mutex_unlock(&outcome->lock);
}

static void calls_are_finished_from_other_threads(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    EchoText request = echo_text("hello");
    for (int i = 0; i < CALLS; i++)
        mrpc_channel_unary_async(fixture->channels[i % 2], &echo_say, NULL, &request.base, on_done, &outcome);
    wait_for(&outcome, CALLS);
    assert_int_equal(outcome.codes[0], CALLS);
}

/* Deadlines of 0 to 3 ms run out before, while and after the workers answer. */
static void deadlines_and_finishes_meet_without_harm(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    EchoText request = echo_text("hello");
    for (int i = 0; i < CALLS; i++) {
        struct mrpc_call_options options = {.struct_bytes = sizeof(options), .timeout_ms = 1 + i % 4};
        mrpc_channel_unary_async(fixture->channels[i % 2], &echo_say, &options, &request.base, on_done, &outcome);
        if (i % 50 == 49)
            wait_for(&outcome, (unsigned)i + 1);
    }
    wait_for(&outcome, CALLS);
    assert_int_equal(outcome.codes[MRPC_OK] + outcome.codes[MRPC_DEADLINE_EXCEEDED], CALLS);
}

static void a_stream_is_sent_from_another_thread_in_order(void **state)
{
    struct fixture *fixture = *state;
    EchoText request = echo_text("1500");
    struct mrpc_client_call *call;
    assert_int_equal(mrpc_client_call_start(fixture->channels[0], &echo_split, NULL, NULL, NULL, &call), 0);
    assert_int_equal(mrpc_client_call_send(call, &request.base), 0);
    assert_int_equal(mrpc_client_call_half_close(call), 0);
    const ProtobufCMessage *message;
    unsigned count = 0;
    for (; (message = mrpc_client_call_recv(call)) != NULL; count++)
        assert_int_equal(echo_value(message)[0], 'a' + count % 26);
    assert_int_equal(count, 1500);
    assert_int_equal(mrpc_client_call_finish(call, NULL), 0);
    mrpc_client_call_free(call);
}

/* The client leaves in the middle; the worker that waits for room is woken by the cancellation. */
static void a_client_that_leaves_frees_the_worker(void **state)
{
    struct fixture *fixture = *state;
    EchoText request = echo_text("100000");
    for (int i = 0; i < 20; i++) {
        struct mrpc_client_call *call;
        assert_int_equal(mrpc_client_call_start(fixture->channels[i % 2], &echo_split, NULL, NULL, NULL, &call), 0);
        assert_int_equal(mrpc_client_call_send(call, &request.base), 0);
        assert_int_equal(mrpc_client_call_half_close(call), 0);
        for (int k = 0; k < i; k++)
            assert_non_null(mrpc_client_call_recv(call));
        mrpc_client_call_free(call);
    }
}

/* Calls that workers hold while the server stops: stop waits for them. */
static void stopping_waits_for_calls_that_are_held(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    EchoText request = echo_text("hello");
    for (int i = 0; i < CALLS; i++)
        mrpc_channel_unary_async(fixture->channels[i % 2], &echo_say, NULL, &request.base, on_done, &outcome);
    wait_for(&outcome, 1);
    mrpc_server_stop(fixture->server);
    for (int i = 0; i < 2; i++) {
        mrpc_channel_free(fixture->channels[i]);
        fixture->channels[i] = NULL;
    }
    wait_for(&outcome, CALLS);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(calls_are_finished_from_other_threads),
        TEST(deadlines_and_finishes_meet_without_harm),
        TEST(a_stream_is_sent_from_another_thread_in_order),
        TEST(a_client_that_leaves_frees_the_worker),
        TEST(stopping_waits_for_calls_that_are_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
