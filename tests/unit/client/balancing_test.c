/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stage.h"
#include "test.h"

/* Which of a channel's addresses gets the call: checklist client 4, 5, 6, 9. */

static const char *list_of(const struct scripted_server *servers, size_t count, char *text, size_t size)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++)
        at += (size_t)snprintf(text + at, size - at, "%s%s", i ? "," : "", servers[i].target);
    return text;
}

static void join_all(struct scripted_server *servers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        scripted_server_join(&servers[i]);
}

static void round_robin_gives_each_address_its_turn(void **state)
{
    struct stage stage = {0};
    struct scripted_server servers[3];
    char list[128];
    for (int i = 0; i < 3; i++)
        named_server_start(&servers[i], (const char *[]){"a", "b", "c"}[i], 1);
    stage_open(&stage, (struct mrpc_channel_options){.balancing = MRPC_ROUND_ROBIN});
    stage_connect(&stage);
    stage_push(&stage, list_of(servers, 3, list, sizeof list), NULL, NULL);
    stage_drive(&stage, stage_all_ready);
    assert_int_equal(stage_ask(&stage, 30, "a"), 10);
    assert_int_equal(stage_ask(&stage, 30, "b"), 10);
    assert_int_equal(stage_ask(&stage, 30, "c"), 10);
    stage_close(&stage);
    join_all(servers, 3);
}

static void several_ipv4_addresses_are_a_target(void **state)
{
    struct stage stage = {0};
    struct scripted_server servers[2];
    char list[128], target[140];
    named_server_start(&servers[0], "a", 1);
    named_server_start(&servers[1], "b", 1);
    snprintf(target, sizeof target, "ipv4:%s", list_of(servers, 2, list, sizeof list));
    stage_open_target(&stage, target, (struct mrpc_channel_options){.balancing = MRPC_ROUND_ROBIN});
    mrpc_channel_connect(stage.channel);
    stage_drive(&stage, stage_all_ready);
    assert_int_equal(stage_ask(&stage, 10, "a"), 5);
    stage_close(&stage);
    join_all(servers, 2);
}

static void weights_share_out_the_calls(void **state)
{
    struct stage stage = {0};
    struct scripted_server servers[3];
    char list[128], order[8] = "";
    const uint32_t weights[] = {5, 1, 1};
    for (int i = 0; i < 3; i++)
        named_server_start(&servers[i], (const char *[]){"a", "b", "c"}[i], 1);
    stage_open(&stage, (struct mrpc_channel_options){.balancing = MRPC_WEIGHTED_ROUND_ROBIN});
    stage_connect(&stage);
    stage_push(&stage, list_of(servers, 3, list, sizeof list), weights, NULL);
    stage_drive(&stage, stage_all_ready);
    for (int i = 0; i < 7; i++) {
        stage_ask(&stage, 1, "");
        order[i] = stage.calls[0].text[0];
    }
    assert_string_equal(order, "aabacaa"); /* smooth: b and c in between */
    assert_int_equal(stage_ask(&stage, 70, "a"), 50);
    /* Another list with other weights keeps the connections. */
    stage_push(&stage, list, (const uint32_t[]){1, 1, 8}, NULL);
    stage_ask(&stage, 10, "c"); /* what was owed under the old weights */
    assert_in_range(stage_ask(&stage, 100, "c"), 78, 82);
    stage_close(&stage);
    join_all(servers, 3);
}

static void pick_first_stays_with_one(void **state)
{
    struct stage stage = {0};
    struct scripted_server servers[2];
    char list[128];
    named_server_start(&servers[0], "a", 1);
    named_server_start(&servers[1], "b", 0);
    stage_open(&stage, (struct mrpc_channel_options){0});
    stage_connect(&stage);
    stage_push(&stage, list_of(servers, 2, list, sizeof list), NULL, NULL);
    assert_int_equal(stage_ask(&stage, 20, "a"), 20);
    assert_int_equal(stage_subchannels(&stage, MRPC_READY), 1);
    assert_null(stage.channel->subchannels->next);
    /* The same list in another order: the connection is still good. */
    char other[128];
    snprintf(other, sizeof other, "%s,%s", servers[1].target, servers[0].target);
    stage_push(&stage, other, NULL, NULL);
    assert_int_equal(stage_ask(&stage, 20, "a"), 20);
    stage_close(&stage);
    join_all(servers, 2);
}

