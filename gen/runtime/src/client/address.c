/* SPDX-License-Identifier: Apache-2.0 */
#include "client/address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

void mrpc_address_list_fini(struct mrpc_address_list *list)
{
    free(list->items);
    *list = (struct mrpc_address_list){0};
}

static void print_unix(struct mrpc_address *address)
{
    const struct sockaddr_un *name = (const struct sockaddr_un *)&address->name;
    bool abstract = name->sun_path[0] == '\0';
    snprintf(address->text, sizeof address->text, "unix%s:%s", abstract ? "-abstract" : "", name->sun_path + abstract);
}

static void print_address(struct mrpc_address *address)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];
    if (address->name.ss_family == AF_UNIX) {
        print_unix(address);
        return;
    }
    if (getnameinfo((const struct sockaddr *)&address->name, address->name_bytes, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    bool v6 = address->name.ss_family == AF_INET6;
    snprintf(address->text, sizeof address->text, v6 ? "[%.100s]:%.8s" : "%.100s:%.8s", host, port);
}

bool mrpc_address_equal(const struct mrpc_address *a, const struct mrpc_address *b)
{
    /* What lies behind name_bytes, and sin_zero, is zero. */
    return a->name_bytes == b->name_bytes && memcmp(&a->name, &b->name, a->name_bytes) == 0 &&
           strcmp(a->server_name, b->server_name) == 0;
}

int mrpc_address_list_append(struct mrpc_address_list *list, const struct mrpc_address *address)
{
    for (size_t i = 0; i < list->count; i++)
        if (mrpc_address_equal(&list->items[i], address))
            return 0;
    if (list->count >= MRPC_ADDRESSES_MAX)
        return MRPC_ERR_LIMIT;
    struct mrpc_address *items = realloc(list->items, (list->count + 1) * sizeof *items);
    if (!items)
        return MRPC_ERR_NOMEM;
    list->items = items;
    items[list->count++] = *address;
    return 0;
}

int mrpc_address_list_add(struct mrpc_address_list *list, const struct sockaddr *name, socklen_t name_bytes)
{
    struct mrpc_address address = {.name_bytes = name_bytes, .weight = 1};
    if (name_bytes > sizeof address.name)
        return MRPC_ERR_LIMIT;
    memcpy(&address.name, name, name_bytes);
    print_address(&address);
    return mrpc_address_list_append(list, &address);
}

int mrpc_address_list_copy(const struct mrpc_address_list *list, struct mrpc_address_list *out)
{
    struct mrpc_address *items = malloc((list->count + 1) * sizeof *items);
    if (!items)
        return MRPC_ERR_NOMEM;
    if (list->count > 0)
        memcpy(items, list->items, list->count * sizeof *items);
    *out = (struct mrpc_address_list){.items = items, .count = list->count};
    return 0;
}

static size_t next_of_family(const struct mrpc_address_list *list, size_t at, sa_family_t family, bool same)
{
    while (at < list->count && (list->items[at].name.ss_family == family) != same)
        at++;
    return at;
}

void mrpc_address_list_interleave(struct mrpc_address_list *list)
{
    struct mrpc_address_list mixed;
    if (list->count < 3 || mrpc_address_list_copy(list, &mixed) != 0)
        return; /* without memory the order stays as it was */
    sa_family_t family = list->items[0].name.ss_family;
    size_t same = 0, other = next_of_family(list, 0, family, false);
    for (size_t out = 0; out < list->count; out++) {
        bool take_same = other == list->count || (same < list->count && out % 2 == 0);
        size_t *at = take_same ? &same : &other;
        mixed.items[out] = list->items[*at];
        *at = next_of_family(list, *at + 1, family, take_same);
    }
    mrpc_address_list_fini(list);
    *list = mixed;
}

static int add_unix(const char *path, struct mrpc_address_list *list)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    size_t size = strlen(path); /* mrpc_target_parse() has seen to it that it fits */
    memcpy(name.sun_path, path, size);
    if (path[0] == '@')
        name.sun_path[0] = '\0';
    /* The name of an abstract socket ends with its length, a path with a NUL. */
    socklen_t name_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + (path[0] != '@'));
    return mrpc_address_list_add(list, (const struct sockaddr *)&name, name_bytes);
}

static int add_numeric(const char *host, const char *port, int family, struct mrpc_address_list *list)
{
    struct addrinfo hints = {
        .ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int failed = getaddrinfo(host, port, &hints, &found);
    if (failed)
        return failed == EAI_MEMORY ? MRPC_ERR_NOMEM : MRPC_ERR_ADDRESS;
    int error = mrpc_address_list_add(list, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return error;
}

static int add_list(const char *text, int family, struct mrpc_address_list *list)
{
    for (;; text++) {
        char *host, *port;
        size_t size = strcspn(text, ",");
        int error = mrpc_host_port_split(text, size, &host, &port);
        if (error)
            return error;
        error = add_numeric(host, port, family, list);
        free(host);
        free(port);
        if (error)
            return error == MRPC_ERR_LIMIT ? 0 : error;
        text += size;
        if (!*text)
            return 0;
    }
}

static int fill(const struct mrpc_target *target, struct mrpc_address_list *list)
{
    int error;
    switch (target->kind) {
    case MRPC_TARGET_UNIX:
        return add_unix(target->path, list);
    case MRPC_TARGET_IPV4:
        return add_list(target->list, AF_INET, list);
    case MRPC_TARGET_IPV6:
        return add_list(target->list, AF_INET6, list);
    case MRPC_TARGET_DNS:
        error = add_numeric(target->host, target->port, AF_UNSPEC, list);
        return error == MRPC_ERR_ADDRESS ? MRPC_ERR_AGAIN : error;
    }
    return MRPC_ERR_ADDRESS;
}

int mrpc_address_list_from_target(const struct mrpc_target *target, struct mrpc_address_list *out)
{
    struct mrpc_address_list list = {0};
    int error = fill(target, &list);
    if (error) {
        mrpc_address_list_fini(&list);
        return error;
    }
    *out = list;
    return 0;
}

int mrpc_address_parse(const char *text, struct mrpc_address *out)
{
    struct mrpc_target target;
    struct mrpc_address_list list = {0};
    int error = mrpc_target_parse(text, &target);
    if (error)
        return error;
    error = mrpc_address_list_from_target(&target, &list);
    mrpc_target_fini(&target);
    if (error)
        return error == MRPC_ERR_AGAIN ? MRPC_ERR_ADDRESS : error; /* a name */
    if (list.count == 1)
        *out = list.items[0];
    error = list.count == 1 ? 0 : MRPC_ERR_ADDRESS;
    mrpc_address_list_fini(&list);
    return error;
}

bool mrpc_address_is_local(const struct mrpc_address *address)
{
    if (address->name.ss_family == AF_UNIX)
        return true;
    if (address->name.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->name;
        return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
    }
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->name;
    return address->name.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}
