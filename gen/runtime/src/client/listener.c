/* SPDX-License-Identifier: Apache-2.0 */
#include "client/listener.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVICE_CONFIG_MAX_BYTES (256 * 1024)

struct mrpc_resolver_listener {
    struct mrpc_task task; /* first: found from it */
    atomic_uint refs;
    const struct mrpc_listener_events *events;
    void *arg;

    pthread_mutex_t lock;
    struct mrpc_loop *loop; /* NULL: stopped; never posted to again */
    bool posted;
    bool failed;
    struct mrpc_address_list addresses; /* of the newest result; empty: none waits */
    char *service_config;
    char why[256];
};

static void unref(struct mrpc_resolver_listener *listener)
{
    if (atomic_fetch_sub_explicit(&listener->refs, 1, memory_order_acq_rel) != 1)
        return;
    mrpc_address_list_fini(&listener->addresses);
    free(listener->service_config);
    pthread_mutex_destroy(&listener->lock);
    free(listener);
}

static void deliver(struct mrpc_task *task)
{
    struct mrpc_resolver_listener *listener = (struct mrpc_resolver_listener *)task;
    char why[sizeof listener->why];
    pthread_mutex_lock(&listener->lock);
    bool stopped = !listener->loop, failed = listener->failed;
    struct mrpc_address_list addresses = listener->addresses;
    char *service_config = listener->service_config;
    memcpy(why, listener->why, sizeof why);
    listener->addresses = (struct mrpc_address_list){0};
    listener->service_config = NULL;
    listener->posted = listener->failed = false;
    pthread_mutex_unlock(&listener->lock);
    if (stopped || addresses.count == 0) {
        mrpc_address_list_fini(&addresses);
        free(service_config);
    } else {
        listener->events->resolved(listener->arg, &addresses, service_config);
    }
    if (!stopped && failed)
        listener->events->failed(listener->arg, why);
    unref(listener);
}

/* Lock: held. */
static void post(struct mrpc_resolver_listener *listener)
{
    if (listener->posted || !listener->loop)
        return;
    listener->posted = true;
    atomic_fetch_add_explicit(&listener->refs, 1, memory_order_relaxed);
    mrpc_loop_post(listener->loop, &listener->task);
}

int mrpc_listener_new(struct mrpc_loop *loop, const struct mrpc_listener_events *events, void *arg,
                      struct mrpc_resolver_listener **out)
{
    struct mrpc_resolver_listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        return MRPC_ERR_NOMEM;
    listener->task.run = deliver;
    atomic_init(&listener->refs, 2);
    listener->events = events;
    listener->arg = arg;
    listener->loop = loop;
    pthread_mutex_init(&listener->lock, NULL);
    *out = listener;
    return 0;
}

void mrpc_listener_stop(struct mrpc_resolver_listener *listener)
{
    if (!listener)
        return;
    pthread_mutex_lock(&listener->lock);
    listener->loop = NULL;
    pthread_mutex_unlock(&listener->lock);
    unref(listener);
}

void mrpc_listener_take(struct mrpc_resolver_listener *listener, struct mrpc_address_list *addresses,
                        char *service_config)
{
    pthread_mutex_lock(&listener->lock);
    struct mrpc_address_list before = listener->addresses;
    char *config_before = listener->service_config;
    listener->addresses = *addresses;
    listener->service_config = service_config;
    listener->failed = false;
    post(listener);
    pthread_mutex_unlock(&listener->lock);
    mrpc_address_list_fini(&before);
    free(config_before);
    *addresses = (struct mrpc_address_list){0};
}

void mrpc_resolver_listener_release(struct mrpc_resolver_listener *listener)
{
    unref(listener);
}

void mrpc_resolver_fail(struct mrpc_resolver_listener *listener, const char *why)
{
    pthread_mutex_lock(&listener->lock);
    snprintf(listener->why, sizeof listener->why, "%s", why ? why : "");
    listener->failed = true;
    post(listener);
    pthread_mutex_unlock(&listener->lock);
}

/* Results from the program. */

static int add(struct mrpc_address_list *list, const struct mrpc_resolver_address *given)
{
    struct mrpc_address address;
    if (!given->address)
        return MRPC_ERR_INVALID;
    int error = mrpc_address_parse(given->address, &address);
    if (error)
        return error;
    address.weight = given->weight ? given->weight : 1;
    if (given->server_name && strlen(given->server_name) >= sizeof address.server_name)
        return MRPC_ERR_INVALID;
    if (given->server_name)
        strcpy(address.server_name, given->server_name);
    error = mrpc_address_list_append(list, &address);
    return error == MRPC_ERR_LIMIT ? 0 : error;
}

/* A program that was compiled against an older header gives shorter structs. */
static int add_all(struct mrpc_address_list *list, const struct mrpc_resolver_result *result)
{
    size_t stride = result->address_bytes;
    if (stride < sizeof(const char *) || (result->address_count > 0 && !result->addresses))
        return MRPC_ERR_INVALID;
    for (size_t i = 0; i < result->address_count && list->count < MRPC_ADDRESSES_MAX; i++) {
        struct mrpc_resolver_address given = {0};
        const char *at = (const char *)result->addresses + i * stride;
        memcpy(&given, at, stride < sizeof given ? stride : sizeof given);
        int error = add(list, &given);
        if (error)
            return error;
    }
    return 0;
}

static int copy_config(const struct mrpc_resolver_result *result, char **out)
{
    *out = NULL;
    if (result->struct_bytes < sizeof *result || !result->service_config)
        return 0;
    if (strlen(result->service_config) > SERVICE_CONFIG_MAX_BYTES)
        return MRPC_ERR_INVALID;
    *out = strdup(result->service_config);
    return *out ? 0 : MRPC_ERR_NOMEM;
}

int mrpc_resolver_push(struct mrpc_resolver_listener *listener, const struct mrpc_resolver_result *result)
{
    struct mrpc_address_list list = {0};
    char *service_config;
    int error = add_all(&list, result);
    if (!error)
        error = copy_config(result, &service_config);
    if (error) {
        mrpc_address_list_fini(&list);
        return error;
    }
    if (list.count == 0) {
        free(service_config);
        mrpc_resolver_fail(listener, "the resolver found no address");
        return 0;
    }
    mrpc_listener_take(listener, &list, service_config);
    return 0;
}
