/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_INFERENCE_H
#define MLT_EXECUTION_INFERENCE_H

#include <inference/grpc_service.mrpc.h>

#include "execution/service.h"

/* inference.GRPCInferenceService, the Open Inference Protocol 2, over artifacts: a model is an artifact's name (or
 * "NAME:ALIAS"), its version the artifact's. What it does is predict as Predict does; what is its own is how tensors
 * become tables and back (tensor_in.c, tensor_out.c), and the book: which models somebody has unloaded, and what they
 * have done. */

#define OIP(type) Inference__##type
#define OIP_NEW(arena, type, name)                                                                                     \
    ((OIP(type) *)api_message_new((arena), &inference__##name##__info, (void (*)(void *))inference__##name##__init))

/** "NAME" or "NAME@VERSION", in @arena; NULL when out of memory. */
const char *inference_reference(const char *name, const char *version, struct mrpc_arena *arena);

/** The artifact that @reference means, in @arena. Thread: the loop's. Errors: NOT_FOUND, INVALID_ARGUMENT. */
int inference_artifact(struct execution *engine, const char *reference, struct mrpc_arena *arena, API(Artifact) * *out,
                       struct fault *fault) MRPC_MUST_USE;

/** The columns that predicting with @artifact needs, in its order: borrowed names. @names has @room. Returns how
 *  many. */
size_t inference_inputs(const API(Artifact) * artifact, const char **names, size_t room);

/** The tensors of @request as rows, in @arena. One tensor a column, of shape [n] or [n,1]; or a single one of shape
 *  [n,k] with the k inputs of @artifact side by side. Errors: INVALID_ARGUMENT naming the input, RESOURCE_EXHAUSTED. */
int inference_read(const OIP(ModelInferRequest) * request, const API(Artifact) * artifact, struct mrpc_arena *arena,
                   API(DataReference) * *out, struct fault *fault) MRPC_MUST_USE;
/** What was served as raw tensors of shape [n], in @arena: what the model gave, or the outputs that @request names.
 *  Errors: INVALID_ARGUMENT (no such output), RESOURCE_EXHAUSTED. */
int inference_write(const OIP(ModelInferRequest) * request, const struct served *served, struct mrpc_arena *arena,
                    OIP(ModelInferResponse) * response, struct fault *fault) MRPC_MUST_USE;

/* --- The book --- */

struct inference_book;
struct inference_book *inference_book_new(void) MRPC_MUST_USE;
void inference_book_free(struct inference_book *book);

/** What a model (by its name alone, or with a version) has done. Durations in ns: in the queue of the pool, making rows
 *  of tensors, in the model's hands, making tensors of what it gave; what is left of success_ns is the way between
 *  them. */
struct inference_count {
    uint64_t successes, success_ns, failures, failure_ns, queue_ns, input_ns, infer_ns, output_ns, last_ms;
};
/** One that has ended, with @code. Durations in us. */
struct inference_end {
    int code;
    int64_t total_us, queue_us, input_us, infer_us, output_us;
};
/** Thread: any, as with all below. A book has room for 1,000 models; what is beyond is not counted. */
void inference_book_add(struct inference_book *book, const char *reference, const struct inference_end *end);
void inference_book_read(struct inference_book *book, const char *reference, struct inference_count *out);
/** Errors: -1 when the book is full. */
int inference_book_unload(struct inference_book *book, const char *name, bool unloaded) MRPC_MUST_USE;
bool inference_book_unloaded(struct inference_book *book, const char *name);

/* --- Methods --- */

#define OIP_METHOD(name, type)                                                                                         \
    int inference_##name(void *self, struct mrpc_call *call, const OIP(type##Request) * request,                       \
                         OIP(type##Response) * response)

OIP_METHOD(server_live, ServerLive);
OIP_METHOD(server_ready, ServerReady);
OIP_METHOD(server_metadata, ServerMetadata);
OIP_METHOD(model_ready, ModelReady);
OIP_METHOD(model_metadata, ModelMetadata);
OIP_METHOD(model_config, ModelConfig);
OIP_METHOD(model_statistics, ModelStatistics);
OIP_METHOD(model_infer, ModelInfer);
OIP_METHOD(repository_index, RepositoryIndex);
OIP_METHOD(repository_model_load, RepositoryModelLoad);
OIP_METHOD(repository_model_unload, RepositoryModelUnload);
int inference_model_stream_infer_message(void *self, struct mrpc_call *call, const OIP(ModelInferRequest) * message);

#endif
