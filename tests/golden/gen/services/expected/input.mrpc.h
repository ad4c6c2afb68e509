/* Made by protoc-gen-mrpc-c from input.proto. Do not edit. */
#ifndef MRPC_input_2eproto__INCLUDED
#define MRPC_input_2eproto__INCLUDED

#include <mrpc/call.h>
#include <mrpc/channel.h>
#include <mrpc/message.h>
#include <mrpc/server.h>
#include <mrpc/service.h>

#include "input.pb-c.h"
#include "google/protobuf/empty.mrpc.h"

MRPC_BEGIN_DECLS

extern const struct mrpc_file input_2eproto__file;

extern const struct mrpc_message_info golden__services__v1__get_thing_request__info;
extern const struct mrpc_message_info golden__services__v1__thing__info;

/* Service golden.services.v1.EverythingService. */

extern const struct mrpc_service golden__services__v1__everything_service__service;
extern const struct mrpc_skeleton golden__services__v1__everything_service__skeleton;

/** Every kind of call, and method names that our own names or C's would clash with. */
struct golden__services__v1__everything_service__handlers {
    /** One request, one response.
     *
     * Second paragraph with a marker * / inside and / * another. */
    int (*get_thing)(void *self, struct mrpc_call *call, const Golden__Services__V1__GetThingRequest *request,
            Golden__Services__V1__Thing *response);
    int (*put_thing)(void *self, struct mrpc_call *call, const Golden__Services__V1__Thing *request,
            Google__Protobuf__Empty *response);
    /** A block comment. */
    int (*watch_things)(void *self, struct mrpc_call *call, const Golden__Services__V1__GetThingRequest *request); /* sends Golden__Services__V1__Thing */
    struct {
        int (*open)(void *self, struct mrpc_call *call);
        int (*message)(void *self, struct mrpc_call *call, const Golden__Services__V1__Thing *message);
        int (*half_close)(void *self, struct mrpc_call *call);
    } upload_things; /* finishes with one Google__Protobuf__Empty */
    /** A trailing comment. */
    struct {
        int (*open)(void *self, struct mrpc_call *call);
        int (*message)(void *self, struct mrpc_call *call, const Golden__Services__V1__Thing *message);
        int (*half_close)(void *self, struct mrpc_call *call);
    } chat_things; /* sends Golden__Services__V1__Thing */
    /** Keywords of C and C++. */
    int (*register_)(void *self, struct mrpc_call *call, const Golden__Services__V1__GetThingRequest *request,
            Golden__Services__V1__Thing *response);
    int (*default_)(void *self, struct mrpc_call *call, const Golden__Services__V1__GetThingRequest *request,
            Golden__Services__V1__Thing *response);
    struct {
        int (*open)(void *self, struct mrpc_call *call);
        int (*message)(void *self, struct mrpc_call *call, const Golden__Services__V1__Thing *message);
        int (*half_close)(void *self, struct mrpc_call *call);
    } delete_; /* sends Golden__Services__V1__Thing */
    /** Names of ours. */
    int (*service)(void *self, struct mrpc_call *call, const Golden__Services__V1__GetThingRequest *request,
            Golden__Services__V1__Thing *response);
    int (*skeleton)(void *self, struct mrpc_call *call, const Golden__Services__V1__GetThingRequest *request,
            Golden__Services__V1__Thing *response);
    int (*handlers)(void *self, struct mrpc_call *call, const Golden__Services__V1__GetThingRequest *request,
            Golden__Services__V1__Thing *response);
    int (*add_to_server)(void *self, struct mrpc_call *call, const Golden__Services__V1__GetThingRequest *request,
            Golden__Services__V1__Thing *response);
    /** Names that become one in C. */
    int (*say_hello)(void *self, struct mrpc_call *call, const Golden__Services__V1__GetThingRequest *request,
            Golden__Services__V1__Thing *response);
    int (*say_hello_)(void *self, struct mrpc_call *call, const Golden__Services__V1__GetThingRequest *request,
            Golden__Services__V1__Thing *response);
    int (*say_hello__)(void *self, struct mrpc_call *call, const Golden__Services__V1__GetThingRequest *request,
            Golden__Services__V1__Thing *response);
    /** Its stub would be another method's asynchronous form. */
    int (*say_hello__async)(void *self, struct mrpc_call *call, const Golden__Services__V1__GetThingRequest *request,
            Golden__Services__V1__Thing *response);
};

