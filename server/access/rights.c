/* SPDX-License-Identifier: Apache-2.0 */
#include "access/rights.h"

#include <string.h>

/* Every method that this server may have, its right, and whether it changes something, in the order of bytes. One that
 * is missing here is nobody's, and tests/unit/access/rights_test.c fails. */
const struct method_right rights_of_methods[] = {
    {"/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources", RIGHT_READ, false},
    {"/grpc.channelz.v1.Channelz/GetChannel", RIGHT_OPERATE, false},
    {"/grpc.channelz.v1.Channelz/GetServer", RIGHT_OPERATE, false},
    {"/grpc.channelz.v1.Channelz/GetServerSockets", RIGHT_OPERATE, false},
    {"/grpc.channelz.v1.Channelz/GetServers", RIGHT_OPERATE, false},
    {"/grpc.channelz.v1.Channelz/GetSocket", RIGHT_OPERATE, false},
    {"/grpc.channelz.v1.Channelz/GetSubchannel", RIGHT_OPERATE, false},
    {"/grpc.channelz.v1.Channelz/GetTopChannels", RIGHT_OPERATE, false},
    {"/grpc.health.v1.Health/Check", RIGHT_PUBLIC, false},
    {"/grpc.health.v1.Health/List", RIGHT_PUBLIC, false},
    {"/grpc.health.v1.Health/Watch", RIGHT_PUBLIC, false},
    {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", RIGHT_PUBLIC, false},
    {"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", RIGHT_PUBLIC, false},
    {"/inference.GRPCInferenceService/ModelConfig", RIGHT_READ, false},
    {"/inference.GRPCInferenceService/ModelInfer", RIGHT_WORK, false},
    {"/inference.GRPCInferenceService/ModelMetadata", RIGHT_READ, false},
    {"/inference.GRPCInferenceService/ModelReady", RIGHT_READ, false},
    {"/inference.GRPCInferenceService/ModelStatistics", RIGHT_READ, false},
    {"/inference.GRPCInferenceService/ModelStreamInfer", RIGHT_WORK, false},
    {"/inference.GRPCInferenceService/RepositoryIndex", RIGHT_READ, false},
    {"/inference.GRPCInferenceService/RepositoryModelLoad", RIGHT_OPERATE, true},
    {"/inference.GRPCInferenceService/RepositoryModelUnload", RIGHT_OPERATE, true},
    {"/inference.GRPCInferenceService/ServerLive", RIGHT_PUBLIC, false},
    {"/inference.GRPCInferenceService/ServerMetadata", RIGHT_READ, false},
    {"/inference.GRPCInferenceService/ServerReady", RIGHT_PUBLIC, false},
    {"/mltrainer.admin.v1.AdminService/Backup", RIGHT_ADMINISTER, true},
    {"/mltrainer.admin.v1.AdminService/CreateToken", RIGHT_ADMINISTER, true},
    {"/mltrainer.admin.v1.AdminService/Diagnose", RIGHT_OPERATE, false},
    {"/mltrainer.admin.v1.AdminService/Drain", RIGHT_OPERATE, true},
    {"/mltrainer.admin.v1.AdminService/GetCallStatistics", RIGHT_READ, false},
    {"/mltrainer.admin.v1.AdminService/GetConfiguration", RIGHT_OPERATE, false},
    {"/mltrainer.admin.v1.AdminService/GetLogLevel", RIGHT_OPERATE, false},
    {"/mltrainer.admin.v1.AdminService/GetServerInfo", RIGHT_READ, false},
    {"/mltrainer.admin.v1.AdminService/ListTokens", RIGHT_ADMINISTER, false},
    {"/mltrainer.admin.v1.AdminService/Reload", RIGHT_OPERATE, true},
    {"/mltrainer.admin.v1.AdminService/Restore", RIGHT_ADMINISTER, true},
    {"/mltrainer.admin.v1.AdminService/RevokeToken", RIGHT_ADMINISTER, true},
    {"/mltrainer.admin.v1.AdminService/SetLogLevel", RIGHT_OPERATE, true},
    {"/mltrainer.diagram.v1.DiagramService/ListViews", RIGHT_READ, false},
    {"/mltrainer.diagram.v1.DiagramService/Render", RIGHT_READ, false},
    {"/mltrainer.diagram.v1.DiagramService/RenderStream", RIGHT_READ, false},
    {"/mltrainer.diagram.v1.DiagramService/Validate", RIGHT_READ, false},
    {"/mltrainer.diagram.v1.DiagramService/Watch", RIGHT_READ, false},
    {"/mltrainer.execution.v1.ExecutionService/CancelJob", RIGHT_WORK, true},
    {"/mltrainer.execution.v1.ExecutionService/CancelPipeline", RIGHT_WORK, true},
    {"/mltrainer.execution.v1.ExecutionService/CompareRuns", RIGHT_READ, false},
    {"/mltrainer.execution.v1.ExecutionService/Compute", RIGHT_WORK, false},
    {"/mltrainer.execution.v1.ExecutionService/CreateSchedule", RIGHT_WORK, true},
    {"/mltrainer.execution.v1.ExecutionService/DeleteAlias", RIGHT_WORK, true},
    {"/mltrainer.execution.v1.ExecutionService/DeleteArtifact", RIGHT_WORK, true},
    {"/mltrainer.execution.v1.ExecutionService/DeleteDataset", RIGHT_WORK, true},
    {"/mltrainer.execution.v1.ExecutionService/DeleteSchedule", RIGHT_WORK, true},
    {"/mltrainer.execution.v1.ExecutionService/ExportArtifact", RIGHT_READ, false},
    {"/mltrainer.execution.v1.ExecutionService/GetArtifact", RIGHT_READ, false},
    {"/mltrainer.execution.v1.ExecutionService/GetDataset", RIGHT_READ, false},
    {"/mltrainer.execution.v1.ExecutionService/GetEngine", RIGHT_READ, false},
    {"/mltrainer.execution.v1.ExecutionService/GetJob", RIGHT_READ, false},
    {"/mltrainer.execution.v1.ExecutionService/GetModel", RIGHT_READ, false},
    {"/mltrainer.execution.v1.ExecutionService/GetPipeline", RIGHT_READ, false},
    {"/mltrainer.execution.v1.ExecutionService/GetRun", RIGHT_READ, false},
    {"/mltrainer.execution.v1.ExecutionService/GetSchedule", RIGHT_READ, false},
    {"/mltrainer.execution.v1.ExecutionService/GetUpload", RIGHT_READ, false},
    {"/mltrainer.execution.v1.ExecutionService/ImportArtifact", RIGHT_WORK, true},
    {"/mltrainer.execution.v1.ExecutionService/ListAliases", RIGHT_READ, false},
    {"/mltrainer.execution.v1.ExecutionService/ListArtifacts", RIGHT_READ, false},
    {"/mltrainer.execution.v1.ExecutionService/ListDatasets", RIGHT_READ, false},
    {"/mltrainer.execution.v1.ExecutionService/ListJobs", RIGHT_READ, false},
    {"/mltrainer.execution.v1.ExecutionService/ListModels", RIGHT_READ, false},
    {"/mltrainer.execution.v1.ExecutionService/ListPipelines", RIGHT_READ, false},
    {"/mltrainer.execution.v1.ExecutionService/ListPlugins", RIGHT_READ, false},
    {"/mltrainer.execution.v1.ExecutionService/ListRuns", RIGHT_READ, false},
    {"/mltrainer.execution.v1.ExecutionService/ListSchedules", RIGHT_READ, false},
    {"/mltrainer.execution.v1.ExecutionService/ListSources", RIGHT_READ, false},
    {"/mltrainer.execution.v1.ExecutionService/Predict", RIGHT_WORK, false},
    {"/mltrainer.execution.v1.ExecutionService/PredictStream", RIGHT_WORK, false},
    {"/mltrainer.execution.v1.ExecutionService/PreviewDataset", RIGHT_READ, false},
    {"/mltrainer.execution.v1.ExecutionService/ReloadPlugins", RIGHT_OPERATE, true},
    {"/mltrainer.execution.v1.ExecutionService/SetAlias", RIGHT_WORK, true},
    {"/mltrainer.execution.v1.ExecutionService/SubmitJob", RIGHT_WORK, true},
    {"/mltrainer.execution.v1.ExecutionService/SubmitPipeline", RIGHT_WORK, true},
    {"/mltrainer.execution.v1.ExecutionService/UpdateSchedule", RIGHT_WORK, true},
    {"/mltrainer.execution.v1.ExecutionService/UploadDataset", RIGHT_WORK, true},
    {"/mltrainer.execution.v1.ExecutionService/WatchJob", RIGHT_READ, false},
    {"/mltrainer.execution.v1.ExecutionService/WatchPipeline", RIGHT_READ, false},
    {"/mltrainer.registry.v1.RegistryService/CheckNow", RIGHT_REGISTER, false},
    {"/mltrainer.registry.v1.RegistryService/Deregister", RIGHT_REGISTER, true},
    {"/mltrainer.registry.v1.RegistryService/Discover", RIGHT_READ, false},
    {"/mltrainer.registry.v1.RegistryService/GetInstance", RIGHT_READ, false},
    {"/mltrainer.registry.v1.RegistryService/GetRegistryInfo", RIGHT_READ, false},
    {"/mltrainer.registry.v1.RegistryService/Heartbeat", RIGHT_REGISTER, false},
    {"/mltrainer.registry.v1.RegistryService/HeartbeatStream", RIGHT_REGISTER, false},
    {"/mltrainer.registry.v1.RegistryService/ListInstances", RIGHT_READ, false},
    {"/mltrainer.registry.v1.RegistryService/ListServices", RIGHT_READ, false},
    {"/mltrainer.registry.v1.RegistryService/ListTransitions", RIGHT_READ, false},
    {"/mltrainer.registry.v1.RegistryService/Register", RIGHT_REGISTER, true},
    {"/mltrainer.registry.v1.RegistryService/ReportLoad", RIGHT_REGISTER, false},
    {"/mltrainer.registry.v1.RegistryService/SetOperatorState", RIGHT_REGISTER, true},
    {"/mltrainer.registry.v1.RegistryService/UpdateInstance", RIGHT_REGISTER, true},
    {"/mltrainer.registry.v1.RegistryService/Watch", RIGHT_READ, false},
};

const size_t rights_method_count = sizeof rights_of_methods / sizeof *rights_of_methods;

_Static_assert(sizeof rights_of_methods / sizeof *rights_of_methods <= RIGHTS_METHODS_MAX,
               "struct method_set is too small");

static const char *const names[RIGHT_COUNT] = {"public", "read", "register", "work", "operate", "administer"};

int rights_find(const char *path)
{
    size_t low = 0, high = rights_method_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(rights_of_methods[middle].path, path);
        if (order == 0)
            return (int)middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

bool rights_change(const char *path)
{
    int method = rights_find(path);
    return method < 0 || rights_of_methods[method].changes;
}

bool right_parse(const char *name, enum right *out)
{
    for (int i = 0; i < RIGHT_COUNT; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (enum right)i;
            return true;
        }
    return false;
}

void method_set_add(struct method_set *set, int method)
{
    set->words[method / 64] |= UINT64_C(1) << method % 64;
}

void method_set_add_right(struct method_set *set, enum right right)
{
    for (size_t i = 0; i < rights_method_count; i++)
        if (rights_of_methods[i].right == right)
            method_set_add(set, (int)i);
}

bool method_set_has(const struct method_set *set, int method)
{
    return method >= 0 && (set->words[method / 64] >> method % 64 & 1) != 0;
}

bool method_set_covers(const struct method_set *set, const struct method_set *part)
{
    for (size_t i = 0; i < sizeof set->words / sizeof *set->words; i++)
        if ((part->words[i] & ~set->words[i]) != 0)
            return false;
    return true;
}
