/* Made by protoc-gen-mrpc-c from input.proto. Do not edit. */
#ifndef MRPC_input_2eproto__INCLUDED
#define MRPC_input_2eproto__INCLUDED

#include <mrpc/message.h>
#include <mrpc/service.h>

#include "input.pb-c.h"

MRPC_BEGIN_DECLS

extern const struct mrpc_file input_2eproto__file;

extern const struct mrpc_message_info golden__maps__v1__maps__info;
extern const struct mrpc_message_info golden__maps__v1__maps__labels_entry__info;
extern const struct mrpc_message_info golden__maps__v1__maps__by_number_entry__info;
extern const struct mrpc_message_info golden__maps__v1__maps__by_flag_entry__info;
extern const struct mrpc_message_info golden__maps__v1__maps__by_id_entry__info;
extern const struct mrpc_message_info golden__maps__v1__maps__default_entry__info;
extern const struct mrpc_message_info golden__maps__v1__value__info;
extern const struct mrpc_message_info golden__maps__v1__value__maps_entry__info;
extern const struct mrpc_message_info golden__maps__v1__pair__info;

MRPC_END_DECLS
#endif
