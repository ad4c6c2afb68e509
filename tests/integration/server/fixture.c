/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "test.h"

static void on_rejected(void *arg, const char *reason, const char *peer)
{
    struct fixture *fixture = arg;
    size_t used = strlen(fixture->rejected);
    (void)snprintf(fixture->rejected + used, sizeof(fixture->rejected) - used, "%s ", reason);
}

static void start(struct fixture *fixture, const char *address, struct mrpc_tls *tls, const struct mrpc_limits *limits,
                  bool http1_off)
{
    memset(fixture, 0, sizeof(*fixture));
    struct mrpc_server_observer observer = {.rejected = on_rejected, .arg = fixture};
    struct mrpc_server_options options = {.struct_bytes = sizeof(options), .loops = 1, .observer = &observer};
    if (limits != NULL)
        options.limits = *limits;
    assert_int_equal(mrpc_server_new(&options, &fixture->server), 0);
    assert_int_equal(echo_service_add(&fixture->echo, fixture->server), 0);
    assert_int_equal(mrpc_server_enable_health(fixture->server), 0);
    assert_int_equal(mrpc_server_enable_channelz(fixture->server), 0);
    struct mrpc_web_options web = {.struct_bytes = sizeof(web), .http1_off = http1_off};
    assert_int_equal(mrpc_server_set_web(fixture->server, &web), 0);
    assert_int_equal(mrpc_server_listen(fixture->server, address, tls, &fixture->bound), 0);
    assert_int_equal(mrpc_server_start(fixture->server), 0);
}

void fixture_start(struct fixture *fixture, const char *address, struct mrpc_tls *tls,
                   const struct mrpc_limits *limits)
{
    start(fixture, address, tls, limits, false);
}

void fixture_start_strict(struct fixture *fixture, const char *address, struct mrpc_tls *tls)
{
    start(fixture, address, tls, NULL, true);
}

void fixture_stop(struct fixture *fixture)
{
    mrpc_server_free(fixture->server);
    free(fixture->bound);
}

int fixture_say(const char *target, struct mrpc_tls *tls, const char *text)
{
    struct mrpc_channel_options options = {.struct_bytes = sizeof(options), .tls = tls, .connect_timeout_ms = 10000};
    struct mrpc_channel *channel;
    assert_int_equal(mrpc_channel_new(target, &options, &channel), 0);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    EchoText request = echo_text(text);
    const ProtobufCMessage *response = mrpc_channel_unary(channel, &echo_say, NULL, &request.base, &reply);
    int code = (int)reply.status.code;
    if (code == 0)
        assert_string_equal(echo_value(response), text);
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    return code;
}

int fixture_connect(const char *target)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((uint16_t)atoi(strrchr(target, ':') + 1));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = 20};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

size_t fixture_read_all(int fd, void *bytes, size_t size)
{
    size_t used = 0;
    while (used < size) {
        ssize_t n = recv(fd, (char *)bytes + used, size - used, 0);
        if (n <= 0)
            break;
        used += (size_t)n;
    }
    return used;
}
