/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_TARGET_H
#define MRPC_CLIENT_TARGET_H

#include <stddef.h>

#include <mrpc/error.h>

enum mrpc_target_kind {
    MRPC_TARGET_DNS,  /* host and port, still to be resolved */
    MRPC_TARGET_IPV4, /* list: "A:P,A:P" */
    MRPC_TARGET_IPV6, /* list: "[A]:P,[A]:P" */
    MRPC_TARGET_UNIX, /* path; a leading '@' stands for the NUL of an abstract socket */
};

#define MRPC_TARGET_DEFAULT_PORT "443"

/** A parsed target. All strings are owned and released by mrpc_target_fini(). */
struct mrpc_target {
    enum mrpc_target_kind kind;
    char *host;      /* DNS: without brackets */
    char *port;      /* DNS: digits */
    char *path;      /* UNIX */
    char *list;      /* IPV4, IPV6 */
    char *authority; /* what :authority says unless an option says otherwise */
};

/** Parse "HOST", "HOST:PORT", "[V6]:PORT", "dns:HOST:PORT", "dns:///HOST:PORT", "ipv4:A:P[,…]", "ipv6:[A]:P[,…]",
 *  "unix:PATH", "unix:///PATH", "unix-abstract:NAME". A missing port is 443.
 *  Errors: MRPC_ERR_ADDRESS, MRPC_ERR_NOMEM; @out is then zero. Source: gRPC naming.md. */
int mrpc_target_parse(const char *text, struct mrpc_target *out) MRPC_MUST_USE;
void mrpc_target_fini(struct mrpc_target *target);

/** Split "HOST:PORT" or "[V6]:PORT" or a bare "HOST" into copies. A bare IPv6 address (two colons, no brackets) is all
 *  host. @port is the default port when there is none. Errors: as above; outputs untouched. */
int mrpc_host_port_split(const char *text, size_t size, char **host, char **port) MRPC_MUST_USE;

#endif
