/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_CHECKS_TERMS_H
#define REGISTRY_CHECKS_TERMS_H

#include <stdbool.h>
#include <stdint.h>

#include "registry/message.h"

/* On what terms a check speaks to its target: in the clear, or by TLS and with a certificate judged so and so. */

struct ssl_st;

/** Borrowed from the check. */
struct terms {
    bool tls;
    const PB(CheckTls) * certificate; /* NULL: the system's CAs, and the target's own name */
};

/** Two links may serve each other's checks only if their marks are the same. */
struct terms_mark {
    uint8_t bytes[32]; /* all zero: in the clear */
};

struct terms terms_of_http(const PB(HttpCheck) * check);
struct terms terms_of_grpc(const PB(GrpcCheck) * check);

void terms_mark(const struct terms *terms, struct terms_mark *mark);
bool terms_mark_same(const struct terms_mark *a, const struct terms_mark *b);

/** Set name and judgement of a connection to @address, a numeric address or a host name. False when out of memory. */
bool terms_apply(const struct terms *terms, const char *address, struct ssl_st *tls);

/** Whether @pem is certificates, one at least and nothing else that PEM names. */
bool terms_pem_valid(const char *pem);

#endif
