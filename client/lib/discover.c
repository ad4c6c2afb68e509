/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <mltrainer/registry/v1/registry.mrpc.h>

#include "client.h"

int mlt_discover(struct mlt_client *client, const char *namespace_name, const char *service, struct mlt_endpoint *out,
                 struct mlt_error *error)
{
    Mltrainer__Registry__V1__DiscoverRequest request = MLTRAINER__REGISTRY__V1__DISCOVER_REQUEST__INIT;
    struct mrpc_call_options options = client_call_options(client);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.namespace_ = (char *)(namespace_name ? namespace_name : "");
    request.service = (char *)service;
    request.policy = MLTRAINER__REGISTRY__V1__PICK_POLICY__PICK_POLICY_ROUND_ROBIN;
    request.limit = 1;
    const Mltrainer__Registry__V1__DiscoverResponse *response =
        mltrainer__registry__v1__registry_service__discover(client->channel, &options, &request, &reply);
    int code = response ? 0 : client_fail(error, &reply.status);
    const Mltrainer__Registry__V1__Instance *instance =
        response && response->n_instances ? response->instances[0] : NULL;
    if (response && (!instance || instance->n_endpoints == 0)) {
        code = client_fail_text(error, MRPC_UNAVAILABLE, "%s has no instance with an address", service);
    } else if (instance) {
        snprintf(out->address, sizeof out->address, "%s", instance->endpoints[0]->address);
        snprintf(out->id, sizeof out->id, "%s", instance->key ? instance->key->id : "");
        out->port = (uint16_t)instance->endpoints[0]->port;
    }
    mrpc_reply_fini(&reply);
    return code;
}
