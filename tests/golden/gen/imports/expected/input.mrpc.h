/* Made by protoc-gen-mrpc-c from input.proto. Do not edit. */
#ifndef MRPC_input_2eproto__INCLUDED
#define MRPC_input_2eproto__INCLUDED

#include <mrpc/call.h>
#include <mrpc/channel.h>
#include <mrpc/message.h>
#include <mrpc/server.h>
#include <mrpc/service.h>

#include "input.pb-c.h"
#include "types/passed_on.mrpc.h"
#include "types/umbrella.mrpc.h"

MRPC_BEGIN_DECLS

extern const struct mrpc_file input_2eproto__file;

extern const struct mrpc_message_info golden__imports__v1__importer__info;

/* Service golden.imports.v1.ImportService. */

extern const struct mrpc_service golden__imports__v1__import_service__service;
extern const struct mrpc_skeleton golden__imports__v1__import_service__skeleton;

struct golden__imports__v1__import_service__handlers {
    /** A response that no message here uses. */
    int (*get)(void *self, struct mrpc_call *call, const Golden__Imports__V1__Importer *request,
            Golden__Imports__Types__Umbrella *response);
};

/** Serve golden.imports.v1.ImportService. @handlers and @self are borrowed until the server is freed. */
MRPC_MUST_USE static inline int golden__imports__v1__import_service__add_to_server(
    struct mrpc_server *server, const struct golden__imports__v1__import_service__handlers *handlers, void *self)
{
    return mrpc_server_add_service(server, &golden__imports__v1__import_service__skeleton, handlers, self);
}

/* /golden.imports.v1.ImportService/Get, unary. */
/** A response that no message here uses. */
static inline const Golden__Imports__Types__Umbrella *golden__imports__v1__import_service__get(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Imports__V1__Importer *request, struct mrpc_reply *reply)
{
    return (const Golden__Imports__Types__Umbrella *)mrpc_channel_unary(
        channel, &golden__imports__v1__import_service__service.methods[0], options, (const ProtobufCMessage *)request, reply);
}

static inline void golden__imports__v1__import_service__get__async(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Imports__V1__Importer *request,
    void (*done)(void *arg, const Golden__Imports__Types__Umbrella *response, const struct mrpc_reply *reply), void *arg)
{
    mrpc_channel_unary_async(
        channel, &golden__imports__v1__import_service__service.methods[0], options, (const ProtobufCMessage *)request,
        (void (*)(void *, const ProtobufCMessage *, const struct mrpc_reply *))(void (*)(void))done, arg);
}

MRPC_END_DECLS
#endif