/* Happy Eyeballs, gRFC A61. */

/* A listener whose queue is full: what connects to it gets no answer, as from a host behind a black hole. */
struct black_hole {
    int fds[8];
    char target[64];
};

static void black_hole_open(struct black_hole *hole)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof name;
    hole->fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(hole->fds[0], (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(hole->fds[0], 0), 0);
    assert_int_equal(getsockname(hole->fds[0], (struct sockaddr *)&name, &size), 0);
    for (int i = 1; i < 8; i++) {
        hole->fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(hole->fds[i], (struct sockaddr *)&name, sizeof name);
    }
    snprintf(hole->target, sizeof hole->target, "127.0.0.1:%u", ntohs(name.sin_port));
}

static void black_hole_close(struct black_hole *hole)
{
    for (int i = 0; i < 8; i++)
        close(hole->fds[i]);
}

static void an_address_that_does_not_answer_costs_250_ms(void **state)
{
    struct stage stage = {0};
    struct black_hole hole;
    struct scripted_server server;
    char list[140];
    black_hole_open(&hole);
    named_server_start(&server, "b", 1);
    stage_open(&stage, (struct mrpc_channel_options){.connect_timeout_ms = 60000});
    stage_connect(&stage);
    snprintf(list, sizeof list, "%s,%s", hole.target, server.target);
    int64_t before_ms = mrpc_clock_ms();
    stage_push(&stage, list, NULL, NULL);
    assert_int_equal(stage_ask(&stage, 1, "b"), 1);
    assert_in_range(mrpc_clock_ms() - before_ms, 245, 20000);
    assert_null(stage.channel->subchannels->next); /* the other attempt has been given up */
    stage_close(&stage);
    scripted_server_join(&server);
    black_hole_close(&hole);
}

static void an_address_that_refuses_costs_nothing(void **state)
{
    enum { REFUSING = 40 };
    struct stage stage = {0};
    char target[1024] = "ipv4:";
    struct scripted_server server;
    named_server_start(&server, "b", 1);
    for (int i = 1; i <= REFUSING; i++)
        snprintf(target + strlen(target), sizeof target - strlen(target), "127.0.0.1:%d,", i);
    snprintf(target + strlen(target), sizeof target - strlen(target), "%s", server.target);
    stage_open_target(&stage, target, (struct mrpc_channel_options){.connect_timeout_ms = 60000});
    int64_t before_ms = mrpc_clock_ms();
    assert_int_equal(stage_ask(&stage, 1, "b"), 1);
    assert_in_range(mrpc_clock_ms() - before_ms, 0, REFUSING * 250 - 1);
    stage_close(&stage);
    scripted_server_join(&server);
}

/* MAX_CONCURRENT_STREAMS. */

static void answer_two_on_a_sign(struct scripted_server *server, unsigned connection)
{
    raw_setting(server->peer, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2);
    raw_settings_ack(server->peer);
    assert_non_null(scripted_wait(server, NGHTTP2_DATA, 1, NGHTTP2_FLAG_END_STREAM));
    assert_non_null(scripted_wait(server, NGHTTP2_DATA, 3, NGHTTP2_FLAG_END_STREAM));
    sem_wait(server->arg);
    assert_null(raw_peer_find(server->peer, NGHTTP2_HEADERS, 5));
    say_text(server, 1, "limited");
    say_text(server, 3, "limited");
    for (int32_t id = 5; scripted_wait(server, NGHTTP2_DATA, id, NGHTTP2_FLAG_END_STREAM); id += 2)
        say_text(server, id, "limited");
}

static bool ten_done(const struct stage *stage)
{
    return stage_count_text(stage, "free") == 10;
}

static void a_full_server_is_passed_over(void **state)
{
    struct stage stage = {0};
    sem_t sign;
    struct scripted_server servers[2] = {{.arg = &sign}};
    char list[128];
    sem_init(&sign, 0, 0);
    scripted_server_start(&servers[0], 1, answer_two_on_a_sign);
    named_server_start(&servers[1], "free", 1);
    stage_open(&stage, (struct mrpc_channel_options){.balancing = MRPC_ROUND_ROBIN});
    stage_connect(&stage);
    stage_push(&stage, list_of(servers, 2, list, sizeof list), NULL, NULL);
    stage_drive(&stage, stage_all_ready);
    for (int i = 0; i < 12; i++)
        stage_call(&stage, NULL);
    stage_drive(&stage, ten_done); /* while two are with the one that is full */
    sem_post(&sign);
    stage_drive(&stage, stage_all_done);
    assert_int_equal(stage_count_text(&stage, "limited"), 2);
    stage_close(&stage);
    join_all(servers, 2);
    sem_destroy(&sign);
}

