/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/checks/attempt.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "registry/instance.h"

struct attempt {
    struct attempt_options options;
    const struct attempt_protocol *protocol;
    void *state;
    /* the timeout; once it has ended, done() from the loop, never inside a call into the attempt */
    struct event *timer;
    bool finished;
    bool passed;
    char text[ATTEMPT_TEXT_BYTES];
};

static void free_attempt(struct attempt *attempt)
{
    if (attempt->state)
        attempt->protocol->release(attempt->state);
    if (attempt->timer)
        event_free(attempt->timer);
    free(attempt);
}

static MRPC_PRINTF(3, 0) void end(struct attempt *attempt, bool passed, const char *format, va_list args)
{
    if (attempt->finished)
        return;
    attempt->finished = true;
    attempt->passed = passed;
    vsnprintf(attempt->text, sizeof attempt->text, format, args);
    event_del(attempt->timer);
    event_active(attempt->timer, EV_TIMEOUT, 0);
}

void attempt_pass(struct attempt *attempt, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    end(attempt, true, format, args);
    va_end(args);
}

void attempt_fail(struct attempt *attempt, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    end(attempt, false, format, args);
    va_end(args);
}

const struct attempt_options *attempt_options(const struct attempt *attempt)
{
    return &attempt->options;
}

bool attempt_has_ended(const struct attempt *attempt)
{
    return attempt->finished;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct attempt *attempt = arg;
    if (!attempt->finished) {
        attempt_fail(attempt, "timeout after %lld ms",
                     (long long)registry_duration_ms(attempt->options.check->timeout));
        return;
    }
    if (attempt->state)
        attempt->protocol->release(attempt->state);
    attempt->state = NULL;
    attempt->options.done(attempt->options.arg, attempt->passed, attempt->text);
    free_attempt(attempt);
}

static const PB(Endpoint) * target_of(const PB(Check) * check, const struct attempt_protocol **protocol)
{
    switch (check->kind_case) {
    case MLTRAINER__REGISTRY__V1__CHECK__KIND_HTTP:
        *protocol = &attempt_http;
        return check->http->target;
    case MLTRAINER__REGISTRY__V1__CHECK__KIND_GRPC:
        *protocol = &attempt_grpc;
        return check->grpc->target;
    default:
        *protocol = &attempt_tcp;
        return check->tcp->target;
    }
}

struct place *attempt_place(struct places *places, const PB(Check) * check)
{
    const struct attempt_protocol *ignored;
    const PB(Endpoint) *target = target_of(check, &ignored);
    return place_get(places, target->address, (uint16_t)target->port);
}

struct attempt *attempt_start(const struct attempt_options *options)
{
    struct attempt *attempt = calloc(1, sizeof *attempt);
    if (!attempt)
        return NULL;
    attempt->options = *options;
    target_of(options->check, &attempt->protocol);
    attempt->timer = evtimer_new(places_options(place_owner(options->place))->base, on_timer, attempt);
    if (!attempt->timer) {
        free_attempt(attempt);
        return NULL;
    }
    int64_t ms = registry_duration_ms(options->check->timeout);
    event_add(attempt->timer, &(struct timeval){ms / 1000, ms % 1000 * 1000});
    attempt->state = attempt->protocol->begin(attempt);
    return attempt;
}

void attempt_cancel(struct attempt *attempt)
{
    if (attempt)
        free_attempt(attempt);
}
