/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "diagram/drawing.h"

/* The spec is read in the renderer process: it comes from outside, and a megabyte of YAML takes longer than a
 * connection loop may. */
struct validate {
    struct drawing drawing; /* first: cast back */
    struct mrpc_call *call;
    Mltrainer__Diagram__V1__ValidateResponse *response;
    Mltrainer__Diagram__V1__Diagnostic diagnostic, *diagnostics[1];
    Mltrainer__Diagram__V1__SceneSummary summary;
};

static int out_of_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory for the reply");
}

static int report_fault(struct validate *v, const struct message_response *answer, struct fault *fault)
{
    struct mrpc_arena *arena = mrpc_call_arena(v->call);
    const char *text = *answer->diagnostic.text ? answer->diagnostic.text : answer->fault.text;
    mltrainer__diagram__v1__diagnostic__init(&v->diagnostic);
    v->diagnostic.line = answer->diagnostic.line;
    v->diagnostic.column = answer->diagnostic.column;
    v->diagnostic.key = mrpc_arena_strdup(arena, answer->diagnostic.key);
    v->diagnostic.text = mrpc_arena_strdup(arena, text);
    if (!v->diagnostic.key || !v->diagnostic.text)
        return out_of_memory(fault);
    v->diagnostics[0] = &v->diagnostic;
    v->response->diagnostics = v->diagnostics;
    v->response->n_diagnostics = 1;
    return 0;
}

static int report_scene(struct validate *v, const struct message_response *answer, struct fault *fault)
{
    mltrainer__diagram__v1__scene_summary__init(&v->summary);
    v->summary.groups = answer->summary.groups;
    v->summary.nodes = answer->summary.nodes;
    v->summary.edges = answer->summary.edges;
    v->summary.digest = mrpc_arena_strdup(mrpc_call_arena(v->call), answer->summary.digest);
    v->response->valid = true;
    v->response->summary = &v->summary;
    return v->summary.digest ? 0 : out_of_memory(fault);
}

static void done(struct drawing *drawing, const struct message_response *answer)
{
    struct validate *v = (struct validate *)drawing;
    struct fault fault = answer->fault;
    int code = fault.code;
    if (code == 0)
        code = report_scene(v, answer, &fault);
    else if (code == MRPC_INVALID_ARGUMENT)
        code = report_fault(v, answer, &fault);
    mrpc_call_finish(v->call, code ? fault_answer(v->call, &fault) : 0, &v->response->base);
}

int diagram_validate(void *self, struct mrpc_call *call, const Mltrainer__Diagram__V1__ValidateRequest *request,
                     Mltrainer__Diagram__V1__ValidateResponse *response)
{
    struct fault fault = FAULT_INIT;
    struct validate *v = mrpc_arena_calloc(mrpc_call_arena(call), 1, sizeof *v);
    if (!v)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (strlen(request->spec) > SCENE_SPEC_MAX_BYTES)
        return mrpc_call_fail_field(call, "spec", "has more than %d bytes", SCENE_SPEC_MAX_BYTES);
    v->call = call;
    v->response = response;
    v->drawing.diagram = self;
    v->drawing.done = done;
    v->drawing.job.request = (struct message_request){.operation = MESSAGE_VALIDATE, .spec = request->spec};
    v->drawing.job.request.live_views = v->drawing.diagram->live_views;
    v->drawing.job.request.spec_bytes = strlen(request->spec);
    if (drawing_start(&v->drawing, &fault))
        return fault_answer(call, &fault);
    return MRPC_PENDING;
}
