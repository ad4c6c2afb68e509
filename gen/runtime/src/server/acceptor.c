/* SPDX-License-Identifier: Apache-2.0 */

#include "server/acceptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "channelz/channelz.h"
#include "server/address.h"
#include "server/connection.h"
#include "server/loop.h"
#include "server/peer_counts.h"
#include "server/server.h"

#define ACCEPTS_A_WAKE_UP 64
/* Out of file descriptors: a level-triggered listener would spin. */
#define PAUSE_MS 100

struct listener {
    struct listener *next;
    struct acceptor *acceptor;
    int fd;
    struct mrpc_tls *tls;
    int64_t channelz_id;
    struct event event;
};

struct acceptor {
    struct mrpc_server *server;
    struct server_loop *loop;    /* the only one there is, on which it then lives; NULL: it has a thread of its own */
    struct event_base *base;     /* its own or the loop's */
    struct event stop_event;
    struct event pause_event;
    int stop_fd;                 /* of the thread; -1: none */
    int reserve_fd;              /* given up for a moment to accept, and close, what cannot be served */
    struct listener *listeners;
    unsigned next_loop;
    pthread_t thread;
    bool running;
    struct peer_counts peers;
};

void mrpc_acceptor_rejected(struct mrpc_server *server, const char *reason, const char *peer)
{
    atomic_fetch_add_explicit(&server->rejected, 1, memory_order_relaxed);
    if (server->observer.rejected != NULL)
        server->observer.rejected(server->observer.arg, reason, peer);
}

void mrpc_acceptor_check_drained(struct mrpc_server *server)
{
    void (*drained)(void *arg) = NULL;
    void *arg = NULL;
    pthread_mutex_lock(&server->lock);
    if (server->draining && atomic_load(&server->connections) == 0) {
        drained = server->drained;
        arg = server->drained_arg;
        server->drained = NULL;
    }
    pthread_mutex_unlock(&server->lock);
    if (drained != NULL)
        drained(arg);
}

void mrpc_acceptor_closed(struct mrpc_server *server, const struct sockaddr *address)
{
    mrpc_peer_counts_remove(&server->acceptor->peers, address);
    if (atomic_fetch_sub(&server->connections, 1) == 1)
        mrpc_acceptor_check_drained(server);
}

/* The fewest streams; among equals, round robin, so that idle connections spread too. */
static struct server_loop *choose_loop(struct acceptor *acceptor)
{
    struct mrpc_server *server = acceptor->server;
    struct server_loop *best = NULL;
    size_t best_streams = SIZE_MAX;
    unsigned first = acceptor->next_loop++;
    for (unsigned i = 0; i < server->loop_count; i++) {
        struct server_loop *loop = server->loops[(first + i) % server->loop_count];
        size_t streams = atomic_load_explicit(&loop->host->streams, memory_order_relaxed);
        if (streams < best_streams) {
            best = loop;
            best_streams = streams;
        }
    }
    return best;
}

static bool admit(struct mrpc_server *server, struct acceptor *acceptor, const struct sockaddr *address)
{
    const char *reason = NULL;
    if (atomic_load(&server->connections) >= server->limits.connections)
        reason = "connections";
    else if (!mrpc_peer_counts_add(&acceptor->peers, address, server->limits.connections_per_ip))
        reason = "connections_per_ip";
    if (reason == NULL) {
        atomic_fetch_add(&server->connections, 1);
        return true;
    }
    char peer[ADDRESS_TEXT_BYTES];
    mrpc_address_format(address, sizeof(struct sockaddr_storage), peer, sizeof(peer));
    mrpc_acceptor_rejected(server, reason, peer);
    return false;
}

