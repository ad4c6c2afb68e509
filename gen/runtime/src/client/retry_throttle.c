/* SPDX-License-Identifier: Apache-2.0 */
#include "client/retry_throttle.h"

#define TOKEN 1000

void mrpc_retry_throttle_set(struct mrpc_retry_throttle *throttle, struct mrpc_retry_throttling config)
{
    uint32_t before = throttle->config.max_millitokens;
    throttle->millitokens =
        before ? (uint32_t)((uint64_t)throttle->millitokens * config.max_millitokens / before) : config.max_millitokens;
    throttle->config = config;
}

void mrpc_retry_throttle_failed(struct mrpc_retry_throttle *throttle)
{
    throttle->millitokens -= throttle->millitokens < TOKEN ? throttle->millitokens : TOKEN;
}

void mrpc_retry_throttle_succeeded(struct mrpc_retry_throttle *throttle)
{
    uint32_t missing = throttle->config.max_millitokens - throttle->millitokens;
    uint32_t given = throttle->config.ratio_millitokens;
    throttle->millitokens += given < missing ? given : missing;
}

bool mrpc_retry_throttle_allows(const struct mrpc_retry_throttle *throttle)
{
    uint32_t max = throttle->config.max_millitokens;
    return max == 0 || throttle->millitokens > max / 2;
}
