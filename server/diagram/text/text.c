/* SPDX-License-Identifier: Apache-2.0 */
#include "diagram/text/text.h"

#include <pango/pangocairo.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct text_look looks[TEXT_STYLE_COUNT] = {
    [TEXT_PAGE_TITLE] = {22, 700},    [TEXT_SUBTITLE] = {12.5, 400},  [TEXT_GROUP_TITLE] = {14.5, 700},
    [TEXT_GROUP_KIND] = {11.5, 400},  [TEXT_CARD_TITLE] = {13, 600}, [TEXT_CARD_DETAIL] = {10.5, 400},
    [TEXT_PILL] = {10.5, 600},        [TEXT_LEGEND] = {11.5, 400},
};

/* Widths that were measured before, so that a warm renderer shapes each text once. When the table is half full it is
 * emptied: the next pictures fill it again. */
enum { CACHE_SLOTS = 8192 };

struct cached {
    char *text; /* NULL when free */
    enum text_style style;
    int width_px;
};

struct text_meter {
    PangoFontMap *fonts;
    PangoContext *context;
    PangoLayout *layouts[TEXT_STYLE_COUNT];
    struct cached cache[CACHE_SLOTS];
    int cached_count;
    char font[128];
};

const struct text_look *text_look_of(enum text_style style)
{
    return &looks[style];
}

/* The fonts of a meter are rendered at many sizes, so neither hinting nor rounding may depend on the pixel grid. */
static void set_options(PangoContext *context)
{
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    pango_cairo_context_set_font_options(context, options);
    pango_cairo_context_set_resolution(context, 96);
    pango_context_set_round_glyph_positions(context, FALSE);
    cairo_font_options_destroy(options);
}

static PangoLayout *layout_new(PangoContext *context, const struct text_look *look)
{
    PangoLayout *layout = pango_layout_new(context);
    PangoFontDescription *font = pango_font_description_new();
    pango_font_description_set_family(font, TEXT_FAMILIES);
    pango_font_description_set_absolute_size(font, look->size_px * PANGO_SCALE);
    pango_font_description_set_weight(font, (PangoWeight)look->weight);
    pango_layout_set_font_description(layout, font);
    pango_layout_set_single_paragraph_mode(layout, TRUE);
    pango_font_description_free(font);
    return layout;
}

static void describe_font(struct text_meter *meter)
{
    const PangoFontDescription *wanted = pango_layout_get_font_description(meter->layouts[TEXT_CARD_TITLE]);
    PangoFont *font = pango_context_load_font(meter->context, wanted);
    PangoFontDescription *got = font ? pango_font_describe(font) : NULL;
    snprintf(meter->font, sizeof meter->font, "%.64s, pango %s", got ? pango_font_description_get_family(got) : "none",
             pango_version_string());
    if (got)
        pango_font_description_free(got);
    if (font)
        g_object_unref(font);
}

struct text_meter *text_meter_new(void)
{
    struct text_meter *meter = calloc(1, sizeof *meter);
    if (!meter)
        return NULL;
    meter->fonts = pango_cairo_font_map_new();
    meter->context = pango_font_map_create_context(meter->fonts);
    set_options(meter->context);
    for (int style = 0; style < TEXT_STYLE_COUNT; style++)
        meter->layouts[style] = layout_new(meter->context, &looks[style]);
    describe_font(meter);
    return meter;
}

static void empty_cache(struct text_meter *meter)
{
    for (size_t i = 0; i < CACHE_SLOTS; i++) {
        free(meter->cache[i].text);
        meter->cache[i].text = NULL;
    }
    meter->cached_count = 0;
}

void text_meter_free(struct text_meter *meter)
{
    if (!meter)
        return;
    empty_cache(meter);
    for (int style = 0; style < TEXT_STYLE_COUNT; style++)
        g_object_unref(meter->layouts[style]);
    g_object_unref(meter->context);
    g_object_unref(meter->fonts);
    free(meter);
}

static struct cached *find_cached(struct text_meter *meter, enum text_style style, const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) + (uint64_t)style;
    for (const char *at = text; *at; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    size_t slot = (size_t)(hash ^ hash >> 32) % CACHE_SLOTS;
    while (meter->cache[slot].text &&
           (meter->cache[slot].style != style || strcmp(meter->cache[slot].text, text) != 0))
        slot = (slot + 1) % CACHE_SLOTS;
    return &meter->cache[slot];
}

static int measure(struct text_meter *meter, enum text_style style, const char *text)
{
    int width = 0;
    pango_layout_set_text(meter->layouts[style], text, -1);
    pango_layout_get_size(meter->layouts[style], &width, NULL);
    return PANGO_PIXELS_CEIL(width);
}

int text_meter_width(struct text_meter *meter, enum text_style style, const char *text)
{
    struct cached *cached = find_cached(meter, style, text);
    if (cached->text)
        return cached->width_px;
    int width_px = measure(meter, style, text);
    if (meter->cached_count >= CACHE_SLOTS / 2) {
        empty_cache(meter);
        cached = find_cached(meter, style, text);
    }
    cached->text = strdup(text); /* without memory it is measured again next time */
    cached->style = style;
    cached->width_px = width_px;
    meter->cached_count += cached->text != NULL;
    return width_px;
}

/* The first @bytes of @text, cut back to a whole character, with an ellipsis. */
static void cut(const char *text, size_t bytes, char *out)
{
    while (bytes > 0 && ((unsigned char)text[bytes] & 0xc0) == 0x80)
        bytes--;
    while (bytes > 0 && text[bytes - 1] == ' ')
        bytes--;
    memcpy(out, text, bytes);
    memcpy(out + bytes, "…", sizeof "…");
}

int text_meter_fit(struct text_meter *meter, enum text_style style, const char *text, int max_px, char *out)
{
    /* No font draws a character of text in a tenth of its size, so the shaper never sees more than it could show. */
    size_t length = strlen(text);
    size_t possible = (size_t)(max_px * 40 / looks[style].size_px);
    if (length <= possible) {
        int width_px = text_meter_width(meter, style, text);
        if (width_px <= max_px) {
            memcpy(out, text, length + 1);
            return width_px;
        }
    }
    size_t fits = 0, too_long = length < possible ? length : possible;
    while (too_long - fits > 1) {
        size_t middle = fits + (too_long - fits) / 2;
        cut(text, middle, out);
        if (measure(meter, style, out) <= max_px)
            fits = middle;
        else
            too_long = middle;
    }
    cut(text, fits, out);
    return measure(meter, style, out);
}

PangoLayout *text_meter_layout(struct text_meter *meter, enum text_style style)
{
    return meter->layouts[style];
}

const char *text_meter_font(struct text_meter *meter)
{
    return meter->font;
}
