/* SPDX-License-Identifier: Apache-2.0 */
#include <etcd.mrpc.h>
#include <mrpc/codec.h>
#include <string.h>

#include "load.h"

/* The same registration as a user of etcd makes it: a lease, then a key under it that holds the instance. */

static const struct load_settings *registering;

static void on_put(void *arg, const Etcdserverpb__PutResponse *response, const struct mrpc_reply *reply)
{
    load_done(arg, &reply->status);
}

static void put(struct load_slot *slot, int64_t lease)
{
    struct load_instance instance;
    Etcdserverpb__PutRequest request;
    uint8_t value[4096];
    load_instance_init(&instance, registering, slot->number);
    etcdserverpb__put_request__init(&request);
    size_t bytes;
    const struct mrpc_message_info *info = &mltrainer__registry__v1__instance__info;
    if (mrpc_encoded_size(info, &instance.instance.base, &bytes, NULL) || bytes > sizeof value)
        load_die("the instance cannot be encoded");
    mrpc_encode(info, &instance.instance.base, value);
    request.key.data = (uint8_t *)instance.id;
    request.key.len = strlen(instance.id);
    request.value.data = value;
    request.value.len = bytes;
    request.lease = lease;
    etcdserverpb__kv__put__async(slot->channel, NULL, &request, on_put, slot);
}

static void on_lease(void *arg, const Etcdserverpb__LeaseGrantResponse *response, const struct mrpc_reply *reply)
{
    if (!response)
        load_done(arg, &reply->status);
    else
        put(arg, response->id);
}

static void begin_register(struct load_slot *slot)
{
    Etcdserverpb__LeaseGrantRequest request;
    etcdserverpb__lease_grant_request__init(&request);
    request.ttl = registering->ttl_ms / 1000;
    etcdserverpb__lease__lease_grant__async(slot->channel, NULL, &request, on_lease, slot);
}

int load_etcd(const struct load_settings *settings)
{
    registering = settings;
    return load_closed_loop(settings, begin_register);
}
