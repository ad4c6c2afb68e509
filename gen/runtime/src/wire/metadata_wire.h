/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_WIRE_METADATA_WIRE_H
#define MRPC_WIRE_METADATA_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include <mrpc/metadata.h>

/** True for header names that never are a program's metadata: ":…", "grpc-…" and what HTTP/2 and gRPC use themselves
 *  (content-type, te, user-agent stays visible). */
bool mrpc_metadata_reserved(const char *name, size_t size);

/** True for a name whose value is base64 on the wire. */
bool mrpc_metadata_binary(const char *name, size_t size);

/** Append a header that the peer sent: a "-bin" value is split at commas and each part decoded into an entry of its
 *  own. Reserved names are the caller's to leave out. A text value's leading and trailing blanks are dropped.
 *  Errors: MRPC_ERR_MALFORMED for bad base64 or a byte that a key or value may not have: fail that stream only;
 *  MRPC_ERR_NOMEM, MRPC_ERR_LIMIT. */
int mrpc_metadata_add_wire(struct mrpc_metadata *metadata, const char *name, size_t name_bytes, const char *value,
                           size_t value_bytes) MRPC_MUST_USE;

/** What an entry counts in a header list: name + value as it goes on the wire + 32. */
size_t mrpc_metadata_wire_bytes(const char *key, size_t value_bytes);

/** The value as it goes on the wire: the entry's own, or base64 without padding, made in @arena. NULL when memory is
 *  out. */
const char *mrpc_metadata_wire_value(const struct mrpc_metadatum *entry, struct mrpc_arena *arena,
                                     size_t *wire_bytes) MRPC_MUST_USE;

#endif
