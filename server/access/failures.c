/* SPDX-License-Identifier: Apache-2.0 */
#include "access/failures.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/error.h>
#include <openssl/rand.h>

enum { BUCKETS = 4096 };

/* For each the time at which its bucket is full again (the generic cell rate algorithm, ITU-T I.371). */
struct failures {
    uint64_t secret;
    _Atomic int64_t full_ms[BUCKETS];
};

int failures_new(struct failures **out)
{
    struct failures *failures = calloc(1, sizeof *failures);
    if (!failures)
        return MRPC_ERR_NOMEM;
    if (RAND_bytes((unsigned char *)&failures->secret, sizeof failures->secret) != 1) {
        free(failures);
        return MRPC_ERR_SYSTEM;
    }
    *out = failures;
    return 0;
}

void failures_free(struct failures *failures)
{
    free(failures);
}

/* FNV-1a over the address without its port, begun with a secret. */
static size_t bucket_of(const struct failures *failures, const char *peer)
{
    const char *colon = strrchr(peer, ':');
    size_t bytes = colon ? (size_t)(colon - peer) : strlen(peer);
    uint64_t hash = failures->secret;
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ (unsigned char)peer[i]) * UINT64_C(1099511628211);
    return (hash ^ hash >> 32) % BUCKETS;
}

int64_t failures_charge(struct failures *failures, const char *peer, int64_t now_ms)
{
    _Atomic int64_t *bucket = &failures->full_ms[bucket_of(failures, peer)];
    int64_t full_ms = atomic_load(bucket);
    for (;;) {
        int64_t next_ms = (full_ms > now_ms ? full_ms : now_ms) + FAILURES_INTERVAL_MS;
        int64_t late_ms = next_ms - now_ms - (int64_t)FAILURES_BURST * FAILURES_INTERVAL_MS;
        if (late_ms > 0)
            return late_ms;
        if (atomic_compare_exchange_weak(bucket, &full_ms, next_ms))
            return 0;
    }
}
