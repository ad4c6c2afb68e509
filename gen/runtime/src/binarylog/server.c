/* SPDX-License-Identifier: Apache-2.0 */

/* The calls of a server. */

#include <mrpc/interceptor.h>

#include "binarylog/entry.h"

static int on_started(void *self, void *state, struct mrpc_call *call)
{
    const char *path = mrpc_call_method(call)->path;
    int64_t deadline_ms = mrpc_call_deadline_ms(call);
    if (!mrpc_log_choose(self, state, path))
        return 0;
    mrpc_log_client_header(self, state,
                           &(struct log_request){
                               .path = path,
                               .authority = mrpc_call_authority(call),
                               .metadata = mrpc_call_request_metadata(call),
                               .has_timeout = deadline_ms != INT64_MAX,
                               .timeout_ms = deadline_ms - mrpc_call_now_ms(call),
                               .peer = mrpc_call_peer(call),
                           });
    return 0;
}

static void on_received(void *self, void *state, struct mrpc_call *call, const struct mrpc_call_message *message)
{
    mrpc_log_message(self, state, LOG_CLIENT_MESSAGE, message->data, message->bytes);
}

static void on_sent(void *self, void *state, struct mrpc_call *call, const struct mrpc_call_message *message)
{
    mrpc_log_message(self, state, LOG_SERVER_MESSAGE, message->data, message->bytes);
}

static void on_half_closed(void *self, void *state, struct mrpc_call *call)
{
    mrpc_log_mark(self, state, LOG_CLIENT_HALF_CLOSE);
}

static void on_headers(void *self, void *state, struct mrpc_call *call, const struct mrpc_metadata *headers)
{
    mrpc_log_server_header(self, state, headers, NULL);
}

static void on_cancelled(void *self, void *state, struct mrpc_call *call, int code)
{
    mrpc_log_mark(self, state, LOG_CANCEL);
}

/* A peer that has cancelled is told nothing any more. */
static void on_ended(void *self, void *state, struct mrpc_call *call, const struct mrpc_call_end *end)
{
    if (end->cancelled && end->code == MRPC_CANCELLED)
        return;
    mrpc_log_trailer(self, state,
                     &(struct log_status){
                         .code = end->code,
                         .message = end->message,
                         .details = end->details,
                         .details_bytes = end->details_bytes,
                         .trailers = end->trailers,
                     });
}

static const struct mrpc_interceptor interceptor = {
    .struct_bytes = sizeof(interceptor),
    .name = "binary_log",
    .state_bytes = sizeof(struct logged_call),
    .message_data = true,
    .started = on_started,
    .received = on_received,
    .half_closed = on_half_closed,
    .headers = on_headers,
    .sent = on_sent,
    .cancelled = on_cancelled,
    .ended = on_ended,
    .forget = mrpc_interceptor_forgets,
};

int mrpc_binary_log_add_to_server(struct mrpc_binary_log *log, struct mrpc_server *server)
{
    return mrpc_server_add_interceptor(server, &interceptor, log);
}
