/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/checks/grpc.h"

#include <stdlib.h>

#include "registry/checks/attempt.h"
#include "registry/checks/h2.h"

/* grpc.health.v1. The first run opens a Watch, whose first message is the answer; it stays open, and when the server
 * tells another state, or the connection goes, the caller is told that a run is worth while now. The later runs are a
 * Check each over the same connection: that the connection stands says little about the server (and servers take HTTP/2
 * pings amiss that come more often than every five minutes). A server without Watch is asked by Check each time.
 *
 * A run over a connection that was open before, and turns out to be closed, is made once more over a new one. */

struct grpc {
    struct h2_call check; /* first: the call gives it back */
    struct attempt *attempt;
    struct h2 *h2; /* of the call that this run waits for */
    bool is_reused;
};

struct grpc_watch {
    struct h2_call call; /* first */
    struct grpc *run;    /* waits for the first message; NULL: none does */
    bool has_status;
    int status;
    void (*changed)(void *arg);
    void *arg;
};

static void ask(struct grpc *grpc, struct h2 *h2);

/* --- HealthCheckResponse ------------------------------------------------------------------------------------------ */

static bool varint(const uint8_t *at, size_t size, size_t *used, uint64_t *out)
{
    *out = 0;
    for (*used = 0; *used < size && *used < 10; ++*used) {
        *out |= (uint64_t)(at[*used] & 0x7f) << (7 * *used);
        if (!(at[*used] & 0x80)) {
            ++*used;
            return true;
        }
    }
    return false;
}

/* HealthCheckResponse{status = 1}: the status, 0 when it is not there, -1 when this is none. Fields of later versions
 * are skipped. */
static int decode_reply(const uint8_t *at, size_t size)
{
    uint64_t status = 0;
    while (size) {
        uint64_t tag, value;
        size_t used;
        if (!varint(at, size, &used, &tag))
            return -1;
        at += used, size -= used;
        if ((tag & 7) != 0 && (tag & 7) != 2)
            return -1;
        if (!varint(at, size, &used, &value))
            return -1;
        at += used, size -= used;
        if ((tag & 7) == 2) {
            if (value > size)
                return -1;
            at += value, size -= (size_t)value;
        } else if (tag >> 3 == 1) {
            status = value;
        }
    }
    return status <= 3 ? (int)status : -1;
}

static void conclude(struct attempt *attempt, int status)
{
    static const char *const names[] = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
    if (status == 1)
        attempt_pass(attempt, "SERVING");
    else
        attempt_fail(attempt, "%s", status < 0 ? "the reply is not a HealthCheckResponse" : names[status]);
}

/* The call has ended and there was no message. */
static void conclude_without(struct attempt *attempt, const struct h2_call *call)
{
    if (call->http_status != 200)
        attempt_fail(attempt, "HTTP status %d", call->http_status);
    else if (call->grpc_status)
        attempt_fail(attempt, "gRPC status %d", call->grpc_status);
    else
        attempt_fail(attempt, "the reply is not a HealthCheckResponse");
}

static void on_lost(struct grpc *grpc, const char *text)
{
    const struct attempt_options *options = attempt_options(grpc->attempt);
    bool again = grpc->is_reused;
    grpc->is_reused = false;
    grpc->h2 = NULL;
    if (!again) {
        attempt_fail(grpc->attempt, "%s", text);
        return;
    }
    const struct terms terms = terms_of_grpc(options->check->grpc);
    struct h2 *h2 = h2_new(options->place, &terms, options->peer);
    if (h2)
        ask(grpc, h2);
    else
        attempt_fail(grpc->attempt, "no memory");
}

/* --- Check -------------------------------------------------------------------------------------------------------- */

static void on_check_message(struct h2_call *call, const uint8_t *bytes, size_t size)
{
    struct grpc *grpc = (struct grpc *)call;
    grpc->h2 = NULL;
    conclude(grpc->attempt, decode_reply(bytes, size));
}

static void on_check_closed(struct h2_call *call, const char *text)
{
    struct grpc *grpc = (struct grpc *)call;
    if (!grpc->h2)
        return; /* the message was there before */
    if (text) {
        on_lost(grpc, text);
        return;
    }
    grpc->h2 = NULL;
    conclude_without(grpc->attempt, call);
}

static void ask_check(struct grpc *grpc, struct h2 *h2)
{
    grpc->check.message = on_check_message;
    grpc->check.closed = on_check_closed;
    grpc->check.service = attempt_options(grpc->attempt)->check->grpc->service;
    if (h2_call_open(h2, &grpc->check, "Check"))
        grpc->h2 = h2;
    else
        attempt_fail(grpc->attempt, "no memory");
}

