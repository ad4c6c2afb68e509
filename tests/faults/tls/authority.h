/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_FAULTS_TLS_AUTHORITY_H
#define MLT_FAULTS_TLS_AUTHORITY_H

#include <mrpc/tls.h>

#include "certificates.h"

/** A folder with a CA, a server's certificate from it for 127.0.0.1 and localhost, and room for a client's. */
struct authority {
    struct issued_certificate ca;
    char folder[48];
    char ca_file[64], server_key[64], server_certificate[64], client_key[64], client_certificate[64], revoked[64];
};

void authority_open(struct authority *authority);
void authority_close(struct authority *authority);

/** A server that asks each client for a certificate of the CA; with @revoked, one that its list does not name. */
struct mrpc_tls *authority_server(const struct authority *authority, bool mutual, bool revoked);
/** A client that shows the client files if @certified. */
struct mrpc_tls *authority_client(const struct authority *authority, bool certified);

#endif
