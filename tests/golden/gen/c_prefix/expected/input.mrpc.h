/* Made by protoc-gen-mrpc-c from input.proto. Do not edit. */
#ifndef MRPC_my__private__input_2eproto__INCLUDED
#define MRPC_my__private__input_2eproto__INCLUDED

#include <mrpc/call.h>
#include <mrpc/channel.h>
#include <mrpc/message.h>
#include <mrpc/server.h>
#include <mrpc/service.h>

#include "input.pb-c.h"

MRPC_BEGIN_DECLS

extern const struct mrpc_file my__private__input_2eproto__file;

extern const struct mrpc_message_info my__private__golden__prefixed__v1__thing__info;

static inline void my__private__golden__prefixed__v1__thing__set_name(
    My__Private__Golden__Prefixed__V1__Thing *message, char *value)
{
    message->has_name_case = MY__PRIVATE__GOLDEN__PREFIXED__V1__THING__HAS_NAME_NAME;
    message->name = value;
}

/* Service golden.prefixed.v1.ThingService. */

extern const struct mrpc_service my__private__golden__prefixed__v1__thing_service__service;
extern const struct mrpc_skeleton my__private__golden__prefixed__v1__thing_service__skeleton;

struct my__private__golden__prefixed__v1__thing_service__handlers {
    int (*get)(void *self, struct mrpc_call *call, const My__Private__Golden__Prefixed__V1__Thing *request,
            My__Private__Golden__Prefixed__V1__Thing *response);
};

/** Serve golden.prefixed.v1.ThingService. @handlers and @self are borrowed until the server is freed. */
MRPC_MUST_USE static inline int my__private__golden__prefixed__v1__thing_service__add_to_server(
    struct mrpc_server *server, const struct my__private__golden__prefixed__v1__thing_service__handlers *handlers, void *self)
{
    return mrpc_server_add_service(server, &my__private__golden__prefixed__v1__thing_service__skeleton, handlers, self);
}

/* /golden.prefixed.v1.ThingService/Get, unary. */
static inline const My__Private__Golden__Prefixed__V1__Thing *my__private__golden__prefixed__v1__thing_service__get(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const My__Private__Golden__Prefixed__V1__Thing *request, struct mrpc_reply *reply)
{
    return (const My__Private__Golden__Prefixed__V1__Thing *)mrpc_channel_unary(
        channel, &my__private__golden__prefixed__v1__thing_service__service.methods[0], options, (const ProtobufCMessage *)request, reply);
}

static inline void my__private__golden__prefixed__v1__thing_service__get__async(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const My__Private__Golden__Prefixed__V1__Thing *request,
    void (*done)(void *arg, const My__Private__Golden__Prefixed__V1__Thing *response, const struct mrpc_reply *reply), void *arg)
{
    mrpc_channel_unary_async(
        channel, &my__private__golden__prefixed__v1__thing_service__service.methods[0], options, (const ProtobufCMessage *)request,
        (void (*)(void *, const ProtobufCMessage *, const struct mrpc_reply *))(void (*)(void))done, arg);
}

MRPC_END_DECLS
#endif
