/* SPDX-License-Identifier: Apache-2.0 */
#include "client/retry.h"

#include <stdlib.h>

#include "client/call_core.h"
#include "client/channel_core.h"

#define FROM_TIMER(pointer)                                                                                            \
    ((struct mrpc_client_call *)((char *)(pointer)-offsetof(struct mrpc_client_call, retry.timer)))

static struct mrpc_channel_policy *policy_of(const struct mrpc_client_call *call)
{
    return &call->channel->policy;
}

static bool code_is_listed(const struct mrpc_client_call *call, enum mrpc_code code)
{
    return call->config.codes >> code & 1;
}

/* The server says not to try again: a negative number, or none. */
static bool told_not_to(const struct mrpc_stream_end *end)
{
    return end->has_pushback && end->pushback_ms < 0;
}

/* Only what the service owner lists as a sign of trouble is a failure here, not that a request was wrong. */
static void count_for_throttle(struct mrpc_client_call *call, const struct mrpc_stream_end *end)
{
    struct mrpc_retry_throttle *throttle = &policy_of(call)->throttle;
    if (end->code == MRPC_OK)
        mrpc_retry_throttle_succeeded(throttle);
    else if (code_is_listed(call, end->code) || told_not_to(end))
        mrpc_retry_throttle_failed(throttle);
}

static bool may_start_another(const struct mrpc_client_call *call)
{
    return call->retry.attempts < call->config.max_attempts && !call->retry.closed;
}

static bool schedule(struct mrpc_client_call *call, int64_t delay_ms)
{
    return mrpc_loop_timer_set(call->loop, &call->retry.timer, mrpc_clock_ms() + delay_ms) == 0;
}

static void start_attempt(struct mrpc_client_call *call, struct mrpc_client_attempt *attempt)
{
    attempt->previous = call->retry.attempts++;
    mrpc_attempt_tell_start(attempt);
    mrpc_attempt_start(attempt);
}

/* What never left may be sent again for ever: the deadline ends it. What the server refused to look at is sent again
 * once, since that loads the wire. gRFC A6, "Transparent Retries". */
static bool is_transparent(struct mrpc_client_call *call, const struct mrpc_stream_end *end)
{
    if (!end->unprocessed || call->committed)
        return false;
    if (end->never_sent)
        return true;
    bool first = !call->retry.refused;
    call->retry.refused = true;
    return first;
}

/* Retrying. */

static int64_t backoff_ms(struct mrpc_client_call *call)
{
    const struct mrpc_method_config *config = &call->config;
    double delay_ms = config->initial_backoff_ms;
    for (unsigned i = 0; i < call->retry.backoffs; i++)
        delay_ms *= config->backoff_multiplier;
    if (delay_ms > config->max_backoff_ms)
        delay_ms = config->max_backoff_ms;
    call->retry.backoffs++;
    return (int64_t)(delay_ms * (0.8 + 0.4 * erand48(policy_of(call)->seed)) + 0.5);
}

static bool retry_later(struct mrpc_client_call *call, const struct mrpc_stream_end *end)
{
    if (!may_start_another(call) || told_not_to(end) || !mrpc_retry_throttle_allows(&policy_of(call)->throttle))
        return false;
    if (!end->has_pushback)
        return schedule(call, backoff_ms(call));
    call->retry.backoffs = 0;
    return schedule(call, end->pushback_ms);
}

/* Hedging. */

static bool any_under_way(const struct mrpc_client_call *call)
{
    bool any = call->first.under_way;
    for (unsigned i = 0; i < call->retry.other_count; i++)
        any |= call->retry.others[i]->under_way;
    return any;
}

static struct mrpc_client_attempt *add_attempt(struct mrpc_client_call *call)
{
    struct mrpc_client_attempt *attempt = malloc(sizeof *attempt);
    if (!attempt)
        return NULL;
    mrpc_attempt_init(attempt, call, call->receive_limit_bytes);
    pthread_mutex_lock(&call->lock);
    call->retry.others[call->retry.other_count++] = attempt;
    pthread_mutex_unlock(&call->lock);
    return attempt;
}

static struct mrpc_client_attempt *idle_attempt(struct mrpc_client_call *call)
{
    if (!call->first.under_way)
        return &call->first;
    for (unsigned i = 0; i < call->retry.other_count; i++)
        if (!call->retry.others[i]->under_way)
            return call->retry.others[i];
    return add_attempt(call);
}

/* No further attempt: when the last of those under way has failed, the call has. */
static void close_hedging(struct mrpc_client_call *call)
{
    call->retry.closed = true;
    if (!any_under_way(call))
        mrpc_call_core_end_as(call, &call->retry.last);
}

