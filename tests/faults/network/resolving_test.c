/* SPDX-License-Identifier: Apache-2.0 */
#include "client/channel_core.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_dns.h"
#include "namespace.h"
#include "stage.h"
#include "test.h"

/* Names that do not resolve and addresses that do not answer, in a network of the test's own. */


/* One server on every address of this machine, of both families. */
struct everywhere {
    struct scripted_server server;
    uint16_t port;
};

static void say_name(struct scripted_server *server, unsigned connection)
{
    scripted_hello(server);
    say_name_from(server, 1);
}

static void everywhere_start(struct everywhere *here, unsigned connections)
{
    struct sockaddr_in6 name = {.sin6_family = AF_INET6};
    socklen_t size = sizeof name;
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &size), 0);
    here->port = ntohs(name.sin6_port);
    here->server = (struct scripted_server){.arg = (void *)"here", .listen_fd = fd};
    scripted_server_adopt(&here->server, connections, say_name);
}

static void open_name(struct stage *stage, const char *host, uint16_t port, struct mrpc_channel_options options)
{
    char target[128];
    snprintf(target, sizeof target, "dns:///%s:%u", host, port);
    if (!options.connect_timeout_ms)
        options.connect_timeout_ms = 60000;
    stage_open_target(stage, target, options);
}

static const struct mrpc_call_options patient = {.struct_bytes = sizeof patient, .wait_for_ready = true};

/* N07: DNS. */

static void n07_servfail_fails_calls_and_is_asked_again(void **state)
{
    struct fake_dns_name names[] = {{.name = "broken.test", .rcode = 2, .rcode_count = -1}};
    struct fake_dns dns;
    struct stage stage = {0};
    open_name(&stage, "broken.test", 1, (struct mrpc_channel_options){.backoff_base_ms = 50, .backoff_max_ms = 50});
    fake_dns_start(&dns, names, 1);
    stage_call(&stage, NULL);
    stage_drive(&stage, stage_all_done);
    assert_int_equal(stage.calls[0].code, MRPC_UNAVAILABLE);
    assert_non_null(strstr(stage.calls[0].text, "resolve broken.test: "));
    unsigned asked = atomic_load(&names[0].asked);
    while (atomic_load(&names[0].asked) < asked + 6)
        mrpc_loop_turn(stage.loop, 1000);
    assert_true(stage_has_failed(&stage));
    stage_close(&stage);
    fake_dns_stop(&dns);
}

static void n07_a_name_that_is_unknown_at_first_recovers(void **state)
{
    struct fake_dns_name names[] = {{.name = "later.test", .rcode = 3, .rcode_count = 3, .v4 = {"127.0.0.1"}}};
    struct fake_dns dns;
    struct everywhere here;
    struct stage stage = {0};
    everywhere_start(&here, 1);
    open_name(&stage, "later.test", here.port, (struct mrpc_channel_options){0});
    fake_dns_start(&dns, names, 1);
    size_t hasty = stage_call(&stage, NULL), waiting = stage_call(&stage, &patient);
    stage_drive(&stage, stage_all_done);
    assert_int_equal(stage.calls[hasty].code, MRPC_UNAVAILABLE);
    assert_string_equal(stage.calls[waiting].text, "here");
    assert_int_equal(stage_ask(&stage, 5, "here"), 5);
    assert_int_equal(atomic_load(&names[0].asked), 4);
    stage_close(&stage);
    scripted_server_join(&here.server);
    fake_dns_stop(&dns);
}

/* Another channel of the same loop answers calls while the name server says nothing. */
static void n07_a_silent_name_server_does_not_stop_the_loop(void **state)
{
    struct fake_dns_name names[] = {{.name = "silent.test", .silent = true}};
    struct fake_dns dns;
    struct everywhere here;
    struct stage stage = {0}, other = {0};
    char target[64];
    everywhere_start(&here, 1);
    fake_dns_start(&dns, names, 1);
    open_name(&stage, "silent.test", 1, (struct mrpc_channel_options){.connect_timeout_ms = 50});
    stage_call(&stage, NULL);
    mrpc_loop_process(stage.loop);
    const struct mrpc_channel_options options = {.struct_bytes = sizeof options, .loop = stage.loop};
    snprintf(target, sizeof target, "127.0.0.1:%u", here.port);
    other.loop = stage.loop;
    assert_int_equal(mrpc_channel_new(target, &options, &other.channel), 0);
    assert_int_equal(stage_ask(&other, 50, "here"), 50);
    stage_drive(&stage, stage_all_done); /* by the time-out: the look-up goes on for seconds */
    assert_int_equal(stage.calls[0].code, MRPC_UNAVAILABLE);
    assert_string_equal(stage.calls[0].text, "resolve silent.test: timed out");
    mrpc_channel_free(other.channel);
    stage_close(&stage); /* while the look-up's thread still waits */
    scripted_server_join(&here.server);
    fake_dns_stop(&dns);
}

