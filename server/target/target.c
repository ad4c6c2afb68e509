/* SPDX-License-Identifier: Apache-2.0 */
#include "target/target.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* --- spelling ----------------------------------------------------------------------------------------------------- */

static bool label_valid(const char *label, size_t length)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    if (length == 0 || length > 63 || label[0] == '-' || label[length - 1] == '-')
        return false;
    return strspn(label, allowed) >= length;
}

/* A last label that is a number makes resolvers read the whole as an IPv4 address. Source: WHATWG URL, "ends in a
 * number". */
static bool is_number(const char *label, size_t length)
{
    if (length >= 2 && label[0] == '0' && (label[1] == 'x' || label[1] == 'X'))
        return strspn(label + 2, "0123456789abcdefABCDEF") + 2 >= length;
    return strspn(label, "0123456789") >= length;
}

bool target_host_valid(const char *host)
{
    struct in6_addr ignored;
    if (inet_pton(AF_INET, host, &ignored) == 1 || inet_pton(AF_INET6, host, &ignored) == 1)
        return true;
    size_t length = strlen(host);
    if (length == 0 || length > 253)
        return false;
    const char *label = host;
    for (;;) {
        size_t label_length = strcspn(label, ".");
        if (!label_valid(label, label_length))
            return false;
        if (label[label_length] == '\0')
            return !is_number(label, label_length);
        label += label_length + 1;
    }
}

/* --- ranges ------------------------------------------------------------------------------------------------------- */

struct range {
    const char *network;
    unsigned prefix_bits;
    const char *why;
};

/* Source: IANA special-purpose address registries (RFC 6890 and later). */
static const struct range never_v4[] = {
    {"0.0.0.0", 8, "this network"},
    {"169.254.0.0", 16, "link-local, where cloud metadata lives"},
    {"192.0.0.0", 24, "protocol assignments"},
    {"192.0.2.0", 24, "documentation"},
    {"192.88.99.0", 24, "6to4 relays"},
    {"198.18.0.0", 15, "benchmarks"},
    {"198.51.100.0", 24, "documentation"},
    {"203.0.113.0", 24, "documentation"},
    {"224.0.0.0", 4, "multicast"},
    {"240.0.0.0", 4, "reserved"},
    {"100.100.100.200", 32, "cloud metadata"},
};
static const struct range never_v6[] = {
    {"::", 128, "unspecified"},
    {"fe80::", 10, "link-local"},
    {"fec0::", 10, "site-local, deprecated"},
    {"ff00::", 8, "multicast"},
    {"2001:db8::", 32, "documentation"},
    {"100::", 64, "discard"},
    {"fd00:ec2::254", 128, "cloud metadata"},
    {"fd20:ce::254", 128, "cloud metadata"},
    {"2001::", 32, "Teredo"},
};
static const struct range private_v4[] = {
    {"10.0.0.0", 8, ""}, {"172.16.0.0", 12, ""}, {"192.168.0.0", 16, ""}, {"100.64.0.0", 10, ""}};
static const struct range private_v6[] = {{"fc00::", 7, ""}};

static bool prefix_equal(const void *a, const void *b, unsigned bits)
{
    const unsigned char *x = a, *y = b;
    if (memcmp(x, y, bits / 8) != 0)
        return false;
    unsigned rest = bits % 8;
    return rest == 0 || ((x[bits / 8] ^ y[bits / 8]) >> (8 - rest)) == 0;
}

static const struct range *find_range(const struct range *ranges, size_t count, int family, const void *address)
{
    for (size_t i = 0; i < count; i++) {
        unsigned char network[16];
        if (inet_pton(family, ranges[i].network, network) == 1 && prefix_equal(network, address, ranges[i].prefix_bits))
            return &ranges[i];
    }
    return NULL;
}
#define FIND(ranges, family, address) find_range(ranges, sizeof(ranges) / sizeof *(ranges), family, address)

/* --- the address under judgement ---------------------------------------------------------------------------------- */

/* An address without its dress: IPv4 inside IPv6 (mapped, compatible, NAT64, 6to4) is the IPv4. */
struct bare {
    int family;
    unsigned char bytes[16];
    uint16_t port;
};

static void undress(struct bare *bare)
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    static const unsigned char nat64[12] = {0x00, 0x64, 0xff, 0x9b};
    static const unsigned char compatible[12] = {0};
    size_t at;
    if (memcmp(bare->bytes, mapped, 12) == 0 || memcmp(bare->bytes, nat64, 12) == 0)
        at = 12;
    else if (bare->bytes[0] == 0x20 && bare->bytes[1] == 0x02)
        at = 2;
    else if (memcmp(bare->bytes, compatible, 12) == 0 && (bare->bytes[12] || bare->bytes[13] || bare->bytes[14]))
        at = 12;
    else
        return;
    unsigned char v4[4];
    memcpy(v4, bare->bytes + at, 4);
    memset(bare->bytes, 0, sizeof bare->bytes);
    memcpy(bare->bytes, v4, 4);
    bare->family = AF_INET;
}

