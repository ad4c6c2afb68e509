/* SPDX-License-Identifier: Apache-2.0 */
#include "target/own_ports.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (strcmp(host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static void read_one(const char *address, struct own_ports *out)
{
    char host[256];
    const char *colon = strrchr(address, ':');
    if (strncmp(address, "unix", 4) == 0)
        return;
    size_t length = colon ? (size_t)(colon - address) : 0;
    bool bracketed = length >= 2 && address[0] == '[' && address[length - 1] == ']';
    if (length == 0 || length >= sizeof host) {
        out->loopback_only = false;
        return;
    }
    memcpy(host, address + bracketed, length - 2 * (size_t)bracketed);
    host[length - 2 * (size_t)bracketed] = '\0';
    out->loopback_only = out->loopback_only && is_loopback(host);
    unsigned long port = strtoul(colon + 1, NULL, 10);
    if (port == 0 || port > 65535 || out->count == OWN_PORTS_MAX)
        return;
    snprintf(out->hosts[out->count], OWN_HOST_BYTES, "%.253s", host);
    out->ports[out->count++] = (uint16_t)port;
}

void own_ports_read(const char *const *addresses, struct own_ports *out)
{
    *out = (struct own_ports){.loopback_only = true};
    for (; addresses && *addresses; addresses++)
        read_one(*addresses, out);
}
