/* SPDX-License-Identifier: Apache-2.0 */
#include "scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

void scripted_flush(struct scripted_server *server)
{
    struct raw_peer *peer = server->peer;
    for (size_t at = 0; at < peer->out_size;) {
        ssize_t sent = send(server->fd, peer->out + at, peer->out_size - at, MSG_NOSIGNAL);
        if (sent < 0)
            break; /* the client has gone; the script finds out when it reads */
        at += (size_t)sent;
    }
    peer->out_size = 0;
}

static bool read_some(struct scripted_server *server)
{
    uint8_t bytes[65536];
    ssize_t got = recv(server->fd, bytes, sizeof bytes, 0);
    if (got <= 0)
        return false;
    raw_peer_receive(server->peer, bytes, (size_t)got);
    return true;
}

bool scripted_read(struct scripted_server *server)
{
    scripted_flush(server);
    return read_some(server);
}

static const struct raw_frame *find_with_flags(struct raw_peer *peer, uint8_t type, int32_t id, uint8_t flags)
{
    for (size_t i = 0; i < peer->frame_count; i++) {
        const struct raw_frame *frame = &peer->frames[i];
        if (frame->type == type && (id < 0 || frame->id == id) && (frame->flags & flags) == flags)
            return frame;
    }
    return NULL;
}

const struct raw_frame *scripted_wait(struct scripted_server *server, uint8_t type, int32_t id, uint8_t flags)
{
    const struct raw_frame *frame;
    scripted_flush(server);
    while (!(frame = find_with_flags(server->peer, type, id, flags)))
        if (!read_some(server))
            return NULL;
    return frame;
}

void scripted_wait_close(struct scripted_server *server)
{
    scripted_flush(server);
    while (read_some(server))
        continue;
}

void scripted_hello(struct scripted_server *server)
{
    raw_settings(server->peer);
    raw_settings_ack(server->peer);
    scripted_flush(server);
}

uint8_t *scripted_body(struct scripted_server *server, int32_t id, size_t *size)
{
    uint8_t *body = NULL;
    *size = 0;
    for (size_t i = 0; i < server->peer->frame_count; i++) {
        const struct raw_frame *frame = &server->peer->frames[i];
        if (frame->type != NGHTTP2_DATA || frame->id != id)
            continue;
        body = realloc(body, *size + frame->size + 1);
        memcpy(body + *size, frame->payload, frame->size);
        *size += frame->size;
    }
    return body;
}

void scripted_echo(struct scripted_server *server, int32_t id)
{
    size_t size;
    uint8_t *body = scripted_body(server, id, &size);
    raw_ok_headers(server->peer, id);
    raw_data(server->peer, id, false, body, size);
    raw_trailers(server->peer, id, "0", NULL);
    scripted_flush(server);
    free(body);
}

static void *serve(void *arg)
{
    struct scripted_server *server = arg;
    for (unsigned i = 0; i < server->connections; i++) {
        server->fd = accept(server->listen_fd, NULL, NULL);
        if (server->fd < 0)
            break;
        server->peer = calloc(1, sizeof *server->peer);
        raw_peer_init(server->peer);
        server->script(server, i);
        scripted_flush(server);
        close(server->fd);
        raw_peer_fini(server->peer);
        free(server->peer);
    }
    return NULL;
}

void scripted_server_adopt(struct scripted_server *server, unsigned connections,
                           void (*script)(struct scripted_server *server, unsigned connection))
{
    server->connections = connections;
    server->script = script;
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

void scripted_server_start(struct scripted_server *server, unsigned connections,
                           void (*script)(struct scripted_server *server, unsigned connection))
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof name;
    if (server->any_address)
        name.sin_addr.s_addr = htonl(INADDR_ANY);
    server->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->listen_fd, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(server->listen_fd, 16), 0);
    assert_int_equal(getsockname(server->listen_fd, (struct sockaddr *)&name, &size), 0);
    server->port = ntohs(name.sin_port);
    snprintf(server->target, sizeof server->target, "127.0.0.1:%u", server->port);
    scripted_server_adopt(server, connections, script);
}

void scripted_server_join(struct scripted_server *server)
{
    pthread_join(server->thread, NULL);
    close(server->listen_fd);
}
