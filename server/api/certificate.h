/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_API_CERTIFICATE_H
#define MLT_API_CERTIFICATE_H

#include <pthread.h>
#include <stdint.h>

#include <mrpc/tls.h>

#include "config/config.h"
#include "fault/fault.h"
#include "log/log.h"

/* The server's certificate over its life: loaded at the start, read again when asked to or when its files have changed,
 * and spoken of before it ends. What cannot be read, or whose key everybody can read, leaves the old one in use. */

struct certificate {
    struct mrpc_tls *tls;            /* NULL: no TLS is configured */
    const struct config *config;
    struct log *log;
    pthread_mutex_t lock;            /* guards what follows: a reload and a look may meet */
    int warned_days;                 /* before its end that was warned of last: 30, 7, 1 or 0; 31 before that */
    char complaint[256];             /* the last failure of a look, so that it is told once */
};

/** From tls.certificate, tls.key, tls.client_ca, tls.crl; nothing of it is set: no TLS. */
int certificate_load(struct certificate *certificate, const struct config *config, struct log *log,
                     struct fault *fault) MRPC_MUST_USE;
void certificate_free(struct certificate *certificate);

/** Read the files again. Returns 1, 0 without TLS, -1 with the reason in @why. Blocks on the file system. Thread:
 *  any. */
int certificate_reload(struct certificate *certificate, char *why, size_t why_bytes);

/** To be called every CERTIFICATE_LOOK_MS: reads changed files, and warns 30, 7 and 1 days before the end. Thread:
 *  any. */
void certificate_look(struct certificate *certificate, int64_t now_s);

enum { CERTIFICATE_LOOK_MS = 5000 };

#endif
