/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_BODY_H
#define REGISTRY_BODY_H

#include "registry/part.h"

/* What successive states of an instance have in common: its definition and its owner, in one block of exact size that
 * they share, with the parts that it shares with other instances. Immutable. */

struct registry_body;

/** Of a message as registry_definition_take() leaves it. A reference; NULL when out of memory. */
struct registry_body *registry_body_new(struct registry_parts *parts, const PB(Instance) * definition,
                                        const char *owner, const char *peer);
struct registry_body *registry_body_ref(struct registry_body *body);
void registry_body_unref(struct registry_body *body);
/** Point the fields of @message that it has to it. */
void registry_body_show(const struct registry_body *body, PB(Instance) * message);
const char *registry_body_peer(const struct registry_body *body);

#endif
