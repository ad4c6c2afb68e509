/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stage.h"
#include "test.h"

/* Health watched by the client, gRFC A17. */

#define WATCH ":path: /grpc.health.v1.Health/Watch\n"

/* What the test tells a server's script to do next. */
struct health_script {
    sem_t go;
    const char *name;
};

static void say_status(struct scripted_server *server, int32_t id, uint8_t status)
{
    const uint8_t message[] = {0x08, status};
    raw_message(server->peer, id, false, message, sizeof message);
    scripted_flush(server);
}

static void expect_watch(struct scripted_server *server, int32_t id)
{
    static const uint8_t request[] = {0, 0, 0, 0, 7, 0x0a, 5, 'u', 's', 'e', 'r', 's'};
    size_t size;
    assert_non_null(scripted_wait(server, NGHTTP2_DATA, id, NGHTTP2_FLAG_END_STREAM));
    assert_non_null(strstr(raw_peer_find(server->peer, NGHTTP2_HEADERS, id)->headers, WATCH));
    uint8_t *body = scripted_body(server, id, &size);
    assert_int_equal(size, sizeof request);
    assert_memory_equal(body, request, size);
    free(body);
}

/* NOT_SERVING, on a sign SERVING, on a sign NOT_SERVING again; all other calls get the name. */
static void fall_ill_and_recover(struct scripted_server *server, unsigned connection)
{
    struct health_script *script = server->arg;
    scripted_hello(server);
    expect_watch(server, 1);
    raw_ok_headers(server->peer, 1);
    say_status(server, 1, 2);
    sem_wait(&script->go);
    say_status(server, 1, 1);
    for (int32_t id = 3; id <= 11; id += 2) {
        assert_non_null(scripted_wait(server, NGHTTP2_DATA, id, NGHTTP2_FLAG_END_STREAM));
        say_text(server, id, script->name);
    }
    say_status(server, 1, 3); /* SERVICE_UNKNOWN counts as ill */
    scripted_wait_close(server);
    assert_null(raw_peer_find(server->peer, NGHTTP2_HEADERS, 13));
}

