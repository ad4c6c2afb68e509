/* SPDX-License-Identifier: Apache-2.0 */
#include "addresses.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service_manager.h"

enum { ADDRESSES_MAX = 32 };

struct addresses {
    size_t count;
    struct {
        char *text;
        int fd; /* an inherited socket; -1: none */
    } items[ADDRESSES_MAX];
};

static int take_sockets(struct config *config, struct fault *fault)
{
    unsigned count = service_manager_sockets();
    int code = 0;
    for (unsigned i = 0; !code && i < count; i++) {
        char address[16];
        snprintf(address, sizeof address, "fd:%u", SERVICE_MANAGER_FIRST_FD + i);
        code = config_add(config, "listen", address, "LISTEN_FDS", fault);
    }
    return code;
}

/* -1 for what is none, or none that is open: the server says what is wrong with it. */
static int inherited(const char *address)
{
    char *end;
    if (strncmp(address, "fd:", 3) != 0)
        return -1;
    long fd = strtol(address + 3, &end, 10);
    bool good = address[3] && !*end && fd >= 0 && fd < 1 << 20 && fcntl((int)fd, F_SETFD, FD_CLOEXEC) == 0;
    return good ? (int)fd : -1;
}

int addresses_take(struct config *config, struct addresses **out, struct fault *fault)
{
    int code = take_sockets(config, fault);
    if (code)
        return code;
    struct addresses *addresses = calloc(1, sizeof *addresses);
    if (!addresses)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    size_t count = config_list_count(config, "listen");
    for (size_t i = 0; i < count && i < ADDRESSES_MAX; i++) {
        const char *address = config_list_item(config, "listen", i);
        addresses->items[i].fd = inherited(address);
        addresses->items[i].text = strdup(address);
        addresses->count++;
        if (!addresses->items[i].text) {
            addresses_free(addresses);
            return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
        }
    }
    *out = addresses;
    return 0;
}

void addresses_free(struct addresses *addresses)
{
    for (size_t i = 0; addresses && i < addresses->count; i++)
        free(addresses->items[i].text);
    free(addresses);
}

int addresses_open(struct addresses *addresses, struct config *config, struct fault *fault)
{
    int code = 0;
    config_empty(config, "listen");
    for (size_t i = 0; !code && i < addresses->count; i++) {
        char lent[24];
        int fd = addresses->items[i].fd >= 0 ? fcntl(addresses->items[i].fd, F_DUPFD_CLOEXEC, 0) : -1;
        snprintf(lent, sizeof lent, "fd:%d", fd);
        code = config_set(config, "listen", fd >= 0 ? lent : addresses->items[i].text, "listen", fault);
    }
    return code;
}

void addresses_keep(struct addresses *addresses, const char *const *real)
{
    for (size_t i = 0; i < addresses->count && real[i]; i++) {
        char *text = addresses->items[i].fd < 0 ? strdup(real[i]) : NULL;
        if (!text)
            continue;
        free(addresses->items[i].text);
        addresses->items[i].text = text;
    }
}
