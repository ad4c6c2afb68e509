/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "diagram/render/formats.h"
#include "diagram/render/icon.h"
#include "diagram/text/text.h"

/* SVG by hand. All coordinates are whole numbers, so no locale and no rounding can change a byte. Colours are CSS
 * variables with a plain value before them for viewers without var() (librsvg, Inkscape). A page that embeds the
 * picture finds items by data-id, their dot by class "dot" and their second line by class "detail". */


static void write_variables(struct buffer *out, const struct look_theme *theme)
{
    buffer_printf(out, "--page:#%06x;--ink:#%06x;--muted:#%06x;--card:#%06x;--card-line:#%06x;--pill:#%06x;",
                  theme->page, theme->ink, theme->muted, theme->card, theme->card_line, theme->pill);
    buffer_printf(out, "--pill-line:#%06x;--edge:#%06x;--tint:.%02d;--frame:.%02d;--shadow:.%02d", theme->pill_line,
                  theme->edge, theme->tint_percent, theme->frame_percent, theme->shadow_percent);
}

static void color_rule(struct buffer *out, const char *selector, const char *property, uint32_t color, const char *name)
{
    buffer_printf(out, ".mlt-diagram %s{%s:#%06x;%s:var(--%s)}\n", selector, property, color, property, name);
}

static void font_rule(struct buffer *out, const char *selector, enum text_style style)
{
    const struct text_look *look = text_look_of(style);
    int tenths = (int)(look->size_px * 10 + 0.5);
    buffer_printf(out, ".mlt-diagram %s{font-size:%d.%dpx;font-weight:%d}\n", selector, tenths / 10, tenths % 10,
                  look->weight);
}

static bool shows_drift(const struct scene *scene)
{
    bool any = false;
    for (int i = 0; !any && i < scene->item_count; i++)
        any = scene->items[i].drift != SCENE_DRIFT_NONE;
    for (int i = 0; !any && i < scene->edge_count; i++)
        any = scene->edges[i].drift != SCENE_DRIFT_NONE;
    return any;
}

/* What is absent is an outline, what is undeclared has an outline of another colour. */
static void write_drift_rules(struct buffer *out)
{
    for (enum scene_drift drift = SCENE_DRIFT_ABSENT; drift <= SCENE_DRIFT_UNDECLARED; drift++)
        buffer_printf(out, ".mlt-diagram .%s{stroke:#%06x;stroke-dasharray:4 3}\n", look_drift_name(drift),
                      look_drift_color(drift));
    buffer_text(out,
                ".mlt-diagram .card.absent,.mlt-diagram .ring{fill:none}\n.mlt-diagram .ring{stroke-dasharray:none;"
                "stroke-width:1.5}\n.mlt-diagram .arrow.absent,.mlt-diagram .arrow.undeclared{stroke:none}\n");
    buffer_printf(out, ".mlt-diagram .arrow.absent{fill:#%06x}\n.mlt-diagram .arrow.undeclared{fill:#%06x}\n",
                  look_drift_color(SCENE_DRIFT_ABSENT), look_drift_color(SCENE_DRIFT_UNDECLARED));
    buffer_text(out, ".mlt-diagram .undeclared{stroke-width:1.5}\n");
}

static bool shows_icons(const struct scene *scene)
{
    for (int i = 0; i < scene->item_count; i++)
        if (scene->items[i].icon)
            return true;
    return false;
}

/* Lines as thin as the text beside them. */
static void write_icon_rules(const struct look_theme *theme, struct buffer *out)
{
    buffer_text(out, ".mlt-diagram .icon{fill:none;stroke-width:1.2;stroke-linecap:round;stroke-linejoin:round}\n");
    color_rule(out, ".icon", "stroke", theme->muted, "muted");
}

static bool shows_plots(const struct scene *scene)
{
    for (int i = 0; i < scene->item_count; i++)
        if (*scene->items[i].plot)
            return true;
    return false;
}

static void write_plot_rules(const struct look_theme *theme, struct buffer *out)
{
    buffer_printf(out, ".mlt-diagram .plot{fill:none;stroke-width:%d.%d;stroke-linejoin:round}\n",
                  LOOK_PLOT_TENTHS / 10, LOOK_PLOT_TENTHS % 10);
    buffer_text(out, ".mlt-diagram .plot-base{stroke-width:1.2;stroke-dasharray:2 4}\n");
    color_rule(out, ".plot-base", "stroke", theme->pill_line, "pill-line");
}

