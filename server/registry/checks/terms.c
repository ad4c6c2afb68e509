/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/checks/terms.h"

#include <arpa/inet.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

struct terms terms_of_http(const PB(HttpCheck) * check)
{
    return (struct terms){.tls = check->tls, .certificate = check->certificate};
}

struct terms terms_of_grpc(const PB(GrpcCheck) * check)
{
    return (struct terms){.tls = check->tls, .certificate = check->certificate};
}

/* --- marks -------------------------------------------------------------------------------------------------------- */

/* SHA-256, since a mark that two terms share would let one pass by the other's judgement. Each text goes in with its
 * NUL. */
void terms_mark(const struct terms *terms, struct terms_mark *mark)
{
    const PB(CheckTls) *certificate = terms->certificate;
    *mark = (struct terms_mark){{0}};
    if (!terms->tls)
        return;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    uint8_t ignored = certificate && certificate->ignore;
    bool made =
        digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1 && EVP_DigestUpdate(digest, &ignored, 1) == 1;
    const char *texts[] = {certificate ? certificate->ca_pem : "", certificate ? certificate->server_name : ""};
    for (size_t i = 0; made && i < sizeof texts / sizeof *texts; i++)
        made = EVP_DigestUpdate(digest, texts[i], strlen(texts[i]) + 1) == 1;
    made = made && EVP_DigestFinal_ex(digest, mark->bytes, NULL) == 1;
    EVP_MD_CTX_free(digest);
    if (!made)
        memset(mark->bytes, 0xff, sizeof mark->bytes); /* see terms_mark_same() */
}

/* What could not be reckoned is the same as nothing. */
bool terms_mark_same(const struct terms_mark *a, const struct terms_mark *b)
{
    static const struct terms_mark unknown = {{[0 ... 31] = 0xff}};
    return memcmp(a, b, sizeof *a) == 0 && memcmp(a, &unknown, sizeof unknown) != 0;
}

/* --- certificates ------------------------------------------------------------------------------------------------- */

/* The next certificate; NULL at the end, or when it is none: then *@broken. */
static X509 *next_certificate(BIO *bio, bool *broken)
{
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    if (certificate)
        return certificate;
    unsigned long error = ERR_peek_last_error();
    *broken = !(ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE);
    ERR_clear_error();
    return NULL;
}

bool terms_pem_valid(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate;
    size_t count = 0;
    bool broken = false;
    while (bio && (certificate = next_certificate(bio, &broken))) {
        X509_free(certificate);
        count++;
    }
    BIO_free(bio);
    return count > 0 && !broken;
}

/* A store of its own for each connection: they are kept between runs, so there are few, and no cache is to be
 * bounded. */
static bool use_authorities(SSL *tls, const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509_STORE *store = X509_STORE_new();
    X509 *certificate;
    bool broken = !bio || !store;
    while (!broken && (certificate = next_certificate(bio, &broken))) {
        broken = X509_STORE_add_cert(store, certificate) != 1;
        X509_free(certificate);
    }
    bool used = !broken && SSL_set1_verify_cert_store(tls, store) == 1;
    X509_STORE_free(store);
    BIO_free(bio);
    return used;
}

static bool is_numeric(const char *name)
{
    struct in6_addr ignored;
    return inet_pton(AF_INET, name, &ignored) == 1 || inet_pton(AF_INET6, name, &ignored) == 1;
}

/* SNI carries host names alone. Source: RFC 6066, section 3. */
static bool use_name(SSL *tls, const char *name)
{
    if (is_numeric(name))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), name) == 1;
    SSL_set_hostflags(tls, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set_tlsext_host_name(tls, name) == 1 && SSL_set1_host(tls, name) == 1;
}

bool terms_apply(const struct terms *terms, const char *address, struct ssl_st *tls)
{
    const PB(CheckTls) *certificate = terms->certificate;
    bool ignore = certificate && certificate->ignore;
    if (!use_name(tls, certificate && certificate->server_name[0] ? certificate->server_name : address))
        return false;
    SSL_set_verify(tls, ignore ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    return ignore || !certificate || !certificate->ca_pem[0] || use_authorities(tls, certificate->ca_pem);
}
