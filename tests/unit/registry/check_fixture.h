/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHECK_FIXTURE_H
#define CHECK_FIXTURE_H

#include <pthread.h>
#include <stdatomic.h>

#include <event2/dns.h>
#include <event2/event.h>

#include "registry/checks/attempt.h"
#include "registry/checks/grpc.h"
#include "test.h"

/* A peer that says what the test wants. */
struct peer {
    int fd;
    uint16_t port;
    pthread_t thread;
    const char *reply;   /* sent once a request (or anything) came; NULL: nothing */
    const char *forever; /* then this again and again, until the other side closes; NULL: close */
    bool keep_open;
    int answers; /* so many requests a connection are answered; 0: one */
    atomic_int accepted;
    atomic_long sent_bytes;
};

void peer_start(struct peer *peer);
void peer_stop(struct peer *peer);

/* One check, and attempts at it on an event base of its own. */
struct probing {
    PB(Endpoint) target;
    PB(HttpCheck) http;
    PB(GrpcCheck) grpc;
    PB(TcpCheck) tcp;
    Google__Protobuf__Duration timeout;
    PB(Check) check;
    const char *nameserver;
    struct event_base *base;
    struct evdns_base *dns;
    struct places *places;
    struct place *place;
    struct attempt *attempt;
    int done;
    bool passed;
    char text[ATTEMPT_TEXT_BYTES];
    int64_t took_ms;
};

/** A http check; fields can be changed before it is opened. */
void probe_init(struct probing *probe, const char *address, uint16_t port);
void probe_use_grpc(struct probing *probe, const char *service);

/** Loopback is allowed. */
extern const struct target_policy local;

void probe_open(struct probing *probe, const struct target_policy *policy);
void probe_close(struct probing *probe);
void probe_begin(struct probing *probe);
/** Run the loop until the attempt is done. */
void probe_once(struct probing *probe);
/** Open, once, close. */
void probe_run(struct probing *probe, const struct target_policy *policy);

int64_t now_ms(void);

#endif
