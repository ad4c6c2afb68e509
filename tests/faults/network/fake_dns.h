/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_FAKE_DNS_H
#define MLT_FAKE_DNS_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* A name server on 127.0.0.1:53, UDP and TCP, that answers as the test says. It belongs into a network namespace where
 * /etc/resolv.conf names it. */

struct fake_dns_name {
    const char *name;
    int rcode;        /* of its first @rcode_count answers (-1: of all): 2 SERVFAIL, 3 NXDOMAIN */
    int rcode_count;
    bool silent;      /* no answer at all */
    const char *v4[2]; /* A records; with two, the answers alternate */
    const char *v6;
    unsigned many;     /* instead of v4: so many records, 127.1.0.0 and on */
    atomic_uint asked; /* A queries */
};

struct fake_dns {
    struct fake_dns_name *names;
    size_t count;
    int udp, tcp, stop[2];
    pthread_t thread;
};

/** Asserts. */
void fake_dns_start(struct fake_dns *dns, struct fake_dns_name *names, size_t count);
void fake_dns_stop(struct fake_dns *dns);

#endif