static void n07_of_a_thousand_records_so_many_are_used(void **state)
{
    struct fake_dns_name names[] = {{.name = "many.test", .many = 1000}};
    struct fake_dns dns;
    struct everywhere here;
    struct stage stage = {0};
    everywhere_start(&here, 1);
    fake_dns_start(&dns, names, 1);
    open_name(&stage, "many.test", here.port, (struct mrpc_channel_options){0});
    assert_int_equal(stage_ask(&stage, 5, "here"), 5);
    assert_int_equal(stage.channel->addresses.count, MRPC_ADDRESSES_MAX);
    stage_close(&stage);
    scripted_server_join(&here.server);
    fake_dns_stop(&dns);
}

static const char *only_address(const struct stage *stage)
{
    return stage->channel->addresses.count == 1 ? stage->channel->addresses.items[0].text : "";
}

static void n07_a_name_that_flaps_costs_no_call(void **state)
{
    struct fake_dns_name names[] = {{.name = "flap.test", .v4 = {"127.0.0.1", "127.0.0.2"}}};
    struct fake_dns dns;
    struct everywhere here;
    struct stage stage = {0};
    char before[128];
    everywhere_start(&here, 5);
    fake_dns_start(&dns, names, 1);
    open_name(&stage, "flap.test", here.port, (struct mrpc_channel_options){.balancing = MRPC_ROUND_ROBIN});
    assert_int_equal(stage_ask(&stage, 3, "here"), 3);
    for (int i = 0; i < 4; i++) {
        snprintf(before, sizeof before, "%s", only_address(&stage));
        mrpc_loop_advance(stage.loop, 31000);
        mrpc_channel_resolve_now(stage.channel);
        while (strcmp(before, only_address(&stage)) == 0)
            mrpc_loop_turn(stage.loop, 1000);
        assert_int_equal(stage_ask(&stage, 3, "here"), 3);
    }
    stage_close(&stage);
    scripted_server_join(&here.server);
    fake_dns_stop(&dns);
}

/* N06: families, black holes, scope ids. */

/* @hole: what getaddrinfo puts first, by RFC 6724, and nobody answers from; NULL: none. */
static void connects_by_name(const char *v4, const char *v6, const char *hole)
{
    struct fake_dns_name names[] = {{.name = "dual.test", .v4 = {v4}, .v6 = v6}};
    struct fake_dns dns;
    struct everywhere here;
    struct stage stage = {0};
    everywhere_start(&here, 1);
    fake_dns_start(&dns, names, 1);
    open_name(&stage, "dual.test", here.port, (struct mrpc_channel_options){0});
    int64_t before_ms = mrpc_clock_ms();
    assert_int_equal(stage_ask(&stage, 3, "here"), 3);
    assert_in_range(mrpc_clock_ms() - before_ms, hole ? 245 : 0, 30000); /* an attempt alone would have 60 s */
    if (hole)
        assert_non_null(strstr(stage.channel->addresses.items[0].text, hole));
    stage_close(&stage);
    scripted_server_join(&here.server);
    fake_dns_stop(&dns);
}

static void n06_one_family_alone(void **state)
{
    connects_by_name("127.0.0.1", NULL, NULL);
    connects_by_name(NULL, "::1", NULL);
}

/* No route: refused at once. */
static void n06_the_other_family_has_no_route(void **state)
{
    connects_by_name("127.0.0.1", "2001:db8::1", NULL);
    connects_by_name("192.0.2.1", "::1", NULL);
}

/* The packets of one family vanish. */
static void n06_the_other_family_is_a_black_hole(void **state)
{
    assert_int_equal(system("ip addr add 10.9.9.1/24 dev near && ip -6 addr add fd09::1/64 dev near nodad &&"
                            " ip -6 addr add 2001:db8:9::1/64 dev near nodad &&"
                            " ip neigh add 10.9.9.9 lladdr 02:00:00:00:00:09 dev near &&"
                            " ip -6 neigh add 2001:db8:9::9 lladdr 02:00:00:00:00:09 dev near"),
                     0);
    connects_by_name("127.0.0.1", "2001:db8:9::9", "2001:db8:9::9");
    connects_by_name("10.9.9.9", "fd09::1", NULL); /* tried first, since IPv6 goes first: RFC 6724 */
}

static void n06_a_link_local_address_wants_its_scope(void **state)
{
    struct everywhere here;
    struct stage stage = {0};
    char target[64];
    assert_int_equal(system("ip -6 addr add fe80::9/64 dev near nodad"), 0);
    everywhere_start(&here, 1);
    snprintf(target, sizeof target, "ipv6:[fe80::9%%near]:%u", here.port);
    stage_open_target(&stage, target, (struct mrpc_channel_options){0});
    assert_int_equal(stage_ask(&stage, 3, "here"), 3);
    stage_close(&stage);
    scripted_server_join(&here.server);
}

