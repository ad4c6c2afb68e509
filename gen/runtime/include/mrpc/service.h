/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_SERVICE_H
#define MRPC_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/message.h>

MRPC_BEGIN_DECLS

/* Constants that protoc-gen-mrpc-c writes. For service helloworld.Greeter with method SayHello they are named
 *     helloworld__greeter__service                struct mrpc_service
 *     helloworld__greeter__skeleton               struct mrpc_skeleton
 *     struct helloworld__greeter__handlers        what a server implements
 * and every .proto file F has  <F mangled>__file  (struct mrpc_file) for reflection. */

/** A FileDescriptorProto, byte for byte as protoc gave it, with what it imports. */
struct mrpc_file {
    const char *name;                             /* "helloworld.proto" */
    const uint8_t *descriptor;
    size_t descriptor_bytes;
    const struct mrpc_file *const *dependencies;  /* dependency_count of them */
    size_t dependency_count;
    /* full names that it defines: messages, enums, services, methods, … */
    const char *const *symbols;
    size_t symbol_count;
};

struct mrpc_method {
    const char *name;                             /* "SayHello" */
    const char *path;                             /* "/helloworld.Greeter/SayHello" */
    bool client_streaming;
    bool server_streaming;
    bool idempotent;                              /* idempotency_level is NO_SIDE_EFFECTS or IDEMPOTENT */
    const struct mrpc_message_info *request;
    const struct mrpc_message_info *response;
    /* idempotency_level is NO_SIDE_EFFECTS: Connect calls it by GET too */
    bool no_side_effects;
};

struct mrpc_service {
    const char *full_name;                        /* "helloworld.Greeter" */
    const struct mrpc_method *methods;
    size_t method_count;
    const struct mrpc_file *file;
};

struct mrpc_call;

/** Generated trampolines from untyped to typed handlers; one a method. @handlers is the service's handlers struct.
 *  Unary and server streaming: only `message` is set and gets the one request; `response` is NULL for streaming.
 *  Client and bidi streaming: all three; `response` is NULL. A handler that is NULL in the handlers struct makes the
 *  trampoline return MRPC_UNIMPLEMENTED. For request streams that is the member `message`: a NULL `open` goes on
 *  (MRPC_OK), a NULL `half_close` ends the call with MRPC_OK unless it is kept (mrpc/call.h). */
struct mrpc_invoke {
    int (*open)(const void *handlers, void *self, struct mrpc_call *call);
    int (*message)(const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
                   ProtobufCMessage *response);
    int (*half_close)(const void *handlers, void *self, struct mrpc_call *call);
    bool (*implemented)(const void *handlers);
};

struct mrpc_skeleton {
    const struct mrpc_service *service;
    const struct mrpc_invoke *invokes;            /* in the order of service->methods */
};

MRPC_END_DECLS
#endif
