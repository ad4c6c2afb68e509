/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"

/* Registrations, each of an instance that was not there, and picks. */

static void on_registered(void *arg, const PB(RegisterResponse) * response, const struct mrpc_reply *reply)
{
    load_done(arg, &reply->status);
}

static const struct load_settings *registering;

static void begin_register(struct load_slot *slot)
{
    struct load_instance instance;
    load_instance_init(&instance, registering, slot->number);
    RPC(register__async)(slot->channel, NULL, &instance.request, on_registered, slot);
}

int load_register(const struct load_settings *settings)
{
    registering = settings;
    return load_closed_loop(settings, begin_register);
}

static PB(DiscoverRequest) request;

static void on_discovered(void *arg, const PB(DiscoverResponse) * response, const struct mrpc_reply *reply)
{
    load_done(arg, &reply->status);
}

static void begin_discover(struct load_slot *slot)
{
    RPC(discover__async)(slot->channel, NULL, &request, on_discovered, slot);
}

int load_discover(const struct load_settings *settings)
{
    mltrainer__registry__v1__discover_request__init(&request);
    request.service = (char *)(uintptr_t)settings->service;
    return load_closed_loop(settings, begin_discover);
}
