/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <mrpc/server.h>

#include "check_fixture.h"

/* Checks against small servers of every bad kind: rows R02, R03, R04. */

static void run(struct probing *probe)
{
    probe_run(probe, &local);
}

static void assert_http(const char *reply, bool passes, const char *text)
{
    struct peer peer = {.reply = reply};
    struct probing probe;
    peer_start(&peer);
    probe_init(&probe, "127.0.0.1", peer.port);
    run(&probe);
    peer_stop(&peer);
    if (probe.passed != passes || !strstr(probe.text, text))
        fail_msg("\"%.40s\": %s, \"%s\"", reply, probe.passed ? "passed" : "failed", probe.text);
}

static void status_decides(void **state)
{
    assert_http("HTTP/1.1 200 OK\r\n\r\n", true, "status 200");
    assert_http("HTTP/1.0 204\r\n\r\n", true, "status 204");
    assert_http("HTTP/1.1 503 Service Unavailable\r\n\r\n", false, "status 503");
    assert_http("HTTP/1.1 404 Not Found\r\n\r\n", false, "status 404");
}

static void what_is_no_http_fails(void **state)
{
    assert_http("SSH-2.0-OpenSSH\r\n", false, "not HTTP");
    assert_http("HTTP/2.0 200 OK\r\n\r\n", false, "not HTTP");
    assert_http("HTTP/1.1 2000 OK\r\n\r\n", false, "not HTTP");
    assert_http("HTTP/1.1  20 OK\r\n\r\n", false, "not HTTP");
    assert_http("\r\n\r\n", false, "not HTTP");
    assert_http("HTTP/1.1 200", false, "closed early");
}

static void redirect_is_not_followed(void **state)
{
    struct peer elsewhere = {.reply = "HTTP/1.1 200 OK\r\n\r\n"};
    peer_start(&elsewhere);
    char reply[128];
    snprintf(reply, sizeof reply, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%u/\r\n\r\n", elsewhere.port);
    assert_http(reply, false, "status 302");
    assert_int_equal(atomic_load(&elsewhere.accepted), 0);
    peer_stop(&elsewhere);
}

static void body_is_looked_into(void **state)
{
    struct peer peer = {.reply = "HTTP/1.1 200 OK\r\nX: y\r\n\r\nall is \"ready\" here"};
    struct probing probe;
    peer_start(&peer);
    probe_init(&probe, "127.0.0.1", peer.port);
    probe.http.body_contains = (char *)(uintptr_t) "\"ready\"";
    run(&probe);
    assert_true(probe.passed);
    probe_init(&probe, "127.0.0.1", peer.port);
    probe.http.body_contains = (char *)(uintptr_t) "broken";
    run(&probe);
    assert_false(probe.passed);
    assert_non_null(strstr(probe.text, "text not found"));
    peer_stop(&peer);
}

static char *long_text(size_t bytes)
{
    char *text = malloc(bytes + 1);
    memset(text, 'x', bytes);
    text[bytes] = '\0';
    return text;
}

/* A gigabyte of body, of headers, of one header, of a status line: each is cut short. */
static void endless_reply_is_cut(void **state)
{
    static const struct {
        const char *reply, *text;
        bool lines;
    } table[] = {
        {"HTTP/1.1 200 OK\r\n\r\n", "text not found in the first 4096 bytes", false},
        {"HTTP/1.1 200 OK\r\n", "headers over", true},
        {"HTTP/1.1 200 OK\r\nX: ", "headers over", false},
        {"HTTP/1.1 200 ", "not HTTP", false},
    };
    char *block = long_text(16 * 1024);
    static const char lines[] = "X-Header: some value or other\r\nX-Header: some value or other\r\n";
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct peer peer = {.reply = table[i].reply, .forever = table[i].lines ? lines : block};
        struct probing probe;
        peer_start(&peer);
        probe_init(&probe, "127.0.0.1", peer.port);
        probe.http.body_contains = (char *)(uintptr_t) "needle";
        run(&probe);
        assert_false(probe.passed);
        if (!strstr(probe.text, table[i].text))
            fail_msg("case %zu: %s", i, probe.text);
        assert_true(probe.took_ms < 60000);
        peer_stop(&peer);
        assert_true(atomic_load(&peer.sent_bytes) < 64 * 1024 * 1024); /* what fits into socket buffers */
    }
    free(block);
}

