/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_CHECKS_ATTEMPT_H
#define REGISTRY_CHECKS_ATTEMPT_H

#include "registry/checks/link.h"
#include "registry/message.h"

/* One run of one check: a connection, new or kept, what is said over it, and how it went. Everything is bounded: the
 * time by the check's timeout, what is read by the protocol's cap; nothing of what is read is kept but 256 bytes of
 * words. */

struct attempt;
struct grpc_watch;

enum { ATTEMPT_TEXT_BYTES = 256 };

struct attempt_options {
    struct place *place;     /* held by the caller until done */
    const PB(Check) * check; /* http, grpc or tcp; borrowed until done */
    const char *peer;        /* the address that registered it; borrowed until done */
    /** Where a gRPC check keeps its Watch between two runs; NULL: it asks anew each time. The caller frees what is
     *  there in the end, and is told by watch_changed() that a run would find something else now. */
    struct grpc_watch **watch;
    void (*watch_changed)(void *arg);
    /** Exactly once, on the loop, unless cancelled; the attempt is freed when it returns. */
    void (*done)(void *arg, bool passed, const char *text);
    void *arg;
};

/** Begin. done() does not run before this returns. NULL when out of memory. */
struct attempt *attempt_start(const struct attempt_options *options);
/** No done(). */
void attempt_cancel(struct attempt *attempt);

/** The place that @check goes to. NULL when out of memory. */
struct place *attempt_place(struct places *places, const PB(Check) * check);

/* --- for protocols ------------------------------------------------------------------------------------------------ */

/** What is said. A protocol ends by attempt_pass() or attempt_fail(), after which it returns at once; release() follows
 *  in any case. */
struct attempt_protocol {
    /** Returns its state; NULL after attempt_pass/fail. */
    void *(*begin)(struct attempt *attempt);
    void (*release)(void *state);
};

void attempt_pass(struct attempt *attempt, const char *format, ...) MRPC_PRINTF(2, 3);
void attempt_fail(struct attempt *attempt, const char *format, ...) MRPC_PRINTF(2, 3);
const struct attempt_options *attempt_options(const struct attempt *attempt);
/** By attempt_pass(), attempt_fail() or its timeout. */
bool attempt_has_ended(const struct attempt *attempt);

extern const struct attempt_protocol attempt_http;
extern const struct attempt_protocol attempt_grpc;
extern const struct attempt_protocol attempt_tcp;

#endif
