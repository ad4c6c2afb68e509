/* SPDX-License-Identifier: Apache-2.0 */

/* A server's running: listen, start, drain, stop. Threads are started upwards (loops, then the acceptor) and stopped
 * downwards. A server of one loop accepts on it. */

#include "server/run.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "health/health.h"
#include "server/acceptor.h"
#include "server/address.h"
#include "server/loop.h"
#include "server/server.h"

static int bound_address(int fd, char **out)
{
    char text[ADDRESS_TEXT_BYTES];
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof(address);
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        return MRPC_ERR_SYSTEM;
    mrpc_address_format((const struct sockaddr *)&address, size, text, sizeof(text));
    *out = strdup(text);
    return *out != NULL ? 0 : MRPC_ERR_NOMEM;
}

int mrpc_server_listen(struct mrpc_server *server, const char *address, struct mrpc_tls *tls, char **bound)
{
    if (server->started)
        return MRPC_ERR_INVALID;
    if (server->acceptor == NULL) {
        int error = mrpc_acceptor_new(server, &server->acceptor);
        if (error != 0)
            return error;
    }
    int fd;
    int error = mrpc_address_listen(address, &fd);
    if (error != 0)
        return error;
    char *text = NULL;
    error = bound != NULL ? bound_address(fd, &text) : 0;
    if (error == 0)
        error = mrpc_acceptor_add(server->acceptor, fd, tls);
    if (error != 0) {
        free(text);
        close(fd);
        return error;
    }
    if (bound != NULL)
        *bound = text;
    return 0;
}

static int open_loops(struct mrpc_server *server)
{
    server->loops = calloc(server->loop_count, sizeof(*server->loops));
    if (server->loops == NULL)
        return MRPC_ERR_NOMEM;
    for (unsigned i = 0; i < server->loop_count; i++) {
        int error = mrpc_loop_open(server, i, &server->loops[i]);
        if (error != 0)
            return error;
    }
    return 0;
}

static void stop_loops(struct mrpc_server *server, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        while (mrpc_loop_stop(server->loops[i]) != 0)
            usleep(1000);   /* out of memory: there is nothing better to do than to try again */
    for (unsigned i = 0; i < count; i++)
        pthread_join(server->loops[i]->thread, NULL);
}

int mrpc_server_start(struct mrpc_server *server)
{
    if (server->started || server->acceptor == NULL)
        return MRPC_ERR_INVALID;
    int error = open_loops(server);
    unsigned running = 0;
    bool shared = server->loop_count == 1;
    if (error == 0 && shared)
        mrpc_acceptor_join(server->acceptor, server->loops[0]);
    while (error == 0 && running < server->loop_count) {
        error = mrpc_loop_start(server->loops[running]);
        running += error == 0;
    }
    if (error == 0 && !shared)
        error = mrpc_acceptor_start(server->acceptor);
    if (error != 0) {
        stop_loops(server, running);
        mrpc_run_fini(server);
        return error;
    }
    server->started = true;
    return 0;
}

void mrpc_server_drain(struct mrpc_server *server, uint32_t grace_ms, void (*drained)(void *arg), void *arg)
{
    pthread_mutex_lock(&server->lock);
    bool running = server->started && !server->stopped;
    if (running && !server->draining) {
        server->draining = true;
        server->drained = drained;
        server->drained_arg = arg;
        mrpc_health_shut_down(server->health);
        mrpc_acceptor_stop(server->acceptor);
    }
    for (unsigned i = 0; running && i < server->loop_count; i++)
        (void)!mrpc_loop_drain(server->loops[i], grace_ms);
    pthread_mutex_unlock(&server->lock);
}

void mrpc_server_stop(struct mrpc_server *server)
{
    pthread_mutex_lock(&server->lock);
    bool running = server->started && !server->stopped;
    server->stopped = true;
    if (running)
        mrpc_acceptor_stop(server->acceptor);
    pthread_mutex_unlock(&server->lock);
    if (running)
        stop_loops(server, server->loop_count);
}

void mrpc_run_fini(struct mrpc_server *server)
{
    mrpc_acceptor_close(server->acceptor);
    for (unsigned i = 0; server->loops != NULL && i < server->loop_count; i++)
        mrpc_loop_close(server->loops[i]);
    free(server->loops);
    server->loops = NULL;
    mrpc_acceptor_free(server->acceptor);
    server->acceptor = NULL;
}

void mrpc_server_stats(const struct mrpc_server *server, struct mrpc_server_stats *out)
{
    struct mrpc_server_stats stats = {
        .connections = atomic_load(&server->connections),
        .rejected = atomic_load(&server->rejected),
    };
    for (unsigned i = 0; server->started && i < server->loop_count; i++) {
        const struct mrpc_session_host *host = server->loops[i]->host;
        stats.streams += atomic_load_explicit(&host->streams, memory_order_relaxed);
        stats.calls_started += atomic_load_explicit(&host->calls_started, memory_order_relaxed);
        stats.calls_ended += atomic_load_explicit(&host->calls_ended, memory_order_relaxed);
        stats.rejected += atomic_load_explicit(&host->rejected, memory_order_relaxed);
    }
    *out = stats;
}