static void hedge(struct mrpc_client_call *call)
{
    struct mrpc_client_attempt *attempt =
        mrpc_retry_throttle_allows(&policy_of(call)->throttle) ? idle_attempt(call) : NULL;
    if (!attempt) {
        close_hedging(call);
        return;
    }
    /* Before the attempt starts, which may end the call. */
    if (call->retry.attempts + 1 < call->config.max_attempts &&
        !schedule(call, call->config.hedging_delay_ms))
        call->retry.closed = true;
    start_attempt(call, attempt);
}

/* The stream of @end may be opened again before the call ends with it. */
static void keep_last(struct mrpc_client_call *call, const struct mrpc_stream_end *end)
{
    struct mrpc_retry *retry = &call->retry;
    const char *message = mrpc_arena_strdup(call->arena, end->message);
    retry->last_trailers = *end->trailers;
    retry->last = *end;
    retry->last.message = message ? message : "";
    retry->last.trailers = &retry->last_trailers;
}

static bool hedge_on(struct mrpc_client_call *call, const struct mrpc_stream_end *end)
{
    keep_last(call, end);
    if (told_not_to(end))
        call->retry.closed = true;
    bool more = may_start_another(call) && schedule(call, end->has_pushback ? end->pushback_ms : 0);
    if (!more)
        mrpc_loop_timer_cancel(call->loop, &call->retry.timer);
    return more || any_under_way(call);
}

/* Both. */

static void on_timer(struct mrpc_timer *timer)
{
    struct mrpc_client_call *call = FROM_TIMER(timer);
    if (call->config.policy == MRPC_ATTEMPT_HEDGE)
        hedge(call);
    else
        start_attempt(call, &call->first);
}

void mrpc_retry_init(struct mrpc_retry *retry)
{
    retry->timer.fire = on_timer;
}

void mrpc_retry_fini(struct mrpc_retry *retry)
{
    for (unsigned i = 0; i < retry->other_count; i++) {
        mrpc_attempt_fini(retry->others[i]);
        free(retry->others[i]);
    }
}

bool mrpc_retry_keep(const struct mrpc_client_attempt *attempt)
{
    struct mrpc_client_call *call = attempt->call;
    struct mrpc_channel_policy *policy = policy_of(call);
    if (attempt->sent_bytes > call->retry.kept_bytes) {
        policy->kept_bytes += attempt->sent_bytes - call->retry.kept_bytes;
        call->retry.kept_bytes = attempt->sent_bytes;
    }
    return policy->kept_bytes > policy->retry_buffers_bytes;
}

void mrpc_retry_keep_none(struct mrpc_client_call *call)
{
    policy_of(call)->kept_bytes -= call->retry.kept_bytes;
    call->retry.kept_bytes = 0;
}

bool mrpc_retry_is_on(const struct mrpc_client_attempt *attempt, const struct mrpc_client_connection *connection)
{
    const struct mrpc_client_call *call = attempt->call;
    bool on = &call->first != attempt && call->first.connection == connection;
    for (unsigned i = 0; i < call->retry.other_count; i++)
        on |= call->retry.others[i] != attempt && call->retry.others[i]->connection == connection;
    return on;
}

void mrpc_retry_start(struct mrpc_client_call *call)
{
    if (call->config.policy == MRPC_ATTEMPT_HEDGE)
        (void)schedule(call, call->config.hedging_delay_ms); /* without memory there is only the first */
    start_attempt(call, &call->first);
}

void mrpc_retry_configured(struct mrpc_client_call *call)
{
    if (call->config.policy == MRPC_ATTEMPT_HEDGE && call->retry.attempts > 0 && !call->committed)
        (void)schedule(call, call->config.hedging_delay_ms);
}

bool mrpc_retry_goes_on(struct mrpc_client_call *call, struct mrpc_client_attempt *attempt,
                        const struct mrpc_stream_end *end)
{
    if (is_transparent(call, end)) {
        mrpc_attempt_start(attempt);
        return true;
    }
    mrpc_attempt_tell_end(attempt, end->code);
    count_for_throttle(call, end);
    if (call->committed || end->code == MRPC_OK || !code_is_listed(call, end->code))
        return false;
    return call->config.policy == MRPC_ATTEMPT_HEDGE ? hedge_on(call, end) : retry_later(call, end);
}

void mrpc_retry_stop(struct mrpc_client_call *call, const struct mrpc_client_attempt *kept, enum mrpc_code code)
{
    mrpc_loop_timer_cancel(call->loop, &call->retry.timer);
    if (&call->first != kept)
        mrpc_attempt_cancel(&call->first, code);
    for (unsigned i = 0; i < call->retry.other_count; i++)
        if (call->retry.others[i] != kept)
            mrpc_attempt_cancel(call->retry.others[i], code);
}
