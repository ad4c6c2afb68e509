/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_CHECKS_GRPC_H
#define REGISTRY_CHECKS_GRPC_H

/** What a gRPC check keeps between two runs: a grpc.health.v1 Watch, by which the server tells changes by itself. */
struct grpc_watch;

void grpc_watch_free(struct grpc_watch *watch);

#endif
