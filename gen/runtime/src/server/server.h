/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_SERVER_SERVER_H
#define MRPC_SERVER_SERVER_H

#include <pthread.h>
#include <stdatomic.h>

#include <mrpc/server.h>

#include "server/interceptors.h"
#include "server/methods.h"
#include "web/routes.h"

struct acceptor;
struct server_loop;
struct mrpc_health;
struct mrpc_reflection;

/** What a server is made of; everything but the atomics is fixed once it has started. */
struct mrpc_server {
    int64_t channelz_id;
    int64_t created_ms;
    struct mrpc_limits limits;
    struct mrpc_server_observer observer;
    struct interceptor_chain chain;
    struct method_table methods;
    struct session_web web;
    bool frozen;                      /* a host exists: chain, methods and routes are read without locks */
    struct mrpc_health *health;       /* NULL: not enabled */
    struct mrpc_reflection *reflection;

    struct acceptor *acceptor;
    struct server_loop **loops;
    unsigned loop_count;
    _Atomic bool started;             /* read by the loops, which run before it is set */

    pthread_mutex_t lock;             /* guards these four */
    bool stopped;
    bool draining;
    void (*drained)(void *arg);       /* NULL once it was told */
    void *drained_arg;
    atomic_size_t connections;
    _Atomic uint64_t rejected;        /* outside sessions; the hosts count their own */
};

void mrpc_server_log(const struct mrpc_server *server, int level, const char *format, ...) MRPC_PRINTF(3, 4);

#endif
