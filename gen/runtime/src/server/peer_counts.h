/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_SERVER_PEER_COUNTS_H
#define MRPC_SERVER_PEER_COUNTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define PEER_COUNTS_BUCKETS 1024

/** Connections by IP address, loopback and unix sockets left out. Thread: any. */
struct peer_counts {
    pthread_mutex_t lock;
    struct peer_count {
        struct peer_count *next;
        uint8_t address[16];
        uint32_t count;
    } *buckets[PEER_COUNTS_BUCKETS];
};

void mrpc_peer_counts_init(struct peer_counts *counts);
void mrpc_peer_counts_fini(struct peer_counts *counts);
/** Count one more connection, unless there are @limit already; false then. */
bool mrpc_peer_counts_add(struct peer_counts *counts, const struct sockaddr *address, uint32_t limit);
void mrpc_peer_counts_remove(struct peer_counts *counts, const struct sockaddr *address);

#endif
