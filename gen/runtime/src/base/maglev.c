/* SPDX-License-Identifier: Apache-2.0 */
#include <mrpc/maglev.h>

#include <stdlib.h>
#include <string.h>

enum { FREE = UINT32_MAX };

/* FNV-1a, finished as MurmurHash3 does: FNV alone mixes the high bits badly. */
uint64_t mrpc_maglev_hash(const void *bytes, size_t size, uint64_t seed)
{
    const unsigned char *at = bytes;
    uint64_t value = seed ^ UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        value = (value ^ at[i]) * UINT64_C(0x100000001b3);
    value ^= value >> 33;
    value *= UINT64_C(0xff51afd7ed558ccd);
    value ^= value >> 33;
    value *= UINT64_C(0xc4ceb9fe1a85ec53);
    return value ^ (value >> 33);
}

uint32_t mrpc_maglev_slot(const struct mrpc_maglev *table, const void *key, size_t key_bytes)
{
    return (uint32_t)(mrpc_maglev_hash(key, key_bytes, 0) % table->size);
}

static uint32_t size_for(size_t count)
{
    return count <= MRPC_MAGLEV_SLOTS / MRPC_MAGLEV_SLOTS_AN_INSTANCE ? MRPC_MAGLEV_SLOTS : MRPC_MAGLEV_SLOTS_MAX;
}

/* One member's claims: slots at, at + skip, at + 2 skip … modulo the size. As the size is a prime, every slot comes. */
struct claimant {
    uint32_t index; /* in the caller's list */
    uint32_t at;
    uint32_t skip;
    uint32_t weight;
    uint64_t due; /* takes its turn when turns * weight have reached it */
    const char *name;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct claimant *)a)->name, ((const struct claimant *)b)->name);
}

static struct claimant *line_up(const struct mrpc_maglev_member *members, size_t count, uint32_t size,
                                uint64_t *heaviest)
{
    struct claimant *claimants = malloc(count * sizeof *claimants);
    *heaviest = 0;
    for (size_t i = 0; claimants && i < count; i++) {
        size_t name_bytes = strlen(members[i].name);
        claimants[i] = (struct claimant){
            .index = (uint32_t)i,
            .at = (uint32_t)(mrpc_maglev_hash(members[i].name, name_bytes, 1) % size),
            .skip = (uint32_t)(mrpc_maglev_hash(members[i].name, name_bytes, 2) % (size - 1)) + 1,
            .weight = members[i].weight,
            .name = members[i].name,
        };
        if (members[i].weight > *heaviest)
            *heaviest = members[i].weight;
    }
    if (claimants)
        qsort(claimants, count, sizeof *claimants, compare_names);
    return claimants;
}

static uint32_t claim(struct claimant *claimant, const struct mrpc_maglev *table)
{
    uint32_t slot;
    do {
        slot = claimant->at;
        claimant->at += claimant->skip;
        if (claimant->at >= table->size)
            claimant->at -= table->size;
    } while (table->slots[slot] != FREE);
    return slot;
}

static void fill(struct mrpc_maglev *table, struct claimant *claimants, size_t count, uint64_t heaviest)
{
    uint32_t filled = 0;
    for (uint64_t turn = 1;; turn++)
        for (size_t i = 0; i < count; i++) {
            struct claimant *claimant = &claimants[i];
            if (turn * claimant->weight < claimant->due)
                continue;
            claimant->due += heaviest;
            table->slots[claim(claimant, table)] = claimant->index;
            if (++filled == table->size)
                return;
        }
}

struct mrpc_maglev *mrpc_maglev_new(const struct mrpc_maglev_member *members, size_t count)
{
    uint64_t heaviest;
    uint32_t size = size_for(count);
    struct claimant *claimants = line_up(members, count, size, &heaviest);
    struct mrpc_maglev *table = malloc(sizeof *table + size * sizeof table->slots[0]);
    if (claimants && table) {
        table->size = size;
        table->slots = (uint32_t *)(table + 1);
        memset(table->slots, 0xff, size * sizeof table->slots[0]);
        fill(table, claimants, count, heaviest);
    } else {
        free(table);
        table = NULL;
    }
    free(claimants);
    return table;
}
