/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "commands/commands.h"
#include "commands/registry.h"

static int list_services(struct cli *cli, char *namespace)
{
    static const char *const titles[] = {"NAMESPACE", "SERVICE", ">INSTANCES", ">HEALTHY", ">UNHEALTHY", ">UNKNOWN", NULL};
    Mltrainer__Registry__V1__ListServicesRequest request = MLTRAINER__REGISTRY__V1__LIST_SERVICES_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct columns *columns = cli->json ? NULL : columns_new(titles);
    char token[512] = "";
    request.namespace_ = namespace;
    request.page_size = 1000;
    for (;;) {
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        request.page_token = token;
        const Mltrainer__Registry__V1__ListServicesResponse *response =
            mltrainer__registry__v1__registry_service__list_services(cli->channel, &options, &request, &reply);
        int code = cli_status(cli, &reply.status);
        for (size_t i = 0; response && columns && i < response->n_services; i++) {
            const Mltrainer__Registry__V1__ServiceSummary *service = response->services[i];
            columns_add(columns, "%s", service->namespace_);
            columns_add(columns, "%s", service->service);
            columns_add(columns, "%d", service->instance_count);
            columns_add(columns, "%d", service->healthy_count);
            columns_add(columns, "%d", service->unhealthy_count);
            columns_add(columns, "%d", service->unknown_count);
        }
        if (response && cli->json)
            code = cli_print_json(&mltrainer__registry__v1__list_services_response__info, &response->base);
        bool more = response && *response->next_page_token;
        if (more)
            snprintf(token, sizeof token, "%s", response->next_page_token);
        mrpc_reply_fini(&reply);
        if (code || !more) {
            if (columns && code)
                columns_free(columns);
            else if (columns)
                columns_print(columns);
            return code;
        }
    }
}

static int list_instances(struct cli *cli, char *namespace, char *service)
{
    Mltrainer__Registry__V1__ListInstancesRequest request = MLTRAINER__REGISTRY__V1__LIST_INSTANCES_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct columns *columns = cli->json ? NULL : registry_columns();
    char token[512] = "";
    request.namespace_ = namespace;
    request.service = service;
    request.page_size = 1000;
    for (;;) {
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        request.page_token = token;
        const Mltrainer__Registry__V1__ListInstancesResponse *response =
            mltrainer__registry__v1__registry_service__list_instances(cli->channel, &options, &request, &reply);
        int code = cli_status(cli, &reply.status);
        for (size_t i = 0; response && columns && i < response->n_instances; i++)
            registry_add_row(columns, response->instances[i]);
        if (response && cli->json)
            code = cli_print_json(&mltrainer__registry__v1__list_instances_response__info, &response->base);
        bool more = response && *response->next_page_token;
        if (more)
            snprintf(token, sizeof token, "%s", response->next_page_token);
        mrpc_reply_fini(&reply);
        if (code || !more) {
            if (columns && code)
                columns_free(columns);
            else if (columns)
                columns_print(columns);
            return code;
        }
    }
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    char *namespace = (char *)cli_option(arguments, "namespace", ""), *service, storage[512];
    if (arguments->operand_count == 0)
        return list_services(cli, namespace);
    registry_parse_service(arguments->operands[0], &namespace, &service, storage);
    return list_instances(cli, namespace, service);
}

static const struct cli_option options[] = {{"namespace", "NAME", "services of this namespace only"}, {0}};

const struct cli_command registry_ls_command = {
    .noun = "registry",
    .verb = "ls",
    .operands = "[SERVICE]",
    .operands_most = 1,
    .options = options,
    .summary = "List services, or the instances of one",
    .examples = "  mltctl registry ls\n  mltctl registry ls prices\n  mltctl -o json registry ls production/prices\n",
    .run = run,
};
