/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_CHECKS_LINK_H
#define REGISTRY_CHECKS_LINK_H

#include "registry/checks/place.h"

/* A connection to a place: resolve, judge, connect, and TLS where it is asked for. A link has one user at a time; what
 * an HTTP/1.1 check leaves behind in good order can be kept for the next.
 *
 *     link_open ─► [resolve] ─► judge ─► connect ─► [TLS] ─► opened ─► input* ─► link_close
 *                      └──────────┴─────────┴─────────┴────────┴─► failed ─► link_close      or link_release
 *
 * Calls into the user come from the loop only, never from inside link_open(), and none after link_close(). */

struct bufferevent;
struct evbuffer;

enum link_kind {
    LINK_TCP,   /* to be opened, no more */
    LINK_HTTP,  /* HTTP/1.1 */
    LINK_HTTP2, /* with prior knowledge, or by ALPN */
};

struct link_user {
    void (*opened)(void *arg);
    /** There is input (@end: and no more will come; then failed() does not follow). May close the link. */
    void (*input)(void *arg, struct evbuffer *input, bool end);
    /** Nothing will come of it any more; the user closes it. */
    void (*failed)(void *arg, const char *text);
    void *arg;
};

struct link_options {
    enum link_kind kind;
    struct terms terms; /* borrowed for link_open() and link_take() */
    const char *peer; /* for the judgement: the address that the check was registered from */
    struct link_user user;
};

/** NULL when out of memory. */
struct link *link_open(struct place *place, const struct link_options *options);
void link_close(struct link *link);

/** Write; before it is opened it is kept until then. False when out of memory. */
bool link_write(struct link *link, const void *bytes, size_t size);

/** May a check registered from @peer use it? False when the address is not known yet and @peer is another than the one
 *  it was opened for. The judgement is passed anew each time. */
bool link_allows(const struct link *link, const char *peer);

/** The user is done and the peer is at the end of its message, but for @rest bytes: keep the link for link_take(), or
 *  close it when too many are kept. */
void link_release(struct link *link, size_t rest);
/** A kept link of that kind for @options->peer, its user set; NULL when there is none. */
struct link *link_take(struct place *place, const struct link_options *options);

#endif
