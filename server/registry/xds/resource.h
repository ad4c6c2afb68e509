/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_XDS_RESOURCE_H
#define REGISTRY_XDS_RESOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include <mrpc/arena.h>

#include "registry/xds/message.h"

/* Resources that follow from a name alone. Pure. */

/** In the order in which changes are told: nobody is routed to what is not there yet. */
enum xds_type { XDS_CLUSTER, XDS_ASSIGNMENT, XDS_LISTENER, XDS_ROUTE, XDS_TYPES };

/** "type.googleapis.com/envoy.config.cluster.v3.Cluster". */
const char *xds_type_url(enum xds_type type);
/** "cds", "eds", "lds", "rds". */
const char *xds_type_name(enum xds_type type);
/** XDS_TYPES for one that we do not have. */
enum xds_type xds_type_find(const char *url);

/** The resource called @name, which sends everything to @cluster, packed into @any; memory is @arena's. An assignment
 *  made here has no endpoints. Clusters and listeners of another @life differ in something that means nothing:
 *  grpc-js-xds (1.13) forgets a deleted resource but in part, and takes an identical one that comes back for old news.
 *  False when out of memory. */
bool xds_resource_pack(enum xds_type type, const char *name, const char *cluster, uint32_t life,
                       struct mrpc_arena *arena, Google__Protobuf__Any *any);

#endif
