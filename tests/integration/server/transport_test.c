/* SPDX-License-Identifier: Apache-2.0 */

/* What is below the session, on real sockets: addresses, identities, TLS, peers that are no clients, limits. */

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "certificates.h"
#include "fixture.h"
#include "test.h"

static void unix_sockets_tell_who_calls(void **state)
{
    struct fixture fixture;
    char path[64], address[80], uid[32];
    (void)snprintf(path, sizeof(path), "/tmp/mrpc-transport-%d.sock", (int)getpid());
    (void)snprintf(address, sizeof(address), "unix:%s", path);
    (void)snprintf(uid, sizeof(uid), "uid:%u", (unsigned)getuid());
    fixture_start(&fixture, address, NULL, NULL);
    assert_string_equal(fixture.bound, address);
    assert_int_equal(fixture_say(address, NULL, "hello"), 0);
    fixture_stop(&fixture);
    assert_string_equal(fixture.echo.identity, uid);
    assert_string_equal(fixture.echo.peer, "unix:");
    assert_int_equal(access(path, F_OK), -1);   /* the file goes with the server */
}

static void a_stale_socket_file_is_replaced_and_a_live_one_is_not(void **state)
{
    struct fixture fixture, second = {0};
    char address[80];
    (void)snprintf(address, sizeof(address), "unix:/tmp/mrpc-stale-%d.sock", (int)getpid());
    fixture_start(&fixture, address, NULL, NULL);
    assert_int_equal(mrpc_server_new(NULL, &second.server), 0);
    assert_int_equal(mrpc_server_listen(second.server, address, NULL, NULL), MRPC_ERR_IN_USE);
    fixture_stop(&fixture);
    /* What a server that was killed leaves: a file that nobody listens on. */
    struct sockaddr_un stale = {.sun_family = AF_UNIX};
    (void)snprintf(stale.sun_path, sizeof(stale.sun_path), "%s", address + 5);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&stale, sizeof(stale)), 0);
    close(fd);
    assert_int_equal(access(stale.sun_path, F_OK), 0);
    assert_int_equal(mrpc_server_listen(second.server, address, NULL, NULL), 0);
    mrpc_server_free(second.server);
}

static void an_inherited_socket_is_served(void **state)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
    assert_int_equal(listen(fd, 16), 0);
    char address[16];
    (void)snprintf(address, sizeof(address), "fd:%d", fd);
    struct fixture fixture;
    fixture_start(&fixture, address, NULL, NULL);
    assert_int_equal(fixture_say(fixture.bound, NULL, "hello"), 0);
    fixture_stop(&fixture);
}

static void addresses_that_cannot_be_are_refused(void **state)
{
    static const char *const bad[] = {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "::1:80",
                                      "[::1", "[::1]80", "unix:", "fd:", "fd:x", "fd:999", "192.0.2.1:0",
                                      "unix:/nonexistent/folder/socket"};
    struct mrpc_server *server;
    assert_int_equal(mrpc_server_new(NULL, &server), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (mrpc_server_listen(server, bad[i], NULL, NULL) != MRPC_ERR_ADDRESS)
            fail_msg("%s is not refused", bad[i]);
    mrpc_server_free(server);
    struct fixture fixture;
    fixture_start(&fixture, "127.0.0.1:0", NULL, NULL);
    assert_int_equal(mrpc_server_new(NULL, &server), 0);
    assert_int_equal(mrpc_server_listen(server, fixture.bound, NULL, NULL), MRPC_ERR_IN_USE);
    mrpc_server_free(server);
    fixture_stop(&fixture);
}

static void ipv6_is_served_where_there_is_one(void **state)
{
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) != 0) {
        print_message("no IPv6 loopback here\n");
        close(fd);
        skip();
    }
    close(fd);
    struct fixture fixture;
    fixture_start(&fixture, "[::1]:0", NULL, NULL);
    assert_int_equal(strncmp(fixture.bound, "[::1]:", 6), 0);
    assert_int_equal(fixture_say(fixture.bound, NULL, "hello"), 0);
    fixture_stop(&fixture);
    assert_int_equal(strncmp(fixture.echo.peer, "[::1]:", 6), 0);
}

/* What comes back for @request, which is the last of its connection. */
static void http1_answer(const struct fixture *fixture, const char *request, char *answer, size_t size)
{
    int fd = fixture_connect(fixture->bound);
    assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
    size_t n = fixture_read_all(fd, answer, size - 1);
    assert_true(n < size - 1);
    answer[n] = '\0';
    close(fd);
}

