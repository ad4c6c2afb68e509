/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "diagram/drawing.h"

enum { CHUNK_BYTES = 64 * 1024 };

/* A picture that leaves in chunks. It is drawn on the diagram loop, which sends until the call's buffer is full; then
 * the connection's loop goes on when there is room, or ends it when the peer has gone. One of them has it at a time. */
struct stream {
    struct drawing drawing; /* first: cast back */
    struct mrpc_call *call;
    _Atomic unsigned wakes; /* reasons to go on; whoever makes it 1 has the stream, and lets go of it at 0 */
    Mltrainer__Diagram__V1__PictureInfo info;
    bool info_sent;
    char *content;          /* owned */
    size_t content_bytes, sent_bytes;
};

static void stream_end(struct stream *stream, int code)
{
    struct mrpc_call *call = stream->call;
    free(stream->content);
    drawing_fini(&stream->drawing);
    mrpc_call_finish(call, code, NULL); /* the stream lies in the call's arena */
}

static int send_chunk(struct stream *stream)
{
    Mltrainer__Diagram__V1__RenderStreamResponse message;
    size_t rest = stream->content_bytes - stream->sent_bytes, chunk_bytes = rest < CHUNK_BYTES ? rest : CHUNK_BYTES;
    mltrainer__diagram__v1__render_stream_response__init(&message);
    message.info = stream->info_sent ? NULL : &stream->info;
    message.chunk.len = chunk_bytes;
    message.chunk.data = (uint8_t *)stream->content + stream->sent_bytes;
    int error = mrpc_call_send(stream->call, &message.base);
    if (error)
        return error;
    stream->info_sent = true;
    stream->sent_bytes += chunk_bytes;
    return 0;
}

static void send_rest(struct stream *stream)
{
    while (!stream->info_sent || stream->sent_bytes < stream->content_bytes) {
        int error = send_chunk(stream);
        if (error == MRPC_ERR_AGAIN && atomic_fetch_sub(&stream->wakes, 1) == 1)
            return; /* and touch nothing: it may be the other loop's by now */
        if (error && error != MRPC_ERR_AGAIN)
            return stream_end(stream, MRPC_CANCELLED);
    }
    stream_end(stream, MRPC_OK);
}

/* There is room, or the peer has gone, which the next send will say. On the call's loop. */
static void go_on(void *arg, struct mrpc_call *call)
{
    struct stream *stream = arg;
    if (atomic_fetch_add(&stream->wakes, 1) == 0)
        send_rest(stream);
}

static void done(struct drawing *drawing, const struct message_response *answer)
{
    struct stream *stream = (struct stream *)drawing;
    struct fault fault = answer->fault;
    int code = fault.code;
    if (code == 0)
        code = drawing_describe(drawing, answer, mrpc_call_arena(stream->call), &stream->info, &fault);
    if (code == 0 && !(stream->content = malloc(answer->content_bytes + 1)))
        code = fault_set(&fault, MRPC_RESOURCE_EXHAUSTED, "out of memory for the reply");
    if (code)
        return stream_end(stream, fault_answer(stream->call, &fault));
    memcpy(stream->content, answer->content, answer->content_bytes);
    stream->content_bytes = answer->content_bytes;
    send_rest(stream);
}

int diagram_render_stream(void *self, struct mrpc_call *call,
                          const Mltrainer__Diagram__V1__RenderStreamRequest *request)
{
    struct fault fault = FAULT_INIT;
    struct stream *stream = mrpc_arena_calloc(mrpc_call_arena(call), 1, sizeof *stream);
    if (!stream)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    stream->call = call;
    stream->drawing.done = done;
    atomic_init(&stream->wakes, 1); /* the drawing's */
    mrpc_call_on_writable(call, go_on, stream);
    mrpc_call_on_cancel(call, go_on, stream);
    if (drawing_read(self, request->drawing, &stream->drawing, &fault) == 0 &&
        drawing_start(&stream->drawing, &fault) == 0)
        return MRPC_PENDING;
    drawing_fini(&stream->drawing);
    return fault_answer(call, &fault);
}
