/* SPDX-License-Identifier: Apache-2.0 */
#include "emit.h"
#include "methods.h"

static const char *shape(const struct method *method)
{
    if (method->client_streaming) {
        return method->server_streaming ? "bidi streaming" : "client streaming";
    }
    return method->server_streaming ? "server streaming" : "unary";
}

/* One member of the handlers struct. */
static void emit_handler(const struct method *method, struct text *out)
{
    const char *request = method->request->c_type;
    const char *response = method->response->c_type;
    text_comment(out, 4, method->comment);
    if (!method->client_streaming) {
        text_print(out, "    int (*%s)(void *self, struct mrpc_call *call, const %s *request", method->member, request);
        text_print(out, method->server_streaming ? "); /* sends %s */\n" : ",\n            %s *response);\n", response);
        return;
    }
    text_print(out, "    struct {\n        int (*open)(void *self, struct mrpc_call *call);\n");
    text_print(out, "        int (*message)(void *self, struct mrpc_call *call, const %s *message);\n", request);
    text_print(out, "        int (*half_close)(void *self, struct mrpc_call *call);\n");
    text_print(out, "    } %s; /* %s %s */\n", method->member, method->server_streaming ? "sends" : "finishes with one",
               response);
}

static void emit_handlers(const struct service *service, struct text *out)
{
    const char *prefix = service->prefix;
    text_comment(out, 0, service->comment);
    text_print(out, "struct %s__handlers {\n", prefix);
    for (size_t i = 0; i < service->method_count; i++) {
        emit_handler(&service->methods[i], out);
    }
    if (service->method_count == 0) {
        text_print(out, "    char no_methods;\n");
    }
    text_print(out, "};\n\n/** Serve %s. @handlers and @self are borrowed until the server is freed. */\n",
               service->full_name);
    text_print(out, "MRPC_MUST_USE static inline int %s__add_to_server(\n    struct mrpc_server *server, ", prefix);
    text_print(out, "const struct %s__handlers *handlers, void *self)\n{\n", prefix);
    text_print(out, "    return mrpc_server_add_service(server, &%s__skeleton, handlers, self);\n}\n\n", prefix);
}

/* The parameters that every stub begins with. */
#define STUB_CHANNEL "(\n    struct mrpc_channel *channel, const struct mrpc_call_options *options,\n    "

static void emit_unary_stub(const struct service *service, const struct method *method, struct text *out)
{
    const char *request = method->request->c_type;
    const char *response = method->response->c_type;
    text_print(out, "static inline const %s *%s" STUB_CHANNEL, response, method->function);
    text_print(out, "const %s *request, struct mrpc_reply *reply)\n{\n", request);
    text_print(out, "    return (const %s *)mrpc_channel_unary(\n", response);
    text_print(out,
               "        channel, &%s__service.methods[%zu], options, (const ProtobufCMessage *)request, reply);\n}\n\n",
               service->prefix, method->index);
}

/* The cast by way of void (*)(void) is for -Wcast-function-type: the two differ in what one pointer points to. */
static void emit_async_stub(const struct service *service, const struct method *method, struct text *out)
{
    text_print(out, "static inline void %s__async" STUB_CHANNEL, method->function);
    text_print(out, "const %s *request,\n", method->request->c_type);
    text_print(out, "    void (*done)(void *arg, const %s *response, const struct mrpc_reply *reply), void *arg)\n{\n",
               method->response->c_type);
    text_print(out, "    mrpc_channel_unary_async(\n");
    text_print(out, "        channel, &%s__service.methods[%zu], options, (const ProtobufCMessage *)request,\n",
               service->prefix, method->index);
    text_print(out, "        (void (*)(void *, const ProtobufCMessage *, const struct mrpc_reply *))"
                    "(void (*)(void))done, arg);\n}\n\n");
}

/* A stream of requests is started empty; any other stream with its one request, sent and half-closed. */
static void emit_start_stub(const struct service *service, const struct method *method, struct text *out)
{
    text_print(out, "MRPC_MUST_USE static inline int %s__start" STUB_CHANNEL, method->function);
    if (!method->client_streaming) {
        text_print(out, "const %s *request, ", method->request->c_type);
    }
    text_print(out, "const struct mrpc_client_events *events, void *arg,\n    struct mrpc_client_call **out)\n{\n");
    text_print(out, "    return mrpc_client_call_start%s(\n", method->client_streaming ? "" : "_with");
    text_print(out, "        channel, &%s__service.methods[%zu], options, %sevents, arg, out);\n}\n\n", service->prefix,
               method->index, method->client_streaming ? "" : "(const ProtobufCMessage *)request, ");
}

static void emit_stream_stubs(const struct service *service, const struct method *method, struct text *out)
{
    emit_start_stub(service, method, out);
    if (method->client_streaming) {
        text_print(out, "MRPC_MUST_USE static inline int %s__send(\n", method->function);
        text_print(out, "    struct mrpc_client_call *call, const %s *message)\n{\n", method->request->c_type);
        text_print(out, "    return mrpc_client_call_send(call, (const ProtobufCMessage *)message);\n}\n\n");
    }
    text_print(out, "static inline const %s *%s__recv(struct mrpc_client_call *call)\n{\n", method->response->c_type,
               method->function);
    text_print(out, "    return (const %s *)mrpc_client_call_recv(call);\n}\n\n", method->response->c_type);
}

static void emit_stubs(const struct service *service, const struct method *method, struct text *out)
{
    text_print(out, "/* /%s/%s, %s. */\n", service->full_name, method->original->name, shape(method));
    text_comment(out, 0, method->comment);
    if (method->client_streaming || method->server_streaming) {
        emit_stream_stubs(service, method, out);
        return;
    }
    emit_unary_stub(service, method, out);
    emit_async_stub(service, method, out);
}

