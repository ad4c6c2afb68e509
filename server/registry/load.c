/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/load.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* 32 bits of ticks (16 ms; they come round after two years), 24 bits of requests in sixteenths, 8 bits of utilization.
 */
enum { TICK_MS = 16, REQUEST_PARTS = 16, REQUESTS_MAX = (1 << 24) - 1, UTILIZATION_MAX = 255, CAPACITY_FIRST = 16 };
enum { FORGOTTEN_MS = 12 * LOAD_HALF_LIFE_MS };

struct load_entry {
    int64_t incarnation; /* 0: free */
    struct load *load;
};

struct figure {
    uint32_t tick;
    double requests; /* in sixteenths */
    double utilization;
};

static uint32_t tick_of(int64_t now_ms)
{
    return (uint32_t)(uint64_t)(now_ms / TICK_MS);
}

static uint64_t pack(const struct figure *figure)
{
    double requests = fmin(figure->requests, REQUESTS_MAX);
    return (uint64_t)figure->tick << 32 | (uint64_t)requests << 8 | (uint64_t)(figure->utilization * UTILIZATION_MAX);
}

/* The figure as it has faded by now. Another thread's clock may be a little ahead: then it has not faded yet. */
static struct figure faded(uint64_t word, int64_t now_ms)
{
    uint32_t age = tick_of(now_ms) - (uint32_t)(word >> 32);
    double left = age > INT32_MAX ? 1 : exp2(-(double)age * TICK_MS / LOAD_HALF_LIFE_MS);
    return (struct figure){
        .tick = age > INT32_MAX ? (uint32_t)(word >> 32) : tick_of(now_ms),
        .requests = (double)(word >> 8 & REQUESTS_MAX) * left,
        .utilization = (double)(word & UTILIZATION_MAX) / UTILIZATION_MAX * left,
    };
}

void load_report(struct load *load, int64_t now_ms, int64_t requests, double utilization)
{
    struct figure figure = {tick_of(now_ms), (double)requests * REQUEST_PARTS, utilization};
    atomic_store_explicit(&load->word, pack(&figure), memory_order_relaxed);
}

void load_pick(struct load *load, int64_t now_ms)
{
    uint64_t word = atomic_load_explicit(&load->word, memory_order_relaxed);
    struct figure figure;
    do {
        figure = faded(word, now_ms);
        figure.requests += REQUEST_PARTS;
    } while (!atomic_compare_exchange_weak_explicit(&load->word, &word, pack(&figure), memory_order_relaxed,
                                                    memory_order_relaxed));
}

/* At least a twentieth of the capacity is taken to be left, so that the busiest still differ by their requests. */
double load_score(const struct load *load, int64_t now_ms, uint32_t weight)
{
    struct figure figure = faded(atomic_load_explicit(&load->word, memory_order_relaxed), now_ms);
    return (figure.requests + REQUEST_PARTS) / (weight * fmax(1 - figure.utilization, 0.05));
}

void load_unref(struct load *load)
{
    if (load && atomic_fetch_sub_explicit(&load->references, 1, memory_order_acq_rel) == 1)
        free(load);
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

void load_table_init(struct load_table *table)
{
    *table = (struct load_table){.capacity = 0};
    pthread_mutex_init(&table->lock, NULL);
}

void load_table_fini(struct load_table *table)
{
    for (size_t i = 0; i < table->capacity; i++)
        load_unref(table->entries[i].load);
    free(table->entries);
    pthread_mutex_destroy(&table->lock);
}

static struct load_entry *place(struct load_entry *entries, size_t capacity, int64_t incarnation)
{
    size_t at = (size_t)((uint64_t)incarnation * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (capacity - 1);
    while (entries[at].incarnation && entries[at].incarnation != incarnation)
        at = (at + 1) & (capacity - 1);
    return &entries[at];
}

static bool wanted(const struct load_entry *entry, int64_t now_ms)
{
    uint32_t told = (uint32_t)(atomic_load_explicit(&entry->load->word, memory_order_relaxed) >> 32);
    return atomic_load_explicit(&entry->load->references, memory_order_relaxed) > 1 ||
           tick_of(now_ms) - told < FORGOTTEN_MS / TICK_MS;
}

static bool make_room(struct load_table *table, int64_t now_ms)
{
    size_t kept = 0, capacity = CAPACITY_FIRST;
    for (size_t i = 0; i < table->capacity; i++)
        kept += table->entries[i].load && wanted(&table->entries[i], now_ms);
    while (capacity < 4 * kept)
        capacity *= 2;
    struct load_entry *entries = calloc(capacity, sizeof *entries);
    if (!entries)
        return false;
    table->count = 0;
    for (size_t i = 0; i < table->capacity; i++) {
        struct load_entry *old = &table->entries[i];
        if (old->load && wanted(old, now_ms) && table->count < kept) {
            *place(entries, capacity, old->incarnation) = *old;
            table->count++;
        } else {
            load_unref(old->load);
        }
    }
    free(table->entries);
    table->entries = entries;
    table->capacity = capacity;
    return true;
}

struct load *load_table_find(struct load_table *table, int64_t incarnation, int64_t now_ms)
{
    pthread_mutex_lock(&table->lock);
    struct load_entry *entry = table->capacity ? place(table->entries, table->capacity, incarnation) : NULL;
    struct load *load = entry ? entry->load : NULL;
    if (!load && (2 * (table->count + 1) <= table->capacity || make_room(table, now_ms)) &&
        (load = calloc(1, sizeof *load))) {
        atomic_init(&load->references, 1);
        atomic_init(&load->word, (uint64_t)tick_of(now_ms) << 32);
        *place(table->entries, table->capacity, incarnation) = (struct load_entry){incarnation, load};
        table->count++;
    }
    if (load)
        atomic_fetch_add_explicit(&load->references, 1, memory_order_relaxed);
    pthread_mutex_unlock(&table->lock);
    return load;
}

size_t load_table_count(struct load_table *table)
{
    pthread_mutex_lock(&table->lock);
    size_t count = table->count;
    pthread_mutex_unlock(&table->lock);
    return count;
}
