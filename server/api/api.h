/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_API_H
#define MLT_API_H

#include <stddef.h>
#include <stdint.h>

#include "admin/control.h"
#include "container/component.h"

/* The gRPC server with all services on it: the last component to start and the first to stop. */

struct api;
struct mrpc_server_stats;

/** Needs "config", "log", "thread_pool", "registry", "execution", "diagram", "admin", "watchdog" and "access". */
extern const struct component api_component;
/** Reads the certificates again. Needs "api". */
extern const struct component tls_reload_component;

/** The addresses listened on, with real ports, NULL-terminated; fixed once started. */
const char *const *api_addresses(const struct api *api);
/** Stop accepting, let calls end for @grace_ms; @drained(arg) runs once, on some thread. Again: cut the grace short. */
void api_drain(struct api *api, uint32_t grace_ms, void (*drained)(void *arg), void *arg);
/** What measures calls; NULL where the key metrics is false. */
struct mrpc_metrics *api_metrics(const struct api *api);
/** Unix time at which the certificate in use ends; 0 without TLS. Thread: any. */
int64_t api_certificate_end_s(const struct api *api);
void api_stats(const struct api *api, struct mrpc_server_stats *out);
/** Read the certificates again. Returns 1 when there is TLS and it worked, 0 without TLS, -1 with the reason in
 *  @why. */
int api_reload_tls(struct api *api, char *why, size_t why_bytes);
/** Take certificate files that have changed, warn of an end that is near. Returns in how many ms to come again, -1:
 *  never. */
int api_look_at_certificate(struct api *api, int64_t now_s);
/** Look whether the store can be written to, and say so as the health of "mltrainer.store". Thread: one, no loop. */
void api_look_at_store(struct api *api);

#endif