/** Serve golden.services.v1.EverythingService. @handlers and @self are borrowed until the server is freed. */
MRPC_MUST_USE static inline int golden__services__v1__everything_service__add_to_server(
    struct mrpc_server *server, const struct golden__services__v1__everything_service__handlers *handlers, void *self)
{
    return mrpc_server_add_service(server, &golden__services__v1__everything_service__skeleton, handlers, self);
}

/* /golden.services.v1.EverythingService/GetThing, unary. */
/** One request, one response.
 *
 * Second paragraph with a marker * / inside and / * another. */
static inline const Golden__Services__V1__Thing *golden__services__v1__everything_service__get_thing(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Services__V1__GetThingRequest *request, struct mrpc_reply *reply)
{
    return (const Golden__Services__V1__Thing *)mrpc_channel_unary(
        channel, &golden__services__v1__everything_service__service.methods[0], options, (const ProtobufCMessage *)request, reply);
}

static inline void golden__services__v1__everything_service__get_thing__async(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Services__V1__GetThingRequest *request,
    void (*done)(void *arg, const Golden__Services__V1__Thing *response, const struct mrpc_reply *reply), void *arg)
{
    mrpc_channel_unary_async(
        channel, &golden__services__v1__everything_service__service.methods[0], options, (const ProtobufCMessage *)request,
        (void (*)(void *, const ProtobufCMessage *, const struct mrpc_reply *))(void (*)(void))done, arg);
}

/* /golden.services.v1.EverythingService/PutThing, unary. */
static inline const Google__Protobuf__Empty *golden__services__v1__everything_service__put_thing(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Services__V1__Thing *request, struct mrpc_reply *reply)
{
    return (const Google__Protobuf__Empty *)mrpc_channel_unary(
        channel, &golden__services__v1__everything_service__service.methods[1], options, (const ProtobufCMessage *)request, reply);
}

static inline void golden__services__v1__everything_service__put_thing__async(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Services__V1__Thing *request,
    void (*done)(void *arg, const Google__Protobuf__Empty *response, const struct mrpc_reply *reply), void *arg)
{
    mrpc_channel_unary_async(
        channel, &golden__services__v1__everything_service__service.methods[1], options, (const ProtobufCMessage *)request,
        (void (*)(void *, const ProtobufCMessage *, const struct mrpc_reply *))(void (*)(void))done, arg);
}

/* /golden.services.v1.EverythingService/WatchThings, server streaming. */
/** A block comment. */
MRPC_MUST_USE static inline int golden__services__v1__everything_service__watch_things__start(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Services__V1__GetThingRequest *request, const struct mrpc_client_events *events, void *arg,
    struct mrpc_client_call **out)
{
    return mrpc_client_call_start_with(
        channel, &golden__services__v1__everything_service__service.methods[2], options, (const ProtobufCMessage *)request, events, arg, out);
}

static inline const Golden__Services__V1__Thing *golden__services__v1__everything_service__watch_things__recv(struct mrpc_client_call *call)
{
    return (const Golden__Services__V1__Thing *)mrpc_client_call_recv(call);
}

/* /golden.services.v1.EverythingService/UploadThings, client streaming. */
MRPC_MUST_USE static inline int golden__services__v1__everything_service__upload_things__start(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const struct mrpc_client_events *events, void *arg,
    struct mrpc_client_call **out)
{
    return mrpc_client_call_start(
        channel, &golden__services__v1__everything_service__service.methods[3], options, events, arg, out);
}

MRPC_MUST_USE static inline int golden__services__v1__everything_service__upload_things__send(
    struct mrpc_client_call *call, const Golden__Services__V1__Thing *message)
{
    return mrpc_client_call_send(call, (const ProtobufCMessage *)message);
}