static bool bare_from(const struct sockaddr *address, struct bare *bare)
{
    *bare = (struct bare){.family = address->sa_family};
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        memcpy(bare->bytes, &v4->sin_addr, 4);
        bare->port = ntohs(v4->sin_port);
        return true;
    }
    if (address->sa_family != AF_INET6)
        return false;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
    memcpy(bare->bytes, &v6->sin6_addr, 16);
    bare->port = ntohs(v6->sin6_port);
    undress(bare);
    return true;
}

static bool is_loopback(const struct bare *bare)
{
    static const unsigned char v6_loopback[16] = {[15] = 1};
    return bare->family == AF_INET ? bare->bytes[0] == 127 : memcmp(bare->bytes, v6_loopback, 16) == 0;
}

static bool is_private(const struct bare *bare)
{
    return bare->family == AF_INET ? FIND(private_v4, AF_INET, bare->bytes) != NULL
                                   : FIND(private_v6, AF_INET6, bare->bytes) != NULL;
}

static bool same_address(const struct bare *a, const struct bare *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, a->family == AF_INET ? 4 : 16) == 0;
}

static bool is_peer(const struct bare *bare, const char *peer)
{
    struct bare other = {.family = AF_INET};
    if (inet_pton(AF_INET, peer, other.bytes) == 1)
        return same_address(bare, &other);
    other.family = AF_INET6;
    if (inet_pton(AF_INET6, peer, other.bytes) != 1)
        return false;
    undress(&other);
    return same_address(bare, &other);
}

/* An address of this machine; asked of the kernel each time, since addresses come and go. */
static bool is_local(const struct bare *bare)
{
    if (is_loopback(bare))
        return true;
    struct ifaddrs *list;
    if (getifaddrs(&list))
        return true; /* unknown: the cautious answer */
    bool found = false;
    for (const struct ifaddrs *at = list; at && !found; at = at->ifa_next) {
        struct bare own;
        found = at->ifa_addr && bare_from(at->ifa_addr, &own) && same_address(bare, &own);
    }
    freeifaddrs(list);
    return found;
}

static bool is_own_port(const struct target_policy *policy, uint16_t port)
{
    for (size_t i = 0; i < policy->own_port_count; i++)
        if (policy->own_ports[i] == port)
            return true;
    return false;
}

static bool in_networks(const struct target_policy *policy, const struct bare *bare)
{
    for (size_t i = 0; i < policy->network_count; i++) {
        struct bare network;
        if (bare_from((const struct sockaddr *)&policy->networks[i].address, &network) &&
            network.family == bare->family && prefix_equal(network.bytes, bare->bytes, policy->networks[i].prefix_bits))
            return true;
    }
    return false;
}

int target_judge(const struct target_policy *policy, const struct sockaddr *address, const char *peer,
                 struct fault *fault)
{
    struct bare bare;
    if (!bare_from(address, &bare))
        return fault_set(fault, MRPC_PERMISSION_DENIED, "target is neither IPv4 nor IPv6");
    const struct range *range =
        bare.family == AF_INET ? FIND(never_v4, AF_INET, bare.bytes) : FIND(never_v6, AF_INET6, bare.bytes);
    if (range)
        return fault_set(fault, MRPC_PERMISSION_DENIED, "target is never allowed: %s", range->why);
    if (is_own_port(policy, bare.port) && is_local(&bare))
        return fault_set(fault, MRPC_PERMISSION_DENIED, "target is this server itself");
    if (is_loopback(&bare))
        return policy->loopback_allowed
                   ? MRPC_OK
                   : fault_set(fault, MRPC_PERMISSION_DENIED,
                               "target is a loopback address, and this server does not listen on loopback only");
    if (!is_private(&bare) || in_networks(policy, &bare) || is_peer(&bare, peer))
        return MRPC_OK;
    return fault_set(fault, MRPC_PERMISSION_DENIED,
                     "target is a private address that %s does not hold",
                     policy->networks_key ? policy->networks_key : "the configuration");
}

int target_network_parse(const char *text, struct target_network *out, struct fault *fault)
{
    char address[64];
    const char *slash = strchr(text, '/');
    size_t length = slash ? (size_t)(slash - text) : strlen(text);
    if (length >= sizeof address)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "\"%.80s\" is not a network", text);
    memcpy(address, text, length);
    address[length] = '\0';
    struct target_network network = {.prefix_bits = 128};
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&network.address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&network.address;
    unsigned most = 128;
    if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        most = 32;
    } else if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
    } else {
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "\"%.80s\" is not a network", text);
    }
    char *end = NULL;
    unsigned long bits = slash ? strtoul(slash + 1, &end, 10) : most;
    if (slash && (end == slash + 1 || *end || bits > most || slash[1] == '-' || slash[1] == '+'))
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "\"%.80s\" is not a network", text);
    network.prefix_bits = (unsigned)bits;
    *out = network;
    return MRPC_OK;
}
