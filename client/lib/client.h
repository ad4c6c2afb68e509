/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_CLIENT_H
#define MLT_CLIENT_H

#include <mltrainer/mltrainer.h>
#include <mrpc/mrpc.h>

struct mlt_client {
    struct mrpc_channel *channel;
    struct mrpc_tls *tls;
    int64_t timeout_ms;
};

/** Copy a caller's option struct of any age into ours: what it does not have yet is zero. */
void client_copy_options(void *to, size_t to_bytes, const void *from, size_t from_bytes);

/** Options of a unary call. */
struct mrpc_call_options client_call_options(const struct mlt_client *client);

/** Fill @error (may be NULL) from a call's status, with field and retry advice out of its details. Returns the code. */
int client_fail(struct mlt_error *error, const struct mrpc_status *status);
/** Fill @error with a failure of our own. Returns @code. */
int client_fail_text(struct mlt_error *error, int code, const char *format, ...) MRPC_PRINTF(3, 4);

#endif
