/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_FAULT_H
#define MLT_FAULT_H

#include <stdint.h>

#include <mrpc/call.h>
#include <mrpc/status.h>

/** Why something of the domain failed: a gRPC code, the request field that is wrong (or ""), and a text for a person.
 *  It is written where the fault is found; outer layers prefix it; fault_answer() alone turns it into a reply.
 *  Plain memory, no ownership. Thread: one at a time. */
struct fault {
    int code;                 /* enum mrpc_code; 0 while nothing is wrong */
    char field[96];           /* "instance.checks[2].url" */
    char text[400];
    int64_t retry_after_ms;   /* 0: no advice */
};

#define FAULT_INIT {0, "", "", 0}

/** Each returns the code, for `return fault_set(…)`. @fault may be NULL when the caller wants the code alone. */
int fault_set(struct fault *fault, enum mrpc_code code, const char *format, ...) MRPC_PRINTF(3, 4);
/** INVALID_ARGUMENT that names the field. */
int fault_field(struct fault *fault, const char *field, const char *format, ...) MRPC_PRINTF(3, 4);
/** As fault_set() with the advice to come again after @retry_after_ms. */
int fault_retry(struct fault *fault, enum mrpc_code code, int64_t retry_after_ms, const char *format, ...)
    MRPC_PRINTF(4, 5);
/** Put "prefix: " before the text. Returns fault->code. */
int fault_prefix(struct fault *fault, const char *format, ...) MRPC_PRINTF(2, 3);

/** The one place where a fault becomes a gRPC status: message "field: text", details BadRequest, RetryInfo.
 *  Returns the code, for `return fault_answer(call, &fault)` in a handler or mrpc_call_finish(call, fault_answer(…),
 *  0). */
int fault_answer(struct mrpc_call *call, const struct fault *fault);

#endif
