/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CALL_LOG_H
#define MRPC_CALL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/error.h>
#include <mrpc/server.h>

MRPC_BEGIN_DECLS

/* One structured line a call, written when it has ended:
 *
 *     call method=helloworld.Greeter/SayHello status=OK duration_us=85 peer=127.0.0.1:41234 identity=uid:1000
 *     received=1/24 sent=1/24 trace=4bf92f3577b34da6a3ce929d0e0e4736 message="…" cancelled held_back=12
 *
 * (on one line; messages/bytes as on the wire; message only with a failure). What peers and handlers say is quoted and
 * escaped where it is more than plain words. An interceptor (mrpc/interceptor.h). */

struct mrpc_call_log_options {
    size_t struct_bytes;
    /** @level: 0 error (UNKNOWN, UNIMPLEMENTED, INTERNAL, DATA_LOSS), 1 warning (DEADLINE_EXCEEDED, PERMISSION_DENIED,
     *  RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE, UNAVAILABLE), 2 the rest. @line is borrowed,
     *  without a newline. On the loop's thread: must not block it. */
    void (*write)(void *arg, int level, const char *line);
    void *arg;
    /** For calls that ended OK, and as many again for those that did not, so that neither hides the other; 0: 100. What
     *  is held back is counted on the next line. */
    uint32_t lines_per_second;
    bool failed_only;              /* no lines for calls that ended OK */
};

struct mrpc_call_log;

/* Unless a function says otherwise: Thread: the one that sets the server up, before its start. Ownership: options
 * are copied, but for @arg, which is borrowed; *@out is ended by mrpc_call_log_free(). */

/** Errors: MRPC_ERR_INVALID without write, MRPC_ERR_NOMEM. */
MRPC_API int mrpc_call_log_new(const struct mrpc_call_log_options *options, struct mrpc_call_log **out) MRPC_MUST_USE;
/** After the servers that it was added to. */
MRPC_API void mrpc_call_log_free(struct mrpc_call_log *log);
/** Put it before those that refuse calls, behind the one that traces. Errors: as mrpc_server_add_interceptor(). */
MRPC_API int mrpc_call_log_add_to_server(struct mrpc_call_log *log, struct mrpc_server *server) MRPC_MUST_USE;

MRPC_END_DECLS
#endif
