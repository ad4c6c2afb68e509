/* SPDX-License-Identifier: Apache-2.0 */

/* Tickets, and certificates that change while the server serves (T04's early data, T06). */

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "authority.h"
#include "fixture.h"
#include "test.h"

static int set_up(void **state)
{
    struct authority *authority = calloc(1, sizeof(*authority));
    authority_open(authority);
    *state = authority;
    return 0;
}

static int tear_down(void **state)
{
    authority_close(*state);
    free(*state);
    return 0;
}

/* A connection of OpenSSL's own, with @session if not NULL; *@ticket gets the last one that came. */
struct visit {
    bool reused;
    SSL_SESSION *ticket;
};

static int keep(SSL *ssl, SSL_SESSION *session)
{
    struct visit *visit = SSL_get_app_data(ssl);
    SSL_SESSION_free(visit->ticket);
    visit->ticket = session;
    return 1;
}

static struct visit go(const char *target, SSL_SESSION *session, int version)
{
    struct visit visit = {0};
    int fd = fixture_connect(target);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, keep);
    SSL_CTX_set_max_proto_version(context, version);
    SSL *ssl = SSL_new(context);
    SSL_set_app_data(ssl, &visit);
    SSL_set_alpn_protos(ssl, (const unsigned char *)"\2h2", 3);
    SSL_set_fd(ssl, fd);
    if (session != NULL)
        SSL_set_session(ssl, session);
    assert_int_equal(SSL_connect(ssl), 1);
    /* In TLS 1.3 tickets come after the handshake, before what the server answers to our preface. */
    assert_true(SSL_write(ssl, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33) == 33);
    char byte;
    assert_int_equal(SSL_read(ssl, &byte, 1), 1);
    visit.reused = SSL_session_reused(ssl) == 1;
    (void)SSL_shutdown(ssl);   /* else OpenSSL takes the session for broken */
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(fd);
    return visit;
}

static void expect_resumption(struct authority *authority, int version)
{
    struct fixture fixture;
    struct mrpc_tls *tls = authority_server(authority, false, false);
    fixture_start(&fixture, "127.0.0.1:0", tls, NULL);
    struct visit first = go(fixture.bound, NULL, version);
    assert_false(first.reused);
    assert_non_null(first.ticket);
    assert_int_equal(SSL_SESSION_get_max_early_data(first.ticket), 0);   /* a request could be replayed */
    struct visit second = go(fixture.bound, first.ticket, version);
    assert_true(second.reused);
    /* New files, new keys of tickets: whoever was let in by the old ones shows again who he is. */
    char why[128];
    assert_int_equal(mrpc_tls_reload(tls, why, sizeof(why)), 0);
    struct visit third = go(fixture.bound, first.ticket, version);
    assert_false(third.reused);
    SSL_SESSION_free(first.ticket);
    SSL_SESSION_free(second.ticket);
    SSL_SESSION_free(third.ticket);
    fixture_stop(&fixture);
    mrpc_tls_free(tls);
}

static void t04_sessions_are_resumed_and_carry_no_early_data(void **state)
{
    expect_resumption(*state, TLS1_3_VERSION);
    expect_resumption(*state, TLS1_2_VERSION);
}

/* What a client says first, heard by a server that hangs up on it. */
struct listener {
    int fd;
    bool ticket_shown;
};

static int look_for_ticket(SSL *ssl, int *alert, void *arg)
{
    const unsigned char *extension;
    size_t size;
    struct listener *listener = arg;
    listener->ticket_shown = SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_psk, &extension, &size) == 1;
    return SSL_CLIENT_HELLO_ERROR;
}

static void *hear_one(void *arg)
{
    struct listener *listener = arg;
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_client_hello_cb(context, look_for_ticket, listener);
    int fd = accept(listener->fd, NULL, NULL);
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, fd);
    assert_int_not_equal(SSL_accept(ssl), 1);
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(fd);
    return NULL;
}

/* Does @client, when it calls @host, show the ticket that it has? */
static bool shows_a_ticket(struct mrpc_tls *client, const char *host)
{
    struct listener listener = {.fd = socket(AF_INET, SOCK_STREAM, 0)};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    pthread_t thread;
    char target[64];
    assert_int_equal(bind(listener.fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener.fd, 1), 0);
    assert_int_equal(getsockname(listener.fd, (struct sockaddr *)&address, &size), 0);
    (void)snprintf(target, sizeof(target), "%s:%u", host, ntohs(address.sin_port));
    assert_int_equal(pthread_create(&thread, NULL, hear_one, &listener), 0);
    assert_int_equal(fixture_say(target, client, "who are you"), MRPC_UNAVAILABLE);
    pthread_join(thread, NULL);
    close(listener.fd);
    return listener.ticket_shown;
}

