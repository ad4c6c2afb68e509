/* SPDX-License-Identifier: Apache-2.0 */
#include "client/dns_resolver.h"

#include <stdio.h>
#include <stdlib.h>

#include "client/listener.h"
#include "client/resolve.h"

/* As grpc-go and C-core: servers that fail all at once must not become a storm of queries. */
#define INTERVAL_MIN_MS 30000

struct dns {
    struct mrpc_dns_config config;
    struct mrpc_resolver_listener *listener;
    struct mrpc_resolution *resolution; /* under way, or NULL */
    struct mrpc_timer timer;            /* of the look-up's end, else of the next one's start; at rest: none is due */
    int64_t started_ms;                 /* of the last look-up */
    int64_t resolved_ms;                /* of the last success */
    bool literal;
};

static void look_up(struct dns *dns);

static int64_t now_ms(const struct dns *dns)
{
    return mrpc_loop_time_ms(dns->config.loop);
}

static void set_timer(struct dns *dns, int64_t at_ms)
{
    if (mrpc_loop_timer_set(dns->config.loop, &dns->timer, at_ms) != 0)
        mrpc_resolver_fail(dns->listener, "resolve: out of memory"); /* until resolve_now() */
}

static void failed(struct dns *dns, const char *why)
{
    mrpc_resolver_fail(dns->listener, why);
    set_timer(dns, dns->started_ms + mrpc_backoff_next_ms(&dns->config.backoff));
}

static void found(void *arg, struct mrpc_address_list *addresses, const char *why)
{
    struct dns *dns = arg;
    dns->resolution = NULL;
    mrpc_loop_timer_cancel(dns->config.loop, &dns->timer);
    if (why) {
        failed(dns, why);
        return;
    }
    mrpc_backoff_reset(&dns->config.backoff);
    dns->resolved_ms = now_ms(dns);
    mrpc_listener_take(dns->listener, addresses, NULL);
}

static void look_up(struct dns *dns)
{
    dns->started_ms = now_ms(dns);
    int error = mrpc_resolve_start(dns->config.loop, dns->config.target, found, dns, &dns->resolution);
    if (error)
        failed(dns, mrpc_error_text(error));
    else
        set_timer(dns, dns->started_ms + dns->config.timeout_ms);
}

/* A look-up that hangs keeps its thread, and no second one is started beside it. */
static void on_timer(struct mrpc_timer *timer)
{
    struct dns *dns = (struct dns *)((char *)timer - offsetof(struct dns, timer));
    char why[256];
    if (!dns->resolution) {
        look_up(dns);
        return;
    }
    snprintf(why, sizeof why, "resolve %.200s: timed out", dns->config.target->host);
    mrpc_resolver_fail(dns->listener, why);
}

static void begin(struct dns *dns)
{
    struct mrpc_address_list addresses = {0};
    int error = mrpc_address_list_from_target(dns->config.target, &addresses);
    dns->literal = error != MRPC_ERR_AGAIN;
    if (!error)
        mrpc_listener_take(dns->listener, &addresses, NULL);
    else if (dns->literal)
        mrpc_resolver_fail(dns->listener, mrpc_error_text(error));
    else
        look_up(dns);
}

static void *start(void *arg, const char *target, struct mrpc_resolver_listener *listener)
{
    struct dns *dns = calloc(1, sizeof *dns);
    if (!dns)
        return NULL;
    dns->config = *(const struct mrpc_dns_config *)arg;
    dns->listener = listener;
    dns->timer.fire = on_timer;
    begin(dns);
    return dns;
}

static void resolve_now(void *self)
{
    struct dns *dns = self;
    if (dns->literal || dns->resolution || dns->timer.position)
        return; /* nothing to look up, or it is under way or due */
    int64_t at_ms = dns->resolved_ms + INTERVAL_MIN_MS;
    if (at_ms <= now_ms(dns))
        look_up(dns);
    else
        set_timer(dns, at_ms);
}

static void stop(void *self)
{
    struct dns *dns = self;
    mrpc_loop_timer_cancel(dns->config.loop, &dns->timer);
    mrpc_resolve_cancel(dns->resolution);
    mrpc_resolver_listener_release(dns->listener);
    free(dns);
}

const struct mrpc_resolver mrpc_dns_resolver = {
    .struct_bytes = sizeof(struct mrpc_resolver), .start = start, .resolve_now = resolve_now, .stop = stop};