static void h03_without_http1_a_browser_gets_a_line_it_can_show(void **state)
{
    struct fixture fixture;
    char answer[512] = "";
    fixture_start_strict(&fixture, "127.0.0.1:0", NULL);
    http1_answer(&fixture, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", answer, sizeof(answer));
    assert_int_equal(strncmp(answer, "HTTP/1.1 505 ", 13), 0);
    assert_non_null(strstr(answer, "This port speaks gRPC"));
    fixture_stop(&fixture);
    assert_string_equal(fixture.rejected, "http1 ");
}

static void h03_http1_and_http2_share_the_port(void **state)
{
    struct fixture fixture;
    char answer[512] = "", request[128];
    fixture_start(&fixture, "127.0.0.1:0", NULL, NULL);
    http1_answer(&fixture, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", answer, sizeof(answer));
    assert_int_equal(strncmp(answer, "HTTP/1.1 405 ", 13), 0);
    (void)snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", fixture.bound);
    http1_answer(&fixture, request, answer, sizeof(answer));
    assert_int_equal(strncmp(answer, "HTTP/1.1 405 ", 13), 0);
    http1_answer(&fixture, "GET / HTTP/1.1\r\nHost: rebound.example\r\nConnection: close\r\n\r\n", answer,
                 sizeof(answer));
    assert_int_equal(strncmp(answer, "HTTP/1.1 421 ", 13), 0);
    assert_int_equal(fixture_say(fixture.bound, NULL, "hello"), 0);
    fixture_stop(&fixture);
    assert_string_equal(fixture.rejected, "not_grpc not_grpc web_host ");
}

static void who_says_nothing_is_closed(void **state)
{
    struct fixture fixture;
    struct mrpc_limits limits = {.struct_bytes = sizeof(limits), .handshake_timeout_ms = 50};
    fixture_start(&fixture, "127.0.0.1:0", NULL, &limits);
    int fds[20];
    for (int i = 0; i < 20; i++)
        fds[i] = fixture_connect(fixture.bound);
    for (int i = 0; i < 20; i++) {
        char byte;
        assert_int_equal(recv(fds[i], &byte, 1, 0), 0);
        close(fds[i]);
    }
    fixture_stop(&fixture);
}

static void more_connections_than_allowed_are_closed(void **state)
{
    struct fixture fixture;
    struct mrpc_limits limits = {.struct_bytes = sizeof(limits), .connections = 2};
    fixture_start(&fixture, "127.0.0.1:0", NULL, &limits);
    int first = fixture_connect(fixture.bound), second = fixture_connect(fixture.bound);
    int third = fixture_connect(fixture.bound);
    char byte;
    assert_true(recv(third, &byte, 1, 0) <= 0);
    close(third);
    close(second);
    close(first);
    fixture_stop(&fixture);
    assert_non_null(strstr(fixture.rejected, "connections "));
}

/* TLS. */

struct files {
    char directory[32];
    char key[64], certificate[64], client_key[64], client_certificate[64];
};

static void make_files(struct files *files, const char *client_names)
{
    (void)snprintf(files->directory, sizeof(files->directory), "/tmp/mrpc-mtls-XXXXXX");
    assert_non_null(mkdtemp(files->directory));
    (void)snprintf(files->key, sizeof(files->key), "%s/key.pem", files->directory);
    (void)snprintf(files->certificate, sizeof(files->certificate), "%s/cert.pem", files->directory);
    (void)snprintf(files->client_key, sizeof(files->client_key), "%s/ckey.pem", files->directory);
    (void)snprintf(files->client_certificate, sizeof(files->client_certificate), "%s/ccert.pem", files->directory);
    make_certificate("DNS:localhost,IP:127.0.0.1", files->key, files->certificate);
    make_certificate(client_names, files->client_key, files->client_certificate);
}

static void remove_files(const struct files *files)
{
    unlink(files->key);
    unlink(files->certificate);
    unlink(files->client_key);
    unlink(files->client_certificate);
    rmdir(files->directory);
}

static struct mrpc_tls *server_tls(const struct files *files, bool mutual)
{
    struct mrpc_tls_options options = {
        .struct_bytes = sizeof(options),
        .certificate_file = files->certificate,
        .key_file = files->key,
        .ca_file = mutual ? files->client_certificate : NULL,
        .require_client_certificate = mutual,
    };
    char why[256] = "";
    struct mrpc_tls *tls = NULL;
    if (mrpc_tls_server_new(&options, &tls, why, sizeof(why)) != 0)
        fail_msg("%s", why);
    return tls;
}

static struct mrpc_tls *client_tls(const struct files *files, bool with_certificate)
{
    struct mrpc_tls_options options = {
        .struct_bytes = sizeof(options),
        .ca_file = files->certificate,
        .certificate_file = with_certificate ? files->client_certificate : NULL,
        .key_file = with_certificate ? files->client_key : NULL,
    };
    char why[256] = "";
    struct mrpc_tls *tls = NULL;
    if (mrpc_tls_client_new(&options, &tls, why, sizeof(why)) != 0)
        fail_msg("%s", why);
    return tls;
}

static void expect_identity(const char *names, const char *identity)
{
    struct files files;
    struct fixture fixture;
    make_files(&files, names);
    struct mrpc_tls *tls = server_tls(&files, true), *with = client_tls(&files, true),
                    *without = client_tls(&files, false);
    fixture_start(&fixture, "127.0.0.1:0", tls, NULL);
    assert_int_equal(fixture_say(fixture.bound, with, "hello"), 0);
    assert_int_equal(fixture_say(fixture.bound, with, "resumed"), 0);
    assert_int_equal(fixture_say(fixture.bound, without, "hello"), MRPC_UNAVAILABLE);
    fixture_stop(&fixture);
    assert_string_equal(fixture.echo.identity, identity);
    assert_int_equal(fixture.echo.said, 2);
    mrpc_tls_free(without);
    mrpc_tls_free(with);
    mrpc_tls_free(tls);
    remove_files(&files);
}

static void a_client_certificate_names_its_owner_by_uri_then_dns(void **state)
{
    expect_identity("DNS:worker-7.example,URI:spiffe://example/worker/7", "spiffe://example/worker/7");
    expect_identity("IP:127.0.0.1,DNS:worker-7.example", "worker-7.example");
    expect_identity("IP:127.0.0.1", "");
}

/* A handshake by hand. Returns what OpenSSL says of it: 1 or the alert's number. */
static int shake(const char *target, const unsigned char *alpn, unsigned alpn_bytes, int max_version)
{
    int fd = fixture_connect(target);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    if (max_version != 0)
        SSL_CTX_set_max_proto_version(context, max_version);
    SSL *ssl = SSL_new(context);
    if (alpn != NULL)
        SSL_set_alpn_protos(ssl, alpn, alpn_bytes);
    SSL_set_fd(ssl, fd);
    int result = SSL_connect(ssl);
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(fd);
    return result;
}

static void t01_t02_tls_without_alpn_or_before_1_2_is_refused(void **state)
{
    struct files files;
    struct fixture fixture;
    make_files(&files, "DNS:nobody");
    struct mrpc_tls *tls = server_tls(&files, false);
    fixture_start(&fixture, "127.0.0.1:0", tls, NULL);
    static const unsigned char h2[] = "\x02h2", http1[] = "\x08http/1.1", both[] = "\x08http/1.1\x02h2",
                               other[] = "\x08http/1.0\x02h3";
    assert_int_equal(shake(fixture.bound, h2, 3, 0), 1);
    assert_int_equal(shake(fixture.bound, both, 12, 0), 1);
    assert_int_equal(shake(fixture.bound, h2, 3, TLS1_2_VERSION), 1);
    assert_int_equal(shake(fixture.bound, http1, 9, 0), 1);
    assert_int_equal(shake(fixture.bound, http1, 9, TLS1_2_VERSION), 1);
    assert_int_not_equal(shake(fixture.bound, other, 12, 0), 1);
    assert_int_not_equal(shake(fixture.bound, NULL, 0, 0), 1);
    assert_int_not_equal(shake(fixture.bound, NULL, 0, TLS1_2_VERSION), 1);
    assert_int_not_equal(shake(fixture.bound, h2, 3, TLS1_1_VERSION), 1);
    fixture_stop(&fixture);
    fixture_start_strict(&fixture, "127.0.0.1:0", tls);
    assert_int_equal(shake(fixture.bound, both, 12, 0), 1);
    assert_int_not_equal(shake(fixture.bound, http1, 9, 0), 1);
    fixture_stop(&fixture);
    mrpc_tls_free(tls);
    remove_files(&files);
}

static void t06_t07_a_reload_changes_the_certificate_and_a_bad_one_does_not(void **state)
{
    struct files files;
    struct fixture fixture;
    char why[256] = "";
    make_files(&files, "DNS:nobody");
    struct mrpc_tls *tls = server_tls(&files, false), *old = client_tls(&files, false);
    fixture_start(&fixture, "127.0.0.1:0", tls, NULL);
    assert_int_equal(fixture_say(fixture.bound, old, "hello"), 0);
    make_certificate("IP:127.0.0.1", files.key, files.certificate);
    struct mrpc_tls *new = client_tls(&files, false);
    assert_int_equal(fixture_say(fixture.bound, new, "hello"), MRPC_UNAVAILABLE);
    assert_int_equal(mrpc_tls_reload(tls, why, sizeof(why)), 0);
    assert_int_equal(fixture_say(fixture.bound, new, "hello"), 0);
    assert_int_equal(truncate(files.key, 10), 0);
    assert_int_equal(mrpc_tls_reload(tls, why, sizeof(why)), MRPC_ERR_TLS);
    assert_non_null(strstr(why, files.key));
    assert_int_equal(fixture_say(fixture.bound, new, "hello"), 0);
    fixture_stop(&fixture);
    mrpc_tls_free(new);
    mrpc_tls_free(old);
    mrpc_tls_free(tls);
    remove_files(&files);
}

static void t03_a_handshake_that_stops_is_closed(void **state)
{
    struct files files;
    struct fixture fixture;
    make_files(&files, "DNS:nobody");
    struct mrpc_tls *tls = server_tls(&files, false);
    struct mrpc_limits limits = {.struct_bytes = sizeof(limits), .handshake_timeout_ms = 500};
    fixture_start(&fixture, "127.0.0.1:0", tls, &limits);
    int fd = fixture_connect(fixture.bound);
    char bytes[16];
    assert_int_equal(send(fd, "\x16\x03\x01", 3, 0), 3);
    assert_int_equal(fixture_read_all(fd, bytes, sizeof(bytes)), 0);
    close(fd);
    fixture_stop(&fixture);
    assert_string_equal(fixture.rejected, "handshake_timeout ");
    mrpc_tls_free(tls);
    remove_files(&files);
}

/* A record that has come in part must not keep the loop busy: the other connections live on the same one. */
static void a_tls_record_that_stops_half_way_stops_nobody_else(void **state)
{
    struct files files;
    struct fixture fixture;
    make_files(&files, "DNS:nobody");
    struct mrpc_tls *tls = server_tls(&files, false), *client = client_tls(&files, false);
    fixture_start(&fixture, "127.0.0.1:0", tls, NULL);
    int fd = fixture_connect(fixture.bound);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(context);
    SSL_set_alpn_protos(ssl, (const unsigned char *)"\2h2", 3);
    SSL_set_fd(ssl, fd);
    assert_int_equal(SSL_connect(ssl), 1);
    assert_int_equal(send(fd, "\x17\x03\x03\x01\x00half of it", 15, 0), 15);
    usleep(50000);   /* the server has it now, with no call to wait for */
    assert_int_equal(fixture_say(fixture.bound, client, "hello"), 0);
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(fd);
    fixture_stop(&fixture);
    mrpc_tls_free(client);
    mrpc_tls_free(tls);
    remove_files(&files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unix_sockets_tell_who_calls),
        cmocka_unit_test(a_stale_socket_file_is_replaced_and_a_live_one_is_not),
        cmocka_unit_test(an_inherited_socket_is_served),
        cmocka_unit_test(addresses_that_cannot_be_are_refused),
        cmocka_unit_test(ipv6_is_served_where_there_is_one),
        cmocka_unit_test(h03_without_http1_a_browser_gets_a_line_it_can_show),
        cmocka_unit_test(h03_http1_and_http2_share_the_port),
        cmocka_unit_test(who_says_nothing_is_closed),
        cmocka_unit_test(more_connections_than_allowed_are_closed),
        cmocka_unit_test(a_client_certificate_names_its_owner_by_uri_then_dns),
        cmocka_unit_test(t01_t02_tls_without_alpn_or_before_1_2_is_refused),
        cmocka_unit_test(t06_t07_a_reload_changes_the_certificate_and_a_bad_one_does_not),
        cmocka_unit_test(t03_a_handshake_that_stops_is_closed),
        cmocka_unit_test(a_tls_record_that_stops_half_way_stops_nobody_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
