/* SPDX-License-Identifier: Apache-2.0 */

/* grpc.reflection: what is served here, as descriptors. v1 and v1alpha are the same messages under two names, so
 * v1alpha is served by v1's handlers and types. Source: gRPC server-reflection document. */

#include "reflection/reflection.h"

#include <stdlib.h>
#include <string.h>

#include <google/rpc/error_details.mrpc.h>
#include <grpc/reflection/v1/reflection.mrpc.h>
#include <grpc/reflection/v1alpha/reflection.mrpc.h>

#include "reflection/index.h"
#include "server/server.h"

#define NAME_BYTES_MAX 512

typedef Mrpc__Priv__Grpc__Reflection__V1__ServerReflectionRequest Question;
typedef Mrpc__Priv__Grpc__Reflection__V1__ServerReflectionResponse Answer;
typedef Mrpc__Priv__Grpc__Reflection__V1__ServiceResponse ServiceAnswer;

struct mrpc_reflection {
    struct mrpc_server *server;
    struct reflection_index index;
    struct mrpc_method alpha_method;
    struct mrpc_service alpha_service;
    struct mrpc_skeleton alpha_skeleton;
};

/* The parts of an answer, made on the stack of the handler: it is encoded before the handler returns. */
struct answer {
    Answer message;
    Mrpc__Priv__Grpc__Reflection__V1__FileDescriptorResponse files;
    Mrpc__Priv__Grpc__Reflection__V1__ExtensionNumberResponse extensions;
    Mrpc__Priv__Grpc__Reflection__V1__ListServiceResponse services;
    Mrpc__Priv__Grpc__Reflection__V1__ErrorResponse error;
};

static void answer_error(struct answer *answer, enum mrpc_code code, const char *text)
{
    mrpc__priv__grpc__reflection__v1__error_response__init(&answer->error);
    answer->error.error_code = code;
    answer->error.error_message = (char *)(uintptr_t)text;
    answer->message.message_response_case =
        MRPC__PRIV__GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ERROR_RESPONSE;
    answer->message.error_response = &answer->error;
}

/* The file and all that it imports, each once, the file first. */
static void collect(const struct mrpc_file *file, ProtobufCBinaryData *files, size_t *count)
{
    for (size_t i = 0; i < *count; i++)
        if (files[i].data == file->descriptor)
            return;
    files[(*count)++] = (ProtobufCBinaryData){file->descriptor_bytes, (uint8_t *)(uintptr_t)file->descriptor};
    for (size_t i = 0; i < file->dependency_count; i++)
        collect(file->dependencies[i], files, count);
}

