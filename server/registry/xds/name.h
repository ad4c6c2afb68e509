/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_XDS_NAME_H
#define REGISTRY_XDS_NAME_H

#include <stdbool.h>

/* What clients call a service. `xds:///orders` and `xds:///prod/orders` ask for the listeners "orders" and
 * "prod/orders"; our clusters are always called NAMESPACE/SERVICE. */

struct xds_name {
    char namespace_name[129];
    char service[129];
    char cluster[258];
};

/** False when @text can be no service of ours. */
bool xds_name_parse(const char *text, struct xds_name *out);

#endif
