/* Made by protoc-gen-mrpc-c from input.proto. Do not edit. */
#ifndef MRPC_input_2eproto__INCLUDED
#define MRPC_input_2eproto__INCLUDED

#include <mrpc/call.h>
#include <mrpc/channel.h>
#include <mrpc/message.h>
#include <mrpc/server.h>
#include <mrpc/service.h>

#include "input.pb-c.h"

MRPC_BEGIN_DECLS

extern const struct mrpc_file input_2eproto__file;

extern const struct mrpc_message_info lonely__info;

static inline void lonely__set_other(
    Lonely *message, Lonely *value)
{
    message->has_other_case = LONELY__HAS_OTHER_OTHER;
    message->other = value;
}

/* Service LonelyService. */

extern const struct mrpc_service lonely_service__service;
extern const struct mrpc_skeleton lonely_service__skeleton;

struct lonely_service__handlers {
    int (*get)(void *self, struct mrpc_call *call, const Lonely *request,
            Lonely *response);
};

/** Serve LonelyService. @handlers and @self are borrowed until the server is freed. */
MRPC_MUST_USE static inline int lonely_service__add_to_server(
    struct mrpc_server *server, const struct lonely_service__handlers *handlers, void *self)
{
    return mrpc_server_add_service(server, &lonely_service__skeleton, handlers, self);
}

/* /LonelyService/Get, unary. */
static inline const Lonely *lonely_service__get(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Lonely *request, struct mrpc_reply *reply)
{
    return (const Lonely *)mrpc_channel_unary(
        channel, &lonely_service__service.methods[0], options, (const ProtobufCMessage *)request, reply);
}

static inline void lonely_service__get__async(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Lonely *request,
    void (*done)(void *arg, const Lonely *response, const struct mrpc_reply *reply), void *arg)
{
    mrpc_channel_unary_async(
        channel, &lonely_service__service.methods[0], options, (const ProtobufCMessage *)request,
        (void (*)(void *, const ProtobufCMessage *, const struct mrpc_reply *))(void (*)(void))done, arg);
}

MRPC_END_DECLS
#endif
