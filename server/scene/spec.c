/* SPDX-License-Identifier: Apache-2.0 */
#include "scene/spec.h"

#include <ctype.h>
#include <libfyaml.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault/fault.h"
#include "scene/text_check.h"
#include "text/file.h"
#include "utf8/utf8.h"

/* The document is walked once, each mapping by a table of the keys that it may have. Aliases and anchors are refused:
 * nothing here needs them, and their expansion is exponential. Duplicate keys are looked for here, because libfyaml's
 * own check is quadratic in the size of a mapping. */

enum { MAX_KEYS = 12 };

struct reader {
    const char *name;
    const char *live_views; /* names that may stand before a '/', with blanks between; NULL: any */
    struct scene_builder *builder;
    struct scene_spec_diagnostic diagnostic;
    struct fault fault;
    char path[96];     /* of the value being read: "groups[2].nodes[0]" */
    struct fy_node **edges; /* in order of scene_builder_edge(), to locate an end that does not exist */
    size_t edge_count, edge_capacity;
    int unnamed_count; /* items whose title gives no id */
    char covers[1024];
};

struct key {
    const char *name;
    struct fy_node *value; /* NULL when absent */
};

static void locate(struct reader *r, struct fy_node *node)
{
    for (int depth = 0; node && depth < 8; depth++) {
        void *iterator = NULL;
        if (fy_node_is_scalar(node)) {
            struct fy_token *token = fy_node_get_scalar_token(node);
            const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
            r->diagnostic.line = mark ? mark->line + 1 : 0;
            r->diagnostic.column = mark ? mark->column + 1 : 0;
            return;
        }
        if (fy_node_is_sequence(node)) {
            node = fy_node_sequence_iterate(node, &iterator);
            continue;
        }
        struct fy_node_pair *pair = fy_node_mapping_iterate(node, &iterator);
        node = pair ? fy_node_pair_key(pair) : NULL;
    }
}

static int fail(struct reader *r, struct fy_node *node, const char *key, const char *format, ...) MRPC_PRINTF(4, 5);

/* Notes what is wrong with the value of @key at @node; @key NULL means the value at r->path itself. */
static int fail(struct reader *r, struct fy_node *node, const char *key, const char *format, ...)
{
    struct scene_spec_diagnostic *d = &r->diagnostic;
    if (r->fault.code)
        return r->fault.code;
    locate(r, node);
    snprintf(d->key, sizeof d->key, "%s%s%.30s", r->path, *r->path && key ? "." : "", key ? key : "");
    va_list args;
    va_start(args, format);
    vsnprintf(d->text, sizeof d->text, format, args);
    va_end(args);
    return fault_set(&r->fault, MRPC_INVALID_ARGUMENT, "%.64s:%d:%d: %s%s%.200s", r->name, d->line, d->column, d->key,
                     *d->key ? ": " : "", d->text);
}

/* A fault of the builder gets the place of what was being added. */
static int fail_build(struct reader *r, struct fy_node *node, int code)
{
    if (code == 0)
        return 0;
    struct fault fault = FAULT_INIT;
    struct scene *none = NULL;
    code = scene_builder_finish(r->builder, &none, &fault);
    r->builder = NULL;
    if (code != MRPC_INVALID_ARGUMENT) {
        r->fault = fault;
        return code;
    }
    return fail(r, node, fault.field[0] ? fault.field : NULL, "%s", fault.text);
}

/* ---- values ---- */

/* A scalar as a NUL-terminated text that lives as long as the document; "" when absent. */
static const char *text_of(struct reader *r, const struct key *key)
{
    if (!key->value)
        return "";
    if (!fy_node_is_scalar(key->value) || fy_node_is_alias(key->value)) {
        fail(r, key->value, key->name, "must be a text");
        return "";
    }
    const char *text = fy_node_get_scalar0(key->value);
    if (!text) {
        fail(r, key->value, key->name, "holds a NUL or memory is out");
        return "";
    }
    return text;
}

/* Index of the value among @names (NULL-terminated), 0 when absent. */
static int choice_of(struct reader *r, const struct key *key, const char *const *names, const char *allowed)
{
    const char *text = text_of(r, key);
    if (!*text)
        return 0;
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], text) == 0)
            return i;
    fail(r, key->value, key->name, "\"%.40s\" is not one of %s", text, allowed);
    return 0;
}

