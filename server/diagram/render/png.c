/* SPDX-License-Identifier: Apache-2.0 */
#include <cairo.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "diagram/render/formats.h"
#include "diagram/render/run_deflate.h"
#include "fault/fault.h"

/* PNG in bands: a band of rows is drawn, filtered and compressed before the next one, so memory does not grow with the
 * resolution. Diagrams are flat colour: rows are stored as the difference to the row above (filter "up"), which makes
 * nearly all of them zero, and the compressor (run_deflate.c) only looks for runs. Source: PNG, W3C Recommendation, 2nd
 * edition. */

enum { BAND_ROWS = 128, STRETCH = 32 /* pixels */ };

struct encoder {
    const struct picture *picture;
    struct buffer *out;
    struct run_deflate deflate;
    uint32_t *above;         /* the row before */
    int width, height;
    double scale;
};

static void add_number(unsigned char *at, uint32_t number)
{
    at[0] = (unsigned char)(number >> 24);
    at[1] = (unsigned char)(number >> 16);
    at[2] = (unsigned char)(number >> 8);
    at[3] = (unsigned char)number;
}

static void add_chunk(struct buffer *out, const char type[4], const void *bytes, size_t size)
{
    unsigned char head[8], tail[4];
    add_number(head, (uint32_t)size);
    memcpy(head + 4, type, 4);
    uLong crc = crc32(crc32(0, Z_NULL, 0), head + 4, 4);
    if (size > 0)
        crc = crc32(crc, bytes, (uInt)size);
    add_number(tail, (uint32_t)crc);
    buffer_add(out, head, sizeof head);
    buffer_add(out, bytes, size);
    buffer_add(out, tail, sizeof tail);
}

static void add_header(struct encoder *e, double dpi)
{
    unsigned char header[13] = {[8] = 8 /* bits */, [9] = 2 /* RGB */}, density[9] = {[8] = 1 /* per metre */};
    uint32_t per_metre = (uint32_t)lround(dpi / 0.0254);
    add_number(header, (uint32_t)e->width);
    add_number(header + 4, (uint32_t)e->height);
    add_number(density, per_metre);
    add_number(density + 4, per_metre);
    buffer_add(e->out, "\x89PNG\r\n\x1a\n", 8);
    add_chunk(e->out, "IHDR", header, sizeof header);
    add_chunk(e->out, "pHYs", density, sizeof density);
}

static void write_data(void *arg, const unsigned char *bytes, size_t size)
{
    struct encoder *e = arg;
    add_chunk(e->out, "IDAT", bytes, size);
}

/* The differences of @count pixels to those above them; returns how many bytes. */
static size_t filter_up(const uint32_t *pixels, const uint32_t *above, int count, unsigned char *out)
{
    for (int x = 0; x < count; x++, out += 3) {
        out[0] = (unsigned char)((pixels[x] >> 16) - (above[x] >> 16));
        out[1] = (unsigned char)((pixels[x] >> 8) - (above[x] >> 8));
        out[2] = (unsigned char)(pixels[x] - above[x]);
    }
    return (size_t)count * 3;
}

/* Most pixels are as those above them: stretches of these are told as so many zeros, and only the others are taken
 * apart. */
static void encode_row(struct encoder *e, const uint32_t *pixels)
{
    static const unsigned char filter_type = 2;
    size_t zeros = 0; /* not told yet, so that a run goes on over the stretches */
    run_deflate_add(&e->deflate, &filter_type, 1);
    for (int x = 0; x < e->width; x += STRETCH) {
        int count = e->width - x < STRETCH ? e->width - x : STRETCH;
        if (memcmp(e->above + x, pixels + x, (size_t)count * sizeof *pixels) == 0) {
            zeros += (size_t)count * 3;
            continue;
        }
        unsigned char filtered[STRETCH * 3];
        size_t first = 0, end = filter_up(pixels + x, e->above + x, count, filtered), all = end;
        while (first < end && filtered[first] == 0) /* all may be: a pixel has an unused byte */
            first++;
        while (end > first && filtered[end - 1] == 0)
            end--;
        run_deflate_add_zeros(&e->deflate, zeros + first);
        run_deflate_add(&e->deflate, filtered + first, end - first);
        zeros = all - end;
        memcpy(e->above + x, pixels + x, (size_t)count * sizeof *pixels);
    }
    run_deflate_add_zeros(&e->deflate, zeros);
}

static int encode_band(struct encoder *e, int first_row, int rows)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, e->width, rows);
    cairo_t *cr = cairo_create(surface);
    cairo_translate(cr, 0, -first_row);
    cairo_scale(cr, e->scale, e->scale);
    paint_picture(e->picture, cr, first_row / e->scale, (first_row + rows) / e->scale);
    int failed = cairo_status(cr) != CAIRO_STATUS_SUCCESS;
    cairo_destroy(cr);
    cairo_surface_flush(surface);
    const unsigned char *data = cairo_image_surface_get_data(surface);
    int stride = cairo_image_surface_get_stride(surface);
    for (int row = 0; row < rows && !failed && data; row++)
        encode_row(e, (const uint32_t *)(const void *)(data + (size_t)row * (size_t)stride));
    cairo_surface_destroy(surface);
    return failed || !data;
}

static int encode(struct encoder *e, double dpi)
{
    add_header(e, dpi);
    run_deflate_begin(&e->deflate, write_data, e);
    for (int row = 0; row < e->height; row += BAND_ROWS) {
        int rows = e->height - row < BAND_ROWS ? e->height - row : BAND_ROWS;
        if (encode_band(e, row, rows))
            return -1;
    }
    run_deflate_end(&e->deflate);
    add_chunk(e->out, "IEND", NULL, 0);
    return 0;
}

int write_png(const struct picture *picture, double scale, double dpi, struct buffer *out, int *width, int *height,
              struct fault *fault)
{
    double pixels_wide = ceil(picture->layout->width * scale), pixels_high = ceil(picture->layout->height * scale);
    if (pixels_wide * pixels_high > RENDER_MAX_PIXELS || pixels_wide > 32767 || pixels_high > 1000000)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "the picture would have %.0f x %.0f pixels: ask for fewer dpi",
                         pixels_wide, pixels_high);
    struct encoder *e = calloc(1, sizeof *e);
    int code = MRPC_RESOURCE_EXHAUSTED;
    if (!e)
        return fault_set(fault, code, "out of memory for the picture");
    e->picture = picture;
    e->out = out;
    e->width = *width = (int)pixels_wide;
    e->height = *height = (int)pixels_high;
    e->scale = scale;
    e->above = calloc((size_t)e->width, sizeof *e->above);
    if (e->above && encode(e, dpi) == 0)
        code = 0;
    free(e->above);
    free(e);
    return code ? fault_set(fault, code, "out of memory for the picture") : 0;
}