static void write_sequence_rules(const struct look_theme *theme, struct buffer *out)
{
    buffer_text(out, ".mlt-diagram .lifeline{stroke-width:1.2;stroke-dasharray:2 4}\n");
    color_rule(out, ".lifeline", "stroke", theme->pill_line, "pill-line");
    font_rule(out, ".note", TEXT_PILL);
}

static void write_style(const struct picture *picture, enum render_theme choice, struct buffer *out)
{
    const struct look_theme *theme = picture->theme;
    buffer_text(out, "<style>\n.mlt-diagram{");
    write_variables(out, theme);
    buffer_text(out, "}\n");
    if (choice == RENDER_AUTO) {
        buffer_text(out, "@media (prefers-color-scheme:dark){.mlt-diagram{");
        write_variables(out, &look_dark);
        buffer_text(out, "}}\n");
    }
    buffer_text(out, ".mlt-diagram text{font-family:" TEXT_FAMILIES "}\n");
    color_rule(out, ".page", "fill", theme->page, "page");
    color_rule(out, "text", "fill", theme->ink, "ink");
    color_rule(out, ".muted", "fill", theme->muted, "muted");
    color_rule(out, ".card", "fill", theme->card, "card");
    color_rule(out, ".card", "stroke", theme->card_line, "card-line");
    color_rule(out, ".pill", "fill", theme->pill, "pill");
    color_rule(out, ".pill", "stroke", theme->pill_line, "pill-line");
    color_rule(out, ".line", "stroke", theme->edge, "edge");
    color_rule(out, ".arrow", "fill", theme->edge, "edge");
    buffer_printf(out, ".mlt-diagram .frame{stroke-width:1.5;fill-opacity:.%02d;fill-opacity:var(--tint);"
                       "stroke-opacity:.%02d;stroke-opacity:var(--frame)}\n",
                  theme->tint_percent, theme->frame_percent);
    buffer_printf(out, ".mlt-diagram .shadow{fill-opacity:.%02d;fill-opacity:var(--shadow)}\n", theme->shadow_percent);
    buffer_text(out, ".mlt-diagram .line{fill:none;stroke-width:1.6}\n.mlt-diagram .dashed{stroke-dasharray:5 4}\n");
    for (int health = SCENE_HEALTH_UNKNOWN; health <= SCENE_HEALTH_DOWN; health++)
        buffer_printf(out, ".mlt-diagram .%s{fill:#%06x}\n", scene_health_name((enum scene_health)health),
                      look_health_color((enum scene_health)health));
    if (shows_drift(picture->scene))
        write_drift_rules(out);
    if (shows_icons(picture->scene))
        write_icon_rules(theme, out);
    if (shows_plots(picture->scene))
        write_plot_rules(theme, out);
    if (picture->layout->lifeline_count)
        write_sequence_rules(theme, out);
    font_rule(out, ".title", TEXT_PAGE_TITLE);
    font_rule(out, ".subtitle", TEXT_SUBTITLE);
    font_rule(out, ".group-name", TEXT_GROUP_TITLE);
    font_rule(out, ".kind", TEXT_GROUP_KIND);
    font_rule(out, ".name", TEXT_CARD_TITLE);
    font_rule(out, "text.detail", TEXT_CARD_DETAIL);
    font_rule(out, ".label", TEXT_PILL);
    font_rule(out, ".legend", TEXT_LEGEND);
    buffer_text(out, "</style>\n");
}

static void write_text(struct buffer *out, const char *classes, int x, int y, const char *anchor, const char *text)
{
    buffer_printf(out, "<text class=\"%s\" x=\"%d\" y=\"%d\"%s>", classes, x, y, anchor);
    buffer_xml(out, text);
    buffer_text(out, "</text>");
}

static void write_rect(struct buffer *out, const char *classes, const struct layout_rect *rect, int radius)
{
    buffer_printf(out, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"%d\"", classes, rect->x,
                  rect->y, rect->width, rect->height, radius);
}

static void write_dot_mark(struct buffer *out, enum scene_health health, int x, int y)
{
    if (health != SCENE_HEALTH_NONE)
        buffer_printf(out, "<circle class=\"dot %s\" cx=\"%d\" cy=\"%d\" r=\"%d\"/>", scene_health_name(health), x, y,
                      LOOK_DOT_RADIUS);
}

static void write_ring(struct buffer *out, int x, int y)
{
    buffer_printf(out, "<circle class=\"ring absent\" cx=\"%d\" cy=\"%d\" r=\"%d\"/>", x, y, LOOK_DOT_RADIUS);
}