static void silent_peer_costs_the_timeout_and_no_more(void **state)
{
    struct peer peer = {.reply = NULL};
    struct probing probe;
    peer_start(&peer);
    probe_init(&probe, "127.0.0.1", peer.port);
    probe.timeout = (Google__Protobuf__Duration){.base = probe.timeout.base, .nanos = 300000000};
    run(&probe);
    assert_false(probe.passed);
    assert_string_equal(probe.text, "timeout after 300 ms");
    assert_in_range(probe.took_ms, 280, 60000);
    peer_stop(&peer);
}

static void closed_port_fails_at_once(void **state)
{
    struct peer peer = {.reply = NULL};
    struct probing probe;
    peer_start(&peer);
    peer_stop(&peer);
    probe_init(&probe, "127.0.0.1", peer.port);
    probe.check.tcp = &probe.tcp;
    probe.check.kind_case = MLTRAINER__REGISTRY__V1__CHECK__KIND_TCP;
    run(&probe);
    assert_false(probe.passed);
    assert_non_null(strstr(probe.text, "refused"));
}

static void tcp_passes_by_connecting(void **state)
{
    struct peer peer = {.reply = NULL};
    struct probing probe;
    peer_start(&peer);
    probe_init(&probe, "127.0.0.1", peer.port);
    probe.check.tcp = &probe.tcp;
    probe.check.kind_case = MLTRAINER__REGISTRY__V1__CHECK__KIND_TCP;
    run(&probe);
    assert_true(probe.passed);
    peer_stop(&peer);
}

static void forbidden_address_is_never_connected_to(void **state)
{
    static const struct target_policy strict = {.loopback_allowed = false};
    struct peer peer = {.reply = "HTTP/1.1 200 OK\r\n\r\n"};
    struct probing probe;
    peer_start(&peer);
    probe_init(&probe, "127.0.0.1", peer.port);
    probe_run(&probe, &strict);
    assert_false(probe.passed);
    assert_non_null(strstr(probe.text, "refused: target is a loopback address"));
    assert_int_equal(atomic_load(&peer.accepted), 0);
    peer_stop(&peer);
}

/* --- gRPC --------------------------------------------------------------------------------------------------------- */

static void grpc_health_of_a_real_server(void **state)
{
    struct mrpc_server_options options = {.struct_bytes = sizeof options, .loops = 1};
    struct mrpc_server *server;
    struct probing probe;
    char *address;
    assert_int_equal(mrpc_server_new(&options, &server), 0);
    assert_int_equal(mrpc_server_enable_health(server), 0);
    assert_int_equal(mrpc_server_listen(server, "127.0.0.1:0", NULL, &address), 0);
    assert_int_equal(mrpc_server_start(server), 0);
    uint16_t port = (uint16_t)atoi(strrchr(address, ':') + 1);
    static const struct {
        enum mrpc_serving serving;
        const char *service, *text;
        bool passes;
    } table[] = {
        {MRPC_SERVING, "", "SERVING", true},
        {MRPC_NOT_SERVING, "", "NOT_SERVING", false},
        {MRPC_SERVING, "my.Service", "SERVING", true},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        mrpc_server_set_health(server, table[i].service, table[i].serving);
        probe_init(&probe, "127.0.0.1", port);
        probe_use_grpc(&probe, table[i].service);
        run(&probe);
        if (probe.passed != table[i].passes || strcmp(probe.text, table[i].text) != 0)
            fail_msg("case %zu: %s", i, probe.text);
    }
    probe_init(&probe, "127.0.0.1", port);
    probe_use_grpc(&probe, "no.such.Service");
    run(&probe);
    assert_false(probe.passed);
    assert_string_equal(probe.text, "gRPC status 5");
    mrpc_server_stop(server);
    mrpc_server_free(server);
    free(address);
}

static void grpc_check_of_an_http1_server_fails(void **state)
{
    struct peer peer = {.reply = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", .keep_open = true};
    struct probing probe;
    peer_start(&peer);
    probe_init(&probe, "127.0.0.1", peer.port);
    probe_use_grpc(&probe, "");
    run(&probe);
    assert_false(probe.passed);
    assert_string_equal(probe.text, "not HTTP/2");
    peer_stop(&peer);
}

/* --- DNS ---------------------------------------------------------------------------------------------------------- */

/* A name server that gives another address each time, as DNS rebinding does. */
struct dns {
    int fd;
    uint16_t port;
    pthread_t thread;
    const char *const *answers; /* by turns, to A questions; NULL-terminated, the last again and again */
    atomic_int asked;
    atomic_bool stopping;
};

static void answer(struct dns *dns, unsigned char *packet, ssize_t size, const struct sockaddr *to, socklen_t to_bytes)
{
    size_t at = 12;
    while (at < (size_t)size && packet[at])
        at += packet[at] + 1u;
    at += 5; /* the final zero, type, class */
    bool is_a = packet[at - 3] == 1;
    packet[2] = 0x84;
    packet[3] = 0;
    packet[7] = is_a;
    memset(packet + 8, 0, 4);
    if (is_a) {
        int turn = atomic_fetch_add(&dns->asked, 1), last = 0;
        while (dns->answers[last + 1])
            last++;
        static const unsigned char record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4};
        memcpy(packet + at, record, sizeof record);
        assert_int_equal(inet_pton(AF_INET, dns->answers[turn < last ? turn : last], packet + at + sizeof record), 1);
        at += sizeof record + 4;
    }
    sendto(dns->fd, packet, at, 0, to, to_bytes);
}

