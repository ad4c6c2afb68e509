/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_OTLP_ENDPOINT_H
#define MLT_OTLP_ENDPOINT_H

#include <stdbool.h>

#include <mrpc/metadata.h>

#include "fault/fault.h"

/* Where traces go, as OpenTelemetry writes it. Source: OpenTelemetry specification, "OpenTelemetry Protocol
 * Exporter". */

enum { OTLP_TARGET_BYTES = 300, OTLP_PAIRS_MAX = 64, OTLP_PAIR_BYTES = 4096 };

struct otlp_endpoint {
    char target[OTLP_TARGET_BYTES]; /* "HOST:PORT", for mrpc_channel_new() */
    bool tls;
    bool local;                     /* loopback: what is said stays on this machine */
};

/** "http://HOST[:PORT]" is clear text, "https://HOST[:PORT]" TLS; the port is 4317 without one.
 *  Errors: INVALID_ARGUMENT, its text begins with @field. */
int otlp_endpoint_parse(const char *text, const char *field, struct otlp_endpoint *out, struct fault *fault);

/** "key=value,key2=value2", values percent-encoded, as OTEL_EXPORTER_OTLP_HEADERS and OTEL_RESOURCE_ATTRIBUTES have it:
 *  @see gets each pair, borrowed for the call, and returns 0 or an error that ends the walk. NULL and "" have none.
 *  Errors: INVALID_ARGUMENT, its text begins with @field, but never a value: it may be a secret. */
int otlp_pairs(const char *text, const char *field, int (*see)(void *arg, const char *key, const char *value),
               void *arg, struct fault *fault);

#endif
