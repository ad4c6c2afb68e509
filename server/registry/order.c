/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/order.h"

#include <stdlib.h>
#include <string.h>

#include "registry/instance.h"

void order_fini(struct catalog_order *order)
{
    free(order->instances);
    *order = (struct catalog_order){0};
}

bool order_reserve(struct catalog_order *order, size_t count)
{
    if (count <= order->capacity)
        return true;
    size_t capacity = order->capacity * 3 / 2 < count ? count : order->capacity * 3 / 2;
    struct registry_instance **grown = realloc(order->instances, capacity * sizeof *grown);
    if (!grown)
        return false;
    order->instances = grown;
    order->capacity = capacity;
    return true;
}

/* Where that incarnation is, or belongs. The youngest is at the end, and most that come are the youngest. */
static size_t place_of(const struct catalog_order *order, int64_t incarnation)
{
    size_t low = 0, high = order->count;
    if (high && order->instances[high - 1]->message->incarnation < incarnation)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (order->instances[middle]->message->incarnation < incarnation)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void order_replace(struct catalog_order *order, const struct registry_instance *before,
                   struct registry_instance *after)
{
    if (before) {
        size_t at = place_of(order, before->message->incarnation);
        if (after && after->message->incarnation == before->message->incarnation) {
            order->instances[at] = after;
            return;
        }
        order->count--;
        memmove(&order->instances[at], &order->instances[at + 1], (order->count - at) * sizeof after);
    }
    if (after) {
        size_t at = place_of(order, after->message->incarnation);
        memmove(&order->instances[at + 1], &order->instances[at], (order->count - at) * sizeof after);
        order->instances[at] = after;
        order->count++;
    }
}

void order_append(struct catalog_order *order, struct registry_instance *instance)
{
    order->instances[order->count++] = instance;
    order->unsorted = true;
}

static int compare(const void *a, const void *b)
{
    int64_t x = (*(struct registry_instance *const *)a)->message->incarnation;
    int64_t y = (*(struct registry_instance *const *)b)->message->incarnation;
    return (x > y) - (x < y);
}

void order_sort(struct catalog_order *order)
{
    if (order->unsorted)
        qsort(order->instances, order->count, sizeof *order->instances, compare);
    order->unsorted = false;
}