/* At the right of a group's title; a detail line in it can be patched by itself, unless the whole was cut. */
static void write_kind(const struct picture *picture, int i, int x, int y, struct buffer *out)
{
    const struct scene_item *item = &picture->scene->items[i];
    const char *kind = picture->layout->boxes[i].kind;
    size_t detail_bytes = strlen(item->detail);
    if (detail_bytes == 0 || strncmp(kind, item->detail, detail_bytes) != 0) {
        write_text(out, "kind muted", x, y, " text-anchor=\"end\"", kind);
        return;
    }
    buffer_printf(out, "<text class=\"kind muted\" x=\"%d\" y=\"%d\" text-anchor=\"end\"><tspan class=\"detail\">", x,
                  y);
    buffer_xml(out, item->detail);
    buffer_text(out, "</tspan>");
    buffer_xml(out, kind + detail_bytes);
    buffer_text(out, "</text>");
}

/* "card", "card absent" */
static const char *marked(const char *plain, enum scene_drift drift, char out[32])
{
    snprintf(out, 32, "%s%s%s", plain, drift ? " " : "", look_drift_name(drift));
    return out;
}

static void write_group(const struct picture *picture, int i, struct buffer *out)
{
    const struct layout_box *box = &picture->layout->boxes[i];
    const struct layout_rect *rect = &box->rect;
    uint32_t color = look_group_color(picture->scene, i);
    struct layout_rect accent = {rect->x + LOOK_ACCENT_X, rect->y + LOOK_ACCENT_Y, LOOK_ACCENT_WIDTH,
                                 LOOK_ACCENT_HEIGHT};
    int baseline = rect->y + LOOK_GROUP_BASELINE;
    char classes[32];
    write_rect(out, marked("frame", picture->scene->items[i].drift, classes), rect, LOOK_GROUP_RADIUS);
    buffer_printf(out, " fill=\"#%06x\" stroke=\"#%06x\"/>", color, color);
    write_rect(out, "accent", &accent, 2);
    buffer_printf(out, " fill=\"#%06x\"/>", color);
    write_text(out, "group-name", rect->x + LOOK_GROUP_TEXT_X, baseline, "", box->title);
    write_dot_mark(out, picture->scene->items[i].health, rect->x + LOOK_GROUP_TEXT_X + box->title_px + 12,
                   baseline - 5);
    if (*box->kind)
        write_kind(picture, i, rect->x + rect->width - LOOK_ACCENT_X, baseline, out);
}

static void write_icon(enum scene_icon icon, const struct layout_rect *card, int middle, struct buffer *out)
{
    if (icon)
        buffer_printf(out, "<path class=\"icon\" transform=\"translate(%d %d)\" d=\"%s\"/>",
                      card->x + card->width - ICON_RIGHT - ICON_SIZE, card->y + middle - ICON_SIZE / 2,
                      icon_path(icon));
}

/* The line, over a dashed one where it began, with a dot where it ends. */
static void write_plot(const struct picture *picture, int i, struct buffer *out)
{
    const struct layout_box *box = &picture->layout->boxes[i];
    if (box->plot_count == 0)
        return;
    const struct layout_point *last = &box->plot[box->plot_count - 1];
    uint32_t color = look_plot_color(picture->scene, i, picture->theme);
    buffer_printf(out, "<path class=\"plot-base\" d=\"M%d %dH%d\"/><polyline class=\"plot\" stroke=\"#%06x\" points=\"",
                  box->plot[0].x, box->plot_base, last->x, color);
    for (int at = 0; at < box->plot_count; at++)
        buffer_printf(out, "%s%d,%d", at ? " " : "", box->plot[at].x, box->plot[at].y);
    buffer_printf(out, "\"/><circle cx=\"%d\" cy=\"%d\" r=\"%d\" fill=\"#%06x\"/>", last->x, last->y, LOOK_PLOT_DOT,
                  color);
}

