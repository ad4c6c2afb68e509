/* SPDX-License-Identifier: Apache-2.0 */
#include <cairo-pdf.h>

#include "diagram/render/formats.h"
#include "fault/fault.h"

static cairo_status_t add_bytes(void *arg, const unsigned char *bytes, unsigned size)
{
    struct buffer *out = arg;
    buffer_add(out, bytes, size);
    return out->failed ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

int write_pdf(const struct picture *picture, struct buffer *out, struct fault *fault)
{
    const double points_a_px = 0.75;
    const struct layout *layout = picture->layout;
    cairo_surface_t *surface =
        cairo_pdf_surface_create_for_stream(add_bytes, out, layout->width * points_a_px, layout->height * points_a_px);
    /* A date would make each file different. */
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, "2000-01-01T00:00:00Z");
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, picture->scene->title);
    cairo_t *cr = cairo_create(surface);
    cairo_scale(cr, points_a_px, points_a_px);
    paint_picture(picture, cr, 0, layout->height);
    cairo_show_page(cr);
    cairo_status_t status = cairo_status(cr);
    cairo_destroy(cr);
    cairo_surface_finish(surface);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    if (status == CAIRO_STATUS_SUCCESS || out->failed)
        return 0;
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "cairo: %s", cairo_status_to_string(status));
}
