/* SPDX-License-Identifier: Apache-2.0 */
#include "client/target.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

static const char *after_prefix(const char *text, const char *prefix)
{
    size_t size = strlen(prefix);
    return strncmp(text, prefix, size) == 0 ? text + size : NULL;
}

static bool is_port(const char *text, size_t size)
{
    unsigned value = 0;
    if (size == 0 || size > 5)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    return value <= 65535;
}

static bool is_host(const char *text, size_t size)
{
    if (size == 0 || size > 255)
        return false;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f || strchr("/?#@[],", text[i]))
            return false;
    return true;
}

struct pieces {
    const char *host;
    size_t host_size;
    const char *port; /* NULL: none */
    size_t port_size;
};

static int split_brackets(const char *text, size_t size, struct pieces *out)
{
    const char *close = memchr(text, ']', size);
    if (!close)
        return MRPC_ERR_ADDRESS;
    const char *end = text + size;
    *out = (struct pieces){.host = text + 1, .host_size = (size_t)(close - text) - 1};
    if (close + 1 == end)
        return 0;
    if (close[1] != ':')
        return MRPC_ERR_ADDRESS;
    out->port = close + 2;
    out->port_size = (size_t)(end - out->port);
    return 0;
}

static int split(const char *text, size_t size, struct pieces *out)
{
    if (size > 0 && text[0] == '[')
        return split_brackets(text, size, out);
    const char *colon = memchr(text, ':', size);
    bool bare_v6 = colon && memchr(colon + 1, ':', size - (size_t)(colon + 1 - text));
    if (!colon || bare_v6) {
        *out = (struct pieces){.host = text, .host_size = size};
        return 0;
    }
    *out = (struct pieces){.host = text,
                           .host_size = (size_t)(colon - text),
                           .port = colon + 1,
                           .port_size = size - (size_t)(colon + 1 - text)};
    return 0;
}

int mrpc_host_port_split(const char *text, size_t size, char **host, char **port)
{
    struct pieces pieces;
    int error = split(text, size, &pieces);
    if (error)
        return error;
    if (!is_host(pieces.host, pieces.host_size) || (pieces.port && !is_port(pieces.port, pieces.port_size)))
        return MRPC_ERR_ADDRESS;
    char *host_copy = strndup(pieces.host, pieces.host_size);
    char *port_copy = pieces.port ? strndup(pieces.port, pieces.port_size) : strdup(MRPC_TARGET_DEFAULT_PORT);
    if (!host_copy || !port_copy) {
        free(host_copy);
        free(port_copy);
        return MRPC_ERR_NOMEM;
    }
    *host = host_copy;
    *port = port_copy;
    return 0;
}

static int parse_unix(const char *path, bool abstract, struct mrpc_target *out)
{
    size_t size = strlen(path) + abstract;
    if (!*path || size >= sizeof((struct sockaddr_un *)0)->sun_path)
        return MRPC_ERR_ADDRESS;
    out->kind = MRPC_TARGET_UNIX;
    if (asprintf(&out->path, "%s%s", abstract ? "@" : "", path) < 0) {
        out->path = NULL;
        return MRPC_ERR_NOMEM;
    }
    /* A path is no host name; grpc-go, C-core and Java all say "localhost". */
    out->authority = strdup("localhost");
    return out->authority ? 0 : MRPC_ERR_NOMEM;
}

/* "ipv4:1.2.3.4:50051,1.2.3.5:50051": each must parse; the first is the authority. */
static int parse_list(const char *list, enum mrpc_target_kind kind, struct mrpc_target *out)
{
    size_t first_size = strcspn(list, ",");
    for (const char *at = list;; at++) {
        char *host, *port;
        size_t size = strcspn(at, ",");
        int error = mrpc_host_port_split(at, size, &host, &port);
        if (error)
            return error;
        free(host);
        free(port);
        at += size;
        if (!*at)
            break;
    }
    out->kind = kind;
    out->list = strdup(list);
    out->authority = strndup(list, first_size);
    return out->list && out->authority ? 0 : MRPC_ERR_NOMEM;
}

static int parse_dns(const char *text, struct mrpc_target *out)
{
    out->kind = MRPC_TARGET_DNS;
    int error = mrpc_host_port_split(text, strlen(text), &out->host, &out->port);
    if (error)
        return error;
    bool bare_v6 = text[0] != '[' && strchr(out->host, ':');
    int size = bare_v6 ? asprintf(&out->authority, "[%s]", text) : asprintf(&out->authority, "%s", text);
    if (size < 0) {
        out->authority = NULL;
        return MRPC_ERR_NOMEM;
    }
    return 0;
}

/* dns:[//[authority]/]host[:port]; a DNS server of one's own (the authority) is not supported. */
static const char *dns_endpoint(const char *rest)
{
    const char *endpoint = after_prefix(rest, "///");
    return endpoint ? endpoint : rest;
}

static int parse(const char *text, struct mrpc_target *out)
{
    const char *rest;
    if ((rest = after_prefix(text, "unix-abstract:")))
        return parse_unix(rest, true, out);
    if ((rest = after_prefix(text, "unix:"))) {
        const char *absolute = after_prefix(rest, "//");
        if (absolute && *absolute != '/')
            return MRPC_ERR_ADDRESS;
        return parse_unix(absolute ? absolute : rest, false, out);
    }
    if ((rest = after_prefix(text, "ipv4:")))
        return parse_list(rest, MRPC_TARGET_IPV4, out);
    if ((rest = after_prefix(text, "ipv6:")))
        return parse_list(rest, MRPC_TARGET_IPV6, out);
    if ((rest = after_prefix(text, "dns:")))
        return parse_dns(dns_endpoint(rest), out);
    return parse_dns(text, out);
}

int mrpc_target_parse(const char *text, struct mrpc_target *out)
{
    *out = (struct mrpc_target){0};
    int error = parse(text, out);
    if (error) {
        mrpc_target_fini(out);
        *out = (struct mrpc_target){0};
    }
    return error;
}

void mrpc_target_fini(struct mrpc_target *target)
{
    free(target->host);
    free(target->port);
    free(target->path);
    free(target->list);
    free(target->authority);
}
