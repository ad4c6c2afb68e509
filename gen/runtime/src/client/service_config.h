/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_SERVICE_CONFIG_H
#define MRPC_CLIENT_SERVICE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include <mrpc/service_config.h>
#include <mrpc/status.h>

#include "client/balancer.h"

/* Values over it count as it. gRFC A6, "Limits on Retries and Hedges". */
#define MRPC_ATTEMPTS_MAX 5

enum mrpc_attempt_policy { MRPC_ATTEMPT_ONCE, MRPC_ATTEMPT_RETRY, MRPC_ATTEMPT_HEDGE };

/** How calls of some methods are treated. */
struct mrpc_method_config {
    int64_t timeout_ms; /* INT64_MAX: none */
    bool wait_for_ready;
    size_t request_bytes; /* SIZE_MAX: no limit */
    size_t response_bytes;
    enum mrpc_attempt_policy policy;
    unsigned max_attempts;
    uint32_t codes; /* 1 << code: retryable (retry) or not fatal (hedge) */
    double initial_backoff_ms;
    double max_backoff_ms;
    double backoff_multiplier;
    int64_t hedging_delay_ms;
};

struct mrpc_retry_throttling {
    uint32_t max_millitokens; /* 0: no throttling */
    uint32_t ratio_millitokens;
};

/** A service config, parsed. Constant. */
struct mrpc_service_config;

/** Errors: as mrpc_service_config_check(). */
int mrpc_service_config_parse(const char *json, size_t size, char *why, size_t why_bytes,
                              struct mrpc_service_config **out) MRPC_MUST_USE;
void mrpc_service_config_free(struct mrpc_service_config *config);

/** What holds for "/package.Service/Method": the entry of that method, else of its service, else of all, else that of
 *  no config. @config may be NULL. Borrowed. */
const struct mrpc_method_config *mrpc_service_config_method(const struct mrpc_service_config *config,
                                                            const char *path);

struct mrpc_retry_throttling mrpc_service_config_throttling(const struct mrpc_service_config *config);
/** @choice, but where @config says otherwise. */
struct mrpc_lb_choice mrpc_service_config_balancing(const struct mrpc_service_config *config,
                                                    struct mrpc_lb_choice choice);

#endif
