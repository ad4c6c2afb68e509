/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_AUTHENTICATION_H
#define MRPC_AUTHENTICATION_H

#include <mrpc/call.h>
#include <mrpc/server.h>

MRPC_BEGIN_DECLS

/* Who calls, and may they? An interceptor (mrpc/interceptor.h) for the two questions that every server asks; put it
 * before those that ask for the identity. Without it a call has the identity that its connection has. */

struct mrpc_authentication_options {
    size_t struct_bytes;
    /** Say who calls, from metadata, peer and certificate: @identity is preset to the certificate's or the socket's;
     *  its strings live at least as long as the call, best in its arena. Returns 0, or a status code that the call
     *  fails with, best made with mrpc_call_fail(). On the loop thread; never blocks. NULL: the preset stays. */
    int (*authenticate)(void *arg, struct mrpc_call *call, struct mrpc_identity *identity);
    /** May this identity call this method? Returns 0 or a status code. NULL: everybody may. */
    int (*authorize)(void *arg, struct mrpc_call *call);
    void *arg;
};

struct mrpc_authentication;

/* Unless a function says otherwise: Thread: the one that sets the server up, before its start. Ownership: options
 * are copied; *@out is ended by mrpc_authentication_free(). */

/** Errors: MRPC_ERR_NOMEM. */
MRPC_API int mrpc_authentication_new(const struct mrpc_authentication_options *options,
                                     struct mrpc_authentication **out) MRPC_MUST_USE;
/** After the servers that it was added to. */
MRPC_API void mrpc_authentication_free(struct mrpc_authentication *authentication);
/** Errors: as mrpc_server_add_interceptor(). */
MRPC_API int mrpc_authentication_add_to_server(struct mrpc_authentication *authentication, struct mrpc_server *server)
    MRPC_MUST_USE;

/** The token of "authorization: Bearer TOKEN", borrowed from the call's metadata and ended by a NUL. NULL when there
 *  is none, more than one, or something that is no token. Thread: whoever holds the call. Ownership: the call's.
 *  Source: RFC 6750 section 2.1. */
MRPC_API const char *mrpc_call_bearer_token(const struct mrpc_call *call);

MRPC_END_DECLS
#endif
