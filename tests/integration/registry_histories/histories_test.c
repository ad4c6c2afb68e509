/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mltrainer/registry/v1/registry.mrpc.h>

#include "actor.h"
#include "host.h"
#include "observer.h"
#include "test.h"

/* Random histories of a registry that is disturbed, judged (rows R09, R10): many at a time, each with a service of its
 * own, so that one disturbance tries them all.
 *     MLT_SEED=n       repeat the choices of a run (not the timing)
 *     histories_test PATTERN
 *     MLT_HISTORIES=n  how many in process, a twentieth of it against mltrainerd; MLT_LONG: 10,000 */

#define PB(name) Mltrainer__Registry__V1__##name

enum { AT_A_TIME = 64, CLIENTS = 3, OBSERVERS = 3, CHANNELS = 12, OPERATIONS = 24, PATIENCE_MS = 60000 };

struct subject {
    struct history history;
    char service[48];
    struct actor actors[CLIENTS];
    struct observer observers[OBSERVERS];
    bool marked;
};

static struct {
    struct host *host;
    struct mrpc_loop *loop;
    struct mrpc_channel *channels[CHANNELS];
    struct subject subjects[AT_A_TIME];
    size_t count;
    unsigned random_state;
    uint64_t epoch; /* of the registry's present life */
    bool asked;
    size_t restarts, operations, events; /* of the whole run */
} lab;

static uint64_t seed;
static size_t wanted;

static void turn(void)
{
    struct pollfd fd = {.fd = mrpc_loop_fd(lab.loop), .events = POLLIN};
    int timeout_ms = mrpc_loop_timeout_ms(lab.loop);
    (void)poll(&fd, 1, timeout_ms < 0 || timeout_ms > 5 ? 5 : timeout_ms);
    assert_int_equal(mrpc_loop_process(lab.loop), 0);
}

/* Go on until @done; a violation ends it too. */
static void until(bool (*done)(void), const char *what)
{
    int64_t begun_ms = observer_now_ms();
    while (!done()) {
        turn();
        if (observer_now_ms() - begun_ms > PATIENCE_MS) {
            for (size_t i = 0; i < lab.count; i++)
                history_violate(&lab.subjects[i].history, "%s took longer than %d ms", what, PATIENCE_MS);
            return;
        }
    }
}

/* --- lives of the registry ---------------------------------------------------------------------------------------- */

static bool all_cut_off(void)
{
    for (int i = 0; i < CHANNELS; i++)
        if (mrpc_channel_state(lab.channels[i]) == MRPC_READY)
            return false;
    return true;
}

static void on_info(void *arg, const PB(GetRegistryInfoResponse) * response, const struct mrpc_reply *reply)
{
    lab.epoch = response ? response->epoch : 0;
    lab.asked = true;
}

static bool was_answered(void)
{
    return lab.asked;
}

static void ask_epoch(void)
{
    static const struct mrpc_call_options options = {
        .struct_bytes = sizeof options, .timeout_ms = PATIENCE_MS, .wait_for_ready = true};
    PB(GetRegistryInfoRequest) request;
    mltrainer__registry__v1__get_registry_info_request__init(&request);
    lab.asked = false;
    mltrainer__registry__v1__registry_service__get_registry_info__async(lab.channels[0], &options, &request, on_info,
                                                                        NULL);
    until(was_answered, "asking for the epoch");
    assert_true(lab.epoch);
}

/* Everything that the old life has said is heard before the next one begins, so that answers are known apart. */
static void restart(void)
{
    host_stop(lab.host);
    until(all_cut_off, "noticing that the registry is gone");
    for (size_t i = 0; i < lab.count; i++)
        history_enter_epoch(&lab.subjects[i].history, 0);
    host_start(lab.host);
    ask_epoch();
    for (size_t i = 0; i < lab.count; i++)
        history_enter_epoch(&lab.subjects[i].history, lab.epoch);
    lab.restarts++;
}

static bool all_know(void)
{
    for (size_t i = 0; i < lab.count; i++)
        for (int j = 0; j < OBSERVERS; j++)
            if (!observer_knows(&lab.subjects[i].observers[j]))
                return false;
    return true;
}

