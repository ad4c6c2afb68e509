/* SPDX-License-Identifier: Apache-2.0 */
#include "api/listen_policy.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The host of "HOST:PORT" or "[V6]:PORT", without brackets. */
static bool copy_host(const char *address, char *out, size_t size)
{
    const char *colon = strrchr(address, ':');
    if (!colon)
        return false;
    const char *begin = address;
    size_t length = (size_t)(colon - address);
    if (length >= 2 && begin[0] == '[' && begin[length - 1] == ']') {
        begin++;
        length -= 2;
    }
    if (length >= size)
        return false;
    memcpy(out, begin, length);
    out[length] = 0;
    return true;
}

static bool is_loopback_v4(struct in_addr address)
{
    return ntohl(address.s_addr) >> 24 == 127;
}

static bool is_loopback_v6(const struct in6_addr *address)
{
    return IN6_IS_ADDR_LOOPBACK(address) || (IN6_IS_ADDR_V4MAPPED(address) && address->s6_addr[12] == 127);
}

/* A socket that we were started with is bound already: what counts is where. */
static bool is_local_socket(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage storage;
    } address = {0};
    socklen_t size = sizeof address;
    if (getsockname(fd, &address.any, &size) != 0)
        return false;
    if (address.any.sa_family == AF_INET)
        return is_loopback_v4(address.v4.sin_addr);
    if (address.any.sa_family == AF_INET6)
        return is_loopback_v6(&address.v6.sin6_addr);
    return address.any.sa_family == AF_UNIX;
}

bool listen_is_local(const char *address)
{
    if (has_prefix(address, "unix:") || has_prefix(address, "unix-abstract:"))
        return true;
    if (has_prefix(address, "fd:"))
        return is_local_socket(atoi(address + 3));
    char host[256];
    if (!copy_host(address, host, sizeof host))
        return false;
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return is_loopback_v4(v4);
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return is_loopback_v6(&v6);
    return strcmp(host, "localhost") == 0;
}

int listen_check(const char *address, bool tls, bool authenticated, bool insecure, struct fault *fault)
{
    if (insecure || listen_is_local(address) || (tls && authenticated))
        return 0;
    return fault_set(fault, MRPC_INVALID_ARGUMENT,
                     "listen: %s is reachable from other machines: give tls.certificate, tls.key, and "
                     "tls.client_ca or access.mode token; or --insecure", address);
}