/* Resuming checks no name: whoever gave the ticket has been checked, another server has not. */
static void a_ticket_is_shown_to_the_server_that_gave_it_alone(void **state)
{
    struct fixture fixture;
    struct mrpc_tls *tls = authority_server(*state, false, false), *client = authority_client(*state, false);
    fixture_start(&fixture, "127.0.0.1:0", tls, NULL);
    assert_int_equal(fixture_say(fixture.bound, client, "hello"), 0);
    assert_false(shows_a_ticket(client, "localhost"));
    assert_true(shows_a_ticket(client, "127.0.0.1"));
    fixture_stop(&fixture);
    mrpc_tls_free(client);
    mrpc_tls_free(tls);
}

struct load {
    const char *target;
    struct mrpc_tls *tls;
    atomic_bool over;
    atomic_uint failed, done;
};

static void *call_on_and_on(void *arg)
{
    struct load *load = arg;
    struct mrpc_channel_options options = {.struct_bytes = sizeof(options), .tls = load->tls};
    struct mrpc_channel *lasting;
    if (mrpc_channel_new(load->target, &options, &lasting) != 0)
        return NULL;
    while (!atomic_load(&load->over)) {
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        EchoText request = echo_text("lasting");
        if (mrpc_channel_unary(lasting, &echo_say, NULL, &request.base, &reply) == NULL)
            atomic_fetch_add(&load->failed, 1);
        mrpc_reply_fini(&reply);
        if (fixture_say(load->target, load->tls, "fresh") != 0)
            atomic_fetch_add(&load->failed, 1);
        atomic_fetch_add(&load->done, 1);
    }
    mrpc_channel_free(lasting);
    return NULL;
}

static void t06_a_hundred_reloads_under_load_fail_no_call(void **state)
{
    struct authority *authority = *state;
    struct fixture fixture;
    struct mrpc_tls *tls = authority_server(authority, false, false);
    fixture_start(&fixture, "127.0.0.1:0", tls, NULL);
    struct load load = {.target = fixture.bound, .tls = authority_client(authority, false)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, call_on_and_on, &load), 0);
    char why[128] = "";
    for (long i = 0; i < 100; i++) {
        struct certificate_spec spec = {.alternative_names = "DNS:localhost,IP:127.0.0.1", .serial = 100 + i};
        struct issued_certificate issued = certificate_issue(&spec, &authority->ca);
        certificate_write(&issued, NULL, 0, authority->server_key, authority->server_certificate);
        certificate_discard(&issued);
        unsigned before = atomic_load(&load.done);
        assert_int_equal(mrpc_tls_reload_changed(tls, why, sizeof(why)), 1);
        assert_int_equal(mrpc_tls_reload_changed(tls, why, sizeof(why)), 0);
        while (i % 10 == 0 && atomic_load(&load.done) < before + 2)
            usleep(1000);
    }
    atomic_store(&load.over, true);
    pthread_join(thread, NULL);
    assert_int_equal(load.failed, 0);
    assert_true(load.done > 10);
    fixture_stop(&fixture);
    mrpc_tls_free(load.tls);
    mrpc_tls_free(tls);
}

static void t07_files_that_do_not_match_yet_are_read_when_they_do(void **state)
{
    struct authority *authority = *state;
    struct mrpc_tls *tls = authority_server(authority, false, false);
    int64_t ends_s = mrpc_tls_expires_at_s(tls);
    char why[256] = "", other_key[80];
    (void)snprintf(other_key, sizeof(other_key), "%s/other.key", authority->folder);
    struct certificate_spec spec = {.alternative_names = "IP:127.0.0.1", .begins_days = -1, .ends_days = 20};
    struct issued_certificate issued = certificate_issue(&spec, &authority->ca);
    certificate_write(&issued, NULL, 0, other_key, authority->server_certificate);
    assert_int_equal(mrpc_tls_reload_changed(tls, why, sizeof(why)), MRPC_ERR_TLS);
    assert_non_null(strstr(why, authority->server_key));
    assert_int_equal(mrpc_tls_expires_at_s(tls), ends_s);
    assert_int_equal(mrpc_tls_reload_changed(tls, why, sizeof(why)), MRPC_ERR_TLS);
    assert_int_equal(rename(other_key, authority->server_key), 0);
    assert_int_equal(mrpc_tls_reload_changed(tls, why, sizeof(why)), 1);
    assert_true(mrpc_tls_expires_at_s(tls) > ends_s + 9 * 86400);
    certificate_discard(&issued);
    mrpc_tls_free(tls);
}

#define ROW(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(t04_sessions_are_resumed_and_carry_no_early_data),
        ROW(a_ticket_is_shown_to_the_server_that_gave_it_alone),
        ROW(t06_a_hundred_reloads_under_load_fail_no_call),
        ROW(t07_files_that_do_not_match_yet_are_read_when_they_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
