/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/operation.h"
#include "worker/task.h"

static const char *known(const char *text)
{
    return text ? text : "";
}

static uint32_t operations_of(const struct mltrainer_algorithm *algorithm)
{
    uint32_t operations = 1u << PROCESS_DESCRIBE;

    if (algorithm->trainable && algorithm->serializable)
        operations |= 1u << PROCESS_TRAIN;
    if (algorithm->evaluable && algorithm->serializable)
        operations |= 1u << PROCESS_EVALUATE;
    if (algorithm->predictable && algorithm->serializable)
        operations |= 1u << PROCESS_PREDICT;
    if (algorithm->computable)
        operations |= 1u << PROCESS_COMPUTE;
    return operations;
}

static Mltrainer__Worker__Algorithm *describe_algorithm(const struct mltrainer_algorithm *algorithm,
                                                        struct mrpc_arena *arena)
{
    Mltrainer__Worker__Algorithm *message = mrpc_arena_alloc(arena, sizeof(*message));

    if (!message)
        return NULL;
    mltrainer__worker__algorithm__init(message);
    message->id = (char *)algorithm->id;
    message->description = (char *)known(algorithm->description);
    message->flags = algorithm->flags;
    message->operations = operations_of(algorithm);
    message->searchable = algorithm->searchable != NULL;
    return message;
}

int task_describe(const struct mltrainer_plugin *plugin, struct mrpc_arena *arena,
                  Mltrainer__Worker__Description **out, struct fault *fault)
{
    Mltrainer__Worker__Description *message = mrpc_arena_alloc(arena, sizeof(*message));
    Mltrainer__Worker__Algorithm **algorithms = mrpc_arena_calloc(arena, plugin->algorithm_count, sizeof(*algorithms));

    if (!message || !algorithms)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "no memory to describe a plugin");
    mltrainer__worker__description__init(message);
    message->family = (char *)plugin->family;
    message->version = (char *)plugin->version;
    message->description = (char *)known(plugin->description);
    message->licence = (char *)known(plugin->licence);
    message->engine = (char *)known(plugin->engine);
    message->abi_major = plugin->abi_major;
    message->abi_minor = plugin->abi_minor;
    message->algorithms = algorithms;
    for (uint64_t i = 0; i < plugin->algorithm_count; i++) {
        if (!(algorithms[i] = describe_algorithm(plugin->algorithms[i], arena)))
            return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "no memory to describe a plugin");
        message->n_algorithms++;
    }
    *out = message;
    return 0;
}
