/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "diagram/render/formats.h"

/* The scene, not the layout, in the languages of other tools. Each has groups as nested blocks, so they share one walk
 * and differ in how a line is written. */

struct language {
    void (*open_group)(struct buffer *out, const struct scene *scene, int item, int depth);
    void (*close_group)(struct buffer *out, const struct scene *scene, int item, int depth);
    void (*node)(struct buffer *out, const struct scene *scene, int item, int depth);
};

static void indent(struct buffer *out, int depth)
{
    for (int i = 0; i <= depth; i++)
        buffer_text(out, "  ");
}

static bool lies_in(const struct scene *scene, int item, int group)
{
    while (item >= 0 && item != group)
        item = scene->items[item].parent;
    return item == group;
}

/* Items stand in order of declaration, which need not be that of the tree: each group lists its own children. */
static void write_children(struct buffer *out, const struct scene *scene, const struct language *language, int parent,
                           int depth)
{
    for (int i = parent + 1; i < scene->item_count; i++) {
        if (scene->items[i].parent != parent)
            continue;
        if (!scene->items[i].is_group) {
            language->node(out, scene, i, depth);
            continue;
        }
        language->open_group(out, scene, i, depth);
        write_children(out, scene, language, i, depth + 1); /* at most SCENE_MAX_DEPTH deep */
        language->close_group(out, scene, i, depth);
    }
}

static void close_brace(struct buffer *out, const struct scene *scene, int item, int depth)
{
    indent(out, depth);
    buffer_text(out, "}\n");
}

/* ---- DOT ---- */

static void dot_string(struct buffer *out, const char *text)
{
    buffer_text(out, "\"");
    buffer_escaped(out, text, "\"\\", '\\');
    buffer_text(out, "\"");
}

static void dot_label(struct buffer *out, const char *title, const char *detail)
{
    buffer_text(out, "label=\"");
    buffer_escaped(out, title, "\"\\", '\\');
    if (*detail)
        buffer_text(out, "\\n");
    buffer_escaped(out, detail, "\"\\", '\\');
    buffer_text(out, "\"");
}

static void dot_open(struct buffer *out, const struct scene *scene, int item, int depth)
{
    indent(out, depth);
    buffer_printf(out, "subgraph \"cluster_%s\" { ", scene->items[item].id);
    dot_label(out, scene->items[item].title, "");
    buffer_printf(out, "; style=rounded; color=\"#%06x\";\n", look_group_color(scene, item));
    indent(out, depth + 1);
    /* Edges to a group need a node in it: an invisible point. */
    buffer_printf(out, "\"%s\" [shape=point, style=invis];\n", scene->items[item].id);
}

static void dot_node(struct buffer *out, const struct scene *scene, int item, int depth)
{
    indent(out, depth);
    dot_string(out, scene->items[item].id);
    buffer_text(out, " [");
    dot_label(out, scene->items[item].title, scene->items[item].detail);
    if (scene->items[item].health != SCENE_HEALTH_NONE)
        buffer_printf(out, ", color=\"#%06x\"", look_health_color(scene->items[item].health));
    else if (scene->items[item].drift)
        buffer_printf(out, ", color=\"#%06x\"", look_drift_color(scene->items[item].drift));
    if (scene->items[item].drift)
        buffer_text(out, ", style=\"rounded,dashed\"");
    buffer_text(out, "];\n");
}

void write_dot(const struct scene *scene, struct buffer *out)
{
    static const struct language dot = {dot_open, close_brace, dot_node};
    buffer_text(out, "digraph {\n  compound=true;\n  node [shape=box, style=rounded, fontname=\"Inter\"];\n  ");
    dot_label(out, scene->title, "");
    buffer_text(out, ";\n");
    write_children(out, scene, &dot, -1, 0);
    for (int i = 0; i < scene->edge_count; i++) {
        const struct scene_edge *edge = &scene->edges[i];
        buffer_printf(out, "  \"%s\" -> \"%s\" [", scene->items[edge->from].id, scene->items[edge->to].id);
        dot_label(out, edge->label, scene->arrangement == SCENE_SEQUENCE ? edge->detail : "");
        if (scene->items[edge->from].is_group && !lies_in(scene, edge->to, edge->from))
            buffer_printf(out, ", ltail=\"cluster_%s\"", scene->items[edge->from].id);
        if (scene->items[edge->to].is_group && !lies_in(scene, edge->from, edge->to))
            buffer_printf(out, ", lhead=\"cluster_%s\"", scene->items[edge->to].id);
        buffer_text(out, edge->line == SCENE_LINE_DASHED || edge->drift ? ", style=dashed];\n" : "];\n");
    }
    buffer_text(out, "}\n");
}

/* ---- Mermaid ---- */

/* Mermaid knows no escapes in labels but entity codes: #quot; and #35; for the mark itself. */
static void mermaid_text(struct buffer *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '"')
            buffer_text(out, "#quot;");
        else if (strchr("#<>&`;", *text))
            buffer_printf(out, "#%d;", *text);
        else
            buffer_add(out, text, 1);
    }
}

