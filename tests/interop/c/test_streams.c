/* SPDX-License-Identifier: Apache-2.0 */

/* Streams of responses, one for each ResponseParameters of a request, in order. Whatever holds one up, a full send
 * buffer or its interval, the call stays pending meanwhile:
 *
 *     send_on ──AGAIN──> on_writable ──> send_on
 *        └──interval──> delay fires, posts to the loop ──> send_on ... ──> end: finish, or resume for the next request
 */

#include <mrpc/error.h>

#include "delays.h"
#include "test_service.h"

#define PARAMETERS_MAX 4096 /* of a half duplex call, which keeps them all */
#define INTERVAL_MAX_US (60 * 1000 * 1000)

struct stream {
    struct mrpc_call *call;
    const Grpc__Testing__StreamingOutputCallRequest *request; /* NULL: none is being answered */
    bool request_is_last;                                     /* its answers are the call's end */
    size_t next;                                              /* of its response_parameters */
    bool waited;                                              /* the next one's interval is over */
    bool delayed;                                             /* the delay has been set and has not fired */
    struct delay delay;
    Grpc__Testing__StreamingOutputCallRequest collected; /* half duplex: what all requests ask for */
};

static struct stream *stream_new(struct mrpc_call *call)
{
    struct stream *stream = mrpc_arena_calloc(mrpc_call_arena(call), 1, sizeof *stream);
    if (!stream)
        return NULL;
    stream->call = call;
    grpc__testing__streaming_output_call_request__init(&stream->collected);
    mrpc_call_set_data(call, stream, NULL);
    return stream;
}

/* An encoding must be announced with the headers, so ask for it before the first message even if that one is plain. */
static void announce_compression(struct stream *stream)
{
    const Grpc__Testing__StreamingOutputCallRequest *request = stream->request;
    for (size_t i = 0; i < request->n_response_parameters; i++)
        if (request->response_parameters[i]->compressed && request->response_parameters[i]->compressed->value)
            (void)mrpc_call_set_compression(stream->call, true);
}

/* 0, MRPC_PENDING when its time has not come or there is no room, or a status. */
static int send_next(struct stream *stream)
{
    const Grpc__Testing__ResponseParameters *asked = stream->request->response_parameters[stream->next];
    Grpc__Testing__StreamingOutputCallResponse response = GRPC__TESTING__STREAMING_OUTPUT_CALL_RESPONSE__INIT;
    Grpc__Testing__Payload payload;
    int code = test_service_make_payload(stream->call, stream->request->response_type, asked->size, &payload);
    if (code)
        return code;
    if (asked->interval_us > INTERVAL_MAX_US)
        return mrpc_call_fail_field(stream->call, "interval_us", "%d is over %d", asked->interval_us, INTERVAL_MAX_US);
    if (asked->interval_us > 0 && !stream->waited) {
        stream->delayed = true;
        delays_add(&stream->delay, asked->interval_us);
        return MRPC_PENDING;
    }
    if (asked->compressed)
        (void)mrpc_call_set_compression(stream->call, asked->compressed->value);
    response.payload = &payload;
    int error = mrpc_call_send(stream->call, &response.base);
    if (error == MRPC_ERR_AGAIN)
        return MRPC_PENDING;
    return error == MRPC_ERR_DONE ? MRPC_CANCELLED : error ? MRPC_RESOURCE_EXHAUSTED : 0;
}

static int send_on(struct stream *stream)
{
    while (stream->next < stream->request->n_response_parameters) {
        int code = send_next(stream);
        if (code)
            return code;
        stream->next++;
        stream->waited = false;
    }
    return 0;
}

/* Thread: the loop's, outside the handler. */
static void go_on(struct stream *stream)
{
    if (!stream->request || stream->delayed)
        return;
    int code = mrpc_call_cancelled(stream->call) ? MRPC_CANCELLED : send_on(stream);
    if (code == MRPC_PENDING)
        return;
    bool last = stream->request_is_last;
    stream->request = NULL;
    if (last || code)
        mrpc_call_finish(stream->call, code, NULL);
    else
        mrpc_call_resume(stream->call);
}

static void on_writable(void *arg, struct mrpc_call *call)
{
    go_on(arg);
}

/* While the delay runs the call is ended by it, a little later. */
static void on_cancel(void *arg, struct mrpc_call *call)
{
    go_on(arg);
}

static void interval_over(void *arg)
{
    struct stream *stream = arg;
    stream->delayed = false;
    stream->waited = true;
    go_on(stream);
}

static void delay_fired(struct delay *delay)
{
    struct stream *stream = (struct stream *)((char *)delay - offsetof(struct stream, delay));
    while (mrpc_call_post(stream->call, interval_over, stream) != 0)
        continue; /* only memory can be short, and the call must not be lost */
}

static int answer(struct stream *stream, const Grpc__Testing__StreamingOutputCallRequest *request, bool is_last)
{
    stream->request = request;
    stream->request_is_last = is_last;
    stream->next = 0;
    announce_compression(stream);
    int code = send_on(stream);
    if (code != MRPC_PENDING)
        stream->request = NULL;
    return code;
}

static int prepare(struct mrpc_call *call, struct stream **out)
{
    struct stream *stream = stream_new(call);
    if (!stream)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    stream->delay.fire = delay_fired;
    test_service_echo_metadata(call);
    mrpc_call_on_writable(call, on_writable, stream);
    mrpc_call_on_cancel(call, on_cancel, stream);
    *out = stream;
    return MRPC_OK;
}

int test_output_call(void *self, struct mrpc_call *call, const Grpc__Testing__StreamingOutputCallRequest *request)
{
    struct stream *stream;
    int code = prepare(call, &stream);
    if (!code)
        code = test_service_echo_status(call, request->response_status);
    return code ? code : answer(stream, request, true);
}

int test_duplex_open(void *self, struct mrpc_call *call)
{
    struct stream *stream;
    return prepare(call, &stream);
}

int test_full_duplex_message(void *self, struct mrpc_call *call,
                             const Grpc__Testing__StreamingOutputCallRequest *request)
{
    int code = test_service_echo_status(call, request->response_status);
    return code ? code : answer(mrpc_call_data(call), request, false);
}

int test_half_duplex_message(void *self, struct mrpc_call *call,
                             const Grpc__Testing__StreamingOutputCallRequest *request)
{
    struct stream *stream = mrpc_call_data(call);
    Grpc__Testing__StreamingOutputCallRequest *all = &stream->collected;
    size_t have = all->n_response_parameters, more = request->n_response_parameters;
    int code = test_service_echo_status(call, request->response_status);
    if (code)
        return code;
    if (have + more > PARAMETERS_MAX)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "more than %d responses are asked for", PARAMETERS_MAX);
    struct mrpc_arena *arena = mrpc_call_arena(call);
    if (!all->response_parameters)
        all->response_parameters = mrpc_arena_calloc(arena, PARAMETERS_MAX, sizeof *all->response_parameters);
    Grpc__Testing__ResponseParameters *copies = mrpc_arena_calloc(arena, more, sizeof *copies);
    if (!all->response_parameters || !copies)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    for (size_t i = 0; i < more; i++) {
        copies[i] = *request->response_parameters[i];
        copies[i].compressed = NULL; /* lives in the message */
        all->response_parameters[have + i] = &copies[i];
    }
    all->response_type = request->response_type;
    all->n_response_parameters += more;
    return MRPC_OK;
}

int test_half_duplex_end(void *self, struct mrpc_call *call)
{
    struct stream *stream = mrpc_call_data(call);
    return answer(stream, &stream->collected, true);
}
