/* SPDX-License-Identifier: Apache-2.0 */

#include "health/health_internal.h"

#define ENTRIES_MAX 100

static HealthListEntry *new_entry(struct mrpc_arena *arena, const struct health_entry *entry)
{
    HealthListEntry *item = mrpc_arena_alloc(arena, sizeof(*item));
    HealthResponse *value = mrpc_arena_alloc(arena, sizeof(*value));
    if (item == NULL || value == NULL)
        return NULL;
    mrpc__priv__grpc__health__v1__health_list_response__statuses_entry__init(item);
    mrpc__priv__grpc__health__v1__health_check_response__init(value);
    value->status = (Mrpc__Priv__Grpc__Health__V1__HealthCheckResponse__ServingStatus)entry->state;
    item->key = mrpc_arena_strdup(arena, entry->name);
    item->value = value;
    return item->key != NULL ? item : NULL;
}

static int fill(struct mrpc_health *health, struct mrpc_call *call, HealthListResponse *response)
{
    struct mrpc_arena *arena = mrpc_call_arena(call);
    if (health->entry_count > ENTRIES_MAX)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "more than %d services", ENTRIES_MAX);
    response->statuses = mrpc_arena_calloc(arena, health->entry_count, sizeof(*response->statuses));
    if (response->statuses == NULL)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    for (const struct health_entry *entry = health->entries; entry != NULL; entry = entry->next) {
        HealthListEntry *item = new_entry(arena, entry);
        if (item == NULL)
            return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
        response->statuses[response->n_statuses++] = item;
    }
    return 0;
}

int mrpc_health_list(void *self, struct mrpc_call *call, const HealthListRequest *request,
                     HealthListResponse *response)
{
    struct mrpc_health *health = self;
    pthread_mutex_lock(&health->lock);
    int code = fill(health, call, response);
    pthread_mutex_unlock(&health->lock);
    return code;
}
