/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_XDS_MESSAGE_H
#define REGISTRY_XDS_MESSAGE_H

#include <envoy/config/cluster/v3/cluster.mrpc.h>
#include <envoy/config/endpoint/v3/endpoint.mrpc.h>
#include <envoy/config/listener/v3/listener.mrpc.h>
#include <envoy/extensions/filters/http/router/v3/router.mrpc.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.mrpc.h>
#include <envoy/service/discovery/v3/ads.mrpc.h>

/* Short names for the generated ones. */

#define CORE(name) Envoy__Config__Core__V3__##name
#define ENDPOINT(name) Envoy__Config__Endpoint__V3__##name
#define CLUSTER(name) Envoy__Config__Cluster__V3__##name
#define ROUTE(name) Envoy__Config__Route__V3__##name
#define LISTENER(name) Envoy__Config__Listener__V3__##name
#define MANAGER(name) Envoy__Extensions__Filters__Network__HttpConnectionManager__V3__##name
#define DISCOVERY(name) Envoy__Service__Discovery__V3__##name

#endif
