/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_CHECKS_ATTEMPT_H
#define REGISTRY_CHECKS_ATTEMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "registry/checks/target.h"
#include "registry/message.h"

/* One run of one check: resolve, judge, connect, talk, say how it went. Everything is bounded: the time by the check's
 * timeout, what is read by the protocol's cap; nothing of what is read is kept but 256 bytes of words. */

struct bufferevent;
struct evdns_base;
struct event_base;
struct attempt;

enum { ATTEMPT_TEXT_BYTES = 256 };

struct attempt_options {
    struct event_base *base;
    struct evdns_base *dns;
    const struct target_policy *policy;
    const PB(Check) * check; /* http, grpc or tcp; borrowed until done */
    const char *peer;        /* the address that registered it; borrowed until done */
    /** Exactly once, on the loop, unless cancelled; the attempt is freed when it returns. */
    void (*done)(void *arg, bool passed, const char *text);
    void *arg;
};

/** Begin. done() does not run before this returns. NULL when out of memory. */
struct attempt *attempt_start(const struct attempt_options *options);
/** No done(). */
void attempt_cancel(struct attempt *attempt);

/* --- for protocols -------------------------------------------------------------------------------------------------
 */

/** What is said over the connection. A protocol ends by attempt_pass() or attempt_fail(), after which it returns at
 * once. */
struct attempt_protocol {
    /** Connected. Returns its state, or NULL after attempt_pass/fail, or when it needs none (then input is not called).
     */
    void *(*begin)(struct attempt *attempt, const PB(Check) * check, struct bufferevent *connection);
    /** There is input to read (@end: and no more will come). */
    void (*input)(struct attempt *attempt, void *state, struct bufferevent *connection, bool end);
    void (*release)(void *state);
};

void attempt_pass(struct attempt *attempt, const char *format, ...) MRPC_PRINTF(2, 3);
void attempt_fail(struct attempt *attempt, const char *format, ...) MRPC_PRINTF(2, 3);
/** "HOST:PORT" of the target as configured. */
const char *attempt_authority(const struct attempt *attempt);

extern const struct attempt_protocol attempt_http;
extern const struct attempt_protocol attempt_grpc;
extern const struct attempt_protocol attempt_tcp;

#endif