static enum scene_health health_of(struct reader *r, const struct key *key)
{
    static const char *const names[] = {"none", "unknown", "healthy", "degraded", "down", NULL};
    return (enum scene_health)choice_of(r, key, names, "none, unknown, healthy, degraded, down");
}

static enum scene_icon icon_of(struct reader *r, const struct key *key)
{
    const char *text = text_of(r, key);
    enum scene_icon icon = scene_icon_named(text);
    if (icon || !*text || strcmp(text, scene_icon_name(SCENE_ICON_NONE)) == 0)
        return icon;
    char known[200] = "";
    for (int i = 0; i < SCENE_ICON_COUNT; i++)
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i ? ", " : "",
                 scene_icon_name((enum scene_icon)i));
    fail(r, key->value, key->name, "\"%.40s\" is not one of %s", text, known);
    return SCENE_ICON_NONE;
}

static bool color_of(struct reader *r, const struct key *key, uint32_t *out)
{
    const char *text = text_of(r, key);
    if (!*text)
        return false;
    if (text[0] != '#' || strlen(text) != 7 || strspn(text + 1, "0123456789abcdefABCDEF") != 6) {
        fail(r, key->value, key->name, "\"%.40s\" is not a colour \"#rrggbb\"", text);
        return false;
    }
    *out = (uint32_t)strtoul(text + 1, NULL, 16);
    return true;
}

static bool is_live_view(const struct reader *r, const char *name, size_t length)
{
    for (const char *at = r->live_views; at && *at; at += strspn(at, " ")) {
        size_t word = strcspn(at, " ");
        if (word == length && strncmp(at, name, length) == 0)
            return true;
        at += word;
    }
    char id[SCENE_MAX_ID_BYTES + 1] = "";
    if (r->live_views || length >= sizeof id)
        return false;
    memcpy(id, name, length);
    return scene_id_valid(id); /* whichever it is, ids are made of it */
}

/* "registry/default/payments": what an item stands for. Health and detail line come from there, so it has none
 * itself. */
static const char *live_of(struct reader *r, const struct key *key, const struct key *detail, const struct key *health)
{
    const char *text = text_of(r, key);
    if (!*text)
        return "";
    size_t length = strcspn(text, "/");
    if (length == 0 || !text[length] || !text[length + 1])
        fail(r, key->value, key->name, "\"%.40s\" is not VIEW/NAME, such as registry/default/payments", text);
    else if (!is_live_view(r, text, length))
        fail(r, key->value, key->name, "there is no live view \"%.*s\"; there are: %s",
             (int)(length < 40 ? length : 40), text, r->live_views ? r->live_views : "");
    else if (detail->value || health->value)
        fail(r, detail->value ? detail->value : health->value, detail->value ? detail->name : health->name,
             "comes from what the item stands for (live), and must not be given");
    return text;
}

/* "Streamlit UI" becomes "streamlit-ui"; what has no letter or digit of ASCII in it becomes "item-1", "item-2", … */
static void slug(struct reader *r, const char *title, char out[64])
{
    size_t used = 0;
    for (; *title && used < 60; title++) {
        if (isalnum((unsigned char)*title) && (unsigned char)*title < 0x80)
            out[used++] = (char)tolower((unsigned char)*title);
        else if (used > 0 && out[used - 1] != '-')
            out[used++] = '-';
    }
    while (used > 0 && out[used - 1] == '-')
        used--;
    out[used] = '\0';
    if (used == 0)
        snprintf(out, 64, "item-%d", ++r->unnamed_count);
}

/* ---- mappings ---- */

static int take_key(struct reader *r, struct fy_node_pair *pair, struct key *keys)
{
    struct fy_node *name = fy_node_pair_key(pair);
    const char *text = name && fy_node_is_scalar(name) ? fy_node_get_scalar0(name) : NULL;
    if (!text)
        return fail(r, name, NULL, "a key must be a text");
    char known[200] = "";
    for (struct key *key = keys; key->name; key++) {
        if (strcmp(key->name, text) == 0) {
            if (key->value)
                return fail(r, name, key->name, "is given twice");
            key->value = fy_node_pair_value(pair);
            return key->value ? 0 : fail(r, name, key->name, "has no value");
        }
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", *known ? ", " : "", key->name);
    }
    return fail(r, name, NULL, "unknown key \"%.40s\"; known are: %s", text, known);
}

