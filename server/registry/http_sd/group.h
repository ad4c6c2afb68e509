/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_HTTP_SD_GROUP_H
#define REGISTRY_HTTP_SD_GROUP_H

#include "registry/instance.h"

/** One instance as Prometheus' JSON: {"targets":["192.0.2.1:9100"],"labels":{"__meta_mltrainer_service":"…",…}}.
 *  The target is its first endpoint of @protocol; without one given that of protocol "metrics", else the first.
 *  *@json is malloc'ed; NULL with MRPC_OK when it has no such endpoint. @arena is emptied. Errors:
 *  RESOURCE_EXHAUSTED. */
int http_sd_group_write(const struct registry_instance *instance, const char *protocol, struct mrpc_arena *arena,
                        char **json, size_t *size) MRPC_MUST_USE;

#endif
