/* Made by protoc-gen-mrpc-c from 2dir/odd-name.v1.proto. Do not edit. */
#ifndef MRPC__2dir_2fodd_2dname_2ev1_2eproto__INCLUDED
#define MRPC__2dir_2fodd_2dname_2ev1_2eproto__INCLUDED

#include <mrpc/message.h>
#include <mrpc/service.h>

#include "2dir/odd-name.v1.pb-c.h"

MRPC_BEGIN_DECLS

extern const struct mrpc_file _2dir_2fodd_2dname_2ev1_2eproto__file;

extern const struct mrpc_message_info odd__info;

MRPC_END_DECLS
#endif
