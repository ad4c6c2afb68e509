/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_CALL_FIELDS_H
#define MRPC_CLIENT_CALL_FIELDS_H

#include <mrpc/channel.h>

#include "client/call_core.h"

/** The program's metadata, checked and copied. Errors: MRPC_ERR_INVALID for what may not be sent or is too much;
 *  MRPC_ERR_NOMEM. */
int mrpc_call_fields_collect(const struct mrpc_metadatum *entries, size_t count,
                             struct mrpc_metadata *out) MRPC_MUST_USE;

/** The header fields of the call's request, pseudo headers left out, in the order of gRPC PROTOCOL-HTTP2 (grpc-timeout
 *  before custom metadata), in the call's arena. Errors: MRPC_ERR_INVALID when @metadata is too much;
 *  MRPC_ERR_NOMEM. */
int mrpc_call_fields_make(struct mrpc_client_call *call, const struct mrpc_channel *channel,
                          const struct mrpc_metadata *metadata) MRPC_MUST_USE;

/** @fields and @more behind them. Errors: MRPC_ERR_LIMIT when they are too many; MRPC_ERR_NOMEM. */
int mrpc_call_fields_append(const struct mrpc_request_field *fields, size_t field_count,
                            const struct mrpc_metadata *more, struct mrpc_arena *arena,
                            struct mrpc_request_field out[MRPC_REQUEST_FIELDS_MAX], size_t *count) MRPC_MUST_USE;

/** Those of one attempt, *@count of them: with what is left of the deadline, and how many attempts came before.
 *  Borrowed until the next attempt asks. */
const struct mrpc_request_field *mrpc_call_fields_of_attempt(struct mrpc_client_call *call, unsigned previous,
                                                             int64_t now_ms, size_t *count);

#endif
