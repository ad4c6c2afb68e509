/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "stage.h"
#include "test.h"

/* Where addresses come from: a resolver of the program's, and DNS. Checklist client 6. */

static bool is_connecting(const struct stage *stage)
{
    return mrpc_channel_state(stage->channel) == MRPC_CONNECTING;
}

static void it_starts_with_the_first_need_and_stops_with_the_channel(void **state)
{
    struct stage stage = {0};
    stage_open(&stage, (struct mrpc_channel_options){0});
    assert_int_equal(mrpc_loop_process(stage.loop), 0);
    assert_int_equal(stage.starts, 0);
    assert_string_equal(stage.channel->authority, "users");
    stage_connect(&stage);
    assert_string_equal(stage.resolver_target, "test:///users");
    assert_true(is_connecting(&stage));
    stage_close(&stage);
    assert_int_equal(stage.starts, 1);
    assert_int_equal(stage.stops, 1);
}

static void a_failure_fails_calls_and_a_result_mends_them(void **state)
{
    struct stage stage = {0};
    struct scripted_server server;
    named_server_start(&server, "a", 1);
    stage_open(&stage, (struct mrpc_channel_options){0});
    stage_call(&stage, NULL);
    size_t patient = stage_call(&stage, &(struct mrpc_call_options){.struct_bytes = sizeof(struct mrpc_call_options),
                                                                    .wait_for_ready = true});
    stage_connect(&stage);
    mrpc_resolver_fail(stage.listener, "no such user");
    stage_drive(&stage, stage_has_failed);
    assert_int_equal(stage.calls[0].code, MRPC_UNAVAILABLE);
    assert_string_equal(stage.calls[0].text, "no such user");
    assert_false(stage.calls[patient].done);
    stage_push(&stage, server.target, NULL, NULL);
    stage_drive(&stage, stage_all_done);
    assert_string_equal(stage.calls[patient].text, "a");
    mrpc_resolver_fail(stage.listener, "the registry is away"); /* what works stays in use */
    assert_int_equal(stage_ask(&stage, 3, "a"), 3);
    stage_close(&stage);
    scripted_server_join(&server);
}

/* Service configs from a resolver: gRFC A21. */

#define EVERY_METHOD(FIELDS) "{\"methodConfig\":[{\"name\":[{}]," FIELDS "}]}"

static void a_config_treats_the_calls_that_waited_for_it(void **state)
{
    struct stage stage = {0};
    stage_open(&stage, (struct mrpc_channel_options){.service_config = EVERY_METHOD("\"timeout\":\"1000s\"")});
    stage_call(&stage, NULL);
    stage_connect(&stage);
    /* Nobody is there; without waitForReady the call would end UNAVAILABLE. */
    stage_push(&stage, "127.0.0.1:1", NULL, EVERY_METHOD("\"timeout\":\"0.2s\",\"waitForReady\":true"));
    stage_drive(&stage, stage_all_done);
    assert_int_equal(stage.calls[0].code, MRPC_DEADLINE_EXCEEDED);
    stage_close(&stage);
}

static void a_config_chooses_the_balancer_and_none_leaves_it_to_the_options(void **state)
{
    static const char config[] = "{\"loadBalancingConfig\":[{\"round_robin\":{}}],"
                                 "\"healthCheckConfig\":{\"serviceName\":\"x\"}}";
    struct stage stage = {0};
    stage_open(&stage, (struct mrpc_channel_options){.balancing = MRPC_WEIGHTED_ROUND_ROBIN});
    assert_int_equal(stage.channel->lb_choice.balancing, MRPC_WEIGHTED_ROUND_ROBIN);
    stage_connect(&stage);
    stage_push(&stage, "127.0.0.1:1", NULL, config);
    assert_int_equal(mrpc_loop_process(stage.loop), 0);
    assert_int_equal(stage.channel->lb_choice.balancing, MRPC_ROUND_ROBIN);
    assert_string_equal(stage.channel->lb_choice.health_service, "x");
    stage_push(&stage, "127.0.0.1:1", NULL, NULL);
    assert_int_equal(mrpc_loop_process(stage.loop), 0);
    assert_int_equal(stage.channel->lb_choice.balancing, MRPC_WEIGHTED_ROUND_ROBIN);
    assert_false(stage.channel->lb_choice.watch_health);
    stage_close(&stage);
}

