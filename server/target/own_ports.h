/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_TARGET_OWN_PORTS_H
#define MLT_TARGET_OWN_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where this server listens, as far as the judgement of targets wants to know. */

enum { OWN_PORTS_MAX = 32, OWN_HOST_BYTES = 254 };

struct own_ports {
    uint16_t ports[OWN_PORTS_MAX];
    char hosts[OWN_PORTS_MAX][OWN_HOST_BYTES]; /* in their order, without brackets */
    size_t count;
    bool loopback_only; /* every address is loopback or a unix socket */
};

/** Read "127.0.0.1:50051", "[::1]:50051", "localhost:1", "unix:…", NULL-terminated (NULL: none). What cannot be read
 * counts as not loopback. */
void own_ports_read(const char *const *addresses, struct own_ports *out);

#endif
