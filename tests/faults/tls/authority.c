/* SPDX-License-Identifier: Apache-2.0 */
#include "authority.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "test.h"

static void place(const struct authority *authority, char (*path)[64], const char *name)
{
    (void)snprintf(*path, sizeof(*path), "%s/%s", authority->folder, name);
}

void authority_open(struct authority *authority)
{
    (void)snprintf(authority->folder, sizeof(authority->folder), "/tmp/mrpc-authority-XXXXXX");
    assert_non_null(mkdtemp(authority->folder));
    place(authority, &authority->ca_file, "ca.pem");
    place(authority, &authority->server_key, "server.key");
    place(authority, &authority->server_certificate, "server.pem");
    place(authority, &authority->client_key, "client.key");
    place(authority, &authority->client_certificate, "client.pem");
    place(authority, &authority->revoked, "revoked.pem");
    authority->ca = certificate_issue(&(struct certificate_spec){.common_name = "CA", .authority = true}, NULL);
    certificate_write(&authority->ca, NULL, 0, authority->client_key, authority->ca_file);
    struct certificate_spec server = {.alternative_names = "DNS:localhost,IP:127.0.0.1", .serial = 2};
    struct issued_certificate issued = certificate_issue(&server, &authority->ca);
    certificate_write(&issued, NULL, 0, authority->server_key, authority->server_certificate);
    certificate_discard(&issued);
}

void authority_close(struct authority *authority)
{
    const char *const files[] = {authority->ca_file,    authority->server_key,         authority->server_certificate,
                                 authority->client_key, authority->client_certificate, authority->revoked};
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
        unlink(files[i]);
    rmdir(authority->folder);
    certificate_discard(&authority->ca);
}

struct mrpc_tls *authority_server(const struct authority *authority, bool mutual, bool revoked)
{
    struct mrpc_tls_options options = {
        .struct_bytes = sizeof(options),
        .certificate_file = authority->server_certificate,
        .key_file = authority->server_key,
        .ca_file = mutual ? authority->ca_file : NULL,
        .require_client_certificate = mutual,
        .crl_file = revoked ? authority->revoked : NULL,
    };
    char why[256] = "";
    struct mrpc_tls *tls = NULL;
    if (mrpc_tls_server_new(&options, &tls, why, sizeof(why)) != 0)
        fail_msg("%s", why);
    return tls;
}

struct mrpc_tls *authority_client(const struct authority *authority, bool certified)
{
    struct mrpc_tls_options options = {
        .struct_bytes = sizeof(options),
        .ca_file = authority->ca_file,
        .certificate_file = certified ? authority->client_certificate : NULL,
        .key_file = certified ? authority->client_key : NULL,
    };
    char why[256] = "";
    struct mrpc_tls *tls = NULL;
    if (mrpc_tls_client_new(&options, &tls, why, sizeof(why)) != 0)
        fail_msg("%s", why);
    return tls;
}