static void answer_file(struct answer *answer, struct mrpc_arena *arena, const struct reflection_index *index,
                        const struct mrpc_file *file)
{
    if (file == NULL) {
        answer_error(answer, MRPC_NOT_FOUND, "not found");
        return;
    }
    mrpc__priv__grpc__reflection__v1__file_descriptor_response__init(&answer->files);
    answer->files.file_descriptor_proto =
        mrpc_arena_calloc(arena, index->file_count, sizeof(*answer->files.file_descriptor_proto));
    if (answer->files.file_descriptor_proto == NULL) {
        answer_error(answer, MRPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    collect(file, answer->files.file_descriptor_proto, &answer->files.n_file_descriptor_proto);
    answer->message.message_response_case =
        MRPC__PRIV__GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_FILE_DESCRIPTOR_RESPONSE;
    answer->message.file_descriptor_response = &answer->files;
}

static void answer_services(struct answer *answer, struct mrpc_arena *arena, const struct method_table *methods)
{
    size_t count = methods->service_count;
    ServiceAnswer *services = mrpc_arena_calloc(arena, count, sizeof(*services));
    ServiceAnswer **list = mrpc_arena_calloc(arena, count, sizeof(*list));
    if (services == NULL || list == NULL) {
        answer_error(answer, MRPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        mrpc__priv__grpc__reflection__v1__service_response__init(&services[i]);
        services[i].name = (char *)(uintptr_t)methods->services[i]->full_name;
        list[i] = &services[i];
    }
    mrpc__priv__grpc__reflection__v1__list_service_response__init(&answer->services);
    answer->services.n_service = count;
    answer->services.service = list;
    answer->message.message_response_case =
        MRPC__PRIV__GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_LIST_SERVICES_RESPONSE;
    answer->message.list_services_response = &answer->services;
}

/* We generate for proto3, where only custom options extend anything: a type that we have has no extensions. */
static void answer_extensions(struct answer *answer, const struct reflection_index *index, const char *type)
{
    if (mrpc_reflection_find_symbol(index, type) == NULL) {
        answer_error(answer, MRPC_NOT_FOUND, "not found");
        return;
    }
    mrpc__priv__grpc__reflection__v1__extension_number_response__init(&answer->extensions);
    answer->extensions.base_type_name = (char *)(uintptr_t)type;
    answer->message.message_response_case =
        MRPC__PRIV__GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ALL_EXTENSION_NUMBERS_RESPONSE;
    answer->message.all_extension_numbers_response = &answer->extensions;
}

/* The name that a question is about, or NULL. */
static const char *name_in(const Question *question)
{
    switch (question->message_request_case) {
    case MRPC__PRIV__GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_BY_FILENAME:
        return question->file_by_filename;
    case MRPC__PRIV__GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL:
        return question->file_containing_symbol;
    case MRPC__PRIV__GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_EXTENSION:
        return question->file_containing_extension->containing_type;
    case MRPC__PRIV__GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_ALL_EXTENSION_NUMBERS_OF_TYPE:
        return question->all_extension_numbers_of_type;
    default:
        return NULL;
    }
}

static void fill(struct answer *answer, struct mrpc_reflection *reflection, struct mrpc_arena *arena,
                 const Question *question)
{
    const struct reflection_index *index = &reflection->index;
    const char *name = name_in(question);
    if (name != NULL && strlen(name) > NAME_BYTES_MAX) {
        answer_error(answer, MRPC_INVALID_ARGUMENT, "a name is longer than 512 bytes");
        return;
    }
    switch (question->message_request_case) {
    case MRPC__PRIV__GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_BY_FILENAME:
        answer_file(answer, arena, index, mrpc_reflection_find_file(index, name));
        return;
    case MRPC__PRIV__GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL:
        answer_file(answer, arena, index, mrpc_reflection_find_symbol(index, name));
        return;
    case MRPC__PRIV__GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_EXTENSION:
        answer_error(answer, MRPC_NOT_FOUND, "not found");
        return;
    case MRPC__PRIV__GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_ALL_EXTENSION_NUMBERS_OF_TYPE:
        answer_extensions(answer, index, name);
        return;
    case MRPC__PRIV__GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES:
        answer_services(answer, arena, &reflection->server->methods);
        return;
    default:
        answer_error(answer, MRPC_INVALID_ARGUMENT, "no question");
        return;
    }
}

/* Held back when the client does not read its answers: the question is asked again of us once there is room. */
struct waiting {
    struct mrpc_reflection *reflection;
    const Question *question;
};

static int reply(struct mrpc_reflection *reflection, struct mrpc_call *call, const Question *question)
{
    struct mrpc_arena *arena = mrpc_arena_new(0);
    if (arena == NULL)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    struct answer answer;
    mrpc__priv__grpc__reflection__v1__server_reflection_response__init(&answer.message);
    answer.message.valid_host = question->host;
    answer.message.original_request = (Question *)(uintptr_t)question;
    fill(&answer, reflection, arena, question);
    int error = mrpc_call_send(call, &answer.message.base);
    mrpc_arena_free(arena);
    if (error == MRPC_ERR_AGAIN)
        return MRPC_PENDING;
    return error == 0 ? 0 : mrpc_call_fail(call, MRPC_UNAVAILABLE, "the answer cannot be sent");
}

static void on_writable(void *arg, struct mrpc_call *call)
{
    struct waiting *waiting = arg;
    if (waiting->question == NULL)
        return;
    int code = reply(waiting->reflection, call, waiting->question);
    if (code == MRPC_PENDING)
        return;
    waiting->question = NULL;
    if (code == 0)
        mrpc_call_resume(call);
    else
        mrpc_call_finish(call, code, NULL);
}

static void on_cancel(void *arg, struct mrpc_call *call)
{
    struct waiting *waiting = arg;
    if (waiting->question == NULL)
        return;
    waiting->question = NULL;
    mrpc_call_finish(call, MRPC_CANCELLED, NULL);
}

static int open_stream(void *self, struct mrpc_call *call)
{
    struct waiting *waiting = mrpc_arena_calloc(mrpc_call_arena(call), 1, sizeof(*waiting));
    if (waiting == NULL)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    waiting->reflection = self;
    mrpc_call_set_data(call, waiting, NULL);
    mrpc_call_on_writable(call, on_writable, waiting);
    mrpc_call_on_cancel(call, on_cancel, waiting);
    return 0;
}

static int take_question(void *self, struct mrpc_call *call, const Question *question)
{
    int code = reply(self, call, question);
    if (code == MRPC_PENDING)
        ((struct waiting *)mrpc_call_data(call))->question = question;
    return code;
}

static const struct mrpc__priv__grpc__reflection__v1__server_reflection__handlers handlers = {
    .server_reflection_info = {.open = open_stream, .message = take_question},
};

static int add_alpha(struct mrpc_server *server, struct mrpc_reflection *reflection)
{
    reflection->alpha_method = mrpc__priv__grpc__reflection__v1__server_reflection__service.methods[0];
    reflection->alpha_method.path = mrpc__priv__grpc__reflection__v1alpha__server_reflection__service.methods[0].path;
    reflection->alpha_service = mrpc__priv__grpc__reflection__v1alpha__server_reflection__service;
    reflection->alpha_service.methods = &reflection->alpha_method;
    reflection->alpha_skeleton = mrpc__priv__grpc__reflection__v1__server_reflection__skeleton;
    reflection->alpha_skeleton.service = &reflection->alpha_service;
    return mrpc_server_add_service(server, &reflection->alpha_skeleton, &handlers, reflection);
}

int mrpc_server_enable_reflection(struct mrpc_server *server)
{
    if (server->reflection != NULL || server->frozen)
        return MRPC_ERR_INVALID;
    struct mrpc_reflection *reflection = calloc(1, sizeof(*reflection));
    if (reflection == NULL)
        return MRPC_ERR_NOMEM;
    reflection->server = server;
    int error = mrpc__priv__grpc__reflection__v1__server_reflection__add_to_server(server, &handlers, reflection);
    if (error != 0) {
        free(reflection);
        return error;
    }
    server->reflection = reflection;   /* v1 refers to it, whatever becomes of v1alpha */
    return add_alpha(server, reflection);
}

int mrpc_reflection_build(struct mrpc_server *server)
{
    struct mrpc_reflection *reflection = server->reflection;
    if (reflection == NULL || reflection->index.file_count > 0)
        return 0;
    for (size_t i = 0; i < server->methods.service_count; i++) {
        int error = mrpc_reflection_index_add(&reflection->index, server->methods.services[i]->file);
        if (error != 0)
            return error;
    }
    /* No service imports them, yet every failure may carry them: generic clients look them up here to show them. */
    int error =
        mrpc_reflection_index_add(&reflection->index, &mrpc__priv__google_2frpc_2ferror_5fdetails_2eproto__file);
    if (error != 0)
        return error;
    mrpc_reflection_index_sort(&reflection->index);
    return 0;
}

void mrpc_reflection_free(struct mrpc_reflection *reflection)
{
    if (reflection == NULL)
        return;
    mrpc_reflection_index_fini(&reflection->index);
    free(reflection);
}
