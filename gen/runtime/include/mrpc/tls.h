/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_TLS_H
#define MRPC_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>

MRPC_BEGIN_DECLS

/** Certificates and keys of one side, TLS 1.2 or later, ALPN "h2" (a server: also "http/1.1", see mrpc/web.h). All
 *  files are PEM. */
struct mrpc_tls_options {
    size_t struct_bytes;
    const char *certificate_file;   /* chain, leaf first; a server needs it */
    const char *key_file;
    const char *ca_file;            /* whom to trust: a client's roots (NULL: the system's), a server's client CAs */
    bool require_client_certificate;
    const char *server_name;        /* client: name to verify and SNI; NULL: the target's host */
    const char *crl_file;           /* lists of revoked certificates, one for each CA of a chain; NULL: none */
};

struct mrpc_tls;

/* Unless a function says otherwise: Thread: any; mrpc_tls_free() when nobody uses it any more. Ownership: options
 * are copied; *@out is ended by mrpc_tls_free(), after the servers and channels that it was given to. Errors:
 * MRPC_ERR_TLS with a text in @why, MRPC_ERR_NOMEM. */

/** Errors: MRPC_ERR_TLS with a text in @why (at most why_bytes), MRPC_ERR_NOMEM. */
MRPC_API int mrpc_tls_server_new(const struct mrpc_tls_options *options, struct mrpc_tls **out, char *why,
                                 size_t why_bytes) MRPC_MUST_USE;
MRPC_API int mrpc_tls_client_new(const struct mrpc_tls_options *options, struct mrpc_tls **out, char *why,
                                 size_t why_bytes) MRPC_MUST_USE;
/** Read the files again; connections that are open keep what they have. On failure the old ones stay. Thread: any. */
MRPC_API int mrpc_tls_reload(struct mrpc_tls *tls, char *why, size_t why_bytes) MRPC_MUST_USE;
/** The same if a file has changed since it was last read (another file, size or time of change): for a program that
 *  looks every few seconds. Returns 1 when they were read, 0 when there was no need, else as mrpc_tls_reload(), and the
 *  next call tries again: files that are written one after the other match in the end. Thread: any. */
MRPC_API int mrpc_tls_reload_changed(struct mrpc_tls *tls, char *why, size_t why_bytes) MRPC_MUST_USE;
/** When the own certificate ends, in s of Unix time; INT64_MAX when there is none. Thread: any. */
MRPC_API int64_t mrpc_tls_expires_at_s(struct mrpc_tls *tls);
MRPC_API void mrpc_tls_free(struct mrpc_tls *tls);

MRPC_END_DECLS
#endif
