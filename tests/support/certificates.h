/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_CERTIFICATES_H
#define MLT_CERTIFICATES_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/x509.h>

/* Certificates for tests, made as they run: P-256, SHA-256. Everything asserts. */

/** Write a key and a certificate that signs itself (its own CA), for @alternative_names as OpenSSL writes them
 *  ("DNS:localhost,IP:127.0.0.1"), valid from yesterday for ten days, to @key_file and @certificate_file (PEM). */
void make_certificate(const char *alternative_names, const char *key_file, const char *certificate_file);

/** What a certificate says. Zeroes: no names, valid from yesterday for ten days, any use, no CA. */
struct certificate_spec {
    const char *common_name;         /* NULL: "test" */
    const char *alternative_names;
    const char *raw_dns_name;        /* the one DNS name, byte for byte, NULs and all */
    size_t raw_dns_bytes;
    double begins_days, ends_days;   /* from now; both 0: -1 and 10 */
    const char *usage;               /* extendedKeyUsage: "clientAuth" */
    bool authority;
    long serial;
};

struct issued_certificate {
    X509 *certificate;
    EVP_PKEY *key;
};

/** Signed by @issuer, by itself when that is NULL. */
struct issued_certificate certificate_issue(const struct certificate_spec *spec,
                                            const struct issued_certificate *issuer);
void certificate_discard(struct issued_certificate *issued);
/** Its key (mode 0600), and its certificate with the @chain_count others behind it. */
void certificate_write(const struct issued_certificate *issued, const struct issued_certificate *chain,
                       size_t chain_count, const char *key_file, const char *certificate_file);
/** A list of @issuer's that revokes @serial. */
void certificate_write_revoked(const struct issued_certificate *issuer, long serial, const char *file);

#endif
