/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_ACCESS_FAILURES_H
#define MLT_ACCESS_FAILURES_H

#include <stdint.h>

#include <mrpc/attributes.h>

/* Bad credentials, counted by address: 20 at once and one a second are told that they are bad, more are told to come
 * later. Good ones are never counted, so nobody can shut others out who share his address: 256 bits are not found by
 * trying, what is kept small is the noise. One number an address, as in mrpc/rate_limit.h; addresses that fall
 * together share it. */

enum { FAILURES_BURST = 20, FAILURES_INTERVAL_MS = 1000 };

struct failures;

/** Errors: MRPC_ERR_NOMEM, MRPC_ERR_SYSTEM (no random bytes). */
int failures_new(struct failures **out) MRPC_MUST_USE;
void failures_free(struct failures *failures);
/** One more from @peer ("HOST:PORT", "unix:"). Returns 0, or in how many ms to come again. Thread: any. */
int64_t failures_charge(struct failures *failures, const char *peer, int64_t now_ms);

#endif
