/* SPDX-License-Identifier: Apache-2.0 */
#include "check_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* --- a peer that says what the test wants ------------------------------------------------------------------------- */

static void serve_one(struct peer *peer, int fd)
{
    char request[2048];
    if (!peer->reply) {
        while (recv(fd, request, sizeof request, 0) > 0) {
        }
        return;
    }
    for (int i = 0; i < (peer->answers ? peer->answers : 1); i++) {
        if (recv(fd, request, sizeof request, 0) <= 0)
            return;
        send(fd, peer->reply, strlen(peer->reply), MSG_NOSIGNAL);
    }
    while (peer->forever) {
        ssize_t sent = send(fd, peer->forever, strlen(peer->forever), MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        atomic_fetch_add(&peer->sent_bytes, sent);
    }
    while (peer->keep_open && recv(fd, request, sizeof request, 0) > 0) {
    }
}

static void *run_peer(void *arg)
{
    struct peer *peer = arg;
    for (int fd; (fd = accept(peer->fd, NULL, NULL)) >= 0; close(fd)) {
        atomic_fetch_add(&peer->accepted, 1);
        serve_one(peer, fd);
    }
    return NULL;
}

void peer_start(struct peer *peer)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(peer->fd, (struct sockaddr *)&address, bytes), 0);
    assert_int_equal(listen(peer->fd, 16), 0);
    assert_int_equal(getsockname(peer->fd, (struct sockaddr *)&address, &bytes), 0);
    peer->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&peer->thread, NULL, run_peer, peer), 0);
}

void peer_stop(struct peer *peer)
{
    shutdown(peer->fd, SHUT_RDWR);
    pthread_join(peer->thread, NULL);
    close(peer->fd);
}

/* --- one attempt -------------------------------------------------------------------------------------------------- */

void probe_init(struct probing *probe, const char *address, uint16_t port)
{
    *probe = (struct probing){.done = 0};
    mltrainer__registry__v1__endpoint__init(&probe->target);
    mltrainer__registry__v1__http_check__init(&probe->http);
    mltrainer__registry__v1__grpc_check__init(&probe->grpc);
    mltrainer__registry__v1__tcp_check__init(&probe->tcp);
    mltrainer__registry__v1__check__init(&probe->check);
    google__protobuf__duration__init(&probe->timeout);
    probe->target.address = (char *)(uintptr_t)address;
    probe->target.port = port;
    probe->timeout.seconds = 30;
    probe->check.timeout = &probe->timeout;
    probe->http.target = probe->grpc.target = probe->tcp.target = &probe->target;
    probe->http.path = (char *)(uintptr_t) "/health";
    probe->http.status_min = 200;
    probe->http.status_max = 299;
    probe->check.http = &probe->http;
    probe->check.kind_case = MLTRAINER__REGISTRY__V1__CHECK__KIND_HTTP;
}

void probe_use_grpc(struct probing *probe, const char *service)
{
    probe->grpc.service = (char *)(uintptr_t)service;
    probe->check.grpc = &probe->grpc;
    probe->check.kind_case = MLTRAINER__REGISTRY__V1__CHECK__KIND_GRPC;
}

static void on_done(void *arg, bool passed, const char *text)
{
    struct probing *probe = arg;
    probe->done++;
    probe->passed = passed;
    snprintf(probe->text, sizeof probe->text, "%s", text);
    event_base_loopbreak(probe->base);
}

int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void probe_open(struct probing *probe, const struct target_policy *policy)
{
    probe->base = event_base_new();
    probe->dns = evdns_base_new(probe->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (probe->nameserver)
        assert_int_equal(evdns_base_nameserver_ip_add(probe->dns, probe->nameserver), 0);
    probe->places = places_new(&(struct places_options){.base = probe->base, .dns = probe->dns, .policy = policy});
    assert_non_null(probe->places);
    probe->place = attempt_place(probe->places, &probe->check);
    assert_non_null(probe->place);
}

void probe_close(struct probing *probe)
{
    place_unref(probe->place);
    places_free(probe->places);
    evdns_base_free(probe->dns, 0);
    event_base_free(probe->base);
}

void probe_begin(struct probing *probe)
{
    probe->done = 0;
    probe->attempt = attempt_start(&(struct attempt_options){
        .place = probe->place, .check = &probe->check, .peer = "", .done = on_done, .arg = probe});
    assert_non_null(probe->attempt);
    assert_int_equal(probe->done, 0);
}

void probe_once(struct probing *probe)
{
    int64_t begin = now_ms();
    probe_begin(probe);
    event_base_dispatch(probe->base);
    probe->took_ms = now_ms() - begin;
    event_base_loop(probe->base, EVLOOP_NONBLOCK);
    assert_int_equal(probe->done, 1);
}

void probe_run(struct probing *probe, const struct target_policy *policy)
{
    probe_open(probe, policy);
    probe_once(probe);
    probe_close(probe);
}

const struct target_policy local = {.loopback_allowed = true};
