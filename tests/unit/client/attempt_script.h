/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_ATTEMPT_SCRIPT_H
#define MLT_ATTEMPT_SCRIPT_H

#include <mrpc/channel.h>

#include "scripted_server.h"

/* A server that treats each attempt of a call as a table says, and notes what it saw of them. */

enum attempt_reaction {
    ATTEMPT_ECHO,
    ATTEMPT_FAIL,         /* Trailers-Only */
    ATTEMPT_FAIL_LATE,    /* headers, then trailers */
    ATTEMPT_REFUSE,       /* RST_STREAM(REFUSED_STREAM) */
    ATTEMPT_IGNORE,       /* no answer */
    ATTEMPT_ECHO_EARLIER, /* ignore it, and echo the attempt before it */
    ATTEMPT_FAIL_EARLIER,
};

struct attempt_step {
    enum attempt_reaction reaction;
    const char *status;   /* of a failure */
    const char *pushback; /* grpc-retry-pushback-ms, or NULL */
};

#define ATTEMPTS_SEEN_MAX 16

struct attempt_script {
    const struct attempt_step *steps;
    size_t step_count;
    int64_t started_ms; /* when the call began */
    /* What the server saw. */
    size_t attempts; /* request headers, those after the last step too */
    size_t cancelled;
    int64_t at_ms[ATTEMPTS_SEEN_MAX];
    char previous[ATTEMPTS_SEEN_MAX][8]; /* grpc-previous-rpc-attempts; "" when it is missing */
    size_t body_bytes[ATTEMPTS_SEEN_MAX];
};

/** The script of a scripted server whose arg is a struct attempt_script. Attempts come on one connection, each whole
 *  before the next is looked at. */
void attempt_script_run(struct scripted_server *server, unsigned connection);

int64_t attempt_clock_ms(void);

/** A channel to @server with @config. */
struct mrpc_channel *attempt_channel(const struct scripted_server *server, const char *config);

#endif