static void write_card(const struct picture *picture, int i, struct buffer *out)
{
    const struct layout_box *box = &picture->layout->boxes[i];
    const struct layout_rect *rect = &box->rect;
    enum scene_health health = picture->scene->items[i].health;
    enum scene_drift drift = picture->scene->items[i].drift;
    int x = rect->x + (scene_item_has_mark(&picture->scene->items[i]) ? LOOK_CARD_TEXT_X : LOOK_CARD_TEXT_X_BARE);
    struct layout_rect shadow = *rect;
    char classes[32];
    shadow.y += 2;
    if (drift != SCENE_DRIFT_ABSENT) {
        write_rect(out, "shadow", &shadow, LOOK_CARD_RADIUS);
        buffer_text(out, "/>");
    }
    write_rect(out, marked("card", drift, classes), rect, LOOK_CARD_RADIUS);
    buffer_text(out, "/>");
    if (drift == SCENE_DRIFT_ABSENT)
        write_ring(out, rect->x + LOOK_DOT_X, rect->y + look_card_middle(box));
    write_dot_mark(out, health, rect->x + LOOK_DOT_X, rect->y + look_card_middle(box));
    write_icon(picture->scene->items[i].icon, rect, look_card_middle(box), out);
    write_plot(picture, i, out);
    const char *name = drift == SCENE_DRIFT_ABSENT ? "name muted" : "name";
    if (!*box->detail) {
        write_text(out, name, x, rect->y + LOOK_CARD_ONLY_BASELINE, "", box->title);
        return;
    }
    write_text(out, name, x, rect->y + LOOK_CARD_BASELINE, "", box->title);
    write_text(out, "detail muted", x, rect->y + LOOK_DETAIL_BASELINE, "", box->detail);
}

/* What was cut can be read in full on hovering. */
static void write_tooltip(const struct picture *picture, int i, struct buffer *out)
{
    const struct scene_item *item = &picture->scene->items[i];
    const struct layout_box *box = &picture->layout->boxes[i];
    if (strcmp(item->title, box->title) == 0 && (item->is_group || strcmp(item->detail, box->detail) == 0))
        return;
    buffer_text(out, "<title>");
    buffer_xml(out, item->title);
    if (*item->detail)
        buffer_text(out, ": ");
    buffer_xml(out, item->detail);
    buffer_text(out, "</title>");
}

/* What a page needs to lead from an item to what it stands for. */
static void write_attribute(struct buffer *out, const char *name, const char *value)
{
    if (!*value)
        return;
    buffer_printf(out, " %s=\"", name);
    buffer_xml(out, value);
    buffer_text(out, "\"");
}

static void write_item(const struct picture *picture, int i, struct buffer *out)
{
    const struct scene_item *item = &picture->scene->items[i];
    buffer_printf(out, "<g id=\"item-%s\" data-id=\"%s\"", item->id, item->id);
    write_attribute(out, "data-key", item->key);
    write_attribute(out, "data-live", item->live);
    buffer_printf(out, " class=\"%s\">", item->is_group ? "group" : "node");
    write_tooltip(picture, i, out);
    if (*item->link) {
        buffer_text(out, "<a href=\"");
        buffer_xml(out, item->link);
        buffer_text(out, "\">");
    }
    if (item->is_group)
        write_group(picture, i, out);
    else
        write_card(picture, i, out);
    buffer_text(out, *item->link ? "</a></g>\n" : "</g>\n");
}

static void svg_move(void *arg, int x, int y)
{
    buffer_printf(arg, "M%d %d", x, y);
}

static void svg_line(void *arg, int x, int y)
{
    buffer_printf(arg, "L%d %d", x, y);
}

static void svg_corner(void *arg, int bend_x, int bend_y, int x, int y)
{
    buffer_printf(arg, "Q%d %d %d %d", bend_x, bend_y, x, y);
}

static void write_edge(const struct picture *picture, int i, struct buffer *out)
{
    const struct scene_edge *edge = &picture->scene->edges[i];
    const struct layout_edge *line = &picture->layout->edges[i];
    struct layout_point arrow[3];
    struct look_pen pen = {svg_move, svg_line, svg_corner, out};
    look_arrow(line, arrow);
    char classes[32];
    buffer_printf(out, "<g class=\"edge\" data-from=\"%s\" data-to=\"%s\"><path class=\"%s%s\" d=\"",
                  picture->scene->items[edge->from].id, picture->scene->items[edge->to].id,
                  marked("line", edge->drift, classes), edge->line == SCENE_LINE_DASHED ? " dashed" : "");
    look_trace_edge(line, &pen);
    const char *health = edge->health >= SCENE_HEALTH_DEGRADED ? scene_health_name(edge->health) : "";
    const char *arrow_class = *health ? health : look_drift_name(edge->drift);
    buffer_text(out, "\"");
    if (*health)
        buffer_printf(out, " style=\"stroke:#%06x\"", look_health_color(edge->health));
    buffer_printf(out, "/><path class=\"arrow %s\" d=\"M%d %dL%d %dL%d %dZ\"/></g>\n", arrow_class, arrow[0].x,
                  arrow[0].y, arrow[1].x, arrow[1].y, arrow[2].x, arrow[2].y);
}

