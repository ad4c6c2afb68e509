/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/checks/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

enum { READ_BUFFER_BYTES = 8192, TEXT_BYTES = 256, PEER_BYTES = 64 };

struct link {
    struct kept idle; /* first: the place gives it back. In use from link_release() to link_take() */
    struct place *place;
    struct link_options options;
    struct terms_mark mark; /* of options.terms */
    char peer[PEER_BYTES]; /* options.peer */
    struct bufferevent *connection;
    SSL *tls; /* the connection's, once there is one */
    struct evdns_getaddrinfo_request *resolving;
    struct event *later; /* tells of a failure that was found at once */
    struct sockaddr_storage address;
    size_t rest; /* of the last message, to be skipped while it is idle */
    bool address_known;
    bool opened;
    bool is_idle;
    bool closed; /* waits for evdns to let go of it */
    char text[TEXT_BYTES];
};

/* --- ends --------------------------------------------------------------------------------------------------------- */

static void free_link(struct link *link)
{
    if (link->connection)
        bufferevent_free(link->connection);
    if (link->later)
        event_free(link->later);
    free(link);
}

void link_close(struct link *link)
{
    if (!link || link->closed)
        return;
    if (link->is_idle)
        place_unkeep(link->place, &link->idle);
    link->closed = true;
    if (link->resolving)
        evdns_getaddrinfo_cancel(link->resolving); /* on_resolved() comes, and frees it */
    else
        free_link(link);
}

static void on_later(evutil_socket_t fd, short what, void *arg)
{
    struct link *link = arg;
    link->options.user.failed(link->options.user.arg, link->text);
}

static MRPC_PRINTF(2, 3) void fail_later(struct link *link, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(link->text, sizeof link->text, format, args);
    va_end(args);
    event_active(link->later, EV_TIMEOUT, 0);
}

/* --- what the connection says ------------------------------------------------------------------------------------- */

static void skip_rest(struct link *link)
{
    struct evbuffer *input = bufferevent_get_input(link->connection);
    size_t there = evbuffer_get_length(input);
    if (there > link->rest) { /* something that nobody asked for */
        link_close(link);
        return;
    }
    link->rest -= there;
    evbuffer_drain(input, there);
}

static void on_read(struct bufferevent *connection, void *arg)
{
    struct link *link = arg;
    if (link->is_idle)
        skip_rest(link);
    else
        link->options.user.input(link->options.user.arg, bufferevent_get_input(connection), false);
}

