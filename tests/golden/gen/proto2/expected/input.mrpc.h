/* Made by protoc-gen-mrpc-c from input.proto. Do not edit. */
#ifndef MRPC_input_2eproto__INCLUDED
#define MRPC_input_2eproto__INCLUDED

#include <mrpc/message.h>
#include <mrpc/service.h>

#include "input.pb-c.h"

MRPC_BEGIN_DECLS

extern const struct mrpc_file input_2eproto__file;

extern const struct mrpc_message_info golden__proto2__old__info;
extern const struct mrpc_message_info golden__proto2__old__group__info;
extern const struct mrpc_message_info golden__proto2__cases__info;
extern const struct mrpc_message_info golden__proto2__set__info;

MRPC_END_DECLS
#endif
