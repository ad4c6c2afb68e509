/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mrpc/server.h>

#include "../../support/certificates.h"
#include "check_fixture.h"

/* Connections that outlive a check: reuse, its end, TLS, and grpc.health.v1.Watch. */

#define KEPT_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static void assert_passes(struct probing *probe, const char *text)
{
    probe_once(probe);
    if (!probe->passed || !strstr(probe->text, text))
        fail_msg("%s, \"%s\"", probe->passed ? "passed" : "failed", probe->text);
}

static void assert_fails(struct probing *probe, const char *text)
{
    probe_once(probe);
    if (probe->passed || !strstr(probe->text, text))
        fail_msg("%s, \"%s\"", probe->passed ? "passed" : "failed", probe->text);
}

/* --- HTTP/1.1 ----------------------------------------------------------------------------------------------------- */

/* @count runs against a peer that answers each request with @reply make so many connections. */
static void assert_connections(const char *reply, const char *body_contains, int count, int connections)
{
    struct peer peer = {.reply = reply, .answers = 1000};
    struct probing probe;
    peer_start(&peer);
    probe_init(&probe, "127.0.0.1", peer.port);
    probe.http.body_contains = (char *)(uintptr_t)body_contains;
    probe_open(&probe, &local);
    for (int i = 0; i < count; i++)
        assert_passes(&probe, "status 200");
    probe_close(&probe);
    peer_stop(&peer);
    if (atomic_load(&peer.accepted) != connections)
        fail_msg("%d connections for \"%s\"", atomic_load(&peer.accepted), reply);
}

static void http_connection_is_used_again(void **state)
{
    assert_connections(KEPT_REPLY, "", 20, 1);
    assert_connections(KEPT_REPLY, "ok", 20, 1);
    assert_connections("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\nA: b\r\n\r\n",
                       "ok", 20, 1);
    assert_connections("HTTP/1.1 100 Continue\r\n\r\n" KEPT_REPLY, "", 5, 1);
}