void emit_service_header(struct schema *schema, const struct schema_file *file, size_t index, struct text *out)
{
    struct service service;
    service_init(schema, file, index, &service);
    text_print(out, "/* Service %s. */\n\n", service.full_name);
    text_print(out, "extern const struct mrpc_service %s__service;\n", service.prefix);
    text_print(out, "extern const struct mrpc_skeleton %s__skeleton;\n\n", service.prefix);
    emit_handlers(&service, out);
    for (size_t i = 0; i < service.method_count; i++) {
        emit_stubs(&service, &service.methods[i], out);
    }
}

/* From the runtime's untyped call to the typed handler. */
static void emit_trampolines(const struct service *service, const struct method *method, struct text *out)
{
    const char *dot = method->client_streaming ? ".message" : "";
    text_print(out, "static bool %s__implemented(const void *handlers)\n{\n", method->function);
    text_print(out, "    return ((const struct %s__handlers *)handlers)->%s%s != NULL;\n}\n\n", service->prefix,
               method->member, dot);
    text_print(out, "static int %s__invoke(\n    const void *handlers, void *self, struct mrpc_call *call, ",
               method->function);
    text_print(out, "const ProtobufCMessage *request,\n    ProtobufCMessage *response)\n{\n");
    text_print(out, "    const struct %s__handlers *typed = handlers;\n", service->prefix);
    text_print(out, "    if (typed->%s%s == NULL) {\n        return MRPC_UNIMPLEMENTED;\n    }\n", method->member, dot);
    bool unary = !method->client_streaming && !method->server_streaming;
    text_print(out, "%s", unary ? "" : "    (void)response;\n");
    text_print(out, "    return typed->%s%s(self, call, (const %s *)request", method->member, dot,
               method->request->c_type);
    if (unary) {
        text_print(out, ", (%s *)response", method->response->c_type);
    }
    text_print(out, ");\n}\n\n");
}

static void emit_stream_trampoline(const struct service *service, const struct method *method, const char *event,
                                   const char *absent, struct text *out)
{
    text_print(out, "static int %s__%s(const void *handlers, void *self, struct mrpc_call *call)\n{\n",
               method->function, event);
    text_print(out, "    const struct %s__handlers *typed = handlers;\n", service->prefix);
    text_print(out, "    return typed->%s.%s ? typed->%s.%s(self, call) : %s;\n}\n\n", method->member, event,
               method->member, event, absent);
}

static void emit_method_table(const struct service *service, struct text *out)
{
    text_print(out, "static const struct mrpc_method %s__methods[] = {\n", service->prefix);
    for (size_t i = 0; i < service->method_count; i++) {
        const struct method *method = &service->methods[i];
        const char *name = method->original->name;
        text_print(out, "    {\n        .name = \"%s\",\n        .path = \"/%s/%s\",\n", name, service->full_name,
                   name);
        text_print(out, "        .client_streaming = %s,\n", method->client_streaming ? "true" : "false");
        text_print(out, "        .server_streaming = %s,\n", method->server_streaming ? "true" : "false");
        text_print(out, "        .idempotent = %s,\n", method->idempotent ? "true" : "false");
        text_print(out, "        .request = &%s__info,\n        .response = &%s__info,\n", method->request->c_lower,
                   method->response->c_lower);
        text_print(out, "        .no_side_effects = %s,\n    },\n", method->no_side_effects ? "true" : "false");
    }
    text_print(out, "};\n");
}

static void emit_invoke_table(const struct service *service, struct text *out)
{
    text_print(out, "static const struct mrpc_invoke %s__invokes[] = {\n", service->prefix);
    for (size_t i = 0; i < service->method_count; i++) {
        const struct method *method = &service->methods[i];
        const char *name = method->function;
        text_print(out, "    {\n");
        if (method->client_streaming) {
            text_print(out, "        .open = %s__open,\n", name);
        }
        text_print(out, "        .message = %s__invoke,\n", name);
        if (method->client_streaming) {
            text_print(out, "        .half_close = %s__half_close,\n", name);
        }
        text_print(out, "        .implemented = %s__implemented,\n    },\n", name);
    }
    text_print(out, "};\n");
}

void emit_service_source(struct schema *schema, const struct schema_file *file, size_t index, struct text *out)
{
    struct service service;
    service_init(schema, file, index, &service);
    for (size_t i = 0; i < service.method_count; i++) {
        const struct method *method = &service.methods[i];
        emit_trampolines(&service, method, out);
        if (method->client_streaming) {
            emit_stream_trampoline(&service, method, "open", "MRPC_OK", out);
            emit_stream_trampoline(&service, method, "half_close", "MRPC_OK", out);
        }
    }
    bool empty = service.method_count == 0;
    if (!empty) {
        emit_method_table(&service, out);
        emit_invoke_table(&service, out);
    }
    const char *prefix = service.prefix;
    text_print(out, "const struct mrpc_service %s__service = {\n    .full_name = \"%s\",\n", prefix, service.full_name);
    text_print(out, "    .methods = %s%s,\n    .method_count = %zu,\n    .file = &%s__file,\n};\n",
               empty ? "NULL" : prefix, empty ? "" : "__methods", service.method_count, file->identifier);
    text_print(out, "const struct mrpc_skeleton %s__skeleton = {\n    .service = &%s__service,\n", prefix, prefix);
    text_print(out, "    .invokes = %s%s,\n};\n\n", empty ? "NULL" : prefix, empty ? "" : "__invokes");
}
