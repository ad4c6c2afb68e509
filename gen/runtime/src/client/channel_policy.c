/* SPDX-License-Identifier: Apache-2.0 */
#include "client/channel_policy.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client/channel_core.h"

#define RETRY_BUFFER_BYTES (1024 * 1024)
#define RETRY_BUFFERS_BYTES (16 * RETRY_BUFFER_BYTES)

static void balance(struct mrpc_channel *channel)
{
    const struct mrpc_lb_choice otherwise = {.balancing = channel->policy.balancing};
    struct mrpc_lb_choice choice = mrpc_service_config_balancing(channel->policy.config, otherwise);
    mrpc_channel_choose_balancer(channel, &choice);
}

int mrpc_channel_policy_init(struct mrpc_channel *channel, const struct mrpc_channel_options *options)
{
    struct mrpc_channel_policy *policy = &channel->policy;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    policy->no_retries = options->no_retries;
    policy->retry_buffer_bytes = options->retry_buffer_bytes ? options->retry_buffer_bytes : RETRY_BUFFER_BYTES;
    policy->retry_buffers_bytes = options->retry_buffers_bytes ? options->retry_buffers_bytes : RETRY_BUFFERS_BYTES;
    policy->balancing = options->balancing;
    policy->credentials = options->credentials;
    policy->settled = !options->resolver;
    uint64_t random = (uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15 ^ (uint64_t)(uintptr_t)policy;
    memcpy(policy->seed, (const char *)&random + 1, sizeof policy->seed);
    const char *json = options->service_config;
    if (json) {
        int error = mrpc_service_config_parse(json, strlen(json), NULL, 0, &policy->given);
        if (error)
            return error;
    }
    policy->config = policy->given;
    mrpc_retry_throttle_set(&policy->throttle, mrpc_service_config_throttling(policy->config));
    balance(channel);
    return 0;
}

void mrpc_channel_policy_fini(struct mrpc_channel_policy *policy)
{
    mrpc_client_chain_detach(&policy->chain);
    if (policy->config != policy->given)
        mrpc_service_config_free(policy->config);
    mrpc_service_config_free(policy->given);
}

bool mrpc_channel_method_config(struct mrpc_channel *channel, const char *path, struct mrpc_method_config *out)
{
    pthread_mutex_lock(&channel->lock);
    const struct mrpc_service_config *config = channel->policy.settled ? channel->policy.config : NULL;
    *out = *mrpc_service_config_method(config, path);
    pthread_mutex_unlock(&channel->lock);
    if (channel->policy.no_retries) {
        out->policy = MRPC_ATTEMPT_ONCE;
        out->max_attempts = 1;
        out->codes = 0;
    }
    return config;
}

static void use_config(struct mrpc_channel *channel, struct mrpc_service_config *config)
{
    pthread_mutex_lock(&channel->lock);
    struct mrpc_service_config *before = channel->policy.config;
    channel->policy.config = config;
    channel->policy.settled = true;
    pthread_mutex_unlock(&channel->lock);
    if (before != channel->policy.given && before != config)
        mrpc_service_config_free(before);
    mrpc_retry_throttle_set(&channel->policy.throttle, mrpc_service_config_throttling(config));
    balance(channel);
    for (struct mrpc_client_attempt *attempt = channel->pending; attempt; attempt = attempt->pending_next)
        mrpc_call_core_configure(attempt->call);
}

bool mrpc_channel_take_config(struct mrpc_channel *channel, const char *json, char *why, size_t why_bytes)
{
    static const char intro[] = "the resolver's service config is none: ";
    struct mrpc_service_config *config = channel->policy.given;
    char reason[256] = "";
    int error = json ? mrpc_service_config_parse(json, strlen(json), reason, sizeof reason, &config) : 0;
    if (!error)
        use_config(channel, config);
    else
        snprintf(why, why_bytes, "%s%s", intro, *reason ? reason : mrpc_error_text(error));
    return channel->policy.settled;
}
