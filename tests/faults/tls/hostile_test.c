/* SPDX-License-Identifier: Apache-2.0 */

/* T04, T09 to T12: peers that speak TLS badly, and what is not TLS at all. Each costs its own connection; an honest
 * call goes on beside it. */

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "authority.h"
#include "fixture.h"
#include "raw_peer.h"
#include "test.h"

struct scene {
    struct authority authority;
    struct fixture fixture;
    struct mrpc_tls *server, *client;
};

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    authority_open(&scene->authority);
    scene->server = authority_server(&scene->authority, false, false);
    scene->client = authority_client(&scene->authority, false);
    fixture_start(&scene->fixture, "127.0.0.1:0", scene->server, NULL);
    *state = scene;
    return 0;
}

static void expect_honest_call(struct scene *scene)
{
    assert_int_equal(fixture_say(scene->fixture.bound, scene->client, "hello"), 0);
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    expect_honest_call(scene);
    fixture_stop(&scene->fixture);
    mrpc_tls_free(scene->client);
    mrpc_tls_free(scene->server);
    authority_close(&scene->authority);
    free(scene);
    return 0;
}

/* A TLS connection whose bytes go through our hands. */
struct tap {
    int fd;
    SSL_CTX *context;
    SSL *ssl;
};

static struct tap tap_open(struct scene *scene, int version)
{
    struct tap tap = {.fd = fixture_connect(scene->fixture.bound), .context = SSL_CTX_new(TLS_client_method())};
    int one = 1;
    (void)setsockopt(tap.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    SSL_CTX_set_max_proto_version(tap.context, version);
    tap.ssl = SSL_new(tap.context);
    SSL_set_alpn_protos(tap.ssl, (const unsigned char *)"\2h2", 3);
    SSL_set_bio(tap.ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(tap.ssl);
    return tap;
}

static void tap_close(struct tap *tap)
{
    SSL_free(tap->ssl);
    SSL_CTX_free(tap->context);
    close(tap->fd);
    ERR_clear_error();
}

/* What the client has to say, malloc'ed. */
static uint8_t *tap_take(struct tap *tap, size_t *size)
{
    *size = BIO_ctrl_pending(SSL_get_wbio(tap->ssl));
    uint8_t *bytes = malloc(*size + 1);
    assert_int_equal(BIO_read(SSL_get_wbio(tap->ssl), bytes, (int)*size), *size > 0 ? (int)*size : -1);
    return bytes;
}

/* Send it, in pieces of at most @piece bytes. False when the server has hung up. */
static bool tap_send(struct tap *tap, size_t piece)
{
    size_t size;
    uint8_t *bytes = tap_take(tap, &size);
    bool sent = true;
    for (size_t at = 0; sent && at < size; at += piece)
        sent = send(tap->fd, bytes + at, size - at < piece ? size - at : piece, MSG_NOSIGNAL) > 0;
    free(bytes);
    return sent;
}

/* Wait for bytes of the server. False at its end. */
static bool tap_receive(struct tap *tap)
{
    uint8_t bytes[4096];
    ssize_t n = recv(tap->fd, bytes, sizeof(bytes), 0);
    if (n <= 0)
        return false;
    BIO_write(SSL_get_rbio(tap->ssl), bytes, (int)n);
    return true;
}

static bool tap_shake(struct tap *tap, size_t piece)
{
    for (;;) {
        int result = SSL_do_handshake(tap->ssl);
        int error = SSL_get_error(tap->ssl, result);
        if (!tap_send(tap, piece))
            return false;
        if (result == 1)
            return true;
        if (error != SSL_ERROR_WANT_READ || !tap_receive(tap))
            return false;
    }
}

/* Read until the server hangs up. */
static void expect_end(struct tap *tap)
{
    uint8_t bytes[4096];
    while (recv(tap->fd, bytes, sizeof(bytes), 0) > 0)
        continue;
}

static bool read_settings(struct tap *tap)
{
    uint8_t head[9];
    while (SSL_read(tap->ssl, head, sizeof(head)) <= 0)
        if (!tap_receive(tap))
            return false;
    return head[3] == NGHTTP2_SETTINGS;
}

static void t04_renegotiation_is_refused(void **state)
{
    struct tap tap = tap_open(*state, TLS1_2_VERSION);
    assert_true(tap_shake(&tap, SIZE_MAX));
    assert_int_equal(SSL_renegotiate(tap.ssl), 1);
    assert_false(tap_shake(&tap, SIZE_MAX));
    tap_close(&tap);
}

static void t04_a_storm_of_key_updates_ends_its_connection(void **state)
{
    struct scene *scene = *state;
    struct tap tap = tap_open(scene, TLS1_3_VERSION);
    assert_true(tap_shake(&tap, SIZE_MAX));
    bool open = true;
    for (int i = 0; open && i < 1000; i++) {
        assert_int_equal(SSL_key_update(tap.ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(tap.ssl), 1);
        open = tap_send(&tap, SIZE_MAX);
    }
    expect_end(&tap);
    tap_close(&tap);
}

static void t04_a_few_key_updates_are_fine(void **state)
{
    struct tap tap = tap_open(*state, TLS1_3_VERSION);
    assert_true(tap_shake(&tap, SIZE_MAX));
    for (int i = 0; i < 32; i++) {
        assert_int_equal(SSL_key_update(tap.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(tap.ssl), 1);
    }
    assert_int_equal(SSL_write(tap.ssl, NGHTTP2_CLIENT_MAGIC "\0\0\0\4\0\0\0\0\0", 33), 33);
    assert_true(tap_send(&tap, SIZE_MAX));
    assert_true(read_settings(&tap));
    tap_close(&tap);
}

static void t09_records_in_single_bytes_are_records(void **state)
{
    struct tap tap = tap_open(*state, TLS1_3_VERSION);
    assert_true(tap_shake(&tap, 1));
    assert_int_equal(SSL_write(tap.ssl, NGHTTP2_CLIENT_MAGIC "\0\0\0\4\0\0\0\0\0", 33), 33);
    assert_true(tap_send(&tap, 1));
    assert_true(read_settings(&tap));
    tap_close(&tap);
}

static void t09_a_handshake_cut_anywhere(void **state)
{
    struct scene *scene = *state;
    struct tap first = tap_open(scene, TLS1_3_VERSION);
    size_t size;
    assert_int_not_equal(SSL_do_handshake(first.ssl), 1);
    uint8_t *hello = tap_take(&first, &size);
    for (size_t cut = 0; cut < size; cut++) {
        int fd = fixture_connect(scene->fixture.bound);
        if (cut > 0)
            assert_int_equal(send(fd, hello, cut, MSG_NOSIGNAL), cut);
        close(fd);
    }
    free(hello);
    tap_close(&first);
}

/* Change one byte of an encrypted record: its type, its length, what it holds. */
static void expect_end_after_change(struct scene *scene, size_t at, uint8_t change)
{
    size_t size;
    struct tap tap = tap_open(scene, TLS1_3_VERSION);
    assert_true(tap_shake(&tap, SIZE_MAX));
    assert_int_equal(SSL_write(tap.ssl, NGHTTP2_CLIENT_MAGIC "\0\0\0\4\0\0\0\0\0", 33), 33);
    uint8_t *record = tap_take(&tap, &size);
    record[at] ^= change;
    assert_int_equal(send(tap.fd, record, size, MSG_NOSIGNAL), size);
    expect_end(&tap);
    free(record);
    tap_close(&tap);
}

static void t09_records_that_were_changed(void **state)
{
    expect_end_after_change(*state, 0, 0x0f);     /* type: heartbeat, unknown here */
    expect_end_after_change(*state, 0, 0x02);     /* type: alert */
    expect_end_after_change(*state, 3, 0x80);     /* length: beyond what a record may have */
    expect_end_after_change(*state, 20, 0x01);    /* what it holds: the MAC does not fit */
}

static void t09_the_end_without_close_notify(void **state)
{
    struct scene *scene = *state;
    for (int i = 0; i < 10; i++) {
        struct tap tap = tap_open(scene, i % 2 == 0 ? TLS1_3_VERSION : TLS1_2_VERSION);
        assert_true(tap_shake(&tap, SIZE_MAX));
        struct linger now = {.l_onoff = 1};
        if (i % 3 == 0)
            (void)setsockopt(tap.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));   /* RST */
        tap_close(&tap);
    }
}

static void t10_what_is_no_tls_is_closed(void **state)
{
    static const char *const texts[] = {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", NGHTTP2_CLIENT_MAGIC,
                                        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "SSH-2.0-x\r\n"};
    struct scene *scene = *state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        int fd = fixture_connect(scene->fixture.bound);
        char answer[256];
        assert_int_equal(send(fd, texts[i], strlen(texts[i]), MSG_NOSIGNAL), strlen(texts[i]));
        size_t n = fixture_read_all(fd, answer, sizeof(answer));
        assert_true(n < 16);   /* an alert, or nothing */
        close(fd);
    }
}

static void t11_any_server_name_gets_the_certificate(void **state)
{
    char longest[256];
    memset(longest, 'n', 255);
    longest[255] = '\0';
    const char *const names[] = {NULL, "unknown.example", "evil\nlevel=error injected", longest};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        struct tap tap = tap_open(*state, TLS1_3_VERSION);
        if (names[i] != NULL)
            assert_int_equal(SSL_set_tlsext_host_name(tap.ssl, names[i]), 1);
        assert_true(tap_shake(&tap, SIZE_MAX));
        tap_close(&tap);
    }
}

static int64_t cpu_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* A reply that the socket does not take: the server waits for readiness, it does not turn round. Half a second of that
 * costs next to no processor; spinning would cost all of it. */
static void t12_a_write_that_is_blocked_does_not_spin(void **state)
{
    struct scene *scene = *state;
    struct tap tap = tap_open(scene, TLS1_3_VERSION);
    assert_true(tap_shake(&tap, SIZE_MAX));
    struct raw_peer peer;
    raw_peer_init(&peer);
    raw_bytes(&peer, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
    raw_setting(&peer, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 30);
    raw_window_update(&peer, 0, 1 << 30);
    const struct raw_field fields[] = {{":method", "POST"},      {":scheme", "https"},
                                       {":path", "/test.Echo/Say"}, {":authority", "x"},
                                       {"content-type", "application/grpc"}, {"te", "trailers"}};
    for (int32_t id = 1; id < 21; id += 2) {
        raw_headers(&peer, id, false, fields, sizeof(fields) / sizeof(*fields));
        raw_message(&peer, id, true, "\x0a\x0csize:4000000", 14);
    }
    assert_int_equal(SSL_write(tap.ssl, peer.out, (int)peer.out_size), peer.out_size);
    assert_true(tap_send(&tap, SIZE_MAX));
    raw_peer_fini(&peer);
    /* The first of it has come: the rest is on its way and stays there. */
    assert_true(tap_receive(&tap));
    int64_t used_ms = 500;
    for (int i = 0; i < 60 && used_ms >= 200; i++) { /* it may have replies to make yet */
        int64_t before = cpu_ms();
        nanosleep(&(struct timespec){.tv_nsec = 500000000}, NULL);
        used_ms = cpu_ms() - before;
    }
    assert_true(used_ms < 200);
    expect_honest_call(scene);
    tap_close(&tap);
}

#define ROW(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(t04_renegotiation_is_refused),
        ROW(t04_a_storm_of_key_updates_ends_its_connection),
        ROW(t04_a_few_key_updates_are_fine),
        ROW(t09_records_in_single_bytes_are_records),
        ROW(t09_a_handshake_cut_anywhere),
        ROW(t09_records_that_were_changed),
        ROW(t09_the_end_without_close_notify),
        ROW(t10_what_is_no_tls_is_closed),
        ROW(t11_any_server_name_gets_the_certificate),
        ROW(t12_a_write_that_is_blocked_does_not_spin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