static void take(struct listener *listener, int fd, const struct sockaddr_storage *address, socklen_t address_bytes)
{
    struct acceptor *acceptor = listener->acceptor;
    if (!admit(acceptor->server, acceptor, (const struct sockaddr *)address)) {
        close(fd);
        return;
    }
    const struct handover handover = {
        .fd = fd, .tls = listener->tls, .address = *address, .address_bytes = address_bytes};
    if (acceptor->loop != NULL)
        mrpc_connection_open(acceptor->loop, &handover);
    else if (mrpc_loop_hand_over(choose_loop(acceptor), &handover) != 0) {
        close(fd);
        mrpc_acceptor_closed(acceptor->server, (const struct sockaddr *)address);
    }
}

/* Out of descriptors: shed one client with the reserve, then leave the listeners alone for a while. */
static void pause_accepting(struct acceptor *acceptor, struct listener *listener)
{
    mrpc_acceptor_rejected(acceptor->server, "file_descriptors", "");
    if (acceptor->reserve_fd >= 0) {
        close(acceptor->reserve_fd);
        int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            close(fd);
        acceptor->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    for (struct listener *at = acceptor->listeners; at != NULL; at = at->next)
        event_del(&at->event);
    struct timeval span = {.tv_usec = PAUSE_MS * 1000};
    (void)event_add(&acceptor->pause_event, &span);
}

static void on_pause_over(evutil_socket_t fd, short what, void *arg)
{
    struct acceptor *acceptor = arg;
    for (struct listener *at = acceptor->listeners; at != NULL; at = at->next)
        (void)event_add(&at->event, NULL);
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
    struct listener *listener = arg;
    if (listener->acceptor->loop != NULL)
        mrpc_loop_read_clock(listener->acceptor->loop);
    for (int i = 0; i < ACCEPTS_A_WAKE_UP; i++) {
        struct sockaddr_storage address = {0};
        socklen_t size = sizeof(address);
        int taken = accept4(listener->fd, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (taken >= 0) {
            take(listener, taken, &address, size);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            pause_accepting(listener->acceptor, listener);
        if (errno != EINTR && errno != ECONNABORTED)
            return;
    }
}

static void on_stop(evutil_socket_t fd, short what, void *arg)
{
    struct acceptor *acceptor = arg;
    event_base_loopbreak(acceptor->base);
}

int mrpc_acceptor_new(struct mrpc_server *server, struct acceptor **out)
{
    struct acceptor *acceptor = calloc(1, sizeof(*acceptor));
    if (acceptor == NULL)
        return MRPC_ERR_NOMEM;
    acceptor->server = server;
    mrpc_peer_counts_init(&acceptor->peers);
    acceptor->stop_fd = -1;
    acceptor->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    *out = acceptor;
    return 0;
}

int mrpc_acceptor_add(struct acceptor *acceptor, int fd, struct mrpc_tls *tls)
{
    struct listener *listener = calloc(1, sizeof(*listener));
    if (listener == NULL)
        return MRPC_ERR_NOMEM;
    *listener = (struct listener){.next = acceptor->listeners, .acceptor = acceptor, .fd = fd, .tls = tls,
                                  .channelz_id = mrpc_channelz_new_id()};
    acceptor->listeners = listener;
    return 0;
}

static void watch(struct acceptor *acceptor)
{
    event_assign(&acceptor->pause_event, acceptor->base, -1, 0, on_pause_over, acceptor);
    for (struct listener *at = acceptor->listeners; at != NULL; at = at->next)
        event_assign(&at->event, acceptor->base, at->fd, EV_READ | EV_PERSIST, on_acceptable, at);
    on_pause_over(-1, 0, acceptor);
}

void mrpc_acceptor_join(struct acceptor *acceptor, struct server_loop *loop)
{
    acceptor->loop = loop;
    acceptor->base = loop->base;
    watch(acceptor);
}

static void *run(void *arg)
{
    struct acceptor *acceptor = arg;
    (void)pthread_setname_np(pthread_self(), "mrpc-accept");
    event_base_dispatch(acceptor->base);
    return NULL;
}

int mrpc_acceptor_start(struct acceptor *acceptor)
{
    acceptor->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    acceptor->base = event_base_new();
    if (acceptor->stop_fd < 0 || acceptor->base == NULL)
        return MRPC_ERR_SYSTEM;
    event_assign(&acceptor->stop_event, acceptor->base, acceptor->stop_fd, EV_READ | EV_PERSIST, on_stop, acceptor);
    (void)event_add(&acceptor->stop_event, NULL);
    watch(acceptor);
    if (pthread_create(&acceptor->thread, NULL, run, acceptor) != 0)
        return MRPC_ERR_SYSTEM;
    acceptor->running = true;
    return 0;
}

static bool show(const struct listener *listener, bool (*visit)(void *arg, const struct listener_info *info), void *arg)
{
    char text[ADDRESS_TEXT_BYTES] = "";
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof(address);
    if (getsockname(listener->fd, (struct sockaddr *)&address, &size) == 0)
        mrpc_address_format((const struct sockaddr *)&address, size, text, sizeof(text));
    struct listener_info info = {.channelz_id = listener->channelz_id, .fd = listener->fd, .text = text};
    return visit(arg, &info);
}

bool mrpc_acceptor_each_listener(struct mrpc_server *server, bool (*visit)(void *arg, const struct listener_info *info),
                                 void *arg)
{
    bool all = true;
    pthread_mutex_lock(&server->lock);
    struct listener *at = server->acceptor != NULL ? server->acceptor->listeners : NULL;
    for (; all && at != NULL; at = at->next)
        all = show(at, visit, arg);
    pthread_mutex_unlock(&server->lock);
    return all;
}

/* The file of a unix socket goes with it. */
static void remove_socket_file(int fd)
{
    char text[ADDRESS_TEXT_BYTES];
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof(address);
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0 || address.ss_family != AF_UNIX)
        return;
    mrpc_address_format((const struct sockaddr *)&address, size, text, sizeof(text));
    if (strncmp(text, "unix:/", 6) == 0)
        (void)unlink(text + 5);
}

static void close_listeners(struct acceptor *acceptor)
{
    if (acceptor->base != NULL && acceptor->listeners != NULL)
        event_del(&acceptor->pause_event);
    while (acceptor->listeners != NULL) {
        struct listener *listener = acceptor->listeners;
        acceptor->listeners = listener->next;
        if (acceptor->base != NULL)
            event_del(&listener->event);
        remove_socket_file(listener->fd);
        close(listener->fd);
        free(listener);
    }
}

void mrpc_acceptor_leave(struct server_loop *loop)
{
    struct mrpc_server *server = loop->server;
    pthread_mutex_lock(&server->lock);
    if (server->acceptor->loop == loop)
        close_listeners(server->acceptor);
    pthread_mutex_unlock(&server->lock);
}

void mrpc_acceptor_stop(struct acceptor *acceptor)
{
    if (acceptor->loop != NULL)
        return;
    if (acceptor->running) {
        uint64_t one = 1;
        (void)!write(acceptor->stop_fd, &one, sizeof(one));
        pthread_join(acceptor->thread, NULL);
        acceptor->running = false;
    }
    close_listeners(acceptor);
}

void mrpc_acceptor_close(struct acceptor *acceptor)
{
    if (acceptor == NULL)
        return;
    mrpc_acceptor_stop(acceptor);
    close_listeners(acceptor);
}

void mrpc_acceptor_free(struct acceptor *acceptor)
{
    if (acceptor == NULL)
        return;
    if (acceptor->loop == NULL && acceptor->base != NULL)
        event_base_free(acceptor->base);
    if (acceptor->stop_fd >= 0)
        close(acceptor->stop_fd);
    if (acceptor->reserve_fd >= 0)
        close(acceptor->reserve_fd);
    mrpc_peer_counts_fini(&acceptor->peers);
    free(acceptor);
}
