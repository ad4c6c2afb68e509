/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_AUDIT_RESOURCE_H
#define MLT_AUDIT_RESOURCE_H

#include <mrpc/message.h>

#include "audit/entry.h"

/** On what a request is to act, read from its bytes: fields that name things (namespace, service, id, name, artifact,
 *  …), also those of singular messages in it, in their order, as "service:web,id:a1". Bytes other than
 *  [A-Za-z0-9._~/@-] are %XX, so that nobody forges a field. Whom it names (identity) goes to @entry->whom. @bytes are
 *  a peer's: what is no message ends it, and so do 64 fields of one message. */
void resource_read(struct audit_entry *entry, const struct mrpc_message_info *info, const void *bytes, size_t size);
/** Append @text so written, cut when there is no more room. */
void resource_put(struct audit_entry *entry, const char *text, size_t size);

#endif
