/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "cli.h"
#include "terminal_picture.h"

/* Sixels: bands of six rows; in each, for every colour of it, a character a column whose bits are the rows that have
 * that colour. Source: DEC STD 070, "Sixel". */

enum { BINS = 1 << 15, COLORS = 256, BAND_ROWS = 6 };

struct sixels {
    png_image image;
    uint8_t *pixels;          /* RGB, row by row */
    uint8_t *indexes;         /* of the palette, a pixel each */
    uint8_t palette[COLORS][3];
    int color_count;
};

static unsigned bin_of(const uint8_t *pixel)
{
    return (unsigned)(pixel[0] >> 3) << 10 | (unsigned)(pixel[1] >> 3) << 5 | pixel[2] >> 3;
}

struct frequency {
    unsigned bin;
    size_t count;
    size_t sums[3];
};

/* The most frequent first, among equals the lower bin: the same picture gives the same bytes. */
static int by_count(const void *a, const void *b)
{
    const struct frequency *left = a, *right = b;
    if (left->count != right->count)
        return left->count < right->count ? 1 : -1;
    return left->bin < right->bin ? -1 : 1;
}

static uint8_t nearest(const struct sixels *s, const struct frequency *bin)
{
    int best = 0;
    long best_distance = -1;
    for (int i = 0; i < s->color_count; i++) {
        long distance = 0;
        for (int k = 0; k < 3; k++) {
            long difference = (long)(bin->sums[k] / bin->count) - s->palette[i][k];
            distance += difference * difference;
        }
        if (best_distance < 0 || distance < best_distance) {
            best = i;
            best_distance = distance;
        }
    }
    return (uint8_t)best;
}

/* The palette: mean colours of the bins that hold most pixels; then an index for every pixel. */
static int choose_colors(struct sixels *s)
{
    size_t count = (size_t)s->image.width * s->image.height;
    struct frequency *bins = calloc(BINS, sizeof *bins);
    uint8_t *index_of = malloc(BINS);
    s->indexes = malloc(count);
    if (!bins || !index_of || !s->indexes) {
        free(bins);
        free(index_of);
        return -1;
    }
    for (unsigned i = 0; i < BINS; i++)
        bins[i].bin = i;
    for (size_t i = 0; i < count; i++) {
        struct frequency *bin = &bins[bin_of(s->pixels + 3 * i)];
        bin->count++;
        for (int k = 0; k < 3; k++)
            bin->sums[k] += s->pixels[3 * i + (size_t)k];
    }
    qsort(bins, BINS, sizeof *bins, by_count);
    while (s->color_count < COLORS && bins[s->color_count].count) {
        for (int k = 0; k < 3; k++)
            s->palette[s->color_count][k] = (uint8_t)(bins[s->color_count].sums[k] / bins[s->color_count].count);
        s->color_count++;
    }
    for (int i = 0; i < BINS && bins[i].count; i++)
        index_of[bins[i].bin] = i < s->color_count ? (uint8_t)i : nearest(s, &bins[i]);
    for (size_t i = 0; i < count; i++)
        s->indexes[i] = index_of[bin_of(s->pixels + 3 * i)];
    free(bins);
    free(index_of);
    return 0;
}

static void write_run(FILE *out, int length, int bits)
{
    if (length > 3)
        fprintf(out, "!%d%c", length, 63 + bits);
    for (; length > 0 && length <= 3; length--)
        putc(63 + bits, out);
}

/* One colour of a band, by runs. */
static void write_color(const struct sixels *s, unsigned top, unsigned rows, int color, FILE *out)
{
    int run = 0, run_bits = 0;
    fprintf(out, "#%d", color);
    for (unsigned x = 0; x < s->image.width; x++) {
        int bits = 0;
        for (unsigned y = 0; y < rows; y++)
            bits |= (s->indexes[(size_t)(top + y) * s->image.width + x] == color) << y;
        if (bits != run_bits) {
            write_run(out, run, run_bits);
            run = 0;
            run_bits = bits;
        }
        run++;
    }
    if (run_bits)
        write_run(out, run, run_bits);
}

static void write_band(const struct sixels *s, unsigned top, FILE *out)
{
    unsigned rows = s->image.height - top < BAND_ROWS ? s->image.height - top : BAND_ROWS;
    bool used[COLORS] = {false}, is_first = true;
    for (size_t i = 0; i < (size_t)rows * s->image.width; i++)
        used[s->indexes[(size_t)top * s->image.width + i]] = true;
    for (int color = 0; color < s->color_count; color++) {
        if (!used[color])
            continue;
        if (!is_first)
            putc('$', out); /* back to the band's beginning */
        is_first = false;
        write_color(s, top, rows, color, out);
    }
    putc('-', out);
}

static void write_all(const struct sixels *s, FILE *out)
{
    fprintf(out, "\033P0;1;0q\"1;1;%u;%u", s->image.width, s->image.height);
    for (int i = 0; i < s->color_count; i++)
        fprintf(out, "#%d;2;%d;%d;%d", i, (s->palette[i][0] * 100 + 127) / 255, (s->palette[i][1] * 100 + 127) / 255,
                (s->palette[i][2] * 100 + 127) / 255);
    for (unsigned top = 0; top < s->image.height; top += BAND_ROWS)
        write_band(s, top, out);
    fputs("\033\\\n", out);
}

int terminal_write_sixel(const uint8_t *png, size_t bytes, FILE *out)
{
    static const png_color white = {255, 255, 255};
    struct sixels s = {.image = {.version = PNG_IMAGE_VERSION}};
    int code = 0;
    if (!png_image_begin_read_from_memory(&s.image, png, bytes))
        return cli_failed("the picture cannot be read: %s", s.image.message);
    s.image.format = PNG_FORMAT_RGB;
    s.pixels = malloc(PNG_IMAGE_SIZE(s.image));
    if (!s.pixels || !png_image_finish_read(&s.image, &white, s.pixels, 0, NULL) || choose_colors(&s) != 0)
        code = cli_failed("the picture cannot be read: %s", *s.image.message ? s.image.message : "out of memory");
    else
        write_all(&s, out);
    png_image_free(&s.image);
    free(s.pixels);
    free(s.indexes);
    if (!code && fflush(out) != 0)
        code = cli_failed("writing the picture failed");
    return code;
}