static void *run_dns(void *arg)
{
    struct dns *dns = arg;
    unsigned char packet[600];
    struct sockaddr_storage from;
    socklen_t from_bytes = sizeof from;
    for (ssize_t size; (size = recvfrom(dns->fd, packet, 512, 0, (struct sockaddr *)&from, &from_bytes)) >= 0;) {
        if (atomic_load(&dns->stopping))
            break;
        if (size > 16)
            answer(dns, packet, size, (struct sockaddr *)&from, from_bytes);
        from_bytes = sizeof from;
    }
    return NULL;
}

static void dns_start(struct dns *dns)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    dns->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(dns->fd, (struct sockaddr *)&address, bytes), 0);
    assert_int_equal(getsockname(dns->fd, (struct sockaddr *)&address, &bytes), 0);
    dns->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&dns->thread, NULL, run_dns, dns), 0);
}

static void dns_stop(struct dns *dns)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(dns->port)};
    atomic_store(&dns->stopping, true);
    sendto(dns->fd, "", 0, 0, (struct sockaddr *)&address, sizeof address);
    pthread_join(dns->thread, NULL);
    close(dns->fd);
}

static void name_is_judged_by_its_address_at_every_check(void **state)
{
    static const char *const answers[] = {"127.0.0.1", "169.254.169.254", "10.0.0.1", NULL};
    struct dns dns = {.answers = answers};
    struct peer peer = {.reply = "HTTP/1.1 200 OK\r\n\r\n"};
    char nameserver[32];
    peer_start(&peer);
    dns_start(&dns);
    snprintf(nameserver, sizeof nameserver, "127.0.0.1:%u", dns.port);
    static const char *const texts[] = {"status 200", "refused: target is never allowed",
                                        "refused: target is a private"};
    for (int i = 0; i < 3; i++) {
        struct probing probe;
        probe_init(&probe, "rebinding.example", peer.port);
        probe.nameserver = nameserver;
        run(&probe);
        if (probe.passed != (i == 0) || !strstr(probe.text, texts[i]))
            fail_msg("turn %d: %s", i, probe.text);
    }
    assert_int_equal(atomic_load(&peer.accepted), 1);
    dns_stop(&dns);
    peer_stop(&peer);
}

static void cancelled_attempt_says_nothing(void **state)
{
    struct peer peer = {.reply = NULL};
    struct dns dns = {.answers = (const char *const[]){"127.0.0.1", NULL}};
    peer_start(&peer);
    dns_start(&dns);
    char nameserver[32];
    snprintf(nameserver, sizeof nameserver, "127.0.0.1:%u", dns.port);
    static const char *const targets[] = {"127.0.0.1", "slow.example"};
    for (int i = 0; i < 2; i++) {
        struct probing probe;
        probe_init(&probe, targets[i], peer.port);
        probe.nameserver = nameserver;
        probe_open(&probe, &local);
        probe_begin(&probe);
        attempt_cancel(probe.attempt);
        event_base_loopexit(probe.base, &(struct timeval){.tv_usec = 200000});
        event_base_dispatch(probe.base);
        assert_int_equal(probe.done, 0);
        probe_close(&probe);
    }
    dns_stop(&dns);
    peer_stop(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_decides),
        cmocka_unit_test(what_is_no_http_fails),
        cmocka_unit_test(redirect_is_not_followed),
        cmocka_unit_test(body_is_looked_into),
        cmocka_unit_test(endless_reply_is_cut),
        cmocka_unit_test(silent_peer_costs_the_timeout_and_no_more),
        cmocka_unit_test(closed_port_fails_at_once),
        cmocka_unit_test(tcp_passes_by_connecting),
        cmocka_unit_test(forbidden_address_is_never_connected_to),
        cmocka_unit_test(grpc_health_of_a_real_server),
        cmocka_unit_test(grpc_check_of_an_http1_server_fails),
        cmocka_unit_test(name_is_judged_by_its_address_at_every_check),
        cmocka_unit_test(cancelled_attempt_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
