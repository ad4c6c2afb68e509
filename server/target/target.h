/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_TARGET_H
#define MLT_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "fault/fault.h"

/* Where the server may connect to when a client says where: a health check goes to who registered, a webhook where the
 * job says. So a target is judged (server-side request forgery): by the numeric address that resolving gave, each time,
 * and the connection then goes to that very address (so a name that resolves differently the second time gains
 * nothing).
 *
 *   never      unspecified, broadcast, multicast, link-local (169.254.0.0/16 with the cloud metadata address,
 *              fe80::/10), other metadata addresses, reserved ranges, every form of IPv4 inside IPv6 judged as the
 *              IPv4; the server's own listening ports on an address of this machine
 *   loopback   if the server itself listens on loopback only
 *   private    RFC 1918, RFC 6598, fc00::/7: inside the configured networks, or the address of who said so
 *   else       allowed
 */

struct target_network {
    struct sockaddr_storage address;
    unsigned prefix_bits;
};

struct target_policy {
    bool loopback_allowed;
    const char *networks_key;              /* of the configuration, for texts; may be NULL */
    const struct target_network *networks; /* that it holds */
    size_t network_count;
    const uint16_t *own_ports; /* of this server's listeners */
    size_t own_port_count;
};

/** A numeric IPv4 (four decimal parts) or IPv6 address without zone, or a host name whose last label is not a number:
 * the spellings that only inet_aton() reads (0x7f.1, 2130706433, 0251.0376.…) are none of them. */
bool target_host_valid(const char *host);

/** Read "10.0.0.0/8" or "fd00::/8". Errors: INVALID_ARGUMENT. */
int target_network_parse(const char *text, struct target_network *out, struct fault *fault) MRPC_MUST_USE;

/** Judge @address (with its port). @peer is the numeric address of who names the target, "" if unknown.
 *  Errors: PERMISSION_DENIED, the text says why. */
int target_judge(const struct target_policy *policy, const struct sockaddr *address, const char *peer,
                 struct fault *fault) MRPC_MUST_USE;

#endif