static void a_bad_config_fails_calls_unless_there_was_a_good_one(void **state)
{
    struct stage stage = {0};
    struct scripted_server server;
    named_server_start(&server, "a", 1);
    stage_open(&stage, (struct mrpc_channel_options){0});
    stage_call(&stage, NULL);
    stage_connect(&stage);
    stage_push(&stage, server.target, NULL, "{\"methodConfig\":3}");
    stage_drive(&stage, stage_all_done);
    assert_int_equal(stage.calls[0].code, MRPC_UNAVAILABLE);
    assert_string_equal(stage.calls[0].text,
                        "the resolver's service config is none: methodConfig: must be an array");
    stage_push(&stage, server.target, NULL, "{\"loadBalancingPolicy\":\"round_robin\"}");
    stage_drive(&stage, stage_is_ready);
    assert_int_equal(stage_ask(&stage, 1, "a"), 1);
    stage_push(&stage, server.target, NULL, "no JSON");
    assert_int_equal(stage_ask(&stage, 2, "a"), 2);
    assert_int_equal(stage.channel->lb_choice.balancing, MRPC_ROUND_ROBIN);
    stage_close(&stage);
    scripted_server_join(&server);
}

static int push_one(struct mrpc_resolver_listener *listener, const char *address, const char *server_name)
{
    const struct mrpc_resolver_address one = {.address = address, .server_name = server_name};
    const struct mrpc_resolver_result result = {
        .struct_bytes = sizeof result, .address_bytes = sizeof one, .addresses = &one, .address_count = 1};
    return mrpc_resolver_push(listener, &result);
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const bad[] = {"localhost:1", "1.2.3.4:x", "ipv4:1.2.3.4:5,1.2.3.5:6", "", "unix:"};
    char long_name[300];
    struct stage stage = {0};
    stage_open(&stage, (struct mrpc_channel_options){0});
    stage_connect(&stage);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(push_one(stage.listener, bad[i], NULL), MRPC_ERR_ADDRESS);
    assert_int_equal(push_one(stage.listener, NULL, NULL), MRPC_ERR_INVALID);
    memset(long_name, 'x', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    assert_int_equal(push_one(stage.listener, "127.0.0.1:1", long_name), MRPC_ERR_INVALID);
    const struct mrpc_resolver_result no_stride = {.struct_bytes = sizeof no_stride};
    assert_int_equal(mrpc_resolver_push(stage.listener, &no_stride), MRPC_ERR_INVALID);
    assert_int_equal(mrpc_loop_process(stage.loop), 0);
    assert_true(is_connecting(&stage)); /* nothing was taken */
    stage_push(&stage, "", NULL, NULL);
    stage_drive(&stage, stage_has_failed);
    assert_string_equal(stage.channel->last_error, "the resolver found no address");
    stage_close(&stage);
}

static void a_server_name_makes_another_server(void **state)
{
    struct stage stage = {0};
    const struct mrpc_resolver_address two[] = {{.address = "127.0.0.1:1", .server_name = "a.example", .weight = 3},
                                                {.address = "127.0.0.1:1", .server_name = "b.example"},
                                                {.address = "127.0.0.1:1", .server_name = "a.example"}};
    const struct mrpc_resolver_result result = {
        .struct_bytes = sizeof result, .address_bytes = sizeof two[0], .addresses = two, .address_count = 3};
    stage_open(&stage, (struct mrpc_channel_options){0});
    stage_connect(&stage);
    assert_int_equal(mrpc_resolver_push(stage.listener, &result), 0);
    assert_int_equal(mrpc_loop_process(stage.loop), 0);
    const struct mrpc_address_list *list = &stage.channel->addresses;
    assert_int_equal(list->count, 2);
    assert_string_equal(list->items[0].server_name, "a.example");
    assert_int_equal(list->items[0].weight, 3);
    assert_int_equal(list->items[1].weight, 1);
    stage_close(&stage);
}

static void more_addresses_than_the_cap_are_left_out(void **state)
{
    static struct mrpc_resolver_address many[1000];
    static char texts[1000][32];
    struct stage stage = {0};
    for (int i = 0; i < 1000; i++) {
        snprintf(texts[i], sizeof texts[i], "127.1.%d.%d:1", i / 250, i % 250);
        many[i].address = texts[i];
    }
    const struct mrpc_resolver_result result = {
        .struct_bytes = sizeof result, .address_bytes = sizeof many[0], .addresses = many, .address_count = 1000};
    stage_open(&stage, (struct mrpc_channel_options){.balancing = MRPC_ROUND_ROBIN});
    stage_connect(&stage);
    assert_int_equal(mrpc_resolver_push(stage.listener, &result), 0);
    stage_drive(&stage, stage_has_failed);
    assert_int_equal(stage.channel->addresses.count, MRPC_ADDRESSES_MAX);
    size_t subchannels = 0;
    for (const struct mrpc_subchannel *at = stage.channel->subchannels; at; at = at->next)
        subchannels++;
    assert_int_equal(subchannels, MRPC_ADDRESSES_MAX);
    stage_close(&stage);
}

static void one_that_cannot_start_is_started_again(void **state)
{
    struct stage stage = {.refuse_start = true};
    stage_open(&stage, (struct mrpc_channel_options){0});
    stage_call(&stage, NULL);
    stage_drive(&stage, stage_all_done);
    assert_int_equal(stage.calls[0].code, MRPC_UNAVAILABLE);
    assert_string_equal(stage.calls[0].text, "the resolver could not start");
    stage.refuse_start = false;
    stage_connect(&stage); /* a timer of the channel's: nobody has asked again */
    assert_true(stage.starts >= 2);
    stage_close(&stage);
    assert_int_equal(stage.stops, 1);
}

/* A resolver with a thread of its own, which goes on for a while after the channel has stopped it. */

struct pusher {
    struct mrpc_resolver_listener *listener;
    const char *addresses[2];
    atomic_bool stop;
    pthread_t thread;
};

static void *push_and_push(void *arg)
{
    struct pusher *pusher = arg;
    for (unsigned i = 0; i < 1000 || !atomic_load(&pusher->stop); i++) {
        assert_int_equal(push_one(pusher->listener, pusher->addresses[i % 2], NULL), 0);
        if (i % 16 == 0)
            mrpc_resolver_fail(pusher->listener, "for a moment");
    }
    assert_int_equal(push_one(pusher->listener, pusher->addresses[0], NULL), 0);
    mrpc_resolver_listener_release(pusher->listener);
    return NULL;
}

static void *pusher_start(void *arg, const char *target, struct mrpc_resolver_listener *listener)
{
    struct pusher *pusher = arg;
    pusher->listener = listener;
    assert_int_equal(pthread_create(&pusher->thread, NULL, push_and_push, pusher), 0);
    return pusher;
}

static void pusher_stop(void *self)
{
    struct pusher *pusher = self;
    atomic_store(&pusher->stop, true);
}

static const struct mrpc_resolver pusher_resolver = {
    .struct_bytes = sizeof pusher_resolver, .start = pusher_start, .stop = pusher_stop};

static void results_may_come_from_any_thread_and_too_late(void **state)
{
    struct stage stage = {0};
    struct scripted_server server;
    named_server_start(&server, "a", 1);
    char same[80];
    snprintf(same, sizeof same, "ipv4:%s", server.target);
    struct pusher pusher = {.addresses = {server.target, same}};
    stage_open_target(&stage, "test:users",
                      (struct mrpc_channel_options){.resolver = &pusher_resolver, .resolver_arg = &pusher});
    assert_int_equal(stage_ask(&stage, 50, "a"), 50);
    stage_close(&stage);
    pthread_join(pusher.thread, NULL);
    scripted_server_join(&server);
}

static void bad_resolvers_and_targets_are_refused(void **state)
{
    struct mrpc_channel *channel;
    const struct mrpc_resolver without_stop = {.struct_bytes = sizeof without_stop, .start = pusher_start};
    struct mrpc_channel_options options = {.struct_bytes = sizeof options, .resolver = &without_stop};
    assert_int_equal(mrpc_channel_new("test:///users", &options, &channel), MRPC_ERR_INVALID);
    options.resolver = &pusher_resolver;
    assert_int_equal(mrpc_channel_new("test:///", &options, &channel), MRPC_ERR_ADDRESS);
    assert_int_equal(mrpc_channel_new("test:///us\ners", &options, &channel), MRPC_ERR_ADDRESS);
    options = (struct mrpc_channel_options){.struct_bytes = sizeof options, .balancing = (enum mrpc_balancing)7};
    assert_int_equal(mrpc_channel_new("127.0.0.1:1", &options, &channel), MRPC_ERR_INVALID);
}

/* DNS, by the loop's clock. */

struct answers {
    unsigned resolved, failed;
};

static void count_resolved(void *arg, struct mrpc_address_list *addresses, char *service_config)
{
    ((struct answers *)arg)->resolved++;
    assert_null(service_config);
    mrpc_address_list_fini(addresses);
}

static void count_failed(void *arg, const char *why)
{
    ((struct answers *)arg)->failed++;
    assert_non_null(strstr(why, "resolve "));
}

struct dns_stage {
    struct mrpc_loop *loop;
    struct mrpc_target target;
    struct mrpc_resolver_listener *listener;
    void *self;
    struct answers answers;
};

static void dns_open(struct dns_stage *stage, const char *target)
{
    static const struct mrpc_listener_events events = {.resolved = count_resolved, .failed = count_failed};
    assert_int_equal(mrpc_loop_new(&stage->loop), 0);
    assert_int_equal(mrpc_target_parse(target, &stage->target), 0);
    assert_int_equal(mrpc_listener_new(stage->loop, &events, &stage->answers, &stage->listener), 0);
    struct mrpc_dns_config config = {.loop = stage->loop,
                                     .target = &stage->target,
                                     .timeout_ms = 60000,
                                     .backoff = {.base_ms = 1000, .max_ms = 120000, .random = 1}};
    stage->self = mrpc_dns_resolver.start(&config, target, stage->listener);
    assert_non_null(stage->self);
}

static void dns_close(struct dns_stage *stage)
{
    mrpc_listener_stop(stage->listener);
    mrpc_dns_resolver.stop(stage->self);
    mrpc_loop_free(stage->loop);
    mrpc_target_fini(&stage->target);
}

static void wait_for(struct dns_stage *stage, const unsigned *counter, unsigned value)
{
    while (*counter < value)
        assert_int_equal(mrpc_loop_turn(stage->loop, 30000), 0);
}

static void a_name_is_looked_up_again_after_30_s_at_the_earliest(void **state)
{
    struct dns_stage stage = {0};
    dns_open(&stage, "localhost:50051");
    wait_for(&stage, &stage.answers.resolved, 1);
    for (int i = 0; i < 100; i++)
        mrpc_dns_resolver.resolve_now(stage.self);
    assert_in_range(mrpc_loop_timeout_ms(stage.loop), 25000, 30000);
    mrpc_loop_advance(stage.loop, 30001);
    wait_for(&stage, &stage.answers.resolved, 2);
    assert_int_equal(mrpc_loop_timeout_ms(stage.loop), -1); /* not by itself */
    mrpc_loop_advance(stage.loop, 30001);
    mrpc_dns_resolver.resolve_now(stage.self); /* the time has passed: at once */
    wait_for(&stage, &stage.answers.resolved, 3);
    dns_close(&stage);
    assert_int_equal(stage.answers.failed, 0);
}

static void a_failed_look_up_is_repeated_with_backoff(void **state)
{
    struct dns_stage stage = {0};
    int64_t before_ms = mrpc_clock_ms();
    dns_open(&stage, "a..b:50051"); /* no name that could exist: getaddrinfo says so at once */
    double expected_ms = 1000;
    for (unsigned i = 1; i <= 6; i++, expected_ms *= 1.6) {
        wait_for(&stage, &stage.answers.failed, i);
        mrpc_dns_resolver.resolve_now(stage.self); /* does not shorten the wait */
        int left_ms = mrpc_loop_timeout_ms(stage.loop);
        int64_t passed_ms = mrpc_clock_ms() - before_ms; /* since before the look-up began */
        assert_in_range(left_ms + passed_ms, expected_ms * 0.8 - 1, expected_ms * 1.2 + (double)passed_ms + 1);
        before_ms = mrpc_clock_ms();
        mrpc_loop_advance(stage.loop, left_ms + 1);
    }
    dns_close(&stage);
    assert_int_equal(stage.answers.resolved, 0);
}

static void literal_addresses_are_told_once(void **state)
{
    struct dns_stage stage = {0};
    dns_open(&stage, "ipv4:127.0.0.1:1,127.0.0.1:2");
    wait_for(&stage, &stage.answers.resolved, 1);
    mrpc_dns_resolver.resolve_now(stage.self);
    mrpc_loop_advance(stage.loop, 100000);
    assert_int_equal(mrpc_loop_process(stage.loop), 0);
    assert_int_equal(stage.answers.resolved, 1);
    dns_close(&stage);
}

/* The order of attempts. */

static void families_alternate(void **state)
{
    static const char *const given[] = {"[::1]:1", "[::1]:2", "[::1]:3", "1.1.1.1:1", "1.1.1.1:2"};
    static const char *const wanted[] = {"[::1]:1", "1.1.1.1:1", "[::1]:2", "1.1.1.1:2", "[::1]:3"};
    struct mrpc_address_list list = {0};
    for (int i = 0; i < 5; i++) {
        struct mrpc_address address;
        assert_int_equal(mrpc_address_parse(given[i], &address), 0);
        assert_int_equal(mrpc_address_list_append(&list, &address), 0);
        assert_int_equal(mrpc_address_list_append(&list, &address), 0); /* once is enough */
    }
    assert_int_equal(list.count, 5);
    mrpc_address_list_interleave(&list);
    for (int i = 0; i < 5; i++)
        assert_string_equal(list.items[i].text, wanted[i]);
    mrpc_address_list_fini(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_config_treats_the_calls_that_waited_for_it),
        cmocka_unit_test(a_config_chooses_the_balancer_and_none_leaves_it_to_the_options),
        cmocka_unit_test(a_bad_config_fails_calls_unless_there_was_a_good_one),
        cmocka_unit_test(it_starts_with_the_first_need_and_stops_with_the_channel),
        cmocka_unit_test(a_failure_fails_calls_and_a_result_mends_them),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_server_name_makes_another_server),
        cmocka_unit_test(more_addresses_than_the_cap_are_left_out),
        cmocka_unit_test(one_that_cannot_start_is_started_again),
        cmocka_unit_test(results_may_come_from_any_thread_and_too_late),
        cmocka_unit_test(bad_resolvers_and_targets_are_refused),
        cmocka_unit_test(a_name_is_looked_up_again_after_30_s_at_the_earliest),
        cmocka_unit_test(a_failed_look_up_is_repeated_with_backoff),
        cmocka_unit_test(literal_addresses_are_told_once),
        cmocka_unit_test(families_alternate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
