/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_BINARY_LOG_H
#define MRPC_BINARY_LOG_H

#include <stddef.h>
#include <stdint.h>

#include <mrpc/channel.h>
#include <mrpc/error.h>
#include <mrpc/server.h>

MRPC_BEGIN_DECLS

/* gRPC's binary log (gRFC A16): every header, message, half-close, trailer and cancellation of chosen calls as a
 * grpc.binarylog.v1.GrpcLogEntry, for those who want to see, or play again, what went over the wire. An interceptor of
 * servers (mrpc/interceptor.h) and of channels (mrpc/client_interceptor.h): one log may serve several of both. Calls
 * that the filter leaves out cost a look at their method, and those of a channel a copy of what they send.
 *
 * A channel's calls are logged as the program makes them, however many attempts they take. A call that its own side
 * gave up, by cancelling or by its deadline, ends with CANCEL, any other with its trailer.
 *
 * The filter is a list with commas between:
 *     Service/Method    that method       Service/ *   (no blank) all of a service, where no entry names the method
 *     *                 all others        -Service/Method   not that one
 * and behind each but the last kind, what of it: {h} headers, {m} messages, {h;m} both (the default), {h:256;m:1024} at
 * most so many bytes of metadata and of each message. GRPC_BINARY_LOG_FILTER has the same form.
 *
 * Values of "authorization" and "cookie" are never logged: an entry keeps the key and has no value. */

struct mrpc_binary_log_options {
    size_t struct_bytes;
    /* NULL: that of the environment, GRPC_BINARY_LOG_FILTER; "", or there is none: nothing is logged */
    const char *filter;
    /** Take an encoded entry; @entry is borrowed. On loop threads, several at once: must not block.
     *  mrpc_binary_log_file_write() is one. */
    void (*write)(void *arg, const void *entry, size_t bytes);
    void *arg;
};

struct mrpc_binary_log;

/* Unless a function says otherwise: Thread: the one that sets servers and channels up, before they start.
 * Ownership: options are copied, but for @arg, which is borrowed; *@out is ended by its _free(). */

/** Errors: MRPC_ERR_INVALID for a filter that is none, with the reason in @why (may be NULL), or without write;
 *  MRPC_ERR_NOMEM. */
MRPC_API int mrpc_binary_log_new(const struct mrpc_binary_log_options *options, struct mrpc_binary_log **out, char *why,
                                 size_t why_bytes) MRPC_MUST_USE;
/** After the servers and channels that it was added to. */
MRPC_API void mrpc_binary_log_free(struct mrpc_binary_log *log);
/** Put it first, so that it sees what others refuse. Errors: as mrpc_server_add_interceptor(). */
MRPC_API int mrpc_binary_log_add_to_server(struct mrpc_binary_log *log, struct mrpc_server *server) MRPC_MUST_USE;
/** Put it last, so that it sees what others add. Entries are written on the channel's loop and, of the beginning, on
 *  the thread that makes the call. Errors: as mrpc_channel_add_interceptor(). */
MRPC_API int mrpc_binary_log_add_to_channel(struct mrpc_binary_log *log, struct mrpc_channel *channel) MRPC_MUST_USE;

/** A file of entries, each with its length before it (4 bytes, big endian), written by a thread of its own. At most 4
 *  MiB wait for it: what comes meanwhile is dropped and counted. */
struct mrpc_binary_log_file;

/** Append to @path, made with mode 0600. Errors: MRPC_ERR_SYSTEM (errno tells), MRPC_ERR_NOMEM. */
MRPC_API int mrpc_binary_log_file_new(const char *path, struct mrpc_binary_log_file **out) MRPC_MUST_USE;
/** @file is the file: what options.write and options.arg are set to. Thread: any. Never blocks on the file system. */
MRPC_API void mrpc_binary_log_file_write(void *file, const void *entry, size_t bytes);
/** Entries that were dropped, or that could not be written. Thread: any. */
MRPC_API uint64_t mrpc_binary_log_file_dropped(const struct mrpc_binary_log_file *file);
/** Writes what is left. After the logs that write to it. NULL is allowed. */
MRPC_API void mrpc_binary_log_file_free(struct mrpc_binary_log_file *file);

MRPC_END_DECLS
#endif
