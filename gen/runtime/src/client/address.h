/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_ADDRESS_H
#define MRPC_CLIENT_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <mrpc/error.h>
#include <mrpc/resolver.h>

#include "client/target.h"

#define MRPC_ADDRESS_TEXT_BYTES 128
#define MRPC_SERVER_NAME_BYTES 256

/** Where to connect. */
struct mrpc_address {
    struct sockaddr_storage name;
    socklen_t name_bytes;
    uint32_t weight;                          /* of weighted round robin, from 1 */
    char text[MRPC_ADDRESS_TEXT_BYTES];       /* "127.0.0.1:50051", "[::1]:50051", "unix:/run/x" */
    char server_name[MRPC_SERVER_NAME_BYTES]; /* TLS: what its certificate must say; "": what the channel says */
};

/** No two are equal; in the order in which they are tried. */
struct mrpc_address_list {
    struct mrpc_address *items;
    size_t count;
};

void mrpc_address_list_fini(struct mrpc_address_list *list);
/** Errors: MRPC_ERR_NOMEM; MRPC_ERR_LIMIT when the list is full, at MRPC_ADDRESSES_MAX. */
int mrpc_address_list_add(struct mrpc_address_list *list, const struct sockaddr *name,
                          socklen_t name_bytes) MRPC_MUST_USE;
/** Add one with its weight and server name. Errors: the same. */
int mrpc_address_list_append(struct mrpc_address_list *list, const struct mrpc_address *address) MRPC_MUST_USE;
/** Errors: MRPC_ERR_NOMEM. */
int mrpc_address_list_copy(const struct mrpc_address_list *list, struct mrpc_address_list *out) MRPC_MUST_USE;
/** Let families alternate, beginning with that of the first; within a family the order stays. RFC 8305 section 4. */
void mrpc_address_list_interleave(struct mrpc_address_list *list);

/** The same server: name and server name; the weight may differ. */
bool mrpc_address_equal(const struct mrpc_address *a, const struct mrpc_address *b);
/** "1.2.3.4:5", "[::1]:5", "unix:PATH", "unix-abstract:NAME". Errors: MRPC_ERR_ADDRESS, MRPC_ERR_NOMEM. */
int mrpc_address_parse(const char *text, struct mrpc_address *out) MRPC_MUST_USE;

/** The addresses of a target that needs no look-up: unix, ipv4, ipv6, or a DNS target whose host is numeric. Errors:
 *  MRPC_ERR_AGAIN: it must be looked up; MRPC_ERR_ADDRESS: not an address of that kind; MRPC_ERR_NOMEM. */
int mrpc_address_list_from_target(const struct mrpc_target *target, struct mrpc_address_list *out) MRPC_MUST_USE;

/** Whether what is sent there stays on this machine: a unix socket, 127.0.0.0/8, ::1. */
bool mrpc_address_is_local(const struct mrpc_address *address);

#endif
