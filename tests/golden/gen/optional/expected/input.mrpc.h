/* Made by protoc-gen-mrpc-c from input.proto. Do not edit. */
#ifndef MRPC_input_2eproto__INCLUDED
#define MRPC_input_2eproto__INCLUDED

#include <mrpc/message.h>
#include <mrpc/service.h>

#include "input.pb-c.h"

MRPC_BEGIN_DECLS

extern const struct mrpc_file input_2eproto__file;

extern const struct mrpc_message_info golden__optional__v1__optionals__info;
extern const struct mrpc_message_info golden__optional__v1__taken__info;

static inline void golden__optional__v1__optionals__set_a_double(
    Golden__Optional__V1__Optionals *message, double value)
{
    message->has_a_double_case = GOLDEN__OPTIONAL__V1__OPTIONALS__HAS_A_DOUBLE_A_DOUBLE;
    message->a_double = value;
}

static inline void golden__optional__v1__optionals__set_a_float(
    Golden__Optional__V1__Optionals *message, float value)
{
    message->has_a_float_case = GOLDEN__OPTIONAL__V1__OPTIONALS__HAS_A_FLOAT_A_FLOAT;
    message->a_float = value;
}

static inline void golden__optional__v1__optionals__set_an_int32(
    Golden__Optional__V1__Optionals *message, int32_t value)
{
    message->has_an_int32_case = GOLDEN__OPTIONAL__V1__OPTIONALS__HAS_AN_INT32_AN_INT32;
    message->an_int32 = value;
}

static inline void golden__optional__v1__optionals__set_an_int64(
    Golden__Optional__V1__Optionals *message, int64_t value)
{
    message->has_an_int64_case = GOLDEN__OPTIONAL__V1__OPTIONALS__HAS_AN_INT64_AN_INT64;
    message->an_int64 = value;
}

static inline void golden__optional__v1__optionals__set_a_uint32(
    Golden__Optional__V1__Optionals *message, uint32_t value)
{
    message->has_a_uint32_case = GOLDEN__OPTIONAL__V1__OPTIONALS__HAS_A_UINT32_A_UINT32;
    message->a_uint32 = value;
}

static inline void golden__optional__v1__optionals__set_a_uint64(
    Golden__Optional__V1__Optionals *message, uint64_t value)
{
    message->has_a_uint64_case = GOLDEN__OPTIONAL__V1__OPTIONALS__HAS_A_UINT64_A_UINT64;
    message->a_uint64 = value;
}

static inline void golden__optional__v1__optionals__set_a_bool(
    Golden__Optional__V1__Optionals *message, protobuf_c_boolean value)
{
    message->has_a_bool_case = GOLDEN__OPTIONAL__V1__OPTIONALS__HAS_A_BOOL_A_BOOL;
    message->a_bool = value;
}

static inline void golden__optional__v1__optionals__set_a_string(
    Golden__Optional__V1__Optionals *message, char *value)
{
    message->has_a_string_case = GOLDEN__OPTIONAL__V1__OPTIONALS__HAS_A_STRING_A_STRING;
    message->a_string = value;
}

static inline void golden__optional__v1__optionals__set_some_bytes(
    Golden__Optional__V1__Optionals *message, ProtobufCBinaryData value)
{
    message->has_some_bytes_case = GOLDEN__OPTIONAL__V1__OPTIONALS__HAS_SOME_BYTES_SOME_BYTES;
    message->some_bytes = value;
}

static inline void golden__optional__v1__optionals__set_mood(
    Golden__Optional__V1__Optionals *message, Golden__Optional__V1__Mood value)
{
    message->has_mood_case = GOLDEN__OPTIONAL__V1__OPTIONALS__HAS_MOOD_MOOD;
    message->mood = value;
}

static inline void golden__optional__v1__optionals__set_nested(
    Golden__Optional__V1__Optionals *message, Golden__Optional__V1__Optionals *value)
{
    message->has_nested_case = GOLDEN__OPTIONAL__V1__OPTIONALS__HAS_NESTED_NESTED;
    message->nested = value;
}

static inline void golden__optional__v1__optionals__set_class_(
    Golden__Optional__V1__Optionals *message, char *value)
{
    message->has_class__case = GOLDEN__OPTIONAL__V1__OPTIONALS__HAS_CLASS__CLASS_;
    message->class_ = value;
}

static inline void golden__optional__v1__optionals__set_camelcase(
    Golden__Optional__V1__Optionals *message, int32_t value)
{
    message->has_camelcase_case = GOLDEN__OPTIONAL__V1__OPTIONALS__HAS_CAMELCASE_CAMEL_CASE;
    message->camelcase = value;
}

static inline void golden__optional__v1__taken__set_foo(
    Golden__Optional__V1__Taken *message, int32_t value)
{
    message->has_foo_2_case = GOLDEN__OPTIONAL__V1__TAKEN__HAS_FOO_2_FOO;
    message->foo = value;
}

static inline void golden__optional__v1__taken__set_bar(
    Golden__Optional__V1__Taken *message, int32_t value)
{
    message->has_bar_2_case = GOLDEN__OPTIONAL__V1__TAKEN__HAS_BAR_2_BAR;
    message->bar = value;
}

static inline void golden__optional__v1__taken__set_baz(
    Golden__Optional__V1__Taken *message, int32_t value)
{
    message->has_baz_2_case = GOLDEN__OPTIONAL__V1__TAKEN__HAS_BAZ_2_BAZ;
    message->baz = value;
}

MRPC_END_DECLS
#endif
