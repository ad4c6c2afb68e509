/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_SESSION_RUN_H
#define MLT_SESSION_RUN_H

#include "echo_service.h"
#include "session/session.h"

/* What the fuzzers of server sessions share: a server with test.Echo, one session, and an input that says how it comes.
 * The first byte chooses the sizes of the pieces in which the rest arrives (0: all at once) and, by its lowest bit,
 * whether the client takes what it is sent; the second when what handlers hold is finished or resumed. Whatever comes,
 * every call is destroyed once, memory that is counted comes back to nothing, and the output stays bounded. */

struct session_run {
    enum mrpc_protocol protocol; /* HTTP/1.1, or HTTP/2, whose preface is sent */
    /* The fuzzer's own; each may be NULL. */
    void (*prepare)(struct session_run *run);                           /* the server, before it starts */
    void (*spoken)(struct session_run *run, const struct iovec *first); /* there is output */
    void (*finish_held)(struct session_run *run);                       /* beside what test.Echo holds */

    struct mrpc_server *server;
    struct mrpc_session_host *host;
    struct mrpc_session *session;
    struct echo_service echo;
    int64_t now_ms;
    bool deaf;
};

/** Play @data, whole, on a run that is zeroed but for what is the fuzzer's. */
void session_run_play(struct session_run *run, const uint8_t *data, size_t size);

#endif