static inline const Google__Protobuf__Empty *golden__services__v1__everything_service__upload_things__recv(struct mrpc_client_call *call)
{
    return (const Google__Protobuf__Empty *)mrpc_client_call_recv(call);
}

/* /golden.services.v1.EverythingService/ChatThings, bidi streaming. */
/** A trailing comment. */
MRPC_MUST_USE static inline int golden__services__v1__everything_service__chat_things__start(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const struct mrpc_client_events *events, void *arg,
    struct mrpc_client_call **out)
{
    return mrpc_client_call_start(
        channel, &golden__services__v1__everything_service__service.methods[4], options, events, arg, out);
}

MRPC_MUST_USE static inline int golden__services__v1__everything_service__chat_things__send(
    struct mrpc_client_call *call, const Golden__Services__V1__Thing *message)
{
    return mrpc_client_call_send(call, (const ProtobufCMessage *)message);
}

static inline const Golden__Services__V1__Thing *golden__services__v1__everything_service__chat_things__recv(struct mrpc_client_call *call)
{
    return (const Golden__Services__V1__Thing *)mrpc_client_call_recv(call);
}

/* /golden.services.v1.EverythingService/Register, unary. */
/** Keywords of C and C++. */
static inline const Golden__Services__V1__Thing *golden__services__v1__everything_service__register(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Services__V1__GetThingRequest *request, struct mrpc_reply *reply)
{
    return (const Golden__Services__V1__Thing *)mrpc_channel_unary(
        channel, &golden__services__v1__everything_service__service.methods[5], options, (const ProtobufCMessage *)request, reply);
}

static inline void golden__services__v1__everything_service__register__async(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Services__V1__GetThingRequest *request,
    void (*done)(void *arg, const Golden__Services__V1__Thing *response, const struct mrpc_reply *reply), void *arg)
{
    mrpc_channel_unary_async(
        channel, &golden__services__v1__everything_service__service.methods[5], options, (const ProtobufCMessage *)request,
        (void (*)(void *, const ProtobufCMessage *, const struct mrpc_reply *))(void (*)(void))done, arg);
}

/* /golden.services.v1.EverythingService/Default, unary. */
static inline const Golden__Services__V1__Thing *golden__services__v1__everything_service__default(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Services__V1__GetThingRequest *request, struct mrpc_reply *reply)
{
    return (const Golden__Services__V1__Thing *)mrpc_channel_unary(
        channel, &golden__services__v1__everything_service__service.methods[6], options, (const ProtobufCMessage *)request, reply);
}

static inline void golden__services__v1__everything_service__default__async(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Services__V1__GetThingRequest *request,
    void (*done)(void *arg, const Golden__Services__V1__Thing *response, const struct mrpc_reply *reply), void *arg)
{
    mrpc_channel_unary_async(
        channel, &golden__services__v1__everything_service__service.methods[6], options, (const ProtobufCMessage *)request,
        (void (*)(void *, const ProtobufCMessage *, const struct mrpc_reply *))(void (*)(void))done, arg);
}

/* /golden.services.v1.EverythingService/Delete, bidi streaming. */
MRPC_MUST_USE static inline int golden__services__v1__everything_service__delete__start(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const struct mrpc_client_events *events, void *arg,
    struct mrpc_client_call **out)
{
    return mrpc_client_call_start(
        channel, &golden__services__v1__everything_service__service.methods[7], options, events, arg, out);
}

MRPC_MUST_USE static inline int golden__services__v1__everything_service__delete__send(
    struct mrpc_client_call *call, const Golden__Services__V1__Thing *message)
{
    return mrpc_client_call_send(call, (const ProtobufCMessage *)message);
}

static inline const Golden__Services__V1__Thing *golden__services__v1__everything_service__delete__recv(struct mrpc_client_call *call)
{
    return (const Golden__Services__V1__Thing *)mrpc_client_call_recv(call);
}

/* /golden.services.v1.EverythingService/Service, unary. */
/** Names of ours. */
static inline const Golden__Services__V1__Thing *golden__services__v1__everything_service__service_(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Services__V1__GetThingRequest *request, struct mrpc_reply *reply)
{
    return (const Golden__Services__V1__Thing *)mrpc_channel_unary(
        channel, &golden__services__v1__everything_service__service.methods[8], options, (const ProtobufCMessage *)request, reply);
}

