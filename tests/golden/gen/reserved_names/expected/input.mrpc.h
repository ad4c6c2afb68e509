/* Made by protoc-gen-mrpc-c from input.proto. Do not edit. */
#ifndef MRPC_input_2eproto__INCLUDED
#define MRPC_input_2eproto__INCLUDED

#include <mrpc/message.h>
#include <mrpc/service.h>

#include "input.pb-c.h"

MRPC_BEGIN_DECLS

extern const struct mrpc_file input_2eproto__file;

extern const struct mrpc_message_info golden__reserved_names__v1__reserved__info;
extern const struct mrpc_message_info golden__reserved_names__v1__reserved__for_entry__info;
extern const struct mrpc_message_info golden__reserved_names__v1__beside__info;
extern const struct mrpc_message_info golden__reserved_names__v1__register__info;

static inline void golden__reserved_names__v1__reserved__set_while_(
    Golden__ReservedNames__V1__Reserved *message, int32_t value)
{
    message->has_while__case = GOLDEN__RESERVED_NAMES__V1__RESERVED__HAS_WHILE__WHILE_;
    message->while_ = value;
}

MRPC_END_DECLS
#endif