/* A server at the far end, in a third network, whose interface drops what is longer than 600 bytes and says so to
 * nobody; it has promised to take 1,460. */
struct far_server {
    struct scripted_server servers[2]; /* of one socket: the first that is connected to hears of no end */
    pthread_t thread;
    atomic_int thread_id;
    sem_t moved, listening;
};

static void *far_start(void *arg)
{
    struct far_server *far = arg;
    struct sockaddr_in name = {.sin_family = AF_INET};
    socklen_t size = sizeof name;
    assert_int_equal(unshare(CLONE_NEWNET), 0);
    atomic_store(&far->thread_id, gettid());
    sem_wait(&far->moved);
    assert_int_equal(system("ip addr add 10.9.9.2/24 dev far && ip link set far mtu 600 up &&"
                            " ip route change 10.9.9.0/24 dev far advmss 1460"),
                     0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &size), 0);
    for (int i = 0; i < 2; i++) {
        far->servers[i] = (struct scripted_server){.arg = (void *)"far", .listen_fd = fd, .port = ntohs(name.sin_port)};
        scripted_server_adopt(&far->servers[i], 1, say_name);
    }
    sem_post(&far->listening);
    return NULL;
}

static void far_server_start(struct far_server *far)
{
    char command[160];
    sem_init(&far->moved, 0, 0);
    sem_init(&far->listening, 0, 0);
    atomic_init(&far->thread_id, 0);
    assert_int_equal(pthread_create(&far->thread, NULL, far_start, far), 0);
    while (atomic_load(&far->thread_id) == 0)
        sched_yield();
    snprintf(command, sizeof command,
             "ip link set far netns %d && ip addr replace 10.9.9.1/24 dev near && ip link set near gso_max_segs 1",
             atomic_load(&far->thread_id));
    assert_int_equal(system(command), 0);
    sem_post(&far->moved);
    sem_wait(&far->listening);
    pthread_join(far->thread, NULL);
}

/* The large call ends by its deadline; keepalive finds the connection dead, and small calls go on over a new one. */
static void n06_large_segments_vanish(void **state)
{
    static char large[100000];
    struct far_server far;
    struct stage stage = {0};
    char target[64];
    far_server_start(&far);
    snprintf(target, sizeof target, "10.9.9.2:%u", far.servers[0].port);
    stage_open_target(&stage, target,
                      (struct mrpc_channel_options){.keepalive_time_ms = 10000, .keepalive_timeout_ms = 20000});
    assert_int_equal(stage_ask(&stage, 3, "far"), 3);
    memset(large, 'x', sizeof large - 1);
    const struct mrpc_call_options hasty = {.struct_bytes = sizeof hasty, .timeout_ms = 300};
    stage.call_count = 0;
    memset(stage.calls, 0, sizeof stage.calls);
    size_t lost = stage_call_with(&stage, &hasty, large);
    stage_drive(&stage, stage_all_done);
    assert_int_equal(stage.calls[lost].code, MRPC_DEADLINE_EXCEEDED);
    size_t stuck = stage_call(&stage, NULL);
    mrpc_loop_turn(stage.loop, 0);
    mrpc_loop_advance(stage.loop, 10001);
    mrpc_loop_turn(stage.loop, 0);
    assert_false(stage.calls[stuck].done);
    mrpc_loop_advance(stage.loop, 20001);
    stage_drive(&stage, stage_all_done);
    assert_int_equal(stage.calls[stuck].code, MRPC_UNAVAILABLE);
    assert_non_null(strstr(stage.calls[stuck].text, "keepalive"));
    assert_int_equal(stage_ask(&stage, 3, "far"), 3);
    stage_close(&stage);
    for (int i = 0; i < 2; i++) {
        shutdown(far.servers[i].fd, SHUT_RDWR);
        pthread_join(far.servers[i].thread, NULL);
    }
    close(far.servers[0].listen_fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(n07_servfail_fails_calls_and_is_asked_again),
        cmocka_unit_test(n07_a_name_that_is_unknown_at_first_recovers),
        cmocka_unit_test(n07_a_silent_name_server_does_not_stop_the_loop),
        cmocka_unit_test(n07_of_a_thousand_records_so_many_are_used),
        cmocka_unit_test(n07_a_name_that_flaps_costs_no_call),
        cmocka_unit_test(n06_one_family_alone),
        cmocka_unit_test(n06_the_other_family_has_no_route),
        cmocka_unit_test(n06_the_other_family_is_a_black_hole),
        cmocka_unit_test(n06_a_link_local_address_wants_its_scope),
        cmocka_unit_test(n06_large_segments_vanish), /* last: it takes the far end away */
    };
    if (!namespace_enter()) {
        print_message("there are no network namespaces here\n");
        return 77;   /* ctest's word for a skip: nothing was tested */
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
