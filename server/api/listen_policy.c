/* SPDX-License-Identifier: Apache-2.0 */
#include "api/listen_policy.h"

#include <arpa/inet.h>
#include <string.h>

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

bool listen_is_local(const char *address)
{
    if (has_prefix(address, "unix:") || has_prefix(address, "unix-abstract:") || has_prefix(address, "fd:"))
        return true;
    char host[256];
    if (!copy_host(address, host, sizeof host))
        return false;
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
    return strcmp(host, "localhost") == 0;
}

int listen_check(const char *address, bool tls, bool authenticated, bool insecure, struct fault *fault)
{
    if (insecure || listen_is_local(address) || (tls && authenticated))
        return 0;
    return fault_set(fault, MRPC_INVALID_ARGUMENT,
                     "listen: %s is reachable from other machines: give tls.certificate, tls.key and tls.client_ca, "
                     "or --insecure", address);
}