static inline void golden__services__v1__everything_service__service___async(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Services__V1__GetThingRequest *request,
    void (*done)(void *arg, const Golden__Services__V1__Thing *response, const struct mrpc_reply *reply), void *arg)
{
    mrpc_channel_unary_async(
        channel, &golden__services__v1__everything_service__service.methods[8], options, (const ProtobufCMessage *)request,
        (void (*)(void *, const ProtobufCMessage *, const struct mrpc_reply *))(void (*)(void))done, arg);
}

/* /golden.services.v1.EverythingService/Skeleton, unary. */
static inline const Golden__Services__V1__Thing *golden__services__v1__everything_service__skeleton_(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Services__V1__GetThingRequest *request, struct mrpc_reply *reply)
{
    return (const Golden__Services__V1__Thing *)mrpc_channel_unary(
        channel, &golden__services__v1__everything_service__service.methods[9], options, (const ProtobufCMessage *)request, reply);
}

static inline void golden__services__v1__everything_service__skeleton___async(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Services__V1__GetThingRequest *request,
    void (*done)(void *arg, const Golden__Services__V1__Thing *response, const struct mrpc_reply *reply), void *arg)
{
    mrpc_channel_unary_async(
        channel, &golden__services__v1__everything_service__service.methods[9], options, (const ProtobufCMessage *)request,
        (void (*)(void *, const ProtobufCMessage *, const struct mrpc_reply *))(void (*)(void))done, arg);
}

/* /golden.services.v1.EverythingService/Handlers, unary. */
static inline const Golden__Services__V1__Thing *golden__services__v1__everything_service__handlers_(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Services__V1__GetThingRequest *request, struct mrpc_reply *reply)
{
    return (const Golden__Services__V1__Thing *)mrpc_channel_unary(
        channel, &golden__services__v1__everything_service__service.methods[10], options, (const ProtobufCMessage *)request, reply);
}

static inline void golden__services__v1__everything_service__handlers___async(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Services__V1__GetThingRequest *request,
    void (*done)(void *arg, const Golden__Services__V1__Thing *response, const struct mrpc_reply *reply), void *arg)
{
    mrpc_channel_unary_async(
        channel, &golden__services__v1__everything_service__service.methods[10], options, (const ProtobufCMessage *)request,
        (void (*)(void *, const ProtobufCMessage *, const struct mrpc_reply *))(void (*)(void))done, arg);
}

/* /golden.services.v1.EverythingService/AddToServer, unary. */
static inline const Golden__Services__V1__Thing *golden__services__v1__everything_service__add_to_server_(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Services__V1__GetThingRequest *request, struct mrpc_reply *reply)
{
    return (const Golden__Services__V1__Thing *)mrpc_channel_unary(
        channel, &golden__services__v1__everything_service__service.methods[11], options, (const ProtobufCMessage *)request, reply);
}

static inline void golden__services__v1__everything_service__add_to_server___async(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Services__V1__GetThingRequest *request,
    void (*done)(void *arg, const Golden__Services__V1__Thing *response, const struct mrpc_reply *reply), void *arg)
{
    mrpc_channel_unary_async(
        channel, &golden__services__v1__everything_service__service.methods[11], options, (const ProtobufCMessage *)request,
        (void (*)(void *, const ProtobufCMessage *, const struct mrpc_reply *))(void (*)(void))done, arg);
}

/* /golden.services.v1.EverythingService/SayHello, unary. */
/** Names that become one in C. */
static inline const Golden__Services__V1__Thing *golden__services__v1__everything_service__say_hello(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Services__V1__GetThingRequest *request, struct mrpc_reply *reply)
{
    return (const Golden__Services__V1__Thing *)mrpc_channel_unary(
        channel, &golden__services__v1__everything_service__service.methods[12], options, (const ProtobufCMessage *)request, reply);
}