static void mermaid_open(struct buffer *out, const struct scene *scene, int item, int depth)
{
    indent(out, depth);
    buffer_printf(out, "subgraph i%d[\"", item);
    mermaid_text(out, scene->items[item].title);
    buffer_text(out, "\"]\n");
}

static void mermaid_close(struct buffer *out, const struct scene *scene, int item, int depth)
{
    indent(out, depth);
    buffer_text(out, "end\n");
}

static void mermaid_node(struct buffer *out, const struct scene *scene, int item, int depth)
{
    indent(out, depth);
    buffer_printf(out, "i%d[\"", item); /* ids of Mermaid may not hold words like "end" */
    mermaid_text(out, scene->items[item].title);
    if (*scene->items[item].detail)
        buffer_text(out, "<br/>");
    mermaid_text(out, scene->items[item].detail);
    buffer_text(out, "\"]\n");
    if (scene->items[item].drift) {
        indent(out, depth);
        buffer_printf(out, "style i%d stroke:#%06x,stroke-dasharray:4 3\n", item,
                      look_drift_color(scene->items[item].drift));
    }
}

static void write_mermaid_sequence(const struct scene *scene, struct buffer *out)
{
    buffer_text(out, "sequenceDiagram\n");
    for (int i = 0; i < scene->item_count; i++) {
        buffer_printf(out, "  participant i%d as ", i);
        mermaid_text(out, scene->items[i].title);
        buffer_text(out, "\n");
    }
    for (int i = 0; i < scene->edge_count; i++) {
        const struct scene_edge *edge = &scene->edges[i];
        buffer_printf(out, "  i%d%si%d: ", edge->from, edge->line == SCENE_LINE_DASHED ? "-->>" : "->>", edge->to);
        mermaid_text(out, *edge->label ? edge->label : "…");
        if (*edge->detail) {
            buffer_text(out, "<br/>");
            mermaid_text(out, edge->detail);
        }
        buffer_text(out, "\n");
    }
}

void write_mermaid(const struct scene *scene, struct buffer *out)
{
    if (scene->arrangement == SCENE_SEQUENCE) {
        write_mermaid_sequence(scene, out);
        return;
    }
    static const struct language mermaid = {mermaid_open, mermaid_close, mermaid_node};
    buffer_text(out, "flowchart TB\n");
    write_children(out, scene, &mermaid, -1, 0);
    for (int i = 0; i < scene->edge_count; i++) {
        const struct scene_edge *edge = &scene->edges[i];
        buffer_printf(out, "  i%d %s", edge->from, edge->line == SCENE_LINE_DASHED || edge->drift ? "-.->" : "-->");
        if (*edge->label) {
            buffer_text(out, "|\"");
            mermaid_text(out, edge->label);
            buffer_text(out, "\"|");
        }
        buffer_printf(out, " i%d\n", edge->to);
    }
}

/* ---- D2 ---- */

static void d2_string(struct buffer *out, const char *text)
{
    buffer_text(out, "\"");
    buffer_escaped(out, text, "\"\\$", '\\');
    buffer_text(out, "\"");
}

static void d2_open(struct buffer *out, const struct scene *scene, int item, int depth)
{
    indent(out, depth - 1);
    buffer_printf(out, "\"%s\": ", scene->items[item].id);
    d2_string(out, scene->items[item].title);
    buffer_text(out, " {\n");
}

static void d2_close(struct buffer *out, const struct scene *scene, int item, int depth)
{
    close_brace(out, scene, item, depth - 1);
}

static void d2_node(struct buffer *out, const struct scene *scene, int item, int depth)
{
    indent(out, depth - 1);
    buffer_printf(out, "\"%s\": ", scene->items[item].id);
    d2_string(out, scene->items[item].title);
    const char *drift = scene->items[item].drift ? "style.stroke-dash: 4" : "", *detail = scene->items[item].detail;
    if (*detail || *drift) {
        buffer_printf(out, " {%s%s", drift, *detail && *drift ? "; " : "");
        buffer_text(out, *detail ? "tooltip: " : "");
        if (*detail)
            d2_string(out, detail);
        buffer_text(out, "}");
    }
    buffer_text(out, "\n");
}

static void d2_path(struct buffer *out, const struct scene *scene, int item)
{
    if (scene->items[item].parent >= 0) {
        d2_path(out, scene, scene->items[item].parent);
        buffer_text(out, ".");
    }
    buffer_printf(out, "\"%s\"", scene->items[item].id);
}

void write_d2(const struct scene *scene, struct buffer *out)
{
    static const struct language d2 = {d2_open, d2_close, d2_node};
    if (scene->arrangement == SCENE_SEQUENCE)
        buffer_text(out, "shape: sequence_diagram\n");
    write_children(out, scene, &d2, -1, 0);
    for (int i = 0; i < scene->edge_count; i++) {
        const struct scene_edge *edge = &scene->edges[i];
        d2_path(out, scene, edge->from);
        buffer_text(out, " -> ");
        d2_path(out, scene, edge->to);
        if (*edge->label) {
            buffer_text(out, ": ");
            d2_string(out, edge->label);
        }
        buffer_text(out, edge->line == SCENE_LINE_DASHED || edge->drift ? " {style.stroke-dash: 4}\n" : "\n");
    }
}
