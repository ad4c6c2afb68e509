/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "echo_methods.h"
#include "stage.h"
#include "test.h"

/* The states of a channel and who is told of them: checklist client 5. */

static const char letters[] = "ICRFS"; /* in the order of enum mrpc_connectivity */

struct history {
    char text[32];
    struct mrpc_state_watch *watch;
    struct mrpc_channel *free_on_ready;
    bool free_watch;
};

static void note_state(void *arg, enum mrpc_connectivity state)
{
    struct history *history = arg;
    size_t size = strlen(history->text);
    assert_in_range(size, 0, sizeof history->text - 2);
    history->text[size] = letters[state];
    if (state == MRPC_READY && history->free_on_ready)
        mrpc_channel_free(history->free_on_ready);
    if (state == MRPC_READY && history->free_watch)
        mrpc_state_watch_free(history->watch);
}

static bool is_idle(const struct stage *stage)
{
    return mrpc_channel_state(stage->channel) == MRPC_IDLE;
}

static void say_one_name(struct scripted_server *server, unsigned connection)
{
    scripted_hello(server);
    assert_non_null(scripted_wait(server, NGHTTP2_DATA, 1, NGHTTP2_FLAG_END_STREAM));
    say_text(server, 1, server->arg);
    if (connection == 0)
        raw_goaway(server->peer, 1, NGHTTP2_NO_ERROR, "");
    scripted_wait_close(server);
}

static void a_watch_hears_of_every_state(void **state)
{
    struct stage stage = {0};
    struct history history = {0};
    struct scripted_server server = {.arg = (void *)"a"};
    scripted_server_start(&server, 2, say_one_name);
    stage_open(&stage, (struct mrpc_channel_options){0});
    assert_int_equal(mrpc_channel_watch_state(stage.channel, note_state, &history, &history.watch), 0);
    assert_int_equal(mrpc_loop_process(stage.loop), 0);
    assert_string_equal(history.text, "I");
    stage_connect(&stage);
    stage_push(&stage, server.target, NULL, NULL);
    assert_int_equal(stage_ask(&stage, 1, "a"), 1);
    stage_drive(&stage, is_idle); /* GOAWAY, and nobody asks */
    assert_string_equal(history.text, "ICRI");
    assert_int_equal(stage_ask(&stage, 1, "a"), 1);
    stage_close(&stage);
    assert_string_equal(history.text, "ICRICRS");
    mrpc_state_watch_free(history.watch); /* after the channel */
    scripted_server_join(&server);
}

static void try_to_connect_leaves_idle_without_a_call(void **state)
{
    struct stage stage = {0};
    struct scripted_server server;
    named_server_start(&server, "a", 1);
    stage_open_target(&stage, server.target, (struct mrpc_channel_options){0});
    assert_int_equal(mrpc_loop_process(stage.loop), 0);
    assert_int_equal(mrpc_channel_state(stage.channel), MRPC_IDLE);
    mrpc_channel_connect(stage.channel);
    mrpc_channel_connect(stage.channel);
    stage_drive(&stage, stage_is_ready);
    stage_close(&stage);
    scripted_server_join(&server);
}

static void a_watch_may_be_freed_by_its_own_function(void **state)
{
    struct stage stage = {0};
    struct history first = {0}, second = {.free_watch = true};
    struct scripted_server server;
    named_server_start(&server, "a", 1);
    stage_open_target(&stage, server.target, (struct mrpc_channel_options){0});
    assert_int_equal(mrpc_channel_watch_state(stage.channel, note_state, &first, &first.watch), 0);
    assert_int_equal(mrpc_channel_watch_state(stage.channel, note_state, &second, &second.watch), 0);
    mrpc_channel_connect(stage.channel);
    stage_drive(&stage, stage_is_ready);
    mrpc_loop_process(stage.loop);
    stage_close(&stage);
    assert_non_null(strstr(first.text, "CRS"));
    assert_non_null(strstr(second.text, "CR"));
    assert_null(strchr(second.text, 'S'));
    mrpc_state_watch_free(first.watch);
    scripted_server_join(&server);
}

static void a_watch_may_free_the_channel(void **state)
{
    struct stage stage = {0};
    struct history history = {0};
    struct scripted_server server;
    named_server_start(&server, "a", 1);
    stage_open_target(&stage, server.target, (struct mrpc_channel_options){0});
    history.free_on_ready = stage.channel;
    assert_int_equal(mrpc_channel_watch_state(stage.channel, note_state, &history, &history.watch), 0);
    mrpc_channel_connect(stage.channel);
    while (!strchr(history.text, 'S'))
        mrpc_loop_turn(stage.loop, 100);
    assert_non_null(strstr(history.text, "CRS"));
    mrpc_state_watch_free(history.watch);
    mrpc_loop_free(stage.loop);
    scripted_server_join(&server);
}

/* The library's own thread, and a thread that waits. */

