/* SPDX-License-Identifier: Apache-2.0 */

/* grpc.health.v1: what states there are, and their setting. Source: gRPC health-checking document. */

#include <stdlib.h>
#include <string.h>

#include <mrpc/server.h>

#include "health/health_internal.h"
#include "server/server.h"

static struct health_entry *find(struct mrpc_health *health, const char *service)
{
    struct health_entry *entry = health->entries;
    while (entry != NULL && strcmp(entry->name, service) != 0)
        entry = entry->next;
    return entry;
}

static struct health_entry *add(struct mrpc_health *health, const char *service)
{
    size_t size = strlen(service) + 1;
    struct health_entry *entry = malloc(sizeof(*entry) + size);
    if (entry == NULL)
        return NULL;
    memcpy(entry->name, service, size);
    entry->state = MRPC_SERVING_UNKNOWN;
    entry->next = health->entries;
    health->entries = entry;
    health->entry_count++;
    return entry;
}

int mrpc_health_state(struct mrpc_health *health, const char *service)
{
    pthread_mutex_lock(&health->lock);
    const struct health_entry *entry = find(health, service);
    int state = entry != NULL ? entry->state : -1;
    pthread_mutex_unlock(&health->lock);
    return state;
}

int mrpc_server_enable_health(struct mrpc_server *server)
{
    static const struct mrpc__priv__grpc__health__v1__health__handlers handlers = {
        .check = mrpc_health_check,
        .list = mrpc_health_list,
        .watch = mrpc_health_watch,
    };
    if (server->health != NULL || server->frozen)
        return MRPC_ERR_INVALID;
    struct mrpc_health *health = calloc(1, sizeof(*health));
    if (health == NULL)
        return MRPC_ERR_NOMEM;
    pthread_mutex_init(&health->lock, NULL);
    struct health_entry *whole = add(health, "");
    int error = whole == NULL ? MRPC_ERR_NOMEM
                              : mrpc__priv__grpc__health__v1__health__add_to_server(server, &handlers, health);
    if (error != 0) {
        mrpc_health_free(health);
        return error;
    }
    whole->state = MRPC_SERVING;
    server->health = health;
    return 0;
}

int mrpc_server_set_health(struct mrpc_server *server, const char *service, enum mrpc_serving state)
{
    struct mrpc_health *health = server->health;
    if (health == NULL)
        return MRPC_ERR_INVALID;
    int error = 0;
    pthread_mutex_lock(&health->lock);
    struct health_entry *entry = find(health, service);
    if (entry == NULL)
        entry = add(health, service);
    if (entry == NULL) {
        error = MRPC_ERR_NOMEM;
    } else if (entry->state != (int)state || entry->state == MRPC_SERVING_UNKNOWN) {
        entry->state = health->shut_down ? MRPC_NOT_SERVING : (int)state;
        error = mrpc_health_notify(health, service);
    }
    pthread_mutex_unlock(&health->lock);
    return error;
}

enum mrpc_serving mrpc_server_health(const struct mrpc_server *server, const char *service)
{
    int state = server->health != NULL ? mrpc_health_state(server->health, service) : -1;
    return state >= 0 ? (enum mrpc_serving)state : MRPC_SERVING_UNKNOWN;
}

void mrpc_health_shut_down(struct mrpc_health *health)
{
    if (health == NULL)
        return;
    pthread_mutex_lock(&health->lock);
    health->shut_down = true;
    for (struct health_entry *entry = health->entries; entry != NULL; entry = entry->next)
        entry->state = MRPC_NOT_SERVING;
    (void)!mrpc_health_notify(health, NULL);
    pthread_mutex_unlock(&health->lock);
}

void mrpc_health_free(struct mrpc_health *health)
{
    if (health == NULL)
        return;
    while (health->entries != NULL) {
        struct health_entry *entry = health->entries;
        health->entries = entry->next;
        free(entry);
    }
    pthread_mutex_destroy(&health->lock);
    free(health);
}