static void write_pill(const struct picture *picture, int i, struct buffer *out)
{
    const struct layout_edge *edge = &picture->layout->edges[i];
    if (edge->pill.width == 0)
        return;
    write_rect(out, "pill", &edge->pill, edge->pill.height / 2);
    buffer_text(out, "/>");
    write_text(out, "label muted", edge->pill.x + edge->pill.width / 2,
               edge->pill.y + edge->pill.height / 2 + LOOK_PILL_BASELINE, " text-anchor=\"middle\"", edge->label);
    buffer_text(out, "\n");
}

static void write_lifeline(const struct layout_lifeline *line, struct buffer *out)
{
    buffer_printf(out, "<path class=\"lifeline\" d=\"M%d %dL%d %d\"/>\n", line->x, line->top, line->x, line->bottom);
}

static void write_note(const struct layout_note *note, struct buffer *out)
{
    if (!*note->text)
        return;
    write_text(out, "note muted", note->right, note->y + LOOK_PILL_BASELINE, " text-anchor=\"end\"", note->text);
    buffer_text(out, "\n");
}

static void write_legend_mark(const struct layout_legend_entry *entry, int y, struct buffer *out)
{
    struct layout_rect card = {entry->x - 5, y - 5, 10, 10};
    if (entry->drift == SCENE_DRIFT_ABSENT)
        write_ring(out, entry->x, y);
    else if (entry->drift == SCENE_DRIFT_UNDECLARED) {
        write_rect(out, "card undeclared", &card, 3);
        buffer_text(out, "/>");
    } else
        buffer_printf(out, "<circle class=\"%s\" cx=\"%d\" cy=\"%d\" r=\"%d\"/>", scene_health_name(entry->health),
                      entry->x, y, LOOK_DOT_RADIUS);
}

static void write_legend(const struct layout *layout, struct buffer *out)
{
    for (int i = 0; i < layout->legend_count; i++) {
        const struct layout_legend_entry *entry = &layout->legend[i];
        write_legend_mark(entry, layout->legend_y, out);
        write_text(out, "legend muted", entry->x + LOOK_LEGEND_TEXT_X, layout->legend_y + LOOK_LEGEND_BASELINE, "",
                   entry->text);
        buffer_text(out, "\n");
    }
}

static void write_head(const struct picture *picture, enum render_theme choice, struct buffer *out)
{
    const struct layout *layout = picture->layout;
    buffer_printf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"mlt-diagram\" role=\"img\" "
                  "aria-labelledby=\"mlt-title mlt-desc\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n",
                  layout->width, layout->height, layout->width, layout->height);
    buffer_text(out, "<title id=\"mlt-title\">");
    buffer_xml(out, *picture->scene->title ? picture->scene->title : "Diagram");
    buffer_text(out, "</title>\n<desc id=\"mlt-desc\">");
    buffer_xml(out, *picture->scene->description ? picture->scene->description : layout->subtitle);
    buffer_text(out, "</desc>\n");
    write_style(picture, choice, out);
    buffer_printf(out, "<rect class=\"page\" width=\"%d\" height=\"%d\"/>\n", layout->width, layout->height);
    write_text(out, "title", LOOK_MARGIN, LOOK_TITLE_BASELINE, "", layout->title);
    write_text(out, "subtitle muted", LOOK_MARGIN, LOOK_SUBTITLE_BASELINE, "", layout->subtitle);
    buffer_text(out, "\n");
}

void write_svg(const struct picture *picture, enum render_theme choice, struct buffer *out)
{
    write_head(picture, choice, out);
    for (int i = 0; i < picture->scene->item_count; i++)
        write_item(picture, i, out);
    for (int i = 0; i < picture->layout->lifeline_count; i++)
        write_lifeline(&picture->layout->lifelines[i], out);
    for (int i = 0; i < picture->scene->edge_count; i++)
        write_edge(picture, i, out);
    for (int i = 0; i < picture->scene->edge_count; i++)
        write_pill(picture, i, out);
    for (int i = 0; i < picture->layout->note_count; i++)
        write_note(&picture->layout->notes[i], out);
    write_legend(picture->layout, out);
    buffer_text(out, "</svg>\n");
}
