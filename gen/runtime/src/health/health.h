/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_HEALTH_HEALTH_H
#define MRPC_HEALTH_HEALTH_H

struct mrpc_health;

/** Everything is NOT_SERVING from now on; watchers are told so and their calls end, or they would keep a drain waiting.
 *  NULL is allowed. Thread: any. */
void mrpc_health_shut_down(struct mrpc_health *health);
void mrpc_health_free(struct mrpc_health *health);

#endif
