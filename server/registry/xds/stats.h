/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_XDS_STATS_H
#define REGISTRY_XDS_STATS_H

#include <stdatomic.h>
#include <stdint.h>

#include "registry/xds/resource.h"
#include "registry/xds/subscription.h"

/* Counted since the start, by all loops. */
struct xds_stats {
    _Atomic uint64_t streams; /* open now */
    _Atomic uint64_t requests[XDS_TYPES][XDS_VERDICTS];
    _Atomic uint64_t unknown_type_requests;
    _Atomic uint64_t responses[XDS_TYPES];
};

#endif
