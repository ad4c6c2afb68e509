/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/http_sd/route.h"
#include "registry/methods/methods.h"
#include "registry/xds/xds.h"

/* The method table: all of RegistryService. */

const struct mltrainer__registry__v1__registry_service__handlers registry_handlers = {
    .register_ = registry_register,
    .deregister = registry_deregister,
    .heartbeat = registry_heartbeat,
    .heartbeat_stream =
        {
            .open = registry_heartbeat_stream_open,
            .message = registry_heartbeat_stream_message,
            .half_close = registry_heartbeat_stream_half_close,
        },
    .discover = registry_discover,
    .list_services = registry_list_services,
    .list_instances = registry_list_instances,
    .get_instance = registry_get_instance,
    .watch = registry_watch,
    .update_instance = registry_update_instance,
    .set_operator_state = registry_set_operator_state,
    .list_transitions = registry_list_transitions,
    .report_load =
        {
            .open = registry_report_load_open,
            .message = registry_report_load_message,
            .half_close = registry_report_load_half_close,
        },
    .check_now = registry_check_now,
    .get_registry_info = registry_get_registry_info,
};

int registry_add_to_server(struct registry *registry, struct mrpc_server *server)
{
    int error = mltrainer__registry__v1__registry_service__add_to_server(server, &registry_handlers, registry);
    if (!error)
        error = registry_xds_add_to_server(registry_xds(registry), server);
    return error ? error : http_sd_add_to_server(registry_http_sd(registry), server);
}
