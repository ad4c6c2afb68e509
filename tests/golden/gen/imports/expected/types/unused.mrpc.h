/* Made by protoc-gen-mrpc-c from types/unused.proto. Do not edit. */
#ifndef MRPC_types_2funused_2eproto__INCLUDED
#define MRPC_types_2funused_2eproto__INCLUDED

#include <mrpc/message.h>
#include <mrpc/service.h>

#include "types/unused.pb-c.h"

MRPC_BEGIN_DECLS

extern const struct mrpc_file types_2funused_2eproto__file;

extern const struct mrpc_message_info golden__imports__types__unused__info;

MRPC_END_DECLS
#endif
