/* Made by protoc-gen-mrpc-c from types/umbrella.proto. Do not edit. */
#ifndef MRPC_types_2fumbrella_2eproto__INCLUDED
#define MRPC_types_2fumbrella_2eproto__INCLUDED

#include <mrpc/message.h>
#include <mrpc/service.h>

#include "types/umbrella.pb-c.h"
#include "types/passed_on.mrpc.h"

MRPC_BEGIN_DECLS

extern const struct mrpc_file types_2fumbrella_2eproto__file;

extern const struct mrpc_message_info golden__imports__types__umbrella__info;

MRPC_END_DECLS
#endif
