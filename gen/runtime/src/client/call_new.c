/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "client/call_core.h"
#include "client/call_fields.h"
#include "client/channel_core.h"

/* Making a call: what the program asks for, what interceptors make of it, and what the service config says. All on the
 * caller's thread. */

#define ARENA_FACTOR 8
#define ARENA_EXTRA_BYTES (1024 * 1024)

/* A program that was compiled against an older header gives a shorter struct. */
static struct mrpc_call_options copy_options(const struct mrpc_call_options *options)
{
    struct mrpc_call_options copy = {.struct_bytes = sizeof copy};
    if (!options)
        return copy;
    size_t given = options->struct_bytes;
    memcpy(&copy, options, given > 0 && given < sizeof copy ? given : sizeof copy);
    return copy;
}

static int64_t deadline_of(int64_t timeout_ms)
{
    int64_t now_ms = mrpc_clock_ms();
    if (timeout_ms == 0)
        return INT64_MAX;
    return timeout_ms < INT64_MAX - now_ms ? now_ms + timeout_ms : INT64_MAX;
}

/* No message is one byte long: a limit of 0 is as good as one of 1, and 0 may mean none. */
static size_t smaller_limit(size_t channel_bytes, size_t config_bytes)
{
    if (config_bytes == SIZE_MAX)
        return channel_bytes;
    if (config_bytes == 0)
        config_bytes = 1;
    return channel_bytes > 0 && channel_bytes < config_bytes ? channel_bytes : config_bytes;
}

/* Before it begins on the caller's thread; once begun, on the loop's. */
static void take_config(struct mrpc_client_call *call)
{
    size_t channel_bytes = call->channel->receive_message_bytes;
    call->configured = mrpc_channel_method_config(call->channel, call->method->path, &call->config);
    call->wait_for_ready |= call->config.wait_for_ready;
    call->receive_limit_bytes = smaller_limit(channel_bytes, call->config.response_bytes);
    int64_t now_ms = mrpc_clock_ms(), timeout_ms = call->config.timeout_ms;
    if (timeout_ms < INT64_MAX - now_ms && now_ms + timeout_ms < call->deadline_ms)
        call->deadline_ms = now_ms + timeout_ms;
}

/* What the program's threads read stays: a request may have been encoded already. */
void mrpc_call_core_configure(struct mrpc_client_call *call)
{
    if (call->configured)
        return;
    take_config(call);
    if (!call->configured)
        return;
    mrpc_client_stream_set_limit(&call->first.stream, call->receive_limit_bytes);
    (void)mrpc_call_core_set_deadline(call); /* without memory there is only the one that the program gave */
    mrpc_retry_configured(call);
}

static size_t arena_limit(size_t message_bytes)
{
    return message_bytes < SIZE_MAX / (ARENA_FACTOR * 2) ? message_bytes * ARENA_FACTOR + ARENA_EXTRA_BYTES : 0;
}

/* What interceptors leave of @options and @metadata is what counts. */
static int intercept(struct mrpc_client_call *call, struct mrpc_call_options *options, struct mrpc_metadata *metadata)
{
    struct mrpc_channel *channel = call->channel;
    struct mrpc_client_start start = {.method = call->method,
                                      .target = channel->target_text,
                                      .parent = options->parent,
                                      .timeout_ms = options->timeout_ms,
                                      .wait_for_ready = options->wait_for_ready,
                                      .compress = options->compress,
                                      .metadata = metadata,
                                      .arena = call->arena,
                                      .authority = channel->authority};
    enum mrpc_code code;
    int error = mrpc_client_chain_start(&channel->policy.chain, &call->chain, &start, &code);
    if (error)
        return error;
    call->method = start.method;
    options->timeout_ms = start.timeout_ms;
    options->wait_for_ready = start.wait_for_ready;
    options->compress = start.compress;
    call->watches_submitted = channel->policy.chain.watches_submitted;
    call->abort_code = code;
    call->abort_text = start.refusal ? start.refusal : "an interceptor refused the call";
    return 0;
}

static void add_credentials(struct mrpc_client_call *call, const struct mrpc_call_credentials *credentials)
{
    if (credentials)
        call->credentials[call->credentials_count++] = credentials;
}

static void apply(struct mrpc_client_call *call, const struct mrpc_call_options *options)
{
    const struct mrpc_channel *channel = call->channel;
    call->deadline_ms = deadline_of(options->timeout_ms);
    call->wait_for_ready = options->wait_for_ready;
    call->compress = options->compress;
    add_credentials(call, channel->policy.credentials);
    add_credentials(call, options->credentials);
    call->has_secrets = channel->authorization || call->credentials_count > 0;
    call->retry_buffer_bytes = channel->policy.retry_buffer_bytes;
    take_config(call);
    call->send_limit_bytes = smaller_limit(channel->send_message_bytes, call->config.request_bytes);
    mrpc_client_stream_set_limit(&call->first.stream, call->receive_limit_bytes);
}

static int fill(struct mrpc_client_call *call, const struct mrpc_call_options *given)
{
    struct mrpc_call_options options = copy_options(given);
    call->message_limit_bytes = arena_limit(call->channel->receive_message_bytes);
    call->arena = mrpc_arena_new(call->message_limit_bytes);
    if (!call->arena)
        return MRPC_ERR_NOMEM;
    struct mrpc_metadata metadata = {.arena = call->arena};
    int error = mrpc_call_fields_collect(options.metadata, options.metadata_count, &metadata);
    if (!error)
        error = intercept(call, &options, &metadata);
    if (error)
        return error;
    apply(call, &options);
    return mrpc_call_fields_make(call, call->channel, &metadata);
}

int mrpc_call_core_new(struct mrpc_channel *channel, const struct mrpc_method *method,
                       const struct mrpc_call_options *options, const struct mrpc_call_sink *sink,
                       struct mrpc_client_call **out)
{
    struct mrpc_client_call *call = calloc(1, sizeof *call);
    if (!call)
        return MRPC_ERR_NOMEM;
    mrpc_call_core_init(call);
    call->sink = sink;
    call->loop = channel->loop;
    call->channel = channel;
    call->method = method;
    mrpc_attempt_init(&call->first, call, channel->receive_message_bytes);
    mrpc_retry_init(&call->retry);
    int error = fill(call, options);
    if (error) {
        mrpc_call_core_unref(call);
        return error;
    }
    *out = call;
    return 0;
}
