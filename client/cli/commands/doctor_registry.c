/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <mltrainer/registry/v1/registry.mrpc.h>

#include "commands/doctor.h"

/* Services: which have unhealthy instances, which none that is well, and whose lists are held. */

enum { PAGES_MAX = 20, NAMED_MAX = 8 };

static bool is_held(struct doctor *doctor, const Mltrainer__Registry__V1__ServiceSummary *service)
{
    Mltrainer__Registry__V1__ListInstancesRequest request = MLTRAINER__REGISTRY__V1__LIST_INSTANCES_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(doctor->cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    bool held = false;
    request.namespace_ = service->namespace_;
    request.service = service->service;
    request.page_size = 1000;
    const Mltrainer__Registry__V1__ListInstancesResponse *response =
        mltrainer__registry__v1__registry_service__list_instances(doctor->cli->channel, &options, &request, &reply);
    for (size_t i = 0; response && !held && i < response->n_instances; i++)
        held = response->instances[i]->status && response->instances[i]->status->held;
    mrpc_reply_fini(&reply);
    return held;
}

/* The first few by name; how many there are is told in the end. */
static void judge(struct doctor *doctor, const Mltrainer__Registry__V1__ServiceSummary *service, size_t *bad)
{
    bool none = service->instance_count > 0 && service->unhealthy_count == service->instance_count;
    if (service->unhealthy_count == 0 || (*bad)++ >= NAMED_MAX)
        return;
    bool held = is_held(doctor, service);
    doctor_find(doctor, none ? DOCTOR_ERROR : DOCTOR_WARNING, "services",
                held ? "its list is held, as too much of it failed at once: see what these have in common"
                     : "mltctl registry ls SERVICE and registry history SERVICE/ID say why",
                "%s/%s: %d of %d instances are unhealthy%s", service->namespace_, service->service,
                (int)service->unhealthy_count, (int)service->instance_count, held ? ", its list is held" : "");
}

void doctor_ask_registry(struct doctor *doctor)
{
    Mltrainer__Registry__V1__ListServicesRequest request = MLTRAINER__REGISTRY__V1__LIST_SERVICES_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(doctor->cli);
    char token[512] = "";
    size_t bad = 0, all = 0;
    bool answered = true;
    request.page_size = 1000;
    request.page_token = token;
    for (int page = 0; answered && page < PAGES_MAX && (page == 0 || *token); page++) {
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        const Mltrainer__Registry__V1__ListServicesResponse *response =
            mltrainer__registry__v1__registry_service__list_services(doctor->cli->channel, &options, &request, &reply);
        answered = response != NULL;
        if (!response)
            doctor_find_failure(doctor, "services", &reply.status);
        for (size_t i = 0; response && i < response->n_services; i++, all++)
            judge(doctor, response->services[i], &bad);
        snprintf(token, sizeof token, "%s", response ? response->next_page_token : "");
        mrpc_reply_fini(&reply);
    }
    if (bad > NAMED_MAX)
        doctor_find(doctor, DOCTOR_WARNING, "services", "mltctl registry ls names them all",
                    "%zu more of %zu services have unhealthy instances", bad - NAMED_MAX, all);
    else if (answered && bad == 0)
        doctor_find(doctor, DOCTOR_OK, "services", "", "no instance of %zu services is unhealthy", all);
}
