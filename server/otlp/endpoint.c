/* SPDX-License-Identifier: Apache-2.0 */
#include "otlp/endpoint.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static bool skip(const char **text, const char *start)
{
    size_t length = strlen(start);
    if (strncmp(*text, start, length) != 0)
        return false;
    *text += length;
    return true;
}

/* Names of others may begin with "127.", too. */
static bool is_local(const char *target)
{
    char host[OTLP_TARGET_BYTES];
    struct in_addr address;
    snprintf(host, sizeof host, "%.*s", (int)(strrchr(target, ':') - target), target);
    if (inet_pton(AF_INET, host, &address) == 1)
        return ntohl(address.s_addr) >> 24 == 127;
    return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0;
}

int otlp_endpoint_parse(const char *text, const char *field, struct otlp_endpoint *out, struct fault *fault)
{
    const char *host = text;
    *out = (struct otlp_endpoint){.tls = skip(&host, "https://")};
    if (!out->tls && !skip(&host, "http://"))
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "%s: \"%.100s\" begins neither with http:// nor with https://",
                         field, text);
    size_t length = strcspn(host, "/");
    if (length == 0 || length > OTLP_TARGET_BYTES - 8 || (host[length] == '/' && host[length + 1]))
        return fault_set(fault, MRPC_INVALID_ARGUMENT,
                         "%s: \"%.100s\" is not http(s)://HOST:PORT; this is OTLP over gRPC, without a path", field,
                         text);
    snprintf(out->target, sizeof out->target, "%.*s", (int)length, host);
    const char *after_host = *out->target == '[' ? strchr(out->target, ']') : out->target;
    if (!after_host)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "%s: \"%.100s\": the address does not end", field, text);
    if (!strchr(after_host, ':'))
        snprintf(out->target + length, sizeof out->target - length, ":4317");
    out->local = is_local(out->target);
    return 0;
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* In place. False where a percent sign is not followed by the number of a byte other than 0. */
static bool decode(char *text)
{
    char *out = text;
    for (; *text; text++) {
        if (*text != '%') {
            *out++ = *text;
            continue;
        }
        int high = hex(text[1]), low = high < 0 ? -1 : hex(text[2]);
        if (low < 0 || (high | low) == 0)
            return false;
        *out++ = (char)(high << 4 | low);
        text += 2;
    }
    *out = '\0';
    return true;
}

static char *trim(char *text)
{
    text += strspn(text, " \t");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t", text[length - 1]))
        text[--length] = '\0';
    return text;
}

int otlp_pairs(const char *text, const char *field, int (*see)(void *arg, const char *key, const char *value),
               void *arg, struct fault *fault)
{
    char copy[OTLP_PAIR_BYTES];
    size_t count = 0;
    if (text && strlen(text) >= sizeof copy)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "%s: longer than %d bytes", field, OTLP_PAIR_BYTES - 1);
    snprintf(copy, sizeof copy, "%s", text ? text : "");
    for (char *rest = copy, *pair; (pair = strsep(&rest, ","));) {
        pair = trim(pair);
        if (!*pair)
            continue;
        char *equals = strchr(pair, '=');
        if (!equals || equals == pair || ++count > OTLP_PAIRS_MAX)
            return fault_set(fault, MRPC_INVALID_ARGUMENT, "%s: entry %zu is not KEY=VALUE, or there are more than %d",
                             field, count + !equals, OTLP_PAIRS_MAX);
        *equals = '\0';
        char *key = trim(pair), *value = trim(equals + 1);
        if (!decode(value) || see(arg, key, value))
            return fault_set(fault, MRPC_INVALID_ARGUMENT, "%s: the value of \"%.64s\" cannot be taken", field, key);
    }
    return 0;
}
