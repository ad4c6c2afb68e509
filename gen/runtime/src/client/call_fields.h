/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_CALL_FIELDS_H
#define MRPC_CLIENT_CALL_FIELDS_H

#include <mrpc/channel.h>

#include "client/call_core.h"

/** The header fields of the call's request, pseudo headers left out, in the order of gRPC PROTOCOL-HTTP2 (grpc-timeout
 *  before custom metadata), in the call's arena. Errors: MRPC_ERR_INVALID for metadata that may not be sent or is too
 *  much; MRPC_ERR_NOMEM. */
int mrpc_call_fields_make(struct mrpc_client_call *call, const struct mrpc_channel *channel,
                          const struct mrpc_call_options *options) MRPC_MUST_USE;

/** Write what is left of the deadline into the grpc-timeout field, if the call has one. */
void mrpc_call_fields_set_timeout(struct mrpc_client_call *call, int64_t now_ms);

#endif
