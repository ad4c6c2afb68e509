/* Made by protoc-gen-mrpc-c from input.proto. Do not edit. */
#ifndef MRPC_input_2eproto__INCLUDED
#define MRPC_input_2eproto__INCLUDED

#include <mrpc/call.h>
#include <mrpc/channel.h>
#include <mrpc/message.h>
#include <mrpc/server.h>
#include <mrpc/service.h>

#include "input.pb-c.h"
#include "other.mrpc.h"

MRPC_BEGIN_DECLS

extern const struct mrpc_file input_2eproto__file;

extern const struct mrpc_message_info golden__a__foo_bar__info;
extern const struct mrpc_message_info golden__a__foo__bar_2__info;
extern const struct mrpc_message_info golden__a__foo_bar_3__info;
extern const struct mrpc_message_info golden__a__holder__info;
extern const struct mrpc_message_info golden__a__holder__kind_case_2__info;
extern const struct mrpc_message_info golden__a__user_service__info;
extern const struct mrpc_message_info golden__a__thing_2__info;

/* Service golden.a.UserService. */

extern const struct mrpc_service golden__a__user_service__service;
extern const struct mrpc_skeleton golden__a__user_service__skeleton;

struct golden__a__user_service__handlers {
    int (*init)(void *self, struct mrpc_call *call, const Golden__A__UserService *request,
            Golden__A__Thing *response);
    int (*pack)(void *self, struct mrpc_call *call, const Golden__A__UserService *request,
            Golden__A__Thing *response);
};

/** Serve golden.a.UserService. @handlers and @self are borrowed until the server is freed. */
MRPC_MUST_USE static inline int golden__a__user_service__add_to_server(
    struct mrpc_server *server, const struct golden__a__user_service__handlers *handlers, void *self)
{
    return mrpc_server_add_service(server, &golden__a__user_service__skeleton, handlers, self);
}

/* /golden.a.UserService/Init, unary. */
static inline const Golden__A__Thing *golden__a__user_service__init_(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__A__UserService *request, struct mrpc_reply *reply)
{
    return (const Golden__A__Thing *)mrpc_channel_unary(
        channel, &golden__a__user_service__service.methods[0], options, (const ProtobufCMessage *)request, reply);
}

static inline void golden__a__user_service__init___async(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__A__UserService *request,
    void (*done)(void *arg, const Golden__A__Thing *response, const struct mrpc_reply *reply), void *arg)
{
    mrpc_channel_unary_async(
        channel, &golden__a__user_service__service.methods[0], options, (const ProtobufCMessage *)request,
        (void (*)(void *, const ProtobufCMessage *, const struct mrpc_reply *))(void (*)(void))done, arg);
}

/* /golden.a.UserService/Pack, unary. */
static inline const Golden__A__Thing *golden__a__user_service__pack_(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__A__UserService *request, struct mrpc_reply *reply)
{
    return (const Golden__A__Thing *)mrpc_channel_unary(
        channel, &golden__a__user_service__service.methods[1], options, (const ProtobufCMessage *)request, reply);
}

static inline void golden__a__user_service__pack___async(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__A__UserService *request,
    void (*done)(void *arg, const Golden__A__Thing *response, const struct mrpc_reply *reply), void *arg)
{
    mrpc_channel_unary_async(
        channel, &golden__a__user_service__service.methods[1], options, (const ProtobufCMessage *)request,
        (void (*)(void *, const ProtobufCMessage *, const struct mrpc_reply *))(void (*)(void))done, arg);
}

MRPC_END_DECLS
#endif