static const char *error_text(struct link *link)
{
    unsigned long error = link->tls ? bufferevent_get_openssl_error(link->connection) : 0;
    const char *reason = error ? ERR_reason_error_string(error) : NULL;
    long verdict = link->tls && !link->opened ? SSL_get_verify_result(link->tls) : X509_V_OK;
    if (verdict != X509_V_OK && SSL_get_verify_mode(link->tls) != SSL_VERIFY_NONE)
        snprintf(link->text, sizeof link->text, "TLS: certificate: %.200s", X509_verify_cert_error_string(verdict));
    else if (reason)
        snprintf(link->text, sizeof link->text, "TLS: %.200s", reason);
    else if (link->tls && !link->opened && EVUTIL_SOCKET_ERROR() == 0)
        snprintf(link->text, sizeof link->text, "TLS: the connection was closed in the handshake");
    else
        snprintf(link->text, sizeof link->text, "%s", evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
    return link->text;
}

static bool speaks_h2(const struct link *link)
{
    const unsigned char *protocol;
    unsigned length = 0;
    SSL_get0_alpn_selected(link->tls, &protocol, &length);
    return length == 2 && memcmp(protocol, "h2", 2) == 0;
}

static void on_connected(struct link *link)
{
    if (link->tls && link->options.kind == LINK_HTTP2 && !speaks_h2(link)) {
        link->options.user.failed(link->options.user.arg, "TLS: the peer does not choose h2 (ALPN)");
        return;
    }
    link->opened = true;
    link->options.user.opened(link->options.user.arg);
}

static void on_event(struct bufferevent *connection, short what, void *arg)
{
    struct link *link = arg;
    if (what & BEV_EVENT_CONNECTED)
        on_connected(link);
    else if (link->is_idle)
        link_close(link);
    else if (what & BEV_EVENT_EOF && link->opened)
        link->options.user.input(link->options.user.arg, bufferevent_get_input(connection), true);
    else
        link->options.user.failed(link->options.user.arg, error_text(link));
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static bool make_tls(struct link *link)
{
    static const unsigned char h2[] = "\x02h2", http1[] = "\x08http/1.1";
    SSL_CTX *context = places_tls(place_owner(link->place));
    link->tls = context ? SSL_new(context) : NULL;
    if (!link->tls)
        return false;
    bool wants_h2 = link->options.kind == LINK_HTTP2;
    if (terms_apply(&link->options.terms, place_address(link->place), link->tls) &&
        SSL_set_alpn_protos(link->tls, wants_h2 ? h2 : http1, wants_h2 ? sizeof h2 - 1 : sizeof http1 - 1) == 0)
        return true;
    SSL_free(link->tls);
    return false;
}

static bool make_connection(struct link *link)
{
    struct event_base *base = places_options(place_owner(link->place))->base;
    if (!link->options.terms.tls) {
        link->connection = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    } else if (make_tls(link)) { /* from here on the SSL is libevent's, also when that fails */
        link->connection =
            bufferevent_openssl_socket_new(base, -1, link->tls, BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
        if (link->connection)
            bufferevent_openssl_set_allow_dirty_shutdown(link->connection, 1);
    }
    if (!link->connection)
        return false;
    bufferevent_setcb(link->connection, on_read, NULL, on_event, link);
    bufferevent_setwatermark(link->connection, EV_READ, 0, READ_BUFFER_BYTES); /* a flood waits in the kernel */
    bufferevent_enable(link->connection, EV_READ);
    return true;
}

static void connect_to(struct link *link, const struct sockaddr *address, size_t bytes)
{
    struct fault fault = FAULT_INIT;
    if (target_judge(places_options(place_owner(link->place))->policy, address, link->peer, &fault)) {
        fail_later(link, "refused: %s", fault.text);
        return;
    }
    memcpy(&link->address, address, bytes);
    link->address_known = true;
    if (bufferevent_socket_connect(link->connection, address, (int)bytes))
        fail_later(link, "connect: %s", strerror(errno));
}

/* The first address is the one: whether another would do is not what a check of an instance asks. */
static void on_resolved(int error, struct evutil_addrinfo *list, void *arg)
{
    struct link *link = arg;
    link->resolving = NULL;
    if (link->closed)
        free_link(link);
    else if (error || !list)
        fail_later(link, "cannot resolve %.200s: %s", place_address(link->place), evutil_gai_strerror(error));
    else
        connect_to(link, list->ai_addr, list->ai_addrlen);
    if (list)
        evutil_freeaddrinfo(list);
}

static bool connect_numeric(struct link *link)
{
    const char *address = place_address(link->place);
    in_port_t port = htons(place_port(link->place));
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = port};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = port};
    if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
        connect_to(link, (struct sockaddr *)&v4, sizeof v4);
    else if (inet_pton(AF_INET6, address, &v6.sin6_addr) == 1)
        connect_to(link, (struct sockaddr *)&v6, sizeof v6);
    else
        return false;
    return true;
}

static void resolve(struct link *link)
{
    char port[8];
    struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_STREAM,
                                    .ai_protocol = IPPROTO_TCP,
                                    .ai_flags = EVUTIL_AI_NUMERICSERV};
    snprintf(port, sizeof port, "%u", place_port(link->place));
    struct evdns_base *dns = places_options(place_owner(link->place))->dns;
    struct evdns_getaddrinfo_request *request =
        evdns_getaddrinfo(dns, place_address(link->place), port, &hints, on_resolved, link);
    if (request) /* otherwise the callback has run already */
        link->resolving = request;
}

struct link *link_open(struct place *place, const struct link_options *options)
{
    struct link *link = calloc(1, sizeof *link);
    if (!link)
        return NULL;
    struct places *places = place_owner(place);
    link->place = place;
    link->options = *options;
    snprintf(link->peer, sizeof link->peer, "%s", options->peer);
    link->options.peer = link->peer;
    terms_mark(&options->terms, &link->mark);
    link->later = evtimer_new(places_options(places)->base, on_later, link);
    if (!link->later || !make_connection(link)) {
        free_link(link);
        return NULL;
    }
    link->options.terms = (struct terms){0}; /* the check's, which may go before the link */
    if (!connect_numeric(link))
        resolve(link);
    return link;
}

bool link_write(struct link *link, const void *bytes, size_t size)
{
    return bufferevent_write(link->connection, bytes, size) == 0;
}

bool link_allows(const struct link *link, const char *peer)
{
    struct fault ignored = FAULT_INIT;
    if (!link->address_known)
        return strcmp(link->peer, peer) == 0;
    return target_judge(places_options(place_owner(link->place))->policy, (const struct sockaddr *)&link->address, peer,
                        &ignored) == 0;
}

/* --- between two users
 * ------------------------------------------------------------------------------------------------
 */

static void close_idle(struct kept *kept)
{
    link_close((struct link *)kept);
}

void link_release(struct link *link, size_t rest)
{
    link->idle = (struct kept){.kind = link->options.kind, .terms = link->mark, .close = close_idle};
    if (!place_keep(link->place, &link->idle)) {
        link_close(link);
        return;
    }
    link->is_idle = true;
    link->rest = rest;
    skip_rest(link);
}

struct link *link_take(struct place *place, const struct link_options *options)
{
    struct terms_mark mark;
    terms_mark(&options->terms, &mark);
    for (struct kept *at = place_kept(place); at; at = LIST_NEXT(at, entry)) {
        struct link *link = (struct link *)at;
        if (at->kind != (int)options->kind || !terms_mark_same(&at->terms, &mark) || link->rest ||
            !link_allows(link, options->peer))
            continue;
        place_unkeep(place, at);
        link->is_idle = false;
        link->options.user = options->user;
        return link;
    }
    return NULL;
}
