/* Made by protoc-gen-mrpc-c from input.proto. Do not edit. */
#ifndef MRPC_input_2eproto__INCLUDED
#define MRPC_input_2eproto__INCLUDED

#include <mrpc/message.h>
#include <mrpc/service.h>

#include "input.pb-c.h"

MRPC_BEGIN_DECLS

extern const struct mrpc_file input_2eproto__file;

extern const struct mrpc_message_info golden__oneof__v1__shape__info;
extern const struct mrpc_message_info golden__oneof__v1__shape__circle__info;
extern const struct mrpc_message_info golden__oneof__v1__shape__square__info;

static inline void golden__oneof__v1__shape__set_layer(
    Golden__Oneof__V1__Shape *message, int32_t value)
{
    message->has_layer_case = GOLDEN__ONEOF__V1__SHAPE__HAS_LAYER_LAYER;
    message->layer = value;
}

MRPC_END_DECLS
#endif