/* Fills the values of @keys (ended by a NULL name) from a mapping. */
static int take_keys(struct reader *r, struct fy_node *node, struct key *keys)
{
    if (!node || !fy_node_is_mapping(node))
        return fail(r, node, NULL, "must be a mapping (key: value)");
    void *iterator = NULL;
    for (struct fy_node_pair *pair; !r->fault.code && (pair = fy_node_mapping_iterate(node, &iterator));)
        take_key(r, pair, keys);
    return r->fault.code;
}

typedef int read_element(struct reader *r, struct fy_node *node, const char *parent);

/* Reads each element of the sequence under @key with the path set to it. */
static int each(struct reader *r, const struct key *key, const char *parent, read_element *read)
{
    if (!key->value || r->fault.code)
        return r->fault.code;
    if (!fy_node_is_sequence(key->value))
        return fail(r, key->value, key->name, "must be a list");
    char outer[sizeof r->path];
    memcpy(outer, r->path, sizeof outer);
    void *iterator = NULL;
    int index = 0;
    for (struct fy_node *node; !r->fault.code && (node = fy_node_sequence_iterate(key->value, &iterator)); index++) {
        /* A path too long for the buffer loses its end; line and column still point at the place. */
        if (snprintf(r->path, sizeof r->path, "%.70s%s%s[%d]", outer, *outer ? "." : "", key->name, index) < 0)
            break;
        read(r, node, parent);
    }
    memcpy(r->path, outer, sizeof outer);
    return r->fault.code;
}

static int add_item(struct reader *r, struct fy_node *node, const struct scene_item_spec *spec, bool is_group)
{
    if (r->fault.code)
        return r->fault.code;
    int code = is_group ? scene_builder_group(r->builder, spec) : scene_builder_node(r->builder, spec);
    return fail_build(r, node, code);
}

static int read_node(struct reader *r, struct fy_node *node, const char *parent)
{
    struct key keys[MAX_KEYS] = {{"id"}, {"title"}, {"detail"}, {"kind"}, {"link"}, {"color"}, {"health"},
                                 {"live"}, {"icon"}, {"plot"}};
    struct scene_item_spec spec = {.parent = parent};
    char id[64];
    if (node && fy_node_is_scalar(node) && !fy_node_is_alias(node))
        keys[1].value = node;
    else if (take_keys(r, node, keys))
        return r->fault.code;
    spec.id = text_of(r, &keys[0]);
    spec.title = text_of(r, &keys[1]);
    spec.detail = text_of(r, &keys[2]);
    spec.kind = text_of(r, &keys[3]);
    spec.link = text_of(r, &keys[4]);
    spec.has_color = color_of(r, &keys[5], &spec.color);
    spec.health = health_of(r, &keys[6]);
    spec.live = live_of(r, &keys[7], &keys[2], &keys[6]);
    spec.icon = icon_of(r, &keys[8]);
    spec.plot = text_of(r, &keys[9]);
    if (!*spec.id && !*spec.title)
        return fail(r, node, NULL, "needs an id or a title");
    if (!*spec.id) {
        slug(r, spec.title, id);
        spec.id = id;
    }
    return add_item(r, node, &spec, false);
}

static int read_group(struct reader *r, struct fy_node *node, const char *parent)
{
    struct key keys[MAX_KEYS] = {{"id"},    {"title"},  {"detail"}, {"kind"}, {"link"},
                                 {"color"}, {"health"}, {"nodes"},  {"groups"}, {"live"}};
    struct scene_item_spec spec = {.parent = parent};
    char id[64];
    if (take_keys(r, node, keys))
        return r->fault.code;
    spec.id = text_of(r, &keys[0]);
    spec.title = text_of(r, &keys[1]);
    spec.detail = text_of(r, &keys[2]);
    spec.kind = text_of(r, &keys[3]);
    spec.link = text_of(r, &keys[4]);
    spec.has_color = color_of(r, &keys[5], &spec.color);
    spec.health = health_of(r, &keys[6]);
    spec.live = live_of(r, &keys[9], &keys[2], &keys[6]);
    if (!*spec.id && !*spec.title)
        return fail(r, node, NULL, "needs an id or a title");
    if (!*spec.id) {
        slug(r, spec.title, id);
        spec.id = id;
    }
    if (add_item(r, node, &spec, true) || each(r, &keys[7], spec.id, read_node))
        return r->fault.code;
    return each(r, &keys[8], spec.id, read_group);
}

