/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_DIAGRAM_DRAWING_H
#define MLT_DIAGRAM_DRAWING_H

#include "diagram/service.h"

/* Stock clients take messages of 4 MiB; some of that is PictureInfo. */
enum { DRAWING_MAX_UNARY_BYTES = 4 * 1024 * 1024 - 4096 };

/** One picture on its way: from a request's Drawing through the renderer to a method's done. Embedded in what the
 *  method keeps for the call. */
struct drawing {
    struct renderer_job job;   /* first: a job is cast back to its drawing */
    struct domain_task task;
    struct diagram *diagram;
    struct scene *scene;       /* owned; NULL when drawing a spec that nothing live is laid over */
    const char *overlay;       /* the request's; NULL counts as "" */
    int64_t cpu_us;            /* of the renderer's first answer, when there are two */
    /** On the diagram loop, exactly once after drawing_start(). The response lives until it returns. */
    void (*done)(struct drawing *drawing, const struct message_response *response);
};

/** Understand @request. A spec stays in the request, which lives as long as the call. Never blocks. Thread: any.
 *  Errors: INVALID_ARGUMENT, NOT_FOUND. Nothing is owned then. */
int drawing_read(struct diagram *diagram, const Mltrainer__Diagram__V1__Drawing *request, struct drawing *out,
                 struct fault *fault);
/** The source of a view, and its argument within @view; @view as in Drawing.view. Errors: INVALID_ARGUMENT,
 *  NOT_FOUND. */
int drawing_find_view(const struct diagram *diagram, const char *view, const struct scene_source **source,
                      const char **argument, struct fault *fault);
/** Defaults and ranges of format and theme. Errors: INVALID_ARGUMENT. */
int drawing_read_options(int format, int theme, int dpi, double scale, struct render_options *out, struct fault *fault);

/** Hand over to the diagram loop. Errors: UNAVAILABLE: done is not called. Thread: any. */
int drawing_start(struct drawing *drawing, struct fault *fault);
void drawing_fini(struct drawing *drawing);

/** Everything of PictureInfo, the drift that the scene shows included; memory from @arena. Errors:
 *  RESOURCE_EXHAUSTED. */
int drawing_describe(const struct drawing *drawing, const struct message_response *response, struct mrpc_arena *arena,
                     Mltrainer__Diagram__V1__PictureInfo *out, struct fault *fault);

#endif
