/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CREDENTIALS_H
#define MRPC_CREDENTIALS_H

#include <stddef.h>

#include <mrpc/attributes.h>
#include <mrpc/error.h>
#include <mrpc/status.h>

MRPC_BEGIN_DECLS

/* Call credentials: metadata that says who calls, fetched anew for each attempt, since tokens expire. They come from
 * the channel's options, from the call's, or both: the channel's are asked first, and all that they gave is sent.
 *
 * Secrets travel on secure connections only: TLS, loopback and unix sockets. On any other the call ends
 * UNAUTHENTICATED, and nothing of it is sent. */

/** What one attempt asks for. Held by whoever was asked, until it calls mrpc_credentials_finish(). */
struct mrpc_credentials_request;

/** A constant of its author. */
struct mrpc_call_credentials {
    size_t struct_bytes; /* sizeof(struct mrpc_call_credentials) */
    /** Answer @request with mrpc_credentials_add()* and then mrpc_credentials_finish(), once: at once, or later from
     *  any thread; the call's deadline runs meanwhile. Thread: the loop's; must not block. */
    void (*get)(void *self, struct mrpc_credentials_request *request);
    void *self; /* it and the struct are borrowed: until the channel is freed, or the call has ended */
};

/* Unless a function says otherwise: Thread: one at a time for a request. Ownership: what a request hands out is its
 * own, until mrpc_credentials_finish(); what is given to it is copied. */

/** "https://AUTHORITY/package.Service", whom a token is for; valid until finish. */
MRPC_API const char *mrpc_credentials_audience(const struct mrpc_credentials_request *request);
/** "/package.Service/Method". */
MRPC_API const char *mrpc_credentials_method(const struct mrpc_credentials_request *request);

/** Add metadata. Errors: as mrpc_metadata_add(); MRPC_ERR_LIMIT over 64 KiB or 32 entries. Thread: one at a time. */
MRPC_API int mrpc_credentials_add(struct mrpc_credentials_request *request, const char *key, const void *value,
                                  size_t value_bytes) MRPC_MUST_USE;
/** Done: @code MRPC_OK, or the attempt fails with it and @message (copied; may be NULL). Codes that gRPC keeps for the
 *  application's data (INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE,
 *  DATA_LOSS) become INTERNAL: gRFC A54. The call may have ended meanwhile. Thread: any. */
MRPC_API void mrpc_credentials_finish(struct mrpc_credentials_request *request, enum mrpc_code code,
                                      const char *message);

MRPC_END_DECLS
#endif