static void calls_queue_when_every_server_is_full(void **state)
{
    struct stage stage = {0};
    sem_t sign;
    struct scripted_server servers[2] = {{.arg = &sign}, {.arg = &sign}};
    char list[128];
    sem_init(&sign, 0, 0);
    scripted_server_start(&servers[0], 1, answer_two_on_a_sign);
    scripted_server_start(&servers[1], 1, answer_two_on_a_sign);
    stage_open(&stage, (struct mrpc_channel_options){.balancing = MRPC_ROUND_ROBIN});
    stage_connect(&stage);
    stage_push(&stage, list_of(servers, 2, list, sizeof list), NULL, NULL);
    stage_drive(&stage, stage_all_ready);
    for (int i = 0; i < 40; i++)
        stage_call(&stage, NULL);
    sem_post(&sign);
    sem_post(&sign);
    stage_drive(&stage, stage_all_done);
    assert_int_equal(stage_count_text(&stage, "limited"), 40);
    stage_close(&stage);
    join_all(servers, 2);
    sem_destroy(&sign);
}

/* GOAWAY. */

static void goaway_after_the_first(struct scripted_server *server, unsigned connection)
{
    scripted_hello(server);
    assert_non_null(scripted_wait(server, NGHTTP2_DATA, 1, NGHTTP2_FLAG_END_STREAM));
    assert_non_null(scripted_wait(server, NGHTTP2_DATA, 3, NGHTTP2_FLAG_END_STREAM));
    raw_goaway(server->peer, 1, NGHTTP2_NO_ERROR, "");
    scripted_flush(server);
    sem_wait(server->arg);
    say_text(server, 1, "leaving");
    scripted_wait_close(server);
    close(server->listen_fd); /* nobody takes its place */
    server->listen_fd = -1;
}

static bool three_are_served(const struct stage *stage)
{
    return stage_count_text(stage, "staying") == 3;
}

static void above_goaway_is_retried_elsewhere_and_others_run_on(void **state)
{
    struct stage stage = {0};
    sem_t sign;
    struct scripted_server servers[2] = {{.arg = &sign}};
    char list[128];
    sem_init(&sign, 0, 0);
    scripted_server_start(&servers[0], 1, goaway_after_the_first);
    named_server_start(&servers[1], "staying", 1);
    stage_open(&stage, (struct mrpc_channel_options){.balancing = MRPC_ROUND_ROBIN});
    stage_connect(&stage);
    stage_push(&stage, list_of(servers, 2, list, sizeof list), NULL, NULL);
    stage_drive(&stage, stage_all_ready);
    for (int i = 0; i < 4; i++)
        stage_call(&stage, NULL);
    stage_drive(&stage, three_are_served);
    assert_true(stage_is_ready(&stage));
    assert_true(stage.asked > 0); /* for other addresses */
    sem_post(&sign);
    stage_drive(&stage, stage_all_done);
    assert_int_equal(stage_count_text(&stage, "leaving"), 1);
    stage_close(&stage);
    join_all(servers, 2);
    sem_destroy(&sign);
}

static void complain_of_pings(struct scripted_server *server, unsigned connection)
{
    scripted_hello(server);
    assert_non_null(scripted_wait(server, NGHTTP2_DATA, 1, NGHTTP2_FLAG_END_STREAM));
    say_text(server, 1, "once");
    raw_goaway(server->peer, 1, NGHTTP2_ENHANCE_YOUR_CALM, "too_many_pings");
    scripted_wait_close(server);
}

static bool has_slowed_down(const struct stage *stage)
{
    return stage->channel->keepalive_time_ms == 20000;
}