static void a_thread_waits_for_a_state(void **state)
{
    struct scripted_server server;
    struct mrpc_channel *channel;
    enum mrpc_connectivity now = MRPC_IDLE;
    named_server_start(&server, "a", 1);
    assert_int_equal(mrpc_channel_new(server.target, NULL, &channel), 0);
    assert_int_equal(mrpc_channel_wait_state(channel, MRPC_IDLE, 20, &now), MRPC_ERR_AGAIN);
    assert_int_equal(mrpc_channel_wait_state(channel, MRPC_READY, 0, &now), 0); /* it differs already */
    assert_int_equal(now, MRPC_IDLE);
    mrpc_channel_connect(channel);
    while (now != MRPC_READY)
        assert_int_equal(mrpc_channel_wait_state(channel, now, 30000, &now), 0);
    assert_int_equal(mrpc_channel_wait_state(channel, MRPC_READY, 1, &now), MRPC_ERR_AGAIN);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
}

static void waiting_on_the_loops_thread_is_refused(void **state)
{
    struct stage stage = {0};
    enum mrpc_connectivity now;
    stage_open(&stage, (struct mrpc_channel_options){0});
    assert_int_equal(mrpc_channel_wait_state(stage.channel, MRPC_IDLE, 10, &now), MRPC_ERR_WOULD_DEADLOCK);
    stage_close(&stage);
}

static void count_states(void *arg, enum mrpc_connectivity state)
{
    atomic_fetch_add((atomic_uint *)arg, 1);
}

/* For the race detector: watches come and go on one thread while the state changes on another. */
static void watches_come_and_go_while_states_change(void **state)
{
    struct mrpc_channel *channel;
    atomic_uint told;
    const struct mrpc_channel_options options = {
        .struct_bytes = sizeof options, .backoff_base_ms = 1, .backoff_max_ms = 1};
    assert_int_equal(mrpc_channel_new("127.0.0.1:1", &options, &channel), 0);
    mrpc_channel_connect(channel);
    atomic_init(&told, 0);
    for (int i = 0; i < 200 || atomic_load(&told) == 0; i++) {
        struct mrpc_state_watch *watch;
        assert_int_equal(mrpc_channel_watch_state(channel, count_states, &told, &watch), 0);
        mrpc_channel_connect(channel);
        mrpc_state_watch_free(watch);
    }
    mrpc_channel_free(channel);
}

/* Failure. */

/* A port that refuses until it listens. */
struct sleeper {
    int fd;
    char target[64];
};

static void sleeper_open(struct sleeper *sleeper)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof name;
    sleeper->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(sleeper->fd, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(getsockname(sleeper->fd, (struct sockaddr *)&name, &size), 0);
    snprintf(sleeper->target, sizeof sleeper->target, "127.0.0.1:%u", ntohs(name.sin_port));
}

static void failure_sticks_until_it_is_ready_again(void **state)
{
    for (int balancing = MRPC_PICK_FIRST; balancing <= MRPC_ROUND_ROBIN; balancing++) {
        struct stage stage = {0};
        struct history history = {0};
        struct sleeper sleeper;
        sleeper_open(&sleeper);
        stage_open(&stage, (struct mrpc_channel_options){.balancing = (enum mrpc_balancing)balancing});
        assert_int_equal(mrpc_channel_watch_state(stage.channel, note_state, &history, &history.watch), 0);
        stage_connect(&stage);
        stage_push(&stage, sleeper.target, NULL, NULL);
        const struct mrpc_call_options patience = {.struct_bytes = sizeof patience, .wait_for_ready = true};
        size_t patient = stage_call(&stage, &patience);
        size_t hasty = stage_call(&stage, NULL);
        stage_drive(&stage, stage_has_failed);
        assert_true(stage.calls[hasty].done);
        assert_int_equal(stage.calls[hasty].code, MRPC_UNAVAILABLE);
        assert_non_null(strstr(stage.calls[hasty].text, "Connection refused"));
        assert_false(stage.calls[patient].done);
        hasty = stage_call(&stage, NULL); /* fails at once */
        mrpc_loop_process(stage.loop);
        assert_int_equal(stage.calls[hasty].code, MRPC_UNAVAILABLE);
        while (stage.asked < 3) /* it tries again, and asks for other addresses, with nobody waiting but one */
            mrpc_loop_turn(stage.loop, 1000);
        assert_int_equal(listen(sleeper.fd, 4), 0);
        struct scripted_server server = {.arg = (void *)"a", .listen_fd = sleeper.fd};
        scripted_server_adopt(&server, 1, say_one_name);
        stage_drive(&stage, stage_all_done);
        assert_int_equal(stage.calls[patient].code, MRPC_OK);
        assert_non_null(strstr(history.text, "CFR"));
        stage_close(&stage);
        mrpc_state_watch_free(history.watch);
        scripted_server_join(&server);
    }
}

static void close_at_once(struct scripted_server *server, unsigned connection)
{
    scripted_hello(server);
    if (connection == 3)
        say_name_from(server, 1);
}

