/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/checks/prober.h"
#include "registry/methods/methods.h"
#include "registry/watch.h"

static void run(struct registry_command *command)
{
    PB(GetRegistryInfoResponse) *response = (PB(GetRegistryInfoResponse) *)command->response;
    const struct catalog *catalog = registry_catalog(command->registry);
    struct prober_stats checks;
    prober_stats(registry_prober(command->registry), &checks);
    const struct registry_view *view = registry_snapshot(command->registry);
    response->epoch = registry_epoch(command->registry);
    response->revision = catalog->committed_revision;
    response->oldest_revision = registry_watches_oldest(registry_watches(command->registry));
    response->instance_count = (int64_t)view->instance_count;
    response->service_count = (int64_t)view->service_count;
    response->watcher_count = (int64_t)registry_watches_count(registry_watches(command->registry));
    response->check_count = (int64_t)checks.configured;
    response->instance_quota = (int64_t)catalog->limits.instances_an_owner;
    registry_snapshot_release(view);
    registry_command_finish(command, MRPC_OK);
}

int registry_get_registry_info(void *self, struct mrpc_call *call, const PB(GetRegistryInfoRequest) * request,
                               PB(GetRegistryInfoResponse) * response)
{
    return registry_command_post(self, call, &request->base, &response->base, NULL, run);
}