static inline void golden__services__v1__everything_service__say_hello__async(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Services__V1__GetThingRequest *request,
    void (*done)(void *arg, const Golden__Services__V1__Thing *response, const struct mrpc_reply *reply), void *arg)
{
    mrpc_channel_unary_async(
        channel, &golden__services__v1__everything_service__service.methods[12], options, (const ProtobufCMessage *)request,
        (void (*)(void *, const ProtobufCMessage *, const struct mrpc_reply *))(void (*)(void))done, arg);
}

/* /golden.services.v1.EverythingService/say_hello, unary. */
static inline const Golden__Services__V1__Thing *golden__services__v1__everything_service__say_hello_(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Services__V1__GetThingRequest *request, struct mrpc_reply *reply)
{
    return (const Golden__Services__V1__Thing *)mrpc_channel_unary(
        channel, &golden__services__v1__everything_service__service.methods[13], options, (const ProtobufCMessage *)request, reply);
}

static inline void golden__services__v1__everything_service__say_hello___async(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Services__V1__GetThingRequest *request,
    void (*done)(void *arg, const Golden__Services__V1__Thing *response, const struct mrpc_reply *reply), void *arg)
{
    mrpc_channel_unary_async(
        channel, &golden__services__v1__everything_service__service.methods[13], options, (const ProtobufCMessage *)request,
        (void (*)(void *, const ProtobufCMessage *, const struct mrpc_reply *))(void (*)(void))done, arg);
}

/* /golden.services.v1.EverythingService/Say_hello, unary. */
static inline const Golden__Services__V1__Thing *golden__services__v1__everything_service__say_hello__(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Services__V1__GetThingRequest *request, struct mrpc_reply *reply)
{
    return (const Golden__Services__V1__Thing *)mrpc_channel_unary(
        channel, &golden__services__v1__everything_service__service.methods[14], options, (const ProtobufCMessage *)request, reply);
}

static inline void golden__services__v1__everything_service__say_hello____async(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Services__V1__GetThingRequest *request,
    void (*done)(void *arg, const Golden__Services__V1__Thing *response, const struct mrpc_reply *reply), void *arg)
{
    mrpc_channel_unary_async(
        channel, &golden__services__v1__everything_service__service.methods[14], options, (const ProtobufCMessage *)request,
        (void (*)(void *, const ProtobufCMessage *, const struct mrpc_reply *))(void (*)(void))done, arg);
}

/* /golden.services.v1.EverythingService/SayHello__async, unary. */
/** Its stub would be another method's asynchronous form. */
static inline const Golden__Services__V1__Thing *golden__services__v1__everything_service__say_hello__async_(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Services__V1__GetThingRequest *request, struct mrpc_reply *reply)
{
    return (const Golden__Services__V1__Thing *)mrpc_channel_unary(
        channel, &golden__services__v1__everything_service__service.methods[15], options, (const ProtobufCMessage *)request, reply);
}

static inline void golden__services__v1__everything_service__say_hello__async___async(
    struct mrpc_channel *channel, const struct mrpc_call_options *options,
    const Golden__Services__V1__GetThingRequest *request,
    void (*done)(void *arg, const Golden__Services__V1__Thing *response, const struct mrpc_reply *reply), void *arg)
{
    mrpc_channel_unary_async(
        channel, &golden__services__v1__everything_service__service.methods[15], options, (const ProtobufCMessage *)request,
        (void (*)(void *, const ProtobufCMessage *, const struct mrpc_reply *))(void (*)(void))done, arg);
}

/* Service golden.services.v1.NothingService. */

extern const struct mrpc_service golden__services__v1__nothing_service__service;
extern const struct mrpc_skeleton golden__services__v1__nothing_service__skeleton;

/** A service without methods. */
struct golden__services__v1__nothing_service__handlers {
    char no_methods;
};

/** Serve golden.services.v1.NothingService. @handlers and @self are borrowed until the server is freed. */
MRPC_MUST_USE static inline int golden__services__v1__nothing_service__add_to_server(
    struct mrpc_server *server, const struct golden__services__v1__nothing_service__handlers *handlers, void *self)
{
    return mrpc_server_add_service(server, &golden__services__v1__nothing_service__skeleton, handlers, self);
}

MRPC_END_DECLS
#endif