/* Else it would be called in a tight loop. */
static void a_connection_that_never_served_counts_as_a_failure(void **state)
{
    struct stage stage = {0};
    struct scripted_server server = {.arg = (void *)"at last"};
    scripted_server_start(&server, 4, close_at_once);
    stage_open(&stage, (struct mrpc_channel_options){.backoff_base_ms = 100, .backoff_max_ms = 100000});
    int64_t before_ms = mrpc_clock_ms();
    stage_connect(&stage);
    stage_push(&stage, server.target, NULL, NULL);
    stage_drive(&stage, stage_has_failed); /* it was READY, perhaps for less than a wake-up */
    const struct mrpc_call_options options = {.struct_bytes = sizeof options, .wait_for_ready = true};
    do {
        stage.call_count = 0;
        stage.calls[0] = (struct stage_call){0};
        stage_call(&stage, &options);
        stage_drive(&stage, stage_all_done);
    } while (stage.calls[0].code == MRPC_UNAVAILABLE); /* it may be sent before the server closes */
    assert_string_equal(stage.calls[0].text, "at last");
    assert_true(mrpc_clock_ms() - before_ms >= 50);
    stage_close(&stage);
    scripted_server_join(&server);
}

static atomic_bool asked;

static void fall_silent_at_first(struct scripted_server *server, unsigned connection)
{
    scripted_hello(server);
    if (connection > 0) {
        say_name_from(server, 1);
        return;
    }
    scripted_wait(server, NGHTTP2_HEADERS, 1, 0);
    atomic_store(&asked, true);
    scripted_wait_close(server);
}

static bool is_asked(const struct stage *stage)
{
    (void)stage;
    return atomic_load(&asked);
}

/* Row N10: no packet says that the connection is dead. */
static void a_silent_connection_is_given_up_when_asked(void **state)
{
    struct stage stage = {0};
    struct scripted_server server = {.arg = (void *)"the second"};
    atomic_store(&asked, false);
    scripted_server_start(&server, 2, fall_silent_at_first);
    stage_open(&stage, (struct mrpc_channel_options){0});
    stage_connect(&stage);
    stage_push(&stage, server.target, NULL, NULL);
    stage_call(&stage, NULL);
    stage_drive(&stage, is_asked);
    mrpc_channel_give_up_silent(stage.channel, 3600 * 1000); /* it has not been silent for that long */
    mrpc_loop_process(stage.loop);
    assert_false(stage.calls[0].done);
    assert_int_equal(mrpc_channel_state(stage.channel), MRPC_READY);
    mrpc_channel_give_up_silent(stage.channel, 3600 * 1000);
    mrpc_channel_give_up_silent(stage.channel, 0);
    stage_drive(&stage, stage_all_done);
    assert_int_equal(stage.calls[0].code, MRPC_UNAVAILABLE);
    assert_non_null(strstr(stage.calls[0].text, "given up"));
    stage_call(&stage, NULL);
    stage_drive(&stage, stage_all_done);
    assert_string_equal(stage.calls[1].text, "the second");
    mrpc_channel_give_up_silent(stage.channel, 0); /* nothing to end but the connection; the channel goes first */
    stage_close(&stage);
    scripted_server_join(&server);
}

/* One that does not come about is given up, too, well before its timeout. */
static void a_silent_attempt_is_given_up_when_asked(void **state)
{
    struct stage stage = {0};
    struct sleeper sleeper;
    sleeper_open(&sleeper);
    assert_int_equal(listen(sleeper.fd, 4), 0); /* and nobody accepts: no SETTINGS come */
    stage_open(&stage, (struct mrpc_channel_options){.connect_timeout_ms = 3600 * 1000});
    stage_connect(&stage);
    stage_push(&stage, sleeper.target, NULL, NULL);
    stage_call(&stage, NULL);
    while (stage_subchannels(&stage, MRPC_CONNECTING) == 0)
        mrpc_loop_turn(stage.loop, 1000);
    mrpc_channel_give_up_silent(stage.channel, 0);
    stage_drive(&stage, stage_all_done);
    assert_int_equal(stage.calls[0].code, MRPC_UNAVAILABLE);
    assert_non_null(strstr(stage.calls[0].text, "given up"));
    stage_close(&stage);
    close(sleeper.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_watch_hears_of_every_state),
        cmocka_unit_test(try_to_connect_leaves_idle_without_a_call),
        cmocka_unit_test(a_watch_may_be_freed_by_its_own_function),
        cmocka_unit_test(a_watch_may_free_the_channel),
        cmocka_unit_test(a_thread_waits_for_a_state),
        cmocka_unit_test(waiting_on_the_loops_thread_is_refused),
        cmocka_unit_test(watches_come_and_go_while_states_change),
        cmocka_unit_test(failure_sticks_until_it_is_ready_again),
        cmocka_unit_test(a_connection_that_never_served_counts_as_a_failure),
        cmocka_unit_test(a_silent_connection_is_given_up_when_asked),
        cmocka_unit_test(a_silent_attempt_is_given_up_when_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
