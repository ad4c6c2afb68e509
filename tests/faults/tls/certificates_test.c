/* SPDX-License-Identifier: Apache-2.0 */

/* T05: the certificates that clients show. Those that are wrong end in the handshake, before any handler. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Calls once with what the client files hold. Returns the status; the identity that the handler saw is in @identity. */
static int call(const struct authority *authority, bool certified, bool revoked, char *identity, size_t identity_bytes)
{
    struct fixture fixture;
    struct mrpc_tls *server = authority_server(authority, true, revoked);
    struct mrpc_tls *client = authority_client(authority, certified);
    fixture_start(&fixture, "127.0.0.1:0", server, NULL);
    int code = fixture_say(fixture.bound, client, "hello");
    fixture_stop(&fixture);
    assert_int_equal(fixture.echo.said, code == 0);
    (void)snprintf(identity, identity_bytes, "%s", fixture.echo.identity);
    mrpc_tls_free(client);
    mrpc_tls_free(server);
    return code;
}

static void issue(const struct authority *authority, const struct certificate_spec *spec,
                  const struct issued_certificate *issuer)
{
    struct issued_certificate issued = certificate_issue(spec, issuer);
    certificate_write(&issued, NULL, 0, authority->client_key, authority->client_certificate);
    certificate_discard(&issued);
}

static void expect(const struct authority *authority, struct certificate_spec spec, int code, const char *name)
{
    char identity[256];
    issue(authority, &spec, &authority->ca);
    assert_int_equal(call(authority, true, false, identity, sizeof(identity)), code);
    assert_string_equal(identity, name);
}

static void t05_no_certificate(void **state)
{
    char identity[256];
    assert_int_equal(call(*state, false, false, identity, sizeof(identity)), MRPC_UNAVAILABLE);
}

static void t05_times_and_uses(void **state)
{
    struct certificate_spec spec = {.alternative_names = "DNS:worker"};
    expect(*state, spec, 0, "worker");
    spec.begins_days = -2, spec.ends_days = -1;
    expect(*state, spec, MRPC_UNAVAILABLE, "");
    spec.begins_days = 1, spec.ends_days = 2;
    expect(*state, spec, MRPC_UNAVAILABLE, "");
    spec = (struct certificate_spec){.alternative_names = "DNS:worker", .usage = "clientAuth"};
    expect(*state, spec, 0, "worker");
    spec.usage = "serverAuth";
    expect(*state, spec, MRPC_UNAVAILABLE, "");
}

static void t05_another_authority_of_the_same_name(void **state)
{
    char identity[256];
    struct certificate_spec other_ca = {.common_name = "CA", .authority = true};
    struct issued_certificate other = certificate_issue(&other_ca, NULL);
    issue(*state, &(struct certificate_spec){.alternative_names = "DNS:worker"}, &other);
    assert_int_equal(call(*state, true, false, identity, sizeof(identity)), MRPC_UNAVAILABLE);
    certificate_discard(&other);
}

static void t05_a_revoked_certificate(void **state)
{
    struct authority *authority = *state;
    char identity[256];
    certificate_write_revoked(&authority->ca, 77, authority->revoked);
    issue(authority, &(struct certificate_spec){.alternative_names = "DNS:good", .serial = 76}, &authority->ca);
    assert_int_equal(call(authority, true, true, identity, sizeof(identity)), 0);
    assert_string_equal(identity, "good");
    issue(authority, &(struct certificate_spec){.alternative_names = "DNS:gone", .serial = 77}, &authority->ca);
    assert_int_equal(call(authority, true, true, identity, sizeof(identity)), MRPC_UNAVAILABLE);
    assert_int_equal(call(authority, true, false, identity, sizeof(identity)), 0);
}

static void t05_names_that_are_no_identity(void **state)
{
    expect(*state, (struct certificate_spec){.common_name = "admin"}, 0, "");   /* never the common name */
    expect(*state, (struct certificate_spec){.alternative_names = "DNS:a,URI:spiffe://x/b"}, 0, "spiffe://x/b");
    expect(*state, (struct certificate_spec){.raw_dns_name = "admin\0.evil.example", .raw_dns_bytes = 19},
           MRPC_UNAVAILABLE, "");
    expect(*state, (struct certificate_spec){.raw_dns_name = "admin\n", .raw_dns_bytes = 6}, MRPC_UNAVAILABLE, "");
}

/* DNS:n0,DNS:n1,… malloc'ed. */
static char *many_names(unsigned count)
{
    char *names = malloc(count * 16u), *at = names;
    for (unsigned i = 0; i < count; i++)
        at += sprintf(at, "%sDNS:n%u", i > 0 ? "," : "", i);
    return names;
}

static void t05_a_thousand_names_and_ten_thousand(void **state)
{
    char *names = many_names(1000);
    expect(*state, (struct certificate_spec){.alternative_names = names}, 0, "n0");
    free(names);
    names = many_names(10000);   /* over 64 KiB of certificate */
    expect(*state, (struct certificate_spec){.alternative_names = names}, MRPC_UNAVAILABLE, "");
    free(names);
}

static int call_with_chain(struct authority *authority, int length)
{
    char identity[256];
    struct issued_certificate chain[8] = {{0}};   /* chain[0] is the leaf's issuer */
    const struct issued_certificate *issuer = &authority->ca;
    for (int i = length - 1; i >= 0; i--) {
        char name[32];
        (void)snprintf(name, sizeof(name), "between %d", i);
        chain[i] = certificate_issue(&(struct certificate_spec){.common_name = name, .authority = true}, issuer);
        issuer = &chain[i];
    }
    struct issued_certificate leaf =
        certificate_issue(&(struct certificate_spec){.alternative_names = "DNS:leaf"}, issuer);
    certificate_write(&leaf, chain, (size_t)length, authority->client_key, authority->client_certificate);
    int code = call(authority, true, false, identity, sizeof(identity));
    certificate_discard(&leaf);
    for (int i = 0; i < length; i++)
        certificate_discard(&chain[i]);
    return code;
}

static void t05_chains_that_are_short_and_long(void **state)
{
    assert_int_equal(call_with_chain(*state, 2), 0);
    assert_int_equal(call_with_chain(*state, 7), MRPC_UNAVAILABLE);
}

#define ROW(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(t05_no_certificate),
        ROW(t05_times_and_uses),
        ROW(t05_another_authority_of_the_same_name),
        ROW(t05_a_revoked_certificate),
        ROW(t05_names_that_are_no_identity),
        ROW(t05_a_thousand_names_and_ten_thousand),
        ROW(t05_chains_that_are_short_and_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
