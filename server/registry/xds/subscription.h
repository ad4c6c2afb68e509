/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_XDS_SUBSCRIPTION_H
#define REGISTRY_XDS_SUBSCRIPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a stream wants of one type, and what it was last sent of it. Pure.
 *
 * A response is due exactly when for some name what is there differs from what was sent. So a refused response is not
 * sent again until its content changes, and a new name is always answered, be it with its absence.
 * Source: envoyproxy.io, "xDS REST and gRPC protocol", variant state of the world. */

enum { XDS_NAMES_MAX = 1000, XDS_NAME_BYTES_MAX = 1024 };

enum { XDS_NEVER_SENT = 0, XDS_ABSENT = 1, XDS_PRESENT = 2 }; /* else a hash of the content */

struct xds_wanted {
    char *name;
    uint64_t sent;
    uint64_t current;
    uint32_t life;           /* how often it has gone since it was subscribed to */
    int64_t looked_revision; /* of the service when `current` was found; 0: look again */
};

struct xds_subscription {
    struct xds_wanted *wanted; /* by name */
    size_t count;
    uint64_t nonce; /* of the last response; 0: none yet */
};

/** What a request with that nonce is. */
enum xds_verdict { XDS_SUBSCRIBE, XDS_ACK, XDS_NACK, XDS_STALE, XDS_VERDICTS };
enum xds_verdict xds_subscription_judge(const struct xds_subscription *subscription, const char *nonce, bool refused);

/** Want these names and no others; doubles count once. What was sent of those that stay is remembered. Untouched on
 *  failure. Returns 0, INVALID_ARGUMENT (a name is too long) or RESOURCE_EXHAUSTED (too many, no memory). */
int xds_subscription_set(struct xds_subscription *subscription, char *const *names, size_t count);
void xds_subscription_fini(struct xds_subscription *subscription);

#endif