static void peer_decides_whether_it_stays_open(void **state)
{
    struct {
        const char *reply;
    } table[] = {{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: Close\r\n\r\nok"},
                 {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"},
                 {KEPT_REPLY "HTTP/1.1 200 OK\r\n\r\n"},
                 {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
                 {"HTTP/1.1 200 OK\r\n\r\nok"}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct peer peer = {.reply = table[i].reply};
        struct probing probe;
        peer_start(&peer);
        probe_init(&probe, "127.0.0.1", peer.port);
        probe_open(&probe, &local);
        for (int run = 0; run < 3; run++)
            assert_passes(&probe, "status 200");
        probe_close(&probe);
        peer_stop(&peer);
        assert_int_equal(atomic_load(&peer.accepted), 3);
    }
}

/* The peer gives up idle connections: a check that comes upon one counts nothing against it. */
static void closed_connection_is_opened_again(void **state)
{
    struct peer peer = {.reply = KEPT_REPLY, .answers = 2};
    struct probing probe;
    peer_start(&peer);
    probe_init(&probe, "127.0.0.1", peer.port);
    probe_open(&probe, &local);
    for (int i = 0; i < 10; i++)
        assert_passes(&probe, "status 200");
    probe_close(&probe);
    peer_stop(&peer);
    assert_int_equal(atomic_load(&peer.accepted), 5);
}

static void kept_connection_is_judged_for_each_check(void **state)
{
    struct peer peer = {.reply = KEPT_REPLY, .answers = 10};
    struct target_policy policy = {.loopback_allowed = true};
    struct probing probe;
    peer_start(&peer);
    probe_init(&probe, "127.0.0.1", peer.port);
    probe_open(&probe, &policy);
    assert_passes(&probe, "status 200");
    policy.loopback_allowed = false;
    assert_fails(&probe, "refused: target is a loopback address");
    probe_close(&probe);
    peer_stop(&peer);
    assert_int_equal(atomic_load(&peer.accepted), 1);
}

static void no_more_are_kept_than_may_be(void **state)
{
    struct peer peer = {.reply = KEPT_REPLY, .answers = 1000};
    struct probing probe;
    peer_start(&peer);
    probe_init(&probe, "127.0.0.1", peer.port);
    probe_open(&probe, &local);
    struct places *none = places_new(
        &(struct places_options){.base = probe.base, .dns = probe.dns, .policy = &local, .kept_max = 1});
    struct kept taken = {.kind = -1};
    struct place *other = place_get(none, "127.0.0.1", 9);
    assert_true(place_keep(other, &taken));
    place_unref(probe.place);
    probe.place = attempt_place(none, &probe.check);
    for (int i = 0; i < 3; i++)
        assert_passes(&probe, "status 200");
    place_unkeep(other, &taken);
    place_unref(other);
    place_unref(probe.place);
    places_free(none);
    probe.place = attempt_place(probe.places, &probe.check);
    probe_close(&probe);
    peer_stop(&peer);
    assert_int_equal(atomic_load(&peer.accepted), 3);
}

/* --- whose turn it is
 * -------------------------------------------------------------------------------------------------
 */

struct visitor {
    struct place_turn turn;
    int in;
};

static void come_in(struct place_turn *turn)
{
    ((struct visitor *)turn)->in++;
}

static void eight_at_a_place_and_the_rest_in_order(void **state)
{
    struct places *places = places_new(&(struct places_options){.active_max = 12});
    struct place *here = place_get(places, "192.0.2.1", 80), *there = place_get(places, "192.0.2.2", 80);
    struct visitor visitors[20] = {0};
    assert_ptr_equal(place_get(places, "192.0.2.1", 80), here);
    place_unref(here);
    for (int i = 0; i < 20; i++)
        visitors[i].turn.admitted = come_in;
    for (int i = 0; i < 10; i++)
        visitors[i].in = place_enter(here, &visitors[i].turn);
    for (int i = 10; i < 20; i++)
        visitors[i].in = place_enter(there, &visitors[i].turn);
    for (int i = 0; i < 20; i++) /* eight here, four there, then twelve are in */
        assert_int_equal(visitors[i].in, i < 8 || (i >= 10 && i < 14));
    assert_int_equal(places_active(places), 12);
    place_leave(here); /* the next that waits for this place */
    assert_int_equal(visitors[8].in, 1);
    place_give_up(&visitors[9].turn);
    place_leave(here); /* nobody does: the next of all */
    assert_int_equal(visitors[9].in, 0);
    assert_int_equal(visitors[14].in, 1);
    for (int i = 0; i < 7; i++)
        place_leave(here);
    for (int i = 10; i < 20; i++)
        assert_int_equal(visitors[i].in, i < 18); /* the ninth and tenth wait for their place */
    for (int i = 0; i < 10; i++)
        place_leave(there);
    assert_int_equal(places_active(places), 0);
    assert_int_equal(visitors[18].in + visitors[19].in, 2);
    place_unref(here);
    place_unref(there);
    places_free(places);
}

/* --- gRPC --------------------------------------------------------------------------------------------------------- */

struct health_server {
    struct mrpc_server *server;
    struct mrpc_tls *tls;
    char key[64], certificate[64];
    uint16_t port;
};

static void health_server_start(struct health_server *server, bool tls)
{
    char *address, why[200];
    *server = (struct health_server){.port = 0};
    if (tls) {
        snprintf(server->key, sizeof server->key, "/tmp/mlt-check-%d.key", (int)getpid());
        snprintf(server->certificate, sizeof server->certificate, "/tmp/mlt-check-%d.pem", (int)getpid());
        make_certificate("DNS:elsewhere.example", server->key, server->certificate);
        const struct mrpc_tls_options options = {
            .struct_bytes = sizeof options, .certificate_file = server->certificate, .key_file = server->key};
        assert_int_equal(mrpc_tls_server_new(&options, &server->tls, why, sizeof why), 0);
    }
    assert_int_equal(mrpc_server_new(&(struct mrpc_server_options){.struct_bytes = sizeof(struct mrpc_server_options),
                                                                   .loops = 1},
                                     &server->server),
                     0);
    assert_int_equal(mrpc_server_enable_health(server->server), 0);
    assert_int_equal(mrpc_server_listen(server->server, "127.0.0.1:0", server->tls, &address), 0);
    assert_int_equal(mrpc_server_start(server->server), 0);
    server->port = (uint16_t)atoi(strrchr(address, ':') + 1);
    free(address);
    assert_int_equal(mrpc_server_set_health(server->server, "", MRPC_SERVING), 0);
}

static void health_server_stop(struct health_server *server)
{
    mrpc_server_stop(server->server);
    mrpc_server_free(server->server);
    mrpc_tls_free(server->tls);
    if (server->key[0]) {
        unlink(server->key);
        unlink(server->certificate);
    }
}

static void tls_is_spoken_and_no_certificate_judged_if_asked(void **state)
{
    struct health_server server;
    struct probing probe;
    PB(CheckTls) any;
    mltrainer__registry__v1__check_tls__init(&any);
    any.ignore = 1;
    health_server_start(&server, true);
    probe_init(&probe, "127.0.0.1", server.port);
    probe_use_grpc(&probe, "");
    probe.grpc.tls = 1;
    probe.grpc.certificate = &any;
    probe_open(&probe, &local);
    for (int i = 0; i < 3; i++)
        assert_passes(&probe, "SERVING");
    probe_close(&probe);

    probe_init(&probe, "127.0.0.1", server.port);
    probe.http.tls = 1;
    probe.http.certificate = &any;
    probe.http.status_min = probe.http.status_max = 405;
    probe_open(&probe, &local);
    for (int i = 0; i < 3; i++)
        assert_passes(&probe, "status 405");
    probe_close(&probe);
    health_server_stop(&server);
}

static char *read_text(const char *file)
{
    static char text[4096];
    FILE *in = fopen(file, "r");
    assert_non_null(in);
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    return text;
}

/* Each after one that passed without a judgement and left its connection: that one serves nobody else. */
static void a_certificate_is_judged_on_the_checks_terms(void **state)
{
    static const struct {
        bool ca;
        const char *name, *text; /* NULL: it passes */
    } cases[] = {
        {false, "", "TLS: certificate: self"},
        {false, "elsewhere.example", "TLS: certificate: self"},
        {true, "elsewhere.example", NULL},
        {true, "", "TLS: certificate: IP address mismatch"},
        {true, "another.example", "TLS: certificate: hostname mismatch"},
    };
    struct health_server server;
    PB(CheckTls) any, certificate;
    health_server_start(&server, true);
    mltrainer__registry__v1__check_tls__init(&any);
    any.ignore = 1;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        size_t at = i / 2;
        bool grpc = i % 2;
        struct probing probe;
        mltrainer__registry__v1__check_tls__init(&certificate);
        certificate.server_name = (char *)(uintptr_t)cases[at].name;
        if (cases[at].ca)
            certificate.ca_pem = read_text(server.certificate);
        probe_init(&probe, "127.0.0.1", server.port);
        if (grpc)
            probe_use_grpc(&probe, "");
        probe.grpc.tls = probe.http.tls = 1;
        probe.http.status_min = probe.http.status_max = 405;
        probe.grpc.certificate = probe.http.certificate = &any;
        probe_open(&probe, &local);
        assert_passes(&probe, grpc ? "SERVING" : "status 405");
        probe.grpc.certificate = probe.http.certificate = &certificate;
        if (cases[at].text)
            assert_fails(&probe, cases[at].text);
        else
            assert_passes(&probe, grpc ? "SERVING" : "status 405");
        probe_close(&probe);
    }
    health_server_stop(&server);
}

static void tls_to_a_peer_without_fails(void **state)
{
    struct peer peer = {.reply = KEPT_REPLY};
    struct probing probe;
    peer_start(&peer);
    probe_init(&probe, "127.0.0.1", peer.port);
    probe.http.tls = 1;
    probe_open(&probe, &local);
    assert_fails(&probe, "TLS: ");
    probe_close(&probe);
    peer_stop(&peer);
}

struct watching {
    struct probing probe; /* first: attempts give it back */
    struct grpc_watch *watch;
    int changed;
};

static void on_changed(void *arg)
{
    struct watching *watching = arg;
    watching->changed++;
    event_base_loopbreak(watching->probe.base);
}

static void on_watch_done(void *arg, bool passed, const char *text)
{
    struct watching *watching = arg;
    watching->probe.done++;
    watching->probe.passed = passed;
    snprintf(watching->probe.text, sizeof watching->probe.text, "%s", text);
    event_base_loopbreak(watching->probe.base);
}

static void assert_watch_run(struct watching *watching, bool passes, const char *text)
{
    struct probing *probe = &watching->probe;
    probe->done = 0;
    struct attempt *attempt = attempt_start(&(struct attempt_options){.place = probe->place,
                                                                      .check = &probe->check,
                                                                      .peer = "",
                                                                      .watch = &watching->watch,
                                                                      .watch_changed = on_changed,
                                                                      .done = on_watch_done,
                                                                      .arg = watching});
    assert_non_null(attempt);
    while (!probe->done)
        event_base_dispatch(probe->base);
    if (probe->passed != passes || strcmp(probe->text, text) != 0)
        fail_msg("%s, \"%s\"", probe->passed ? "passed" : "failed", probe->text);
}

static void wait_for_change(struct watching *watching, int count)
{
    while (watching->changed < count)
        event_base_dispatch(watching->probe.base);
    assert_int_equal(watching->changed, count);
}

static void server_tells_changes_by_itself(void **state)
{
    struct health_server server;
    struct watching watching = {.watch = NULL};
    health_server_start(&server, false);
    probe_init(&watching.probe, "127.0.0.1", server.port);
    probe_use_grpc(&watching.probe, "");
    probe_open(&watching.probe, &local);
    for (int i = 0; i < 3; i++)
        assert_watch_run(&watching, true, "SERVING");
    assert_int_equal(watching.changed, 0);
    mrpc_server_set_health(server.server, "", MRPC_NOT_SERVING);
    wait_for_change(&watching, 1);
    assert_watch_run(&watching, false, "NOT_SERVING");
    mrpc_server_set_health(server.server, "", MRPC_SERVING);
    wait_for_change(&watching, 2);
    assert_watch_run(&watching, true, "SERVING");
    health_server_stop(&server); /* the Watch breaks: that is told, and the next run finds nobody */
    wait_for_change(&watching, 3);
    assert_watch_run(&watching, false, "Connection refused");
    grpc_watch_free(watching.watch);
    probe_close(&watching.probe);
}

static void service_that_is_unknown_fails(void **state)
{
    struct health_server server;
    struct watching watching = {.watch = NULL};
    health_server_start(&server, false);
    probe_init(&watching.probe, "127.0.0.1", server.port);
    probe_use_grpc(&watching.probe, "no.such.Service");
    probe_open(&watching.probe, &local);
    assert_watch_run(&watching, false, "SERVICE_UNKNOWN");
    assert_watch_run(&watching, false, "gRPC status 5");
    mrpc_server_set_health(server.server, "no.such.Service", MRPC_SERVING);
    wait_for_change(&watching, 1);
    assert_watch_run(&watching, true, "SERVING");
    grpc_watch_free(watching.watch);
    probe_close(&watching.probe);
    health_server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_connection_is_used_again),
        cmocka_unit_test(peer_decides_whether_it_stays_open),
        cmocka_unit_test(closed_connection_is_opened_again),
        cmocka_unit_test(kept_connection_is_judged_for_each_check),
        cmocka_unit_test(no_more_are_kept_than_may_be),
        cmocka_unit_test(eight_at_a_place_and_the_rest_in_order),
        cmocka_unit_test(tls_is_spoken_and_no_certificate_judged_if_asked),
        cmocka_unit_test(a_certificate_is_judged_on_the_checks_terms),
        cmocka_unit_test(tls_to_a_peer_without_fails),
        cmocka_unit_test(server_tells_changes_by_itself),
        cmocka_unit_test(service_that_is_unknown_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
