/* SPDX-License-Identifier: Apache-2.0 */
#include "web/rules.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <mrpc/error.h>

#define HOST_MAX_BYTES 255

static void lower(char *text)
{
    for (; *text != '\0'; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text - 'A' + 'a');
}

static int append(char ***list, size_t *count, const char *text)
{
    char **larger = realloc(*list, (*count + 1) * sizeof(**list));
    if (larger == NULL)
        return MRPC_ERR_NOMEM;
    *list = larger;
    char *copy = strdup(text);
    if (copy == NULL)
        return MRPC_ERR_NOMEM;
    lower(copy);
    larger[(*count)++] = copy;
    return 0;
}

/* The port of "host:port" or "[v6]:port": what follows the colon, "" when there is none. NULL: neither form. */
static const char *find_port(const char *authority, size_t *host_bytes)
{
    const char *end = authority[0] == '[' ? strchr(authority, ']') : authority + strcspn(authority, ":");
    if (end == NULL)
        return NULL;
    if (*end == ']')
        end++;
    *host_bytes = (size_t)(end - authority);
    if (*end == '\0')
        return end;
    return *end == ':' && end[1 + strspn(end + 1, "0123456789")] == '\0' ? end + 1 : NULL;
}

/* The host in lower case, without port and without the dot that ends a full name. */
static bool copy_host(const char *authority, char out[HOST_MAX_BYTES + 1])
{
    size_t size;
    if (find_port(authority, &size) == NULL || size == 0 || size > HOST_MAX_BYTES)
        return false;
    memcpy(out, authority, size);
    if (size > 1 && out[size - 1] == '.')
        size--;
    out[size] = '\0';
    lower(out);
    return true;
}

int mrpc_web_rules_add_host(struct web_rules *rules, const char *host)
{
    char copy[HOST_MAX_BYTES + 1];
    size_t size;
    const char *port = find_port(host, &size);
    if (port == NULL || *port != '\0' || host[size] == ':' || strpbrk(host, "/ *") != NULL || !copy_host(host, copy))
        return MRPC_ERR_INVALID;
    return append(&rules->hosts, &rules->host_count, copy);
}

/* "http://host[:port]" and nothing more; @authority is what follows the scheme, *@usual_port what it implies. */
static bool split_origin(const char *origin, const char **authority, const char **usual_port)
{
    bool secure = strncasecmp(origin, "https://", 8) == 0;
    if (!secure && strncasecmp(origin, "http://", 7) != 0)
        return false;
    *authority = origin + (secure ? 8 : 7);
    *usual_port = secure ? "443" : "80";
    size_t size;
    return strpbrk(*authority, "/?# @") == NULL && find_port(*authority, &size) != NULL && size > 0;
}

int mrpc_web_rules_add_origin(struct web_rules *rules, const char *origin)
{
    const char *authority, *usual_port;
    if (!split_origin(origin, &authority, &usual_port) || strchr(origin, '*') != NULL)
        return MRPC_ERR_INVALID;
    return append(&rules->origins, &rules->origin_count, origin);
}

void mrpc_web_rules_fini(struct web_rules *rules)
{
    for (size_t i = 0; i < rules->host_count; i++)
        free(rules->hosts[i]);
    for (size_t i = 0; i < rules->origin_count; i++)
        free(rules->origins[i]);
    free(rules->hosts);
    free(rules->origins);
    *rules = (struct web_rules){0};
}

/* A name under .localhost is loopback by RFC 6761, but who resolves it is not ours to know. */
static bool is_loopback(const char *host)
{
    struct in_addr v4;
    if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
        return true;
    return inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

bool mrpc_web_host_is_known(const struct web_rules *rules, const char *authority)
{
    char host[HOST_MAX_BYTES + 1];
    if (!copy_host(authority, host))
        return false;
    for (size_t i = 0; i < rules->host_count; i++)
        if (strcmp(rules->hosts[i], host) == 0)
            return true;
    return is_loopback(host);
}

/* An address cannot be pointed elsewhere as a name can. Compared as bytes: v6 has many spellings. */
static bool same_address(const char *a, const char *b)
{
    unsigned char left[16], right[16];
    if (a[0] != '[')
        return inet_pton(AF_INET, a, left) == 1 && inet_pton(AF_INET, b, right) == 1 && memcmp(left, right, 4) == 0;
    char inner[2][INET6_ADDRSTRLEN + 1];
    const char *const texts[] = {a, b};
    for (int i = 0; i < 2; i++) {
        size_t size = strlen(texts[i]);
        if (size < 3 || texts[i][0] != '[' || size - 2 > INET6_ADDRSTRLEN)
            return false;
        memcpy(inner[i], texts[i] + 1, size - 2);
        inner[i][size - 2] = '\0';
    }
    return inet_pton(AF_INET6, inner[0], left) == 1 && inet_pton(AF_INET6, inner[1], right) == 1 &&
           memcmp(left, right, 16) == 0;
}

bool mrpc_web_host_is_ours(const struct web_rules *rules, const char *authority, const char *local)
{
    char host[HOST_MAX_BYTES + 1], own[HOST_MAX_BYTES + 1];
    if (mrpc_web_host_is_known(rules, authority))
        return true;
    return local != NULL && copy_host(authority, host) && copy_host(local, own) && same_address(host, own);
}

/* Same host and port; a port that is not named is the usual one of the origin's scheme. That scheme is not compared:
 * behind a proxy that ends TLS the page's is not ours. */
static bool same_place(const char *origin, const char *authority)
{
    const char *theirs, *usual_port;
    char a[HOST_MAX_BYTES + 1], b[HOST_MAX_BYTES + 1];
    size_t size;
    if (!split_origin(origin, &theirs, &usual_port) || !copy_host(theirs, a) || !copy_host(authority, b))
        return false;
    const char *their_port = find_port(theirs, &size);
    const char *our_port = find_port(authority, &size);
    if (*their_port == '\0')
        their_port = usual_port;
    if (*our_port == '\0')
        our_port = usual_port;
    return strcmp(a, b) == 0 && strcmp(their_port, our_port) == 0;
}

enum web_origin mrpc_web_origin_judge(const struct web_rules *rules, const char *origin, const char *authority)
{
    if (same_place(origin, authority))
        return WEB_ORIGIN_SAME;
    for (size_t i = 0; i < rules->origin_count; i++)
        if (strcasecmp(rules->origins[i], origin) == 0)
            return WEB_ORIGIN_LISTED;
    return WEB_ORIGIN_FOREIGN;
}
