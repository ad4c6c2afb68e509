/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTCTL_REGISTRY_H
#define MLTCTL_REGISTRY_H

#include <mltrainer/registry/v1/registry.mrpc.h>

#include "cli.h"
#include "columns.h"

/* What the registry's commands share: keys from operands, and how an instance looks in a table. */

/** "SERVICE/ID" or "NAMESPACE/SERVICE/ID" into @key, whose texts live in @storage. Exits with CLI_USAGE. */
void registry_parse_key(const char *text, Mltrainer__Registry__V1__InstanceKey *key, char storage[512]);
/** "SERVICE" or "NAMESPACE/SERVICE". */
void registry_parse_service(const char *text, char **namespace, char **service, char storage[512]);
/** "HOST:PORT" or "[V6]:PORT", with "PROTOCOL://" before it. */
void registry_parse_endpoint(const char *text, Mltrainer__Registry__V1__Endpoint *endpoint, char storage[512]);

const char *registry_health(Mltrainer__Registry__V1__HealthState state);
/** "active", "draining", "maintenance". */
const char *registry_operator_state(Mltrainer__Registry__V1__OperatorState state);
const char *registry_reason(Mltrainer__Registry__V1__TransitionReason reason);

/** An instance a row. */
extern const char *const registry_titles[];
struct columns *registry_columns(void);
void registry_add_row(struct columns *columns, const Mltrainer__Registry__V1__Instance *instance);

#endif
