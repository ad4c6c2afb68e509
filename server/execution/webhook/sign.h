/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_WEBHOOK_SIGN_H
#define MLT_EXECUTION_WEBHOOK_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "fault/fault.h"

/* How a receiver knows that a webhook is ours: HMAC-SHA256 over id, time and body, in the form of the Standard Webhooks
 * specification 1.0 (its libraries verify it). Pure. */

enum { WEBHOOK_SECRET_BYTES_LEAST = 24, WEBHOOK_SECRET_BYTES_MAX = 64, WEBHOOK_SIGNATURE_BYTES = 48 };

struct webhook_secret {
    uint8_t bytes[WEBHOOK_SECRET_BYTES_MAX];
    size_t count;
};

/** Read "whsec_BASE64" of 24 to 64 bytes. Errors: INVALID_ARGUMENT, which does not repeat the text. */
int webhook_secret_read(const char *text, struct webhook_secret *out, struct fault *fault) MRPC_MUST_USE;

/** "v1,BASE64" of what is sent with id and time (seconds since 1970). Errors: RESOURCE_EXHAUSTED. */
int webhook_sign(const struct webhook_secret *secret, const char *id, int64_t time_s, const char *body,
                 size_t body_bytes, char out[WEBHOOK_SIGNATURE_BYTES], struct fault *fault) MRPC_MUST_USE;

/** How long to wait after @attempts attempts that failed: @base_ms, then twice as long each time, an hour at most; of
 *  that between 80 and 100 %, as @random says. */
int64_t webhook_pause_ms(unsigned attempts, int64_t base_ms, uint32_t random);

#endif
