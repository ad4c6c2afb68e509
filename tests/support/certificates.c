/* SPDX-License-Identifier: Apache-2.0 */
#include "certificates.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "test.h"

#define DAY_S (24 * 60 * 60)

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static void add_raw_name(X509 *certificate, const char *bytes, size_t size)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    assert_int_equal(ASN1_STRING_set(text, bytes, (int)size), 1);
    GENERAL_NAME_set0_value(name, GEN_DNS, text);
    sk_GENERAL_NAME_push(names, name);
    assert_int_equal(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0), 1);
    GENERAL_NAMES_free(names);
}

static void add_extensions(X509 *certificate, X509 *issuer, const struct certificate_spec *spec)
{
    add_extension(certificate, issuer, NID_basic_constraints,
                  spec->authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    add_extension(certificate, issuer, NID_subject_key_identifier, "hash");
    if (spec->authority)
        add_extension(certificate, issuer, NID_key_usage, "critical,keyCertSign,cRLSign,digitalSignature");
    if (spec->alternative_names)
        add_extension(certificate, issuer, NID_subject_alt_name, spec->alternative_names);
    if (spec->raw_dns_name)
        add_raw_name(certificate, spec->raw_dns_name, spec->raw_dns_bytes);
    if (spec->usage)
        add_extension(certificate, issuer, NID_ext_key_usage, spec->usage);
}

struct issued_certificate certificate_issue(const struct certificate_spec *spec,
                                            const struct issued_certificate *issuer)
{
    bool default_time = spec->begins_days == 0 && spec->ends_days == 0;
    struct issued_certificate issued = {.certificate = X509_new(), .key = EVP_EC_gen("P-256")};
    X509 *certificate = issued.certificate;
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), spec->serial != 0 ? spec->serial : 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), (long)((default_time ? -1 : spec->begins_days) * DAY_S));
    X509_gmtime_adj(X509_getm_notAfter(certificate), (long)((default_time ? 10 : spec->ends_days) * DAY_S));
    const char *name = spec->common_name ? spec->common_name : "test";
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                               -1, 0);
    X509 *signer = issuer ? issuer->certificate : certificate;
    X509_set_issuer_name(certificate, X509_get_subject_name(signer));
    X509_set_pubkey(certificate, issued.key);
    add_extensions(certificate, signer, spec);
    assert_true(X509_sign(certificate, issuer ? issuer->key : issued.key, EVP_sha256()) > 0);
    return issued;
}

void certificate_discard(struct issued_certificate *issued)
{
    X509_free(issued->certificate);
    EVP_PKEY_free(issued->key);
    *issued = (struct issued_certificate){0};
}

static FILE *create(const char *path, int mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    assert_non_null(file);
    return file;
}

void certificate_write(const struct issued_certificate *issued, const struct issued_certificate *chain,
                       size_t chain_count, const char *key_file, const char *certificate_file)
{
    FILE *file = create(key_file, 0600);
    assert_int_equal(PEM_write_PrivateKey(file, issued->key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
    file = create(certificate_file, 0644);
    assert_int_equal(PEM_write_X509(file, issued->certificate), 1);
    for (size_t i = 0; i < chain_count; i++)
        assert_int_equal(PEM_write_X509(file, chain[i].certificate), 1);
    fclose(file);
}

void certificate_write_revoked(const struct issued_certificate *issuer, long serial, const char *file)
{
    X509_CRL *list = X509_CRL_new();
    X509_CRL_set_version(list, 1);
    X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer->certificate));
    ASN1_TIME *time = X509_gmtime_adj(NULL, -DAY_S);
    X509_CRL_set1_lastUpdate(list, time);
    X509_REVOKED *revoked = X509_REVOKED_new();
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    ASN1_INTEGER_set(number, serial);
    X509_REVOKED_set_serialNumber(revoked, number);
    X509_REVOKED_set_revocationDate(revoked, time);
    assert_int_equal(X509_CRL_add0_revoked(list, revoked), 1);
    X509_gmtime_adj(time, 10L * DAY_S);
    X509_CRL_set1_nextUpdate(list, time);
    assert_true(X509_CRL_sign(list, issuer->key, EVP_sha256()) > 0);
    FILE *out = create(file, 0644);
    assert_int_equal(PEM_write_X509_CRL(out, list), 1);
    fclose(out);
    ASN1_INTEGER_free(number);
    ASN1_TIME_free(time);
    X509_CRL_free(list);
}

void make_certificate(const char *alternative_names, const char *key_file, const char *certificate_file)
{
    struct certificate_spec spec = {.alternative_names = alternative_names, .authority = true};
    struct issued_certificate issued = certificate_issue(&spec, NULL);
    certificate_write(&issued, NULL, 0, key_file, certificate_file);
    certificate_discard(&issued);
}
