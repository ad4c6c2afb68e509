/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"

/* Instances that come and go, every one new: calls come in pairs, of which one registers and the other deregisters what
 * was registered `alive` pairs before. Until the time is over. */

static const struct load_settings *churning;

static void on_deregistered(void *arg, const PB(DeregisterResponse) * response, const struct mrpc_reply *reply)
{
    load_done(arg, &reply->status);
}

static void on_registered(void *arg, const PB(RegisterResponse) * response, const struct mrpc_reply *reply)
{
    load_done(arg, &reply->status);
}

static void begin_churn(struct load_slot *slot)
{
    struct load_instance instance;
    uint64_t pair = slot->number / 2;
    bool going = slot->number % 2 && pair >= churning->alive;
    load_instance_init(&instance, churning, going ? pair - churning->alive : pair);
    if (!going) {
        RPC(register__async)(slot->channel, NULL, &instance.request, on_registered, slot);
        return;
    }
    PB(DeregisterRequest) request;
    mltrainer__registry__v1__deregister_request__init(&request);
    request.key = &instance.key;
    RPC(deregister__async)(slot->channel, NULL, &request, on_deregistered, slot);
}

int load_churn(const struct load_settings *settings)
{
    churning = settings;
    return load_closed_loop(settings, begin_churn);
}
