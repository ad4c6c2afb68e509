/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_BINARYLOG_FILTER_H
#define MRPC_BINARYLOG_FILTER_H

#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>

/** How much of a call is logged; UINT64_MAX is all, 0 nothing but that it was there. */
struct log_extent {
    uint64_t header_bytes;
    uint64_t message_bytes;
};

struct binary_log_filter;

/** The grammar of mrpc/binary_log.h. Errors: MRPC_ERR_INVALID with the reason in @why, MRPC_ERR_NOMEM. */
int mrpc_binary_log_filter_parse(const char *text, struct binary_log_filter **out, char *why, size_t why_bytes)
    MRPC_MUST_USE;
void mrpc_binary_log_filter_free(struct binary_log_filter *filter);

/** What is logged of a method, "/package.Service/Method"; NULL: nothing. Borrowed from the filter; a
 *  filter that is NULL names nothing. */
const struct log_extent *mrpc_binary_log_filter_find(const struct binary_log_filter *filter, const char *path);

#endif
