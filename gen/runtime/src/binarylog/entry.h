/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_BINARYLOG_ENTRY_H
#define MRPC_BINARYLOG_ENTRY_H

#include <stdbool.h>

#include <mrpc/binary_log.h>
#include <mrpc/metadata.h>

struct binary_log_filter;
struct log_extent;

struct mrpc_binary_log {
    struct binary_log_filter *filter; /* NULL: nothing is logged */
    void (*write)(void *arg, const void *entry, size_t bytes);
    void *arg;
};

/** What a call carries for the log; zeroed, it is not logged. One thread at a time. */
struct logged_call {
    const struct log_extent *extent; /* NULL: not logged */
    uint64_t id;
    uint64_t sequence;
    bool client;
};

/** grpc.binarylog.v1.GrpcLogEntry.EventType. */
enum log_event {
    LOG_CLIENT_HEADER = 1,
    LOG_SERVER_HEADER,
    LOG_CLIENT_MESSAGE,
    LOG_SERVER_MESSAGE,
    LOG_CLIENT_HALF_CLOSE,
    LOG_SERVER_TRAILER,
    LOG_CANCEL,
};

struct log_request {
    const char *path;
    const char *authority;
    const struct mrpc_metadata *metadata;
    bool has_timeout;
    int64_t timeout_ms;
    const char *peer; /* of a server; NULL: not known yet */
};

struct log_status {
    int code;
    const char *message; /* NULL: none */
    const void *details; /* an encoded google.rpc.Status, or NULL */
    size_t details_bytes;
    const struct mrpc_metadata *trailers;
    const char *peer; /* of a client whose response has no headers; else NULL */
};

/** Ask the filter; false: the call is not logged. */
bool mrpc_log_choose(const struct mrpc_binary_log *log, struct logged_call *state, const char *path);

/* One entry each of a call that is logged, of others nothing. */

void mrpc_log_client_header(const struct mrpc_binary_log *log, struct logged_call *state,
                            const struct log_request *request);
void mrpc_log_server_header(const struct mrpc_binary_log *log, struct logged_call *state,
                            const struct mrpc_metadata *metadata, const char *peer);
/** @data: NULL if it is not at hand. */
void mrpc_log_message(const struct mrpc_binary_log *log, struct logged_call *state, enum log_event type,
                      const void *data, size_t bytes);
/** An event that says nothing but itself. */
void mrpc_log_mark(const struct mrpc_binary_log *log, struct logged_call *state, enum log_event type);
void mrpc_log_trailer(const struct mrpc_binary_log *log, struct logged_call *state, const struct log_status *status);

#endif
