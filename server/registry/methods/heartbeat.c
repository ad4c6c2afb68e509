/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/checks/prober.h"
#include "registry/identifier.h"
#include "registry/methods/methods.h"

#include <stdio.h>
#include <string.h>

/* Heartbeats renew in memory only: nothing of them is written. */

enum { REPORTS_MAX = 8 };

int registry_check_heartbeat(const PB(HeartbeatRequest) * request, struct fault *fault)
{
    char field[40];
    if (registry_key_check(request->key, "key", fault))
        return fault->code;
    if (request->incarnation < 0)
        return fault_field(fault, "incarnation", "is negative");
    if (request->n_reports > REPORTS_MAX)
        return fault_field(fault, "reports", "%zu given, at most %d are allowed", request->n_reports, REPORTS_MAX);
    for (size_t i = 0; i < request->n_reports; i++) {
        snprintf(field, sizeof field, "reports[%zu].text", i);
        if (strlen(request->reports[i]->text) > 256)
            return fault_field(fault, field, "has more than 256 bytes");
    }
    return MRPC_OK;
}

int registry_take_heartbeat(struct registry *registry, const PB(HeartbeatRequest) * request,
                            const struct caller *caller, struct catalog_slot **slot, struct fault *fault)
{
    int code = catalog_heartbeat(registry_catalog(registry), request->key, request->incarnation, caller, slot, fault);
    if (code)
        return code;
    registry_renew(registry, *slot);
    int64_t now_ms = domain_loop_now_ms(registry_loop(registry));
    for (size_t i = 0; i < request->n_reports; i++) {
        const PB(CheckReport) *report = request->reports[i];
        if (!prober_report(registry_prober(registry), *slot, report->name, report->passing, report->text, now_ms))
            return fault_field(fault, "reports", "\"%.64s\" is not a ttl check of the instance", report->name);
    }
    return MRPC_OK;
}

static void answer(struct registry_command *command, int code, const char *text)
{
    PB(HeartbeatResponse) *response = (PB(HeartbeatResponse) *)command->response;
    struct fault fault = FAULT_INIT;
    if (code) {
        fault_retry(&fault, (enum mrpc_code)code, 1000, "not renewed: %s", text);
        registry_command_fail(command, &fault);
        return;
    }
    int64_t ttl_ms = registry_instance_lease_ms(command->decided);
    response->epoch = registry_epoch(command->registry);
    if (ttl_ms > 0)
        response->lease_ttl = registry_duration(mrpc_call_arena(command->call), ttl_ms);
    registry_command_finish(command, MRPC_OK);
}

static void run(struct registry_command *command)
{
    const PB(HeartbeatRequest) *request = (const PB(HeartbeatRequest) *)command->request;
    struct fault fault = FAULT_INIT;
    command->committed = answer;
    int code = registry_take_heartbeat(command->registry, request, &command->caller, &command->slot, &fault);
    if (!code)
        registry_command_decide(command, command->slot->latest);
    registry_command_await(command, request->key, code ? &fault : NULL);
}

int registry_heartbeat(void *self, struct mrpc_call *call, const PB(HeartbeatRequest) * request,
                       PB(HeartbeatResponse) * response)
{
    struct fault fault = FAULT_INIT;
    if (registry_check_heartbeat(request, &fault))
        return fault_answer(call, &fault);
    return registry_command_post(self, call, &request->base, &response->base, NULL, run);
}
