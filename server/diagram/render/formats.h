/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_DIAGRAM_FORMATS_H
#define MLT_DIAGRAM_FORMATS_H

#include "diagram/render/buffer.h"
#include "diagram/render/look.h"
#include "diagram/render/render.h"

struct fault;
struct text_meter;

/* One function a format. They write to @out; a full buffer is noticed by render_scene(). */

struct picture {
    const struct scene *scene;
    const struct layout *layout; /* NULL for text formats */
    const struct look_theme *theme;
    struct text_meter *meter;
};

void write_svg(const struct picture *picture, enum render_theme theme, struct buffer *out);
/** Errors: RESOURCE_EXHAUSTED. */
int write_png(const struct picture *picture, double scale, double dpi, struct buffer *out, int *width, int *height,
              struct fault *fault);
int write_pdf(const struct picture *picture, struct buffer *out, struct fault *fault);
void write_dot(const struct scene *scene, struct buffer *out);
void write_mermaid(const struct scene *scene, struct buffer *out);
void write_d2(const struct scene *scene, struct buffer *out);

/** Draw with cairo, in px; what lies outside [top, bottom] may be left out. */
struct _cairo;
void paint_picture(const struct picture *picture, struct _cairo *cr, double top, double bottom);

#endif
