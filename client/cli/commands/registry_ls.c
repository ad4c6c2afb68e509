/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/commands.h"
#include "commands/registry.h"
#include "commands/registry_filter.h"
#include "pages.h"

static void add_service(struct columns *columns, const ProtobufCMessage *row)
{
    const Mltrainer__Registry__V1__ServiceSummary *service = (const Mltrainer__Registry__V1__ServiceSummary *)row;
    columns_add(columns, "%s", service->namespace_);
    columns_add(columns, "%s", service->service);
    columns_add(columns, "%d", service->instance_count);
    columns_add(columns, "%d", service->healthy_count);
    columns_add(columns, "%d", service->unhealthy_count);
    columns_add(columns, "%d", service->unknown_count);
}

static void add_instance(struct columns *columns, const ProtobufCMessage *row)
{
    registry_add_row(columns, (const Mltrainer__Registry__V1__Instance *)row);
}

static int list_services(struct cli *cli, char *namespace)
{
    static const char *const titles[] = {"NAMESPACE",  "SERVICE",  ">INSTANCES", ">HEALTHY",
                                         ">UNHEALTHY", ">UNKNOWN", NULL};
    Mltrainer__Registry__V1__ListServicesRequest request = MLTRAINER__REGISTRY__V1__LIST_SERVICES_REQUEST__INIT;
    request.namespace_ = namespace;
    return pages_print(cli, &mltrainer__registry__v1__registry_service__service, "ListServices", &request.base, titles,
                       add_service);
}

static int list_instances(struct cli *cli, char *namespace, char *service,
                          Mltrainer__Registry__V1__InstanceFilter *filter)
{
    Mltrainer__Registry__V1__ListInstancesRequest request = MLTRAINER__REGISTRY__V1__LIST_INSTANCES_REQUEST__INIT;
    request.namespace_ = namespace;
    request.service = service;
    request.filter = filter;
    return pages_print(cli, &mltrainer__registry__v1__registry_service__service, "ListInstances", &request.base,
                       registry_titles, add_instance);
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    char *namespace = (char *)cli_option(arguments, "namespace", ""), *service, storage[512];
    static struct registry_filter filter;
    Mltrainer__Registry__V1__InstanceFilter *wanted = registry_filter_read(arguments, &filter);
    if (arguments->operand_count == 0 && !wanted)
        return list_services(cli, namespace);
    if (arguments->operand_count == 0)
        return list_instances(cli, namespace, "", wanted);
    registry_parse_service(arguments->operands[0], &namespace, &service, storage);
    return list_instances(cli, namespace, service, wanted);
}

static const struct cli_option options[] = {
    {"namespace", "NAME", "of this namespace only"},
    REGISTRY_FILTER_OPTIONS,
    {0},
};

const struct cli_command registry_ls_command = {
    .noun = "registry",
    .verb = "ls",
    .operands = "[SERVICE]",
    .operands_most = 1,
    .options = options,
    .summary = "List services, or instances: of one, or that pass",
    .examples = "  mltctl registry ls\n  mltctl registry ls prices\n  mltctl registry ls --health unhealthy\n"
                "  mltctl -o json registry ls production/prices\n",
    .run = run,
};
