/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_SESSION_HARNESS_H
#define MLT_SESSION_HARNESS_H

#include "client/client_session.h"
#include "raw_peer.h"

/* A client session against a raw peer, in memory, with streams that note what happens to them. */

#define MESSAGES_MAX 64

struct probe {
    struct mrpc_client_stream stream; /* first */
    struct mrpc_arena *arena;
    unsigned headers_count;
    unsigned message_count;
    size_t message_bytes[MESSAGES_MAX];
    char first_message[64];
    bool hold;           /* what message() answers: not */
    const char *request; /* what outgoing() has */
    size_t request_bytes;
    size_t taken;
    bool half_closed;
    unsigned closed_count;
    struct mrpc_stream_end end;
    char end_message[8300];
};

struct harness {
    struct mrpc_client_session *session;
    struct raw_peer peer;
    int64_t now_ms;
    unsigned ready_count;
    unsigned draining_count;
    bool too_many_pings;
    size_t chunk; /* bytes a receive(); 0: all at once */
    int receive_error;
};

/** A session whose peer has sent nothing yet. */
void harness_init(struct harness *harness, int64_t keepalive_time_ms);
/** A session that is ready, its preface read. */
void harness_init_ready(struct harness *harness);
void harness_fini(struct harness *harness);

/** Move bytes both ways until nothing moves. */
void harness_run(struct harness *harness);

void probe_init(struct probe *probe);
void probe_fini(struct probe *probe);
/** Open it with a request of @request, half-closed. */
void probe_open(struct probe *probe, struct harness *harness, const char *request);

#endif
