/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_SERVICE_CONFIG_H
#define MRPC_SERVICE_CONFIG_H

#include <stddef.h>

#include <mrpc/attributes.h>
#include <mrpc/error.h>

MRPC_BEGIN_DECLS

/* A service config says, method by method, how a channel treats calls: JSON, given by mrpc_channel_options or by the
 * channel's resolver. What is understood:
 *
 *     methodConfig[]: name[] {service, method}, timeout, waitForReady, maxRequestMessageBytes, maxResponseMessageBytes,
 *                     and one of
 *         retryPolicy   {maxAttempts, initialBackoff, maxBackoff, backoffMultiplier, retryableStatusCodes[]}
 *         hedgingPolicy {maxAttempts, hedgingDelay, nonFatalStatusCodes[]}
 *     retryThrottling   {maxTokens, tokenRatio}
 *     loadBalancingConfig[], loadBalancingPolicy; healthCheckConfig {serviceName}
 *
 * Other fields are ignored. Source: gRPC service_config.proto, gRFC A2, A6, A17, A21. */

/** A text longer than this is not read. */
#define MRPC_SERVICE_CONFIG_MAX_BYTES (256 * 1024)

/** Whether a channel would take @json. If not, @why (may be NULL) gets a line that names the field:
 *  "methodConfig[0].retryPolicy.maxAttempts: must be at least 2". Thread: any.
 *  Errors: MRPC_ERR_INVALID; MRPC_ERR_LIMIT when it is too long; MRPC_ERR_NOMEM. */
MRPC_API int mrpc_service_config_check(const char *json, char *why, size_t why_bytes) MRPC_MUST_USE;

MRPC_END_DECLS
#endif
