/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "execution/inference/inference.h"

/* What models have done since the server started, as Triton's perf_analyzer reads it: a model without a name in the
 * request means all that have done something. */

static OIP(StatisticDuration) * duration(uint64_t count, uint64_t ns, struct mrpc_arena *arena)
{
    OIP(StatisticDuration) *message = OIP_NEW(arena, StatisticDuration, statistic_duration);
    if (message) {
        message->count = count;
        message->ns = ns;
    }
    return message;
}

static OIP(InferStatistics) * inference(const struct inference_count *count, struct mrpc_arena *arena)
{
    OIP(InferStatistics) *message = OIP_NEW(arena, InferStatistics, infer_statistics);
    if (!message)
        return NULL;
    message->success = duration(count->successes, count->success_ns, arena);
    message->fail = duration(count->failures, count->failure_ns, arena);
    message->queue = duration(count->successes, count->queue_ns, arena);
    message->compute_input = duration(count->successes, count->input_ns, arena);
    message->compute_infer = duration(count->successes, count->infer_ns, arena);
    message->compute_output = duration(count->successes, count->output_ns, arena);
    message->cache_hit = duration(0, 0, arena);
    message->cache_miss = duration(0, 0, arena);
    return message->success && message->fail && message->queue && message->compute_input && message->compute_infer &&
                   message->compute_output && message->cache_hit && message->cache_miss
               ? message
               : NULL;
}

/* A model runs once a request, whatever its rows: max_batch_size is 0, and each execution one of a batch of one. */
static int add_batches(const struct inference_count *count, struct mrpc_arena *arena, OIP(ModelStatistics) * message)
{
    if (!count->successes)
        return 0;
    OIP(InferBatchStatistics) *batch = OIP_NEW(arena, InferBatchStatistics, infer_batch_statistics);
    message->batch_stats = mrpc_arena_alloc(arena, sizeof *message->batch_stats);
    if (!batch || !message->batch_stats)
        return -1;
    batch->batch_size = 1;
    batch->compute_input = message->inference_stats->compute_input;
    batch->compute_infer = message->inference_stats->compute_infer;
    batch->compute_output = message->inference_stats->compute_output;
    message->batch_stats[message->n_batch_stats++] = batch;
    return 0;
}

static int add(struct command *command, const char *name, const char *version, struct mrpc_arena *arena,
               OIP(ModelStatisticsResponse) * response)
{
    struct inference_count count;
    OIP(ModelStatistics) *message = OIP_NEW(arena, ModelStatistics, model_statistics);
    const char *reference = inference_reference(name, version, arena);
    if (!message || !reference)
        return -1;
    inference_book_read(command->engine->inference, reference, &count);
    message->name = mrpc_arena_strdup(arena, name);
    message->version = mrpc_arena_strdup(arena, *version ? version : "1");
    message->last_inference = count.last_ms;
    message->inference_count = message->execution_count = count.successes;
    message->inference_stats = inference(&count, arena);
    response->model_stats[response->n_model_stats++] = message;
    bool whole = message->name && message->version && message->inference_stats;
    return whole ? add_batches(&count, arena, message) : -1;
}

static int add_all(struct command *command, struct mrpc_arena *arena, OIP(ModelStatisticsResponse) * response)
{
    const struct record_index *artifacts = &command->engine->artifacts;
    for (size_t i = 0; i < artifacts->count; i++) {
        const char *name = artifacts->items[i]->name;
        bool again = i && strcmp(artifacts->items[i - 1]->name, name) == 0;
        if (!again && add(command, name, "", arena, response))
            return -1;
    }
    return 0;
}

static int run(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const OIP(ModelStatisticsRequest) *request = command->request;
    OIP(ModelStatisticsResponse) *response = command->response;
    API(Artifact) * artifact;
    response->model_stats =
        mrpc_arena_calloc(arena, command->engine->artifacts.count + 1, sizeof *response->model_stats);
    if (*request->name &&
        inference_artifact(command->engine, inference_reference(request->name, request->version, arena), arena,
                           &artifact, fault))
        return fault->code;
    bool failed = !response->model_stats ||
                  (*request->name ? add(command, request->name, request->version, arena, response)
                                  : add_all(command, arena, response));
    return failed ? fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory") : 0;
}

OIP_METHOD(model_statistics, ModelStatistics)
{
    return command_post(self, call, request, response, run);
}
