/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_XDS_ASSIGNMENT_H
#define REGISTRY_XDS_ASSIGNMENT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "registry/view.h"

/* A service as EDS tells it: a ClusterLoadAssignment, packed once for each version of the service and then shared by
 * all streams. It belongs to the service's view, one malloc().
 *
 * An instance is told by its first endpoint that speaks gRPC and has a numeric address; of instances that share an
 * address, the one that is of use, then the youngest, is told. The others are left out.
 *
 * A locality is a zone. gRPC's round robin heeds weights of localities but not of endpoints, so a zone whose instances
 * differ in weight is told as one locality a weight (sub_zone "weight-300"), as long as there are at most 16 of
 * them. */

struct xds_assignment {
    uint64_t hash; /* of the bytes; never 0 or 1 */
    size_t endpoint_count;
    size_t left_out_count; /* instances without an endpoint of use */
    size_t size;
    uint8_t bytes[];
};

/** Who packs. A second loop that needs the same at the same moment waits for the first. */
struct xds_packer {
    pthread_mutex_t lock;
    _Atomic uint64_t packed_count;
};

void xds_packer_init(struct xds_packer *packer);
void xds_packer_fini(struct xds_packer *packer);

/** The assignment of @service, which owns it. NULL when out of memory. Thread: any. */
const struct xds_assignment *xds_assignment_of(struct xds_packer *packer, struct registry_service_view *service);

#endif
