/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/xds/name.h"

#include <stdio.h>
#include <string.h>

#include "registry/identifier.h"

bool xds_name_parse(const char *text, struct xds_name *out)
{
    const char *slash = strchr(text, '/');
    const char *service = slash ? slash + 1 : text;
    size_t namespace_bytes = slash ? (size_t)(slash - text) : 0;
    if (namespace_bytes >= sizeof out->namespace_name || !registry_identifier_valid(service, sizeof out->service - 1))
        return false;
    snprintf(out->namespace_name, sizeof out->namespace_name, "%.*s", (int)namespace_bytes, text);
    if (slash && !registry_identifier_valid(out->namespace_name, sizeof out->namespace_name - 1))
        return false;
    if (!slash)
        snprintf(out->namespace_name, sizeof out->namespace_name, "%s", registry_namespace(""));
    snprintf(out->service, sizeof out->service, "%s", service);
    snprintf(out->cluster, sizeof out->cluster, "%s/%s", out->namespace_name, out->service);
    return true;
}
