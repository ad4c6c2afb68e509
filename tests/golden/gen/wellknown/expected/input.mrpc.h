/* Made by protoc-gen-mrpc-c from input.proto. Do not edit. */
#ifndef MRPC_input_2eproto__INCLUDED
#define MRPC_input_2eproto__INCLUDED

#include <mrpc/message.h>
#include <mrpc/service.h>

#include "input.pb-c.h"
#include "google/protobuf/any.mrpc.h"
#include "google/protobuf/duration.mrpc.h"
#include "google/protobuf/empty.mrpc.h"
#include "google/protobuf/field_mask.mrpc.h"
#include "google/protobuf/struct.mrpc.h"
#include "google/protobuf/timestamp.mrpc.h"
#include "google/protobuf/wrappers.mrpc.h"

MRPC_BEGIN_DECLS

extern const struct mrpc_file input_2eproto__file;

extern const struct mrpc_message_info golden__wellknown__v1__wellknown__info;

static inline void golden__wellknown__v1__wellknown__set_until(
    Golden__Wellknown__V1__Wellknown *message, Google__Protobuf__Timestamp *value)
{
    message->has_until_case = GOLDEN__WELLKNOWN__V1__WELLKNOWN__HAS_UNTIL_UNTIL;
    message->until = value;
}

MRPC_END_DECLS
#endif
