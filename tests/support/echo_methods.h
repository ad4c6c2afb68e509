/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_ECHO_METHODS_H
#define MLT_ECHO_METHODS_H

#include <google/protobuf/wrappers.mrpc.h>
#include <mrpc/service.h>

/* A service of strings, by hand: the four kinds of calls without a .proto of its own. */

typedef Google__Protobuf__StringValue EchoText;

#define ECHO_METHOD(NAME, CLIENT, SERVER)                                                                              \
    {                                                                                                                  \
        .name = NAME, .path = "/test.Echo/" NAME, .client_streaming = CLIENT, .server_streaming = SERVER,              \
        .request = &google__protobuf__string_value__info, .response = &google__protobuf__string_value__info            \
    }

static const struct mrpc_method echo_say = ECHO_METHOD("Say", false, false);
static const struct mrpc_method echo_split = ECHO_METHOD("Split", false, true);
static const struct mrpc_method echo_join = ECHO_METHOD("Join", true, false);
static const struct mrpc_method echo_chat = ECHO_METHOD("Chat", true, true);

static inline EchoText echo_text(const char *text)
{
    EchoText message = GOOGLE__PROTOBUF__STRING_VALUE__INIT;
    message.value = (char *)text;
    return message;
}

static inline const char *echo_value(const ProtobufCMessage *message)
{
    return ((const EchoText *)message)->value;
}

#endif
