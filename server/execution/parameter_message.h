/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_PARAMETER_MESSAGE_H
#define MLT_EXECUTION_PARAMETER_MESSAGE_H

#include "execution/api.h"
#include "execution/catalog/model.h"

/* Parameters between messages and the plugin ABI. Every map of parameters of the API has entries of the same layout. */

struct parameter_entry {
    ProtobufCMessage base;
    char *key;
    API(ParameterValue) * value;
};
_Static_assert(sizeof(struct parameter_entry) == sizeof(API(TrainSpec__ParametersEntry)), "one layout");
_Static_assert(sizeof(struct parameter_entry) == sizeof(API(ComputeSpec__ParametersEntry)), "one layout");
_Static_assert(sizeof(struct parameter_entry) == sizeof(API(Artifact__ParametersEntry)), "one layout");

/** A request's parameters; texts are borrowed. Errors: INVALID_ARGUMENT naming @field (no value, more than 64 KiB
 *  together), RESOURCE_EXHAUSTED. */
int parameter_messages_read(void *const *entries, size_t count, const char *field, struct mrpc_arena *arena,
                            struct mltrainer_parameter **out, struct fault *fault) MRPC_MUST_USE;

/** Parameters as an Artifact's map, ordered by name. Texts are borrowed. Errors: RESOURCE_EXHAUSTED. */
int parameter_messages_write(const struct mltrainer_parameter *const *parameters, size_t count,
                             struct mrpc_arena *arena, size_t *n_entries, API(Artifact__ParametersEntry) * **entries,
                             struct fault *fault) MRPC_MUST_USE;

/** One value as a message; NULL when out of memory. */
API(ParameterValue) * parameter_message_of(const struct mltrainer_parameter *parameter, struct mrpc_arena *arena);

#endif