static void too_many_pings_doubles_the_keepalive_time(void **state)
{
    struct stage stage = {0};
    struct scripted_server server = {0};
    scripted_server_start(&server, 1, complain_of_pings);
    stage_open(&stage, (struct mrpc_channel_options){.keepalive_time_ms = 1});
    assert_int_equal(stage.channel->keepalive_time_ms, 10000); /* checklist client 8: at least 10 s */
    stage_connect(&stage);
    stage_push(&stage, server.target, NULL, NULL);
    assert_int_equal(stage_ask(&stage, 1, "once"), 1);
    stage_drive(&stage, has_slowed_down);
    stage_close(&stage);
    scripted_server_join(&server);
}

/* Of this process's socket that is connected to @port. */
static unsigned user_timeout_of(unsigned port)
{
    for (int fd = 3; fd < 1024; fd++) {
        struct sockaddr_in name = {0};
        socklen_t size = sizeof name;
        unsigned timeout_ms = 0;
        socklen_t timeout_bytes = sizeof timeout_ms;
        if (getpeername(fd, (struct sockaddr *)&name, &size) == 0 && name.sin_family == AF_INET &&
            ntohs(name.sin_port) == port &&
            getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, &timeout_bytes) == 0)
            return timeout_ms;
    }
    fail_msg("no socket is connected to port %u", port);
    return 0;
}

/* gRFC A18. */
static void tcp_gives_up_when_keepalive_does(void **state)
{
    for (unsigned timeout_ms = 0; timeout_ms <= 7000; timeout_ms += 7000) {
        struct stage stage = {0};
        struct scripted_server server;
        named_server_start(&server, "a", 1);
        stage_open(&stage, (struct mrpc_channel_options){.keepalive_time_ms = timeout_ms ? 60000 : 0,
                                                         .keepalive_timeout_ms = timeout_ms});
        stage_connect(&stage);
        stage_push(&stage, server.target, NULL, NULL);
        assert_int_equal(stage_ask(&stage, 1, "a"), 1);
        assert_int_equal(user_timeout_of(server.port), timeout_ms);
        stage_close(&stage);
        scripted_server_join(&server);
    }
}

static void keepalive_is_off_by_default(void **state)
{
    struct stage stage = {0};
    stage_open(&stage, (struct mrpc_channel_options){0});
    assert_int_equal(stage.channel->keepalive_time_ms, 0);
    stage_close(&stage);
}

/* N11: the list of addresses changes. */

static void answer_the_first_on_a_sign(struct scripted_server *server, unsigned connection)
{
    scripted_hello(server);
    assert_non_null(scripted_wait(server, NGHTTP2_DATA, 1, NGHTTP2_FLAG_END_STREAM));
    sem_wait(server->arg);
    say_text(server, 1, "leaving");
    say_name_from(server, 3);
}

static void an_address_that_goes_ends_its_calls_in_peace(void **state)
{
    for (int balancing = MRPC_PICK_FIRST; balancing <= MRPC_WEIGHTED_ROUND_ROBIN; balancing++) {
        struct stage stage = {0};
        sem_t sign;
        struct scripted_server servers[2] = {{.arg = &sign}};
        sem_init(&sign, 0, 0);
        scripted_server_start(&servers[0], 1, answer_the_first_on_a_sign);
        named_server_start(&servers[1], "new", 1);
        stage_open(&stage, (struct mrpc_channel_options){.balancing = (enum mrpc_balancing)balancing});
        stage_connect(&stage);
        stage_push(&stage, servers[0].target, NULL, NULL);
        stage_drive(&stage, stage_is_ready);
        stage_call(&stage, NULL);
        stage_push(&stage, servers[1].target, NULL, NULL);
        mrpc_loop_process(stage.loop);
        stage_call(&stage, NULL);
        stage_call(&stage, NULL);
        while (stage_count_text(&stage, "new") < 2)
            mrpc_loop_turn(stage.loop, 100);
        assert_int_equal(stage_subchannels(&stage, MRPC_SHUTDOWN), 1);
        sem_post(&sign);
        stage_drive(&stage, stage_all_done);
        assert_int_equal(stage_count_text(&stage, "leaving"), 1);
        scripted_server_join(&servers[0]); /* its connection has been closed */
        assert_int_equal(stage_subchannels(&stage, MRPC_SHUTDOWN), 0);
        stage_close(&stage);
        scripted_server_join(&servers[1]);
        sem_destroy(&sign);
    }
}

