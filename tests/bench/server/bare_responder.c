/* SPDX-License-Identifier: Apache-2.0 */

/* The least that an answer over nghttp2 can cost: one thread, epoll, one recv and one send a wake-up, and whatever the
 * request, the same reply in the shape of a unary gRPC call (headers, a message of 7 bytes in its frame, trailers); to
 * one without a body, headers, and then nothing for as long as the stream is open, as who watches gets it. No
 * limits, no timers, no checks; a client that does not read is waited for. For benchmarks only.
 *     bare_responder ADDRESS:PORT
 * prints "ready". */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nghttp2/nghttp2.h>

#define READ_BYTES 65536
#define EVENTS_MAX 256

static const char reply[] = "\0\0\0\0\7\n\5world";

struct peer {
    int fd;
    nghttp2_session *h2;
};

static char input[READ_BYTES];
static uint8_t *output;
static size_t output_bytes, output_capacity;

#define HEADER(name, value)                                                                                            \
    {(uint8_t *)(name), (uint8_t *)(value), sizeof(name) - 1, sizeof(value) - 1,                                       \
     NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE}

static ssize_t read_reply(nghttp2_session *h2, int32_t stream_id, uint8_t *out, size_t length, uint32_t *flags,
                          nghttp2_data_source *source, void *user_data)
{
    const nghttp2_nv trailers[] = {HEADER("grpc-status", "0")};
    memcpy(out, reply, sizeof(reply) - 1);
    *flags = NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    if (nghttp2_submit_trailer(h2, stream_id, trailers, 1) != 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    return sizeof(reply) - 1;
}

static ssize_t read_nothing(nghttp2_session *h2, int32_t stream_id, uint8_t *out, size_t length, uint32_t *flags,
                            nghttp2_data_source *source, void *user_data)
{
    return NGHTTP2_ERR_DEFERRED;
}

static int on_frame_recv(nghttp2_session *h2, const nghttp2_frame *frame, void *user_data)
{
    const nghttp2_nv head[] = {HEADER(":status", "200"), HEADER("content-type", "application/grpc")};
    nghttp2_data_provider provider = {.read_callback = frame->hd.type == NGHTTP2_HEADERS ? read_nothing : read_reply};
    if ((frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) ||
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)
        return 0;
    return nghttp2_submit_response(h2, frame->hd.stream_id, head, 2, &provider);
}

_Noreturn static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static struct peer *peer_new(int fd)
{
    struct peer *peer = calloc(1, sizeof(*peer));
    nghttp2_session_callbacks *callbacks;
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 100}};
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (peer == NULL || nghttp2_session_callbacks_new(&callbacks) != 0)
        fail("memory");
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
    if (nghttp2_session_server_new(&peer->h2, callbacks, peer) != 0 ||
        nghttp2_submit_settings(peer->h2, NGHTTP2_FLAG_NONE, settings, 1) != 0)
        fail("session");
    nghttp2_session_callbacks_del(callbacks);
    peer->fd = fd;
    return peer;
}

static void peer_free(struct peer *peer)
{
    nghttp2_session_del(peer->h2);
    close(peer->fd);
    free(peer);
}

static void gather(const uint8_t *bytes, size_t size)
{
    if (output_capacity - output_bytes < size) {
        output_capacity = 2 * (output_bytes + size);
        output = realloc(output, output_capacity);
        if (output == NULL)
            fail("memory");
    }
    memcpy(output + output_bytes, bytes, size);
    output_bytes += size;
}

static int send_all(int fd)
{
    for (size_t sent = 0; sent < output_bytes;) {
        ssize_t n = send(fd, output + sent, output_bytes - sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            return -1;
        if (n < 0)
            (void)poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
        else
            sent += (size_t)n;
    }
    return 0;
}

/* < 0: it is to be closed. */
static int serve(struct peer *peer)
{
    ssize_t n = recv(peer->fd, input, sizeof(input), 0);
    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n <= 0 || nghttp2_session_mem_recv(peer->h2, (const uint8_t *)input, (size_t)n) < 0)
        return -1;
    const uint8_t *bytes;
    output_bytes = 0;
    while ((n = nghttp2_session_mem_send(peer->h2, &bytes)) > 0)
        gather(bytes, (size_t)n);
    return n < 0 ? -1 : send_all(peer->fd);
}

static void accept_peer(int epoll, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = peer_new(fd)};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        fail("epoll_ctl");
}

static int listen_on(const char *text)
{
    char host[64];
    struct sockaddr_in address = {.sin_family = AF_INET};
    unsigned port;
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || sscanf(text, "%63[0-9.]:%u", host, &port) != 2 || inet_pton(AF_INET, host, &address.sin_addr) != 1)
        fail(text);
    address.sin_port = htons((uint16_t)port);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 4096) != 0)
        fail(text);
    return fd;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: bare_responder ADDRESS:PORT\n");
        return 2;
    }
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int listener = listen_on(argv[1]);
    struct epoll_event events[EVENTS_MAX] = {{.events = EPOLLIN, .data.ptr = NULL}};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &events[0]) != 0)
        fail("epoll");
    (void)puts("ready");
    (void)fflush(stdout);
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) {
            struct peer *peer = events[i].data.ptr;
            if (peer == NULL)
                accept_peer(epoll, listener);
            else if (serve(peer) != 0)
                peer_free(peer);
        }
    }
}
