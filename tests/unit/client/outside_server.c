/* SPDX-License-Identifier: Apache-2.0 */
#include "outside_server.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>

#include "test.h"

/* An IPv4 address of this machine that is not loopback; false when it has none. */
static bool find_own_address(char *text, size_t size)
{
    struct ifaddrs *all;
    bool found = false;
    assert_int_equal(getifaddrs(&all), 0);
    for (const struct ifaddrs *at = all; at && !found; at = at->ifa_next) {
        if (!at->ifa_addr || at->ifa_addr->sa_family != AF_INET || at->ifa_flags & IFF_LOOPBACK)
            continue;
        const struct sockaddr_in *name = (const struct sockaddr_in *)at->ifa_addr;
        found = inet_ntop(AF_INET, &name->sin_addr, text, (socklen_t)size) != NULL;
    }
    freeifaddrs(all);
    return found;
}

static void only_hello(struct scripted_server *server, unsigned connection)
{
    scripted_hello(server);
    scripted_wait_close(server);
    assert_null(raw_peer_find(server->peer, NGHTTP2_HEADERS, -1));
}

bool outside_server_start(struct scripted_server *server, char target[OUTSIDE_TARGET_BYTES])
{
    char address[64];
    if (!find_own_address(address, sizeof address))
        return false;
    *server = (struct scripted_server){.any_address = true};
    scripted_server_start(server, 1, only_hello);
    snprintf(target, OUTSIDE_TARGET_BYTES, "%s:%u", address, server->port);
    return true;
}