static void an_address_that_comes_gets_calls(void **state)
{
    struct stage stage = {0};
    struct scripted_server servers[2];
    char list[128];
    named_server_start(&servers[0], "a", 1);
    named_server_start(&servers[1], "b", 1);
    stage_open(&stage, (struct mrpc_channel_options){.balancing = MRPC_ROUND_ROBIN});
    stage_connect(&stage);
    stage_push(&stage, servers[0].target, NULL, NULL);
    assert_int_equal(stage_ask(&stage, 5, "a"), 5);
    stage_push(&stage, list_of(servers, 2, list, sizeof list), NULL, NULL);
    while (stage_subchannels(&stage, MRPC_READY) < 2)
        mrpc_loop_turn(stage.loop, 100);
    assert_int_equal(stage_ask(&stage, 10, "b"), 5);
    stage_close(&stage);
    join_all(servers, 2);
}

static void another_policy_keeps_the_connections(void **state)
{
    struct stage stage = {0};
    struct scripted_server servers[2];
    char list[128];
    named_server_start(&servers[0], "a", 1);
    named_server_start(&servers[1], "b", 1);
    stage_open(&stage, (struct mrpc_channel_options){0});
    stage_connect(&stage);
    stage_push(&stage, list_of(servers, 2, list, sizeof list), NULL, NULL);
    assert_int_equal(stage_ask(&stage, 4, "a"), 4);
    mrpc_channel_choose_balancer(stage.channel, &(struct mrpc_lb_choice){.balancing = MRPC_ROUND_ROBIN});
    stage_drive(&stage, stage_all_ready);
    assert_int_equal(stage_ask(&stage, 10, "b"), 5);
    mrpc_channel_choose_balancer(stage.channel, &(struct mrpc_lb_choice){.balancing = MRPC_PICK_FIRST});
    assert_int_equal(stage_ask(&stage, 4, "a"), 4);
    stage_close(&stage);
    join_all(servers, 2);
}

/* gRFC A6. By their weights alone both attempts would go to a, which never answers. */

static void only_count(struct scripted_server *server, unsigned connection)
{
    scripted_hello(server);
    scripted_wait_close(server);
    for (size_t i = 0; i < server->peer->frame_count; i++)
        *(unsigned *)server->arg += server->peer->frames[i].type == NGHTTP2_HEADERS;
}

static void hedges_of_a_call_go_to_servers_of_their_own(void **state)
{
    static const char config[] = "{\"methodConfig\":[{\"name\":[{}],\"hedgingPolicy\":{\"maxAttempts\":2,"
                                 "\"hedgingDelay\":\"0.001s\"}}]}";
    static const uint32_t weights[] = {3, 1};
    struct stage stage = {0};
    unsigned heard = 0;
    struct scripted_server servers[2] = {{.arg = &heard}};
    char list[128];
    scripted_server_start(&servers[0], 1, only_count);
    named_server_start(&servers[1], "b", 1);
    stage_open(&stage, (struct mrpc_channel_options){.balancing = MRPC_WEIGHTED_ROUND_ROBIN});
    stage_connect(&stage);
    stage_push(&stage, list_of(servers, 2, list, sizeof list), weights, config);
    stage_drive(&stage, stage_all_ready);
    assert_int_equal(stage_ask(&stage, 1, "b"), 1);
    stage_close(&stage);
    join_all(servers, 2);
    assert_int_equal(heard, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_robin_gives_each_address_its_turn),
        cmocka_unit_test(several_ipv4_addresses_are_a_target),
        cmocka_unit_test(weights_share_out_the_calls),
        cmocka_unit_test(pick_first_stays_with_one),
        cmocka_unit_test(an_address_that_does_not_answer_costs_250_ms),
        cmocka_unit_test(an_address_that_refuses_costs_nothing),
        cmocka_unit_test(a_full_server_is_passed_over),
        cmocka_unit_test(calls_queue_when_every_server_is_full),
        cmocka_unit_test(above_goaway_is_retried_elsewhere_and_others_run_on),
        cmocka_unit_test(too_many_pings_doubles_the_keepalive_time),
        cmocka_unit_test(keepalive_is_off_by_default),
        cmocka_unit_test(tcp_gives_up_when_keepalive_does),
        cmocka_unit_test(an_address_that_goes_ends_its_calls_in_peace),
        cmocka_unit_test(an_address_that_comes_gets_calls),
        cmocka_unit_test(another_policy_keeps_the_connections),
        cmocka_unit_test(hedges_of_a_call_go_to_servers_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
