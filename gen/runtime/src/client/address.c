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

int mrpc_address_list_add(struct mrpc_address_list *list, const struct sockaddr *name, socklen_t name_bytes)
{
    if (list->count >= MRPC_ADDRESSES_MAX || name_bytes > sizeof list->items->name)
        return MRPC_ERR_LIMIT;
    struct mrpc_address *items = realloc(list->items, (list->count + 1) * sizeof *items);
    if (!items)
        return MRPC_ERR_NOMEM;
    list->items = items;
    struct mrpc_address *address = &items[list->count++];
    *address = (struct mrpc_address){.name_bytes = name_bytes};
    memcpy(&address->name, name, name_bytes);
    print_address(address);
    return 0;
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
            return error;
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