static int note_edge(struct reader *r, struct fy_node *node)
{
    if (r->edge_count == r->edge_capacity) {
        size_t capacity = r->edge_capacity ? r->edge_capacity * 2 : 64;
        struct fy_node **edges = realloc(r->edges, capacity * sizeof(struct fy_node *));
        if (!edges)
            return fault_set(&r->fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
        r->edges = edges;
        r->edge_capacity = capacity;
    }
    r->edges[r->edge_count++] = node;
    return 0;
}

static int read_edge(struct reader *r, struct fy_node *node, const char *parent)
{
    static const char *const lines[] = {"solid", "dashed", NULL};
    struct key keys[MAX_KEYS] = {{"from"}, {"to"}, {"label"}, {"line"}, {"health"}, {"detail"}};
    if (take_keys(r, node, keys))
        return r->fault.code;
    struct scene_edge_spec spec = {.from = text_of(r, &keys[0]), .to = text_of(r, &keys[1])};
    spec.label = text_of(r, &keys[2]);
    spec.line = (enum scene_line)choice_of(r, &keys[3], lines, "solid, dashed");
    spec.health = health_of(r, &keys[4]);
    spec.detail = text_of(r, &keys[5]);
    if (!keys[0].value || !keys[1].value)
        return fail(r, node, NULL, "needs from and to");
    if (r->fault.code || note_edge(r, node))
        return r->fault.code;
    return fail_build(r, node, scene_builder_edge(r->builder, &spec));
}

/* One name of the list `covers`. */
static int read_covered(struct reader *r, struct fy_node *node, const char *parent)
{
    struct key key = {.name = NULL, .value = node};
    const char *name = text_of(r, &key);
    if (r->fault.code)
        return r->fault.code;
    if (!scene_id_valid(name) || !is_live_view(r, name, strlen(name)))
        return fail(r, node, NULL, "there is no live view \"%.40s\"; there are: %s", name,
                    r->live_views ? r->live_views : "");
    size_t used = strlen(r->covers);
    if (used + strlen(name) + 2 > sizeof r->covers)
        return fail(r, node, NULL, "covers too many views");
    snprintf(r->covers + used, sizeof r->covers - used, "%s%s", used ? " " : "", name);
    return 0;
}

static int read_root(struct reader *r, struct fy_node *root)
{
    static const char *const arrangements[] = {"graph", "sequence", NULL};
    struct key keys[MAX_KEYS] = {{"title"}, {"subtitle"}, {"description"}, {"groups"}, {"nodes"}, {"edges"}, {"covers"},
                                 {"arrangement"}};
    if (take_keys(r, root, keys))
        return r->fault.code;
    const char *title = text_of(r, &keys[0]);
    const char *subtitle = text_of(r, &keys[1]);
    const char *description = text_of(r, &keys[2]);
    int arrangement = choice_of(r, &keys[7], arrangements, "graph, sequence");
    if (r->fault.code)
        return r->fault.code;
    r->builder = scene_builder_new(title);
    scene_builder_describe(r->builder, subtitle, description);
    scene_builder_arrange(r->builder, (enum scene_arrangement)arrangement);
    if (each(r, &keys[6], "", read_covered))
        return r->fault.code;
    scene_builder_cover(r->builder, r->covers);
    if (each(r, &keys[3], "", read_group) || each(r, &keys[4], "", read_node))
        return r->fault.code;
    return each(r, &keys[5], "", read_edge);
}

/* An edge's end that does not exist is found by finish; its place is that of the edge. */
static int finish(struct reader *r, struct scene **out)
{
    struct fault fault = FAULT_INIT;
    int code = scene_builder_finish(r->builder, out, &fault);
    r->builder = NULL;
    if (code == 0)
        return 0;
    size_t edge;
    char end[8];
    if (sscanf(fault.field, "edges[%zu].%7s", &edge, end) == 2 && edge < r->edge_count)
        return fail(r, r->edges[edge], fault.field, "%s", fault.text);
    r->fault = fault;
    return code;
}

static int fail_parse(struct reader *r, struct fy_diag *diag)
{
    void *iterator = NULL;
    const struct fy_diag_error *error = diag ? fy_diag_errors_iterate(diag, &iterator) : NULL;
    fail(r, NULL, NULL, "%s", error && error->msg ? error->msg : "is not YAML");
    if (error) {
        r->diagnostic.line = error->line;
        r->diagnostic.column = error->column;
        fault_set(&r->fault, MRPC_INVALID_ARGUMENT, "%.64s:%d:%d: %.200s", r->name, error->line, error->column,
                  r->diagnostic.text);
    }
    return r->fault.code;
}

static int read_document(struct reader *r, const char *bytes, size_t size, struct scene **out)
{
    struct fy_diag_cfg diag_cfg;
    fy_diag_cfg_default(&diag_cfg);
    diag_cfg.fp = NULL;
    diag_cfg.output_fn = NULL;
    struct fy_diag *diag = fy_diag_create(&diag_cfg);
    if (!diag)
        return fault_set(&r->fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_ALLOW_DUPLICATE_KEYS, .diag = diag};
    struct fy_document *document = fy_document_build_from_string(&cfg, bytes, size);
    if (!document)
        fail_parse(r, diag);
    else if (read_root(r, fy_document_root(document)) == 0)
        finish(r, out);
    scene_builder_free(r->builder);
    free(r->edges);
    fy_document_destroy(document);
    fy_diag_destroy(diag);
    return r->fault.code;
}

/* The line, from 1, and the column of an offset. */
static void place_at(struct reader *r, const char *bytes, size_t offset)
{
    r->diagnostic.line = r->diagnostic.column = 1;
    for (size_t i = 0; i < offset; i++) {
        r->diagnostic.column = bytes[i] == '\n' ? 1 : r->diagnostic.column + 1;
        r->diagnostic.line += bytes[i] == '\n';
    }
}

/* What libfyaml 0.7 must not see: it goes round without end in a directive that is not UTF-8, and a spec has no use for
 * directives. */
static int check_bytes(struct reader *r, const char *bytes, size_t size)
{
    size_t whole = utf8_prefix(bytes, size);
    if (whole < size) {
        place_at(r, bytes, whole);
        return fail(r, NULL, NULL, "is not UTF-8");
    }
    for (const char *line = bytes; line < bytes + size; line++) {
        if (*line == '%') {
            place_at(r, bytes, (size_t)(line - bytes));
            return fail(r, NULL, NULL, "a line that begins with %% is a directive, and these are not allowed");
        }
        line = memchr(line, '\n', (size_t)(bytes + size - line));
        if (!line)
            break;
    }
    return 0;
}

int scene_spec_read(const char *name, const char *bytes, size_t size, const char *live_views, struct scene **out,
                    struct scene_spec_diagnostic *diagnostic, struct fault *fault)
{
    struct reader r = {.name = name, .live_views = live_views};
    if (size > SCENE_SPEC_MAX_BYTES)
        fail(&r, NULL, NULL, "has %zu bytes, more than %d", size, SCENE_SPEC_MAX_BYTES);
    else if (memchr(bytes, '\0', size))
        fail(&r, NULL, NULL, "holds a NUL byte");
    else if (check_bytes(&r, bytes, size) == 0)
        read_document(&r, bytes, size, out);
    if (r.fault.code && diagnostic)
        *diagnostic = r.diagnostic;
    if (r.fault.code && fault)
        *fault = r.fault;
    return r.fault.code;
}

int scene_spec_read_file(const char *path, const char *live_views, struct scene **out, struct fault *fault)
{
    char *bytes = NULL;
    size_t size = 0;
    const char *base = strrchr(path, '/');
    int code = text_read_file(path, SCENE_SPEC_MAX_BYTES, &bytes, &size, fault);
    if (!code)
        code = scene_spec_read(base ? base + 1 : path, bytes, size, live_views, out, NULL, fault);
    free(bytes);
    return code;
}