static bool all_done(void)
{
    bool done = true;
    for (size_t i = 0; i < lab.count; i++)
        for (int j = 0; j < CLIENTS; j++) {
            actor_turn(&lab.subjects[i].actors[j]);
            done = done && actor_is_done(&lab.subjects[i].actors[j]);
        }
    return done;
}

static const struct history_operation *last_operation(const struct subject *subject)
{
    return &subject->history.operations[subject->history.operation_count - 1];
}

/* The marker is registered until that has worked. */
static bool all_marked(void)
{
    bool done = true;
    for (size_t i = 0; i < lab.count; i++) {
        struct subject *subject = &lab.subjects[i];
        const struct history_operation *last = last_operation(subject);
        bool marked = last->id == HISTORY_MARKER && last->outcome == HISTORY_ANSWERED && last->code == MRPC_OK;
        if (!marked && !subject->actors[0].operation)
            actor_mark(&subject->actors[0]);
        done = done && marked;
    }
    return done;
}

static bool all_told(void)
{
    for (size_t i = 0; i < lab.count; i++)
        for (int j = 0; j < OBSERVERS; j++)
            if (!lab.subjects[i].observers[j].told_of_marker)
                return false;
    return true;
}

static bool all_quiet(void)
{
    for (size_t i = 0; i < lab.count; i++) {
        for (int j = 0; j < OBSERVERS; j++)
            if (lab.subjects[i].observers[j].call)
                return false;
        for (int j = 0; j < CLIENTS; j++)
            if (lab.subjects[i].actors[j].stream)
                return false;
    }
    return true;
}

/* --- one batch of histories
 * --------------------------------------------------------------------------------------------
 */

static void begin_subject(struct subject *subject, size_t index, int64_t ttl_ms)
{
    *subject = (struct subject){.history = {.seed = seed + index, .ttl_ms = ttl_ms, .epoch = lab.epoch}};
    snprintf(subject->service, sizeof subject->service, "h-%llu-%zu", (unsigned long long)seed, index);
    for (int i = 0; i < CLIENTS; i++)
        subject->actors[i] = (struct actor){
            .history = &subject->history,
            .channel = lab.channels[(index * CLIENTS + (size_t)i) % CHANNELS],
            .service = subject->service,
            .number = i,
            .left = OPERATIONS,
            .random_state = (unsigned)(seed + index * CLIENTS + (size_t)i),
            .pause_ms_max = ttl_ms < 10000 ? ttl_ms / 2 : 0,
        };
    for (int i = 0; i < OBSERVERS; i++) {
        subject->observers[i] = (struct observer){
            .history = &subject->history,
            .channel = lab.channels[(index + (size_t)i * 5) % CHANNELS],
            .service = subject->service,
            .restless = i > 0,
            .filters = i == OBSERVERS - 1,
            .random_state = (unsigned)(seed + index + 7919 * (size_t)i),
        };
        observer_start(&subject->observers[i]);
    }
}

static size_t operations_done(void)
{
    size_t done = 0;
    for (size_t i = 0; i < lab.count; i++)
        done += lab.subjects[i].history.operation_count;
    return done;
}

static size_t disturb_after;

static bool far_enough(void)
{
    return all_done() || operations_done() >= disturb_after;
}

/* Now and then between operations, which go on meanwhile. */
static void disturb(int disturbances, bool failing)
{
    size_t all = lab.count * CLIENTS * OPERATIONS;
    for (int i = 0; i < disturbances; i++) {
        disturb_after = all * (size_t)(i + 1) / (size_t)(disturbances + 1) +
                        (size_t)rand_r(&lab.random_state) % (all / (size_t)(4 * disturbances + 1));
        until(far_enough, "a part of the operations");
        if (failing)
            host_fail_commits(lab.host, i % 2 ? 0 : 3, 2000);
        if (!failing || i % 2)
            restart();
    }
}

/* Revisions of changes that held though they could not be written are given again after a restart: only with the epoch
 * are they unique then, and the validators compare revisions. */
