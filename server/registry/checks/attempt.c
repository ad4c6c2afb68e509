/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/checks/attempt.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>

#include "registry/instance.h"

struct attempt {
    struct attempt_options options;
    const PB(Endpoint) * target;
    const struct attempt_protocol *protocol;
    void *state;
    struct bufferevent *connection;
    struct evdns_getaddrinfo_request *resolving;
    struct event *timer;  /* of the whole attempt */
    struct event *finish; /* done() runs from the loop, never inside a call into the attempt */
    bool finished;
    bool passed;
    char text[ATTEMPT_TEXT_BYTES];
    char authority[272];
};

static void free_attempt(struct attempt *attempt)
{
    if (attempt->state && attempt->protocol->release)
        attempt->protocol->release(attempt->state);
    if (attempt->connection)
        bufferevent_free(attempt->connection);
    if (attempt->timer)
        event_free(attempt->timer);
    if (attempt->finish)
        event_free(attempt->finish);
    free(attempt);
}

static void on_finish(evutil_socket_t fd, short what, void *arg)
{
    struct attempt *attempt = arg;
    attempt->options.done(attempt->options.arg, attempt->passed, attempt->text);
    free_attempt(attempt);
}

static MRPC_PRINTF(3, 0) void end(struct attempt *attempt, bool passed, const char *format, va_list args)
{
    if (attempt->finished)
        return;
    attempt->finished = true;
    attempt->passed = passed;
    vsnprintf(attempt->text, sizeof attempt->text, format, args);
    if (attempt->connection)
        bufferevent_disable(attempt->connection, EV_READ | EV_WRITE);
    event_del(attempt->timer);
    if (attempt->resolving) /* its callback comes, cancelled, and finds the attempt finished */
        evdns_getaddrinfo_cancel(attempt->resolving);
    else
        event_active(attempt->finish, EV_TIMEOUT, 0);
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

const char *attempt_authority(const struct attempt *attempt)
{
    return attempt->authority;
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
    attempt_fail(arg, "timeout after %lld ms",
                 (long long)registry_duration_ms(((struct attempt *)arg)->options.check->timeout));
}

/* --- the connection ------------------------------------------------------------------------------------------------
 */

static void on_read(struct bufferevent *connection, void *arg)
{
    struct attempt *attempt = arg;
    if (!attempt->finished && attempt->state)
        attempt->protocol->input(attempt, attempt->state, connection, false);
}

static void on_connected(struct attempt *attempt)
{
    attempt->state = attempt->protocol->begin(attempt, attempt->options.check, attempt->connection);
    if (!attempt->finished)
        bufferevent_enable(attempt->connection, EV_READ);
}

static void on_event(struct bufferevent *connection, short what, void *arg)
{
    struct attempt *attempt = arg;
    if (attempt->finished)
        return;
    if (what & BEV_EVENT_CONNECTED) {
        on_connected(attempt);
        return;
    }
    if (what & BEV_EVENT_EOF && attempt->state) {
        attempt->protocol->input(attempt, attempt->state, connection, true);
        if (!attempt->finished)
            attempt_fail(attempt, "connection closed early");
        return;
    }
    attempt_fail(attempt, "%s", evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
}

static void connect_to(struct attempt *attempt, const struct sockaddr *address, int address_bytes)
{
    struct fault fault = FAULT_INIT;
    if (target_judge(attempt->options.policy, address, attempt->options.peer, &fault)) {
        attempt_fail(attempt, "refused: %s", fault.text);
        return;
    }
    attempt->connection = bufferevent_socket_new(attempt->options.base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (!attempt->connection) {
        attempt_fail(attempt, "no memory");
        return;
    }
    bufferevent_setcb(attempt->connection, on_read, NULL, on_event, attempt);
    bufferevent_setwatermark(attempt->connection, EV_READ, 0, 8192); /* a flood waits in the kernel */
    if (bufferevent_socket_connect(attempt->connection, address, address_bytes))
        attempt_fail(attempt, "connect: %s", strerror(errno));
}

/* --- the address ---------------------------------------------------------------------------------------------------
 */

/* The first address is the one: whether another would do is not what a check of an instance asks. */
static void on_resolved(int error, struct evutil_addrinfo *list, void *arg)
{
    struct attempt *attempt = arg;
    attempt->resolving = NULL;
    if (attempt->finished)
        event_active(attempt->finish, EV_TIMEOUT, 0);
    else if (error || !list)
        attempt_fail(attempt, "cannot resolve %.200s: %s", attempt->target->address, evutil_gai_strerror(error));
    else
        connect_to(attempt, list->ai_addr, (int)list->ai_addrlen);
    if (list)
        evutil_freeaddrinfo(list);
}

static bool connect_numeric(struct attempt *attempt)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)attempt->target->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)attempt->target->port)};
    if (inet_pton(AF_INET, attempt->target->address, &v4.sin_addr) == 1)
        connect_to(attempt, (struct sockaddr *)&v4, sizeof v4);
    else if (inet_pton(AF_INET6, attempt->target->address, &v6.sin6_addr) == 1)
        connect_to(attempt, (struct sockaddr *)&v6, sizeof v6);
    else
        return false;
    return true;
}

static void resolve(struct attempt *attempt)
{
    char port[8];
    struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_STREAM,
                                    .ai_protocol = IPPROTO_TCP,
                                    .ai_flags = EVUTIL_AI_NUMERICSERV};
    snprintf(port, sizeof port, "%u", attempt->target->port);
    struct evdns_getaddrinfo_request *request =
        evdns_getaddrinfo(attempt->options.dns, attempt->target->address, port, &hints, on_resolved, attempt);
    if (request) /* otherwise the callback has run already */
        attempt->resolving = request;
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

struct attempt *attempt_start(const struct attempt_options *options)
{
    struct attempt *attempt = calloc(1, sizeof *attempt);
    if (!attempt)
        return NULL;
    attempt->options = *options;
    attempt->target = target_of(options->check, &attempt->protocol);
    attempt->timer = evtimer_new(options->base, on_timeout, attempt);
    attempt->finish = evtimer_new(options->base, on_finish, attempt);
    if (!attempt->timer || !attempt->finish) {
        free_attempt(attempt);
        return NULL;
    }
    bool v6 = strchr(attempt->target->address, ':') != NULL;
    snprintf(attempt->authority, sizeof attempt->authority, v6 ? "[%s]:%u" : "%s:%u", attempt->target->address,
             attempt->target->port);
    int64_t ms = registry_duration_ms(options->check->timeout);
    event_add(attempt->timer, &(struct timeval){ms / 1000, ms % 1000 * 1000});
    if (!connect_numeric(attempt))
        resolve(attempt);
    return attempt;
}

static void ignore(void *arg, bool passed, const char *text)
{
}

void attempt_cancel(struct attempt *attempt)
{
    if (!attempt)
        return;
    attempt->options.done = ignore;
    if (attempt->resolving) {
        attempt_fail(attempt, "cancelled");
        return;
    }
    free_attempt(attempt);
}
