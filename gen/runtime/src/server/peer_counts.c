/* SPDX-License-Identifier: Apache-2.0 */

#include "server/peer_counts.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

void mrpc_peer_counts_init(struct peer_counts *counts)
{
    memset(counts, 0, sizeof(*counts));
    pthread_mutex_init(&counts->lock, NULL);
}

void mrpc_peer_counts_fini(struct peer_counts *counts)
{
    for (size_t i = 0; i < PEER_COUNTS_BUCKETS; i++)
        while (counts->buckets[i] != NULL) {
            struct peer_count *entry = counts->buckets[i];
            counts->buckets[i] = entry->next;
            free(entry);
        }
    pthread_mutex_destroy(&counts->lock);
}

/* The address as IPv6, an IPv4 one mapped, so that both spellings count together. False: not to be counted. */
static bool key_of(const struct sockaddr *address, uint8_t key[16])
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;
        memset(key, 0, 10);
        key[10] = key[11] = 0xff;
        memcpy(key + 12, &in->sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        memcpy(key, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
    } else {
        return false;
    }
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const uint8_t loopback[16] = {[15] = 1};
    bool is_loopback = memcmp(key, loopback, 16) == 0 || (memcmp(key, mapped, 12) == 0 && key[12] == 127);
    return !is_loopback;
}

static struct peer_count **find(struct peer_counts *counts, const uint8_t key[16])
{
    uint32_t hash = 2166136261u;
    for (int i = 0; i < 16; i++)
        hash = (hash ^ key[i]) * 16777619u;
    struct peer_count **at = &counts->buckets[hash % PEER_COUNTS_BUCKETS];
    while (*at != NULL && memcmp((*at)->address, key, 16) != 0)
        at = &(*at)->next;
    return at;
}

bool mrpc_peer_counts_add(struct peer_counts *counts, const struct sockaddr *address, uint32_t limit)
{
    uint8_t key[16];
    if (!key_of(address, key))
        return true;
    pthread_mutex_lock(&counts->lock);
    struct peer_count **at = find(counts, key);
    if (*at == NULL) {
        *at = calloc(1, sizeof(**at));
        if (*at != NULL)
            memcpy((*at)->address, key, 16);
    }
    bool allowed = *at != NULL && (*at)->count < limit;
    if (allowed)
        (*at)->count++;
    pthread_mutex_unlock(&counts->lock);
    return allowed;
}

void mrpc_peer_counts_remove(struct peer_counts *counts, const struct sockaddr *address)
{
    uint8_t key[16];
    if (!key_of(address, key))
        return;
    pthread_mutex_lock(&counts->lock);
    struct peer_count **at = find(counts, key);
    struct peer_count *entry = *at;
    if (entry != NULL && --entry->count == 0) {
        *at = entry->next;
        free(entry);
    }
    pthread_mutex_unlock(&counts->lock);
}
