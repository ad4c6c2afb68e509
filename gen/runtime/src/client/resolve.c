/* SPDX-License-Identifier: Apache-2.0 */
#include "client/resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Two parties: the loop's thread and the look-up's. Whoever lets go last frees; `loop` is NULL once the loop has
 * lost interest, so that the look-up never posts to a loop that is gone. */
struct mrpc_resolution {
    struct mrpc_task task;
    void (*done)(void *arg, struct mrpc_address_list *addresses, const char *why);
    void *arg;
    char *host;
    char *port;
    struct mrpc_address_list addresses;
    char why[256];

    pthread_mutex_t lock;
    struct mrpc_loop *loop; /* NULL: cancelled */
};

static void resolution_free(struct mrpc_resolution *resolution)
{
    mrpc_address_list_fini(&resolution->addresses);
    pthread_mutex_destroy(&resolution->lock);
    free(resolution->host);
    free(resolution->port);
    free(resolution);
}

static void look_up(struct mrpc_resolution *resolution)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int failed = getaddrinfo(resolution->host, resolution->port, &hints, &found);
    if (failed) {
        snprintf(resolution->why, sizeof resolution->why, "resolve %.128s: %.96s", resolution->host,
                 gai_strerror(failed));
        return;
    }
    for (const struct addrinfo *at = found; at; at = at->ai_next)
        if (mrpc_address_list_add(&resolution->addresses, at->ai_addr, at->ai_addrlen) != 0)
            break;
    freeaddrinfo(found);
    if (resolution->addresses.count == 0)
        snprintf(resolution->why, sizeof resolution->why, "resolve %.128s: no address", resolution->host);
}

static void *resolve_thread(void *arg)
{
    struct mrpc_resolution *resolution = arg;
    look_up(resolution);
    pthread_mutex_lock(&resolution->lock);
    bool cancelled = !resolution->loop;
    if (!cancelled) /* under the lock: cancel() comes before the loop's end */
        mrpc_loop_post(resolution->loop, &resolution->task);
    pthread_mutex_unlock(&resolution->lock);
    if (cancelled)
        resolution_free(resolution);
    return NULL;
}

static void deliver(struct mrpc_task *task)
{
    struct mrpc_resolution *resolution = (struct mrpc_resolution *)task; /* its first member */
    pthread_mutex_lock(&resolution->lock);
    bool cancelled = !resolution->loop;
    pthread_mutex_unlock(&resolution->lock);
    if (!cancelled)
        resolution->done(resolution->arg, &resolution->addresses, resolution->why[0] ? resolution->why : NULL);
    resolution_free(resolution);
}

static int thread_start(struct mrpc_resolution *resolution)
{
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&thread, &attributes, resolve_thread, resolution);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return failed ? MRPC_ERR_SYSTEM : 0;
}

int mrpc_resolve_start(struct mrpc_loop *loop, const struct mrpc_target *target,
                       void (*done)(void *arg, struct mrpc_address_list *addresses, const char *why), void *arg,
                       struct mrpc_resolution **out)
{
    struct mrpc_resolution *resolution = calloc(1, sizeof *resolution);
    if (!resolution)
        return MRPC_ERR_NOMEM;
    resolution->task.run = deliver;
    resolution->done = done;
    resolution->arg = arg;
    resolution->loop = loop;
    pthread_mutex_init(&resolution->lock, NULL);
    resolution->host = strdup(target->host);
    resolution->port = strdup(target->port);
    int error = resolution->host && resolution->port ? thread_start(resolution) : MRPC_ERR_NOMEM;
    if (error) {
        resolution_free(resolution);
        return error;
    }
    *out = resolution;
    return 0;
}

void mrpc_resolve_cancel(struct mrpc_resolution *resolution)
{
    if (!resolution)
        return;
    /* If it has finished, its task is in the loop's queue and frees it there; else its thread does. */
    pthread_mutex_lock(&resolution->lock);
    resolution->loop = NULL;
    pthread_mutex_unlock(&resolution->lock);
}
