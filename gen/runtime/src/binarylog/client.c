/* SPDX-License-Identifier: Apache-2.0 */

/* The calls of a channel, as the program makes them: attempts and retries are below. */

#include <mrpc/client_interceptor.h>

#include "binarylog/entry.h"

struct client_call {
    struct logged_call logged;
    bool has_headers;
};

static enum mrpc_code on_started(void *self, void *state, struct mrpc_client_start *start)
{
    struct client_call *call = state;
    call->logged.client = true;
    if (!mrpc_log_choose(self, &call->logged, start->method->path))
        return MRPC_OK;
    mrpc_log_client_header(self, &call->logged,
                           &(struct log_request){
                               .path = start->method->path,
                               .authority = start->authority,
                               .metadata = start->metadata,
                               .has_timeout = start->timeout_ms != 0,
                               .timeout_ms = start->timeout_ms,
                           });
    return MRPC_OK;
}

static void on_submitted(void *self, void *state, const struct mrpc_client_message *message)
{
    struct client_call *call = state;
    mrpc_log_message(self, &call->logged, LOG_CLIENT_MESSAGE, message->data, message->bytes);
}

static void on_half_closed(void *self, void *state)
{
    struct client_call *call = state;
    mrpc_log_mark(self, &call->logged, LOG_CLIENT_HALF_CLOSE);
}

static void on_headers(void *self, void *state, const struct mrpc_metadata *headers, const char *peer)
{
    struct client_call *call = state;
    call->has_headers = true;
    mrpc_log_server_header(self, &call->logged, headers, peer);
}

static void on_received(void *self, void *state, const struct mrpc_client_message *message)
{
    struct client_call *call = state;
    mrpc_log_message(self, &call->logged, LOG_SERVER_MESSAGE, message->data, message->bytes);
}

/* A call that its own side gave up has no trailer. */
static void on_ended(void *self, void *state, const struct mrpc_client_end *end)
{
    struct client_call *call = state;
    if (end->local && (end->code == MRPC_CANCELLED || end->code == MRPC_DEADLINE_EXCEEDED)) {
        mrpc_log_mark(self, &call->logged, LOG_CANCEL);
        return;
    }
    mrpc_log_trailer(self, &call->logged,
                     &(struct log_status){
                         .code = (int)end->code,
                         .message = end->message,
                         .details = end->details,
                         .details_bytes = end->details_bytes,
                         .trailers = end->trailers,
                         .peer = call->has_headers ? NULL : end->peer,
                     });
}

static const struct mrpc_client_interceptor interceptor = {
    .struct_bytes = sizeof(interceptor),
    .name = "binary_log",
    .state_bytes = sizeof(struct client_call),
    .started = on_started,
    .submitted = on_submitted,
    .half_closed = on_half_closed,
    .headers = on_headers,
    .received = on_received,
    .ended = on_ended,
};

int mrpc_binary_log_add_to_channel(struct mrpc_binary_log *log, struct mrpc_channel *channel)
{
    return mrpc_channel_add_interceptor(channel, &interceptor, log);
}
