/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_DIAGRAM_TEXT_H
#define MLT_DIAGRAM_TEXT_H

#include <stddef.h>

/* Text is measured before anything is placed, with the font that will draw it. Units: 1/96 inch, here called px. */

enum text_style {
    TEXT_PAGE_TITLE,
    TEXT_SUBTITLE,
    TEXT_GROUP_TITLE,
    TEXT_GROUP_KIND,
    TEXT_CARD_TITLE,
    TEXT_CARD_DETAIL,
    TEXT_PILL,
    TEXT_LEGEND,
    TEXT_STYLE_COUNT,
};

struct text_look {
    double size_px;
    int weight; /* as in CSS: 400, 600, 700 */
};

/** Family list, for CSS and pango alike. */
#define TEXT_FAMILIES "Inter, DejaVu Sans, sans-serif"

const struct text_look *text_look_of(enum text_style style);

/** Measures by pango, with a cache of what was measured before. Thread: one at a time. */
struct text_meter;

/** NULL when memory is out. */
struct text_meter *text_meter_new(void);
void text_meter_free(struct text_meter *meter);

/** Width of @text on one line, rounded up to whole px. */
int text_meter_width(struct text_meter *meter, enum text_style style, const char *text);

/** The longest beginning of @text that, with "…" behind it, has at most @max_px; writes it, NUL-terminated, to @out and
 *  returns its width. Text that fits is copied as it is. @out has room for strlen(text) + 4 bytes. */
int text_meter_fit(struct text_meter *meter, enum text_style style, const char *text, int max_px, char *out);

/** The layout object that measures and draws a style (a PangoLayout); borrowed, its text may be set. */
struct _PangoLayout;
struct _PangoLayout *text_meter_layout(struct text_meter *meter, enum text_style style);

/** What the widths depend on: "Inter 4.0 pango 1.50.12". Thread: any. */
const char *text_meter_font(struct text_meter *meter);

#endif
