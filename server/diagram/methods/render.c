/* SPDX-License-Identifier: Apache-2.0 */
#include "diagram/drawing.h"

struct render {
    struct drawing drawing; /* first: cast back */
    struct mrpc_call *call;
    Mltrainer__Diagram__V1__RenderResponse *response;
};

static int fill(struct render *render, const struct message_response *answer, struct fault *fault)
{
    struct mrpc_arena *arena = mrpc_call_arena(render->call);
    if (answer->fault.code) {
        *fault = answer->fault;
        return fault->code;
    }
    if (answer->content_bytes > DRAWING_MAX_UNARY_BYTES)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "the picture has %zu bytes, more than %d: ask RenderStream",
                         answer->content_bytes, DRAWING_MAX_UNARY_BYTES);
    render->response->info = mrpc_arena_alloc(arena, sizeof *render->response->info);
    render->response->content.data = mrpc_arena_memdup(arena, answer->content, answer->content_bytes);
    if (!render->response->info || !render->response->content.data)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory for the reply");
    render->response->content.len = answer->content_bytes;
    return drawing_describe(&render->drawing, answer, arena, render->response->info, fault);
}

static void done(struct drawing *drawing, const struct message_response *answer)
{
    struct render *render = (struct render *)drawing;
    struct fault fault = FAULT_INIT;
    int code = fill(render, answer, &fault);
    drawing_fini(drawing);
    mrpc_call_finish(render->call, code ? fault_answer(render->call, &fault) : 0, &render->response->base);
}

int diagram_render(void *self, struct mrpc_call *call, const Mltrainer__Diagram__V1__RenderRequest *request,
                   Mltrainer__Diagram__V1__RenderResponse *response)
{
    struct fault fault = FAULT_INIT;
    struct render *render = mrpc_arena_calloc(mrpc_call_arena(call), 1, sizeof *render);
    if (!render)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    render->call = call;
    render->response = response;
    render->drawing.done = done;
    if (drawing_read(self, request->drawing, &render->drawing, &fault) == 0 &&
        drawing_start(&render->drawing, &fault) == 0)
        return MRPC_PENDING;
    drawing_fini(&render->drawing);
    return fault_answer(call, &fault);
}
