/* Made by protoc-gen-mrpc-c from other.proto. Do not edit. */
#ifndef MRPC_other_2eproto__INCLUDED
#define MRPC_other_2eproto__INCLUDED

#include <mrpc/message.h>
#include <mrpc/service.h>

#include "other.pb-c.h"

MRPC_BEGIN_DECLS

extern const struct mrpc_file other_2eproto__file;

extern const struct mrpc_message_info golden__a__thing__info;

static inline void golden__a__thing__set_x(
    Golden__A__Thing *message, int32_t value)
{
    message->has_x_case = GOLDEN__A__THING__HAS_X_X;
    message->x = value;
}

MRPC_END_DECLS
#endif
