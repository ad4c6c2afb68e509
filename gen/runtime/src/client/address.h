/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_ADDRESS_H
#define MRPC_CLIENT_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include <mrpc/error.h>

#include "client/target.h"

#define MRPC_ADDRESS_TEXT_BYTES 128

/** Where to connect. */
struct mrpc_address {
    struct sockaddr_storage name;
    socklen_t name_bytes;
    char text[MRPC_ADDRESS_TEXT_BYTES]; /* "127.0.0.1:50051", "[::1]:50051", "unix:/run/x" */
};

/* A name with more records than this has them for spreading load; one connection needs no more. */
#define MRPC_ADDRESSES_MAX 64

/** In the order in which they are tried. */
struct mrpc_address_list {
    struct mrpc_address *items;
    size_t count;
};

void mrpc_address_list_fini(struct mrpc_address_list *list);
/** Errors: MRPC_ERR_NOMEM; MRPC_ERR_LIMIT when the list is full. */
int mrpc_address_list_add(struct mrpc_address_list *list, const struct sockaddr *name,
                          socklen_t name_bytes) MRPC_MUST_USE;

/** The addresses of a target that needs no look-up: unix, ipv4, ipv6, or a DNS target whose host is numeric. Errors:
 *  MRPC_ERR_AGAIN: it must be looked up; MRPC_ERR_ADDRESS: not an address of that kind; MRPC_ERR_NOMEM. */
int mrpc_address_list_from_target(const struct mrpc_target *target, struct mrpc_address_list *out) MRPC_MUST_USE;

/** Whether what is sent there stays on this machine: a unix socket, 127.0.0.0/8, ::1. */
bool mrpc_address_is_local(const struct mrpc_address *address);

#endif
