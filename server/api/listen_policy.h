/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_LISTEN_POLICY_H
#define MLT_LISTEN_POLICY_H

#include <stdbool.h>

#include "fault/fault.h"

/** True for unix sockets, inherited ones, 127.0.0.0/8, ::1 and "localhost": what only this machine reaches. */
bool listen_is_local(const char *address);

/** Nobody gets in by default: an address that others reach needs TLS with client certificates or tokens, or @insecure.
 *  Errors: MRPC_INVALID_ARGUMENT saying what to add. */
int listen_check(const char *address, bool tls, bool authenticated, bool insecure, struct fault *fault) MRPC_MUST_USE;

#endif
