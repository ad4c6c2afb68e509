/* Made by protoc-gen-mrpc-c from types/passed_on.proto. Do not edit. */
#ifndef MRPC_types_2fpassed_5fon_2eproto__INCLUDED
#define MRPC_types_2fpassed_5fon_2eproto__INCLUDED

#include <mrpc/message.h>
#include <mrpc/service.h>

#include "types/passed_on.pb-c.h"

MRPC_BEGIN_DECLS

extern const struct mrpc_file types_2fpassed_5fon_2eproto__file;

extern const struct mrpc_message_info golden__imports__types__passed__info;

MRPC_END_DECLS
#endif