/* --- Watch -------------------------------------------------------------------------------------------------------- */

static void on_watch_message(struct h2_call *call, const uint8_t *bytes, size_t size)
{
    struct grpc_watch *watch = (struct grpc_watch *)call;
    int before = watch->status;
    bool had_status = watch->has_status;
    watch->status = decode_reply(bytes, size);
    watch->has_status = true;
    struct grpc *grpc = watch->run;
    watch->run = NULL;
    if (grpc) {
        grpc->h2 = NULL;
        conclude(grpc->attempt, watch->status);
    } else if (had_status && watch->status != before) {
        watch->changed(watch->arg);
    }
}

static void on_watch_closed(struct h2_call *call, const char *text)
{
    struct grpc_watch *watch = (struct grpc_watch *)call;
    struct grpc *grpc = watch->run;
    watch->run = NULL;
    watch->has_status = false;
    if (!grpc) {
        watch->changed(watch->arg);
        return;
    }
    struct h2 *h2 = grpc->h2;
    grpc->h2 = NULL;
    if (text) {
        on_lost(grpc, text);
    } else if (call->grpc_status == MRPC_UNIMPLEMENTED) {
        h2_set_without_watch(h2);
        ask_check(grpc, h2);
    } else {
        conclude_without(grpc->attempt, call);
    }
}

static struct grpc_watch *make_watch(const struct attempt_options *options)
{
    struct grpc_watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return NULL;
    watch->call.message = on_watch_message;
    watch->call.closed = on_watch_closed;
    watch->call.service = options->check->grpc->service;
    watch->changed = options->watch_changed;
    watch->arg = options->arg;
    return watch;
}

static void ask_watch(struct grpc *grpc, struct h2 *h2)
{
    const struct attempt_options *options = attempt_options(grpc->attempt);
    struct grpc_watch *watch = *options->watch;
    if (!watch)
        watch = *options->watch = make_watch(options);
    if (!watch) {
        ask_check(grpc, h2);
        return;
    }
    h2_call_cancel(&watch->call); /* one that never said anything, or whose server is leaving */
    watch->has_status = false;
    if (!h2_call_open(h2, &watch->call, "Watch")) {
        attempt_fail(grpc->attempt, "no memory");
        return;
    }
    grpc->h2 = h2;
    watch->run = grpc;
}

void grpc_watch_free(struct grpc_watch *watch)
{
    if (!watch)
        return;
    h2_call_cancel(&watch->call);
    free(watch);
}

/* --- a run -------------------------------------------------------------------------------------------------------- */

static bool is_watching(const struct grpc_watch *watch, const char *peer)
{
    return watch && watch->call.h2 && watch->has_status && h2_serves(watch->call.h2, peer);
}

static void ask(struct grpc *grpc, struct h2 *h2)
{
    if (attempt_options(grpc->attempt)->watch && h2_has_room_for_watch(h2))
        ask_watch(grpc, h2);
    else
        ask_check(grpc, h2);
}

static void *begin(struct attempt *attempt)
{
    const struct attempt_options *options = attempt_options(attempt);
    struct grpc *grpc = calloc(1, sizeof *grpc);
    if (!grpc) {
        attempt_fail(attempt, "no memory");
        return NULL;
    }
    grpc->attempt = attempt;
    struct grpc_watch *watch = options->watch ? *options->watch : NULL;
    if (is_watching(watch, options->peer)) {
        grpc->is_reused = true;
        ask_check(grpc, watch->call.h2);
        return grpc;
    }
    const struct terms terms = terms_of_grpc(options->check->grpc);
    struct h2 *h2 = h2_get(options->place, &terms, options->peer, &grpc->is_reused);
    if (h2)
        ask(grpc, h2);
    else
        attempt_fail(attempt, "no memory");
    return grpc;
}

/* A run that ends while it waits has waited for its whole timeout: the connection is dead, or as good as that. */
static void release(void *state)
{
    struct grpc *grpc = state;
    const struct attempt_options *options = attempt_options(grpc->attempt);
    struct grpc_watch *watch = options->watch ? *options->watch : NULL;
    struct h2 *dead = attempt_has_ended(grpc->attempt) ? grpc->h2 : NULL;
    if (watch && watch->run == grpc) {
        watch->run = NULL;
        if (!dead)
            h2_call_cancel(&watch->call);
    }
    if (dead) {
        grpc->h2 = NULL;
        h2_fail(dead, "the peer no longer answers");
    }
    h2_call_cancel(&grpc->check);
    free(grpc);
}

const struct attempt_protocol attempt_grpc = {.begin = begin, .release = release};