/* A server without the health service. */
static void know_no_health(struct scripted_server *server, unsigned connection)
{
    const struct raw_field fields[] = {
        {":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "12"}};
    scripted_hello(server);
    expect_watch(server, 1);
    raw_headers(server->peer, 1, true, fields, 3);
    server->arg = (void *)"plain";
    say_name_from(server, 3);
}

#define HEALTH_OF_USERS "\"healthCheckConfig\":{\"serviceName\":\"users\"}"
static const char watching[] = "{\"loadBalancingConfig\":[{\"round_robin\":{}}]," HEALTH_OF_USERS "}";

static void open_watching(struct stage *stage, const char *list)
{
    stage_open(stage, (struct mrpc_channel_options){0});
    stage_connect(stage);
    stage_push(stage, list, NULL, watching);
}

static void only_servers_that_serve_get_calls(void **state)
{
    struct stage stage = {0};
    struct health_script script = {.name = "recovered"};
    struct scripted_server servers[2] = {{.arg = &script}, {.arg = NULL}};
    char list[160];
    sem_init(&script.go, 0, 0);
    scripted_server_start(&servers[0], 1, fall_ill_and_recover);
    scripted_server_start(&servers[1], 1, know_no_health);
    snprintf(list, sizeof list, "%s,%s", servers[0].target, servers[1].target);
    open_watching(&stage, list);
    stage_drive(&stage, stage_is_ready);
    while (stage_subchannels(&stage, MRPC_TRANSIENT_FAILURE) < 1)
        mrpc_loop_turn(stage.loop, 1000);
    assert_int_equal(stage_ask(&stage, 10, "plain"), 10); /* UNIMPLEMENTED counts as healthy */
    sem_post(&script.go);
    stage_drive(&stage, stage_all_ready);
    assert_int_equal(stage_ask(&stage, 10, "recovered"), 5);
    while (stage_subchannels(&stage, MRPC_TRANSIENT_FAILURE) < 1)
        mrpc_loop_turn(stage.loop, 1000);
    assert_int_equal(stage_ask(&stage, 10, "plain"), 10);
    stage_close(&stage);
    scripted_server_join(&servers[0]);
    scripted_server_join(&servers[1]);
    sem_destroy(&script.go);
}

static void an_ill_server_alone_is_a_failure(void **state)
{
    struct stage stage = {0};
    struct health_script script = {.name = "recovered"};
    struct scripted_server server = {.arg = &script};
    sem_init(&script.go, 0, 0);
    scripted_server_start(&server, 1, fall_ill_and_recover);
    open_watching(&stage, server.target);
    stage_call(&stage, NULL);
    stage_drive(&stage, stage_all_done);
    assert_int_equal(stage.calls[0].code, MRPC_UNAVAILABLE);
    assert_string_equal(stage.calls[0].text, "the server says that it is not serving");
    const struct mrpc_call_options patient = {.struct_bytes = sizeof patient, .wait_for_ready = true};
    for (int i = 0; i < 5; i++)
        stage_call(&stage, &patient);
    sem_post(&script.go);
    stage_drive(&stage, stage_all_done);
    assert_int_equal(stage_count_text(&stage, "recovered"), 5);
    stage_close(&stage);
    scripted_server_join(&server);
    sem_destroy(&script.go);
}

/* The watch breaks off twice, then works. */
static void break_off(struct scripted_server *server, unsigned connection)
{
    scripted_hello(server);
    expect_watch(server, 1);
    raw_rst(server->peer, 1, NGHTTP2_INTERNAL_ERROR);
    expect_watch(server, 3);
    raw_ok_headers(server->peer, 3);
    say_status(server, 3, 2);
    raw_trailers(server->peer, 3, "14", "restarting");
    expect_watch(server, 5);
    raw_ok_headers(server->peer, 5);
    say_status(server, 5, 1);
    say_name_from(server, 7);
}

static void a_watch_that_ends_is_begun_again(void **state)
{
    struct stage stage = {0};
    struct scripted_server server = {.arg = (void *)"a"};
    scripted_server_start(&server, 1, break_off);
    open_watching(&stage, server.target);
    stage_drive(&stage, stage_is_ready);
    assert_int_equal(stage_ask(&stage, 4, "a"), 4);
    stage_close(&stage);
    scripted_server_join(&server);
}

/* A server that cannot be understood is not trusted to serve. */
static void talk_nonsense(struct scripted_server *server, unsigned connection)
{
    scripted_hello(server);
    expect_watch(server, 1);
    raw_ok_headers(server->peer, 1);
    raw_message(server->peer, 1, false, "\x08", 1);
    scripted_wait_close(server);
}

static void nonsense_counts_as_ill(void **state)
{
    struct stage stage = {0};
    struct scripted_server server = {0};
    scripted_server_start(&server, 1, talk_nonsense);
    open_watching(&stage, server.target);
    stage_drive(&stage, stage_has_failed);
    stage_close(&stage);
    scripted_server_join(&server);
}

static void pick_first_does_not_watch(void **state)
{
    struct stage stage = {0};
    struct scripted_server server;
    named_server_start(&server, "a", 1);
    stage_open(&stage, (struct mrpc_channel_options){0});
    stage_connect(&stage);
    stage_push(&stage, server.target, NULL, "{" HEALTH_OF_USERS "}");
    assert_int_equal(stage_ask(&stage, 3, "a"), 3);
    stage_close(&stage);
    scripted_server_join(&server);
}

static void plain_then_watched(struct scripted_server *server, unsigned connection)
{
    if (connection == 1) {
        know_no_health(server, connection);
        return;
    }
    scripted_hello(server);
    say_name_from(server, 1);
}

/* What was connected without a watch is connected again. */
static void a_choice_may_come_late(void **state)
{
    struct stage stage = {0};
    struct scripted_server server = {.arg = (void *)"unwatched"};
    scripted_server_start(&server, 2, plain_then_watched);
    stage_open(&stage, (struct mrpc_channel_options){.balancing = MRPC_ROUND_ROBIN});
    stage_connect(&stage);
    stage_push(&stage, server.target, NULL, NULL);
    assert_int_equal(stage_ask(&stage, 3, "unwatched"), 3);
    stage_push(&stage, server.target, NULL, watching);
    assert_int_equal(stage_ask(&stage, 3, "plain"), 3);
    stage_close(&stage);
    scripted_server_join(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_servers_that_serve_get_calls),
        cmocka_unit_test(an_ill_server_alone_is_a_failure),
        cmocka_unit_test(a_watch_that_ends_is_begun_again),
        cmocka_unit_test(nonsense_counts_as_ill),
        cmocka_unit_test(pick_first_does_not_watch),
        cmocka_unit_test(a_choice_may_come_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