static void judge(struct subject *subject, bool comparable)
{
    struct history *history = &subject->history;
    for (int i = 0; comparable && i < OBSERVERS && !history->violation[0]; i++) {
        struct watch_validator *validator = subject->observers[i].validator;
        if (watch_validator_agree(validator, subject->observers[i == 0].validator, NULL))
            history_violate(history, "%s", watch_validator_violation(validator));
    }
    bool holds = history_holds(history);
    lab.operations += history->operation_count;
    lab.events += history->event_count;
    for (int i = 0; i < OBSERVERS; i++)
        watch_validator_free(subject->observers[i].validator);
    if (holds)
        return;
    history_print(history, stderr);
    fail_msg("MLT_SEED=%llu: %s", (unsigned long long)seed, history->violation);
}

static void run_batch(size_t first, size_t count, int64_t ttl_ms, int disturbances, bool failing)
{
    lab.count = count;
    for (size_t i = 0; i < count; i++)
        begin_subject(&lab.subjects[i], first + i, ttl_ms);
    until(all_know, "the first snapshots");
    disturb(disturbances, failing);
    until(all_done, "the operations");
    host_fail_commits(lab.host, 0, 0);
    until(all_marked, "the markers");
    until(all_told, "telling the watchers");
    for (size_t i = 0; i < count; i++) {
        for (int j = 0; j < OBSERVERS; j++)
            observer_stop(&lab.subjects[i].observers[j]);
        for (int j = 0; j < CLIENTS; j++)
            actor_stop(&lab.subjects[i].actors[j]);
    }
    until(all_quiet, "the end");
    for (size_t i = 0; i < count; i++)
        judge(&lab.subjects[i], !failing);
}

/* --- the tests
 * ---------------------------------------------------------------------------------------------------------
 */

static void open_lab(enum host_kind kind)
{
    lab.host = host_new(kind);
    assert_int_equal(mrpc_loop_new(&lab.loop), 0);
    struct mrpc_channel_options options = {
        .struct_bytes = sizeof options, .loop = lab.loop, .backoff_base_ms = 10, .backoff_max_ms = 50};
    for (int i = 0; i < CHANNELS; i++)
        assert_int_equal(mrpc_channel_new(host_target(lab.host), &options, &lab.channels[i]), 0);
    lab.restarts = lab.operations = lab.events = lab.count = 0;
    ask_epoch();
}

static void close_lab(size_t histories)
{
    for (int i = 0; i < CHANNELS; i++)
        mrpc_channel_free(lab.channels[i]);
    mrpc_loop_free(lab.loop);
    host_free(lab.host);
    print_message("MLT_SEED=%llu: %zu histories, %zu operations, %zu changes, %zu restarts\n", (unsigned long long)seed,
                  histories, lab.operations, lab.events, lab.restarts);
}

/* Every fourth batch has leases of a second, which run out between operations. */
static void run_all(enum host_kind kind, size_t count, int disturbances, bool failing)
{
    open_lab(kind);
    lab.random_state = (unsigned)seed;
    for (size_t first = 0, batch = 0; first < count; first += AT_A_TIME, batch++) {
        size_t some = count - first < AT_A_TIME ? count - first : AT_A_TIME;
        run_batch(first, some, batch % 4 == 1 ? 1000 : 60000, disturbances, failing);
    }
    close_lab(count);
}

static void undisturbed_histories_are_linear(void **state)
{
    run_all(HOST_IN_PROCESS, wanted / 4, 0, false);
}

static void histories_over_restarts_are_linear(void **state)
{
    run_all(HOST_IN_PROCESS, wanted / 4, 2, false);
}

static void histories_over_failing_commits_are_linear(void **state)
{
    run_all(HOST_IN_PROCESS, wanted / 2, 4, true);
}

static void histories_over_kill_9_of_mltrainerd_are_linear(void **state)
{
    run_all(HOST_DAEMON, wanted / 20 < AT_A_TIME ? AT_A_TIME : wanted / 20, 3, false);
}

int main(int argc, char **argv)
{
    const char *given = getenv("MLT_SEED"), *count = getenv("MLT_HISTORIES");
    seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL) * 1000;
    wanted = count ? strtoull(count, NULL, 10) : getenv("MLT_LONG") ? 10000 : 512;
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(undisturbed_histories_are_linear),
        cmocka_unit_test(histories_over_restarts_are_linear),
        cmocka_unit_test(histories_over_failing_commits_are_linear),
        cmocka_unit_test(histories_over_kill_9_of_mltrainerd_are_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
