/* SPDX-License-Identifier: Apache-2.0 */
#include "diagram/renderer/message.h"

#include <stdio.h>
#include <string.h>

/* ---- writing ---- */

static void put_number(struct buffer *out, uint64_t number)
{
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(number >> 8 * i);
    buffer_add(out, bytes, sizeof bytes);
}

static void put_bytes(struct buffer *out, const void *bytes, size_t size)
{
    put_number(out, size);
    buffer_add(out, bytes, size);
}

static void put_text(struct buffer *out, const char *text)
{
    put_bytes(out, text, strlen(text) + 1); /* with its NUL, so that the reader can point at it */
}

static size_t begin_frame(struct buffer *out)
{
    static const unsigned char head[MESSAGE_HEAD_BYTES];
    buffer_add(out, head, sizeof head);
    return out->size;
}

static void end_frame(struct buffer *out, size_t start)
{
    if (out->failed)
        return;
    size_t size = out->size - start;
    if (size > MESSAGE_MAX_BYTES) {
        out->failed = true;
        return;
    }
    for (int i = 0; i < MESSAGE_HEAD_BYTES; i++)
        out->bytes[start - MESSAGE_HEAD_BYTES + (size_t)i] = (char)(size >> 8 * i);
}

void message_put_scene(struct buffer *out, const struct scene *scene)
{
    put_number(out, scene->arrangement);
    put_text(out, scene->title);
    put_text(out, scene->subtitle);
    put_text(out, scene->description);
    put_text(out, scene->covers);
    put_number(out, (uint64_t)scene->item_count);
    for (int i = 0; i < scene->item_count; i++) {
        const struct scene_item *item = &scene->items[i];
        put_number(out, item->is_group);
        put_text(out, item->id);
        put_text(out, item->parent < 0 ? "" : scene->items[item->parent].id);
        put_text(out, item->title);
        put_text(out, item->detail);
        put_text(out, item->kind);
        put_text(out, item->link);
        put_text(out, item->plot);
        put_number(out, item->color);
        put_number(out, item->health);
        put_number(out, item->drift);
        put_number(out, item->icon);
        put_text(out, item->key);
        put_text(out, item->live);
    }
    put_number(out, (uint64_t)scene->edge_count);
    for (int i = 0; i < scene->edge_count; i++) {
        const struct scene_edge *edge = &scene->edges[i];
        put_text(out, scene->items[edge->from].id);
        put_text(out, scene->items[edge->to].id);
        put_text(out, edge->label);
        put_text(out, edge->detail);
        put_number(out, edge->line);
        put_number(out, edge->health);
        put_number(out, edge->drift);
    }
}

void message_put_request(struct buffer *out, const struct message_request *request)
{
    size_t start = begin_frame(out);
    uint64_t scale;
    memcpy(&scale, &request->options.scale, sizeof scale);
    put_number(out, request->operation);
    put_number(out, request->join);
    put_number(out, request->options.format);
    put_number(out, request->options.theme);
    put_number(out, (uint64_t)request->options.dpi);
    put_number(out, scale);
    put_number(out, request->scene != NULL);
    if (request->scene) {
        message_put_scene(out, request->scene);
        put_bytes(out, request->before, request->before_bytes);
    } else {
        put_bytes(out, request->spec, request->spec_bytes);
        put_text(out, request->live_views ? request->live_views : "");
    }
    end_frame(out, start);
}

void message_put_response(struct buffer *out, const struct message_response *response)
{
    size_t start = begin_frame(out);
    put_number(out, (uint64_t)response->fault.code);
    put_text(out, response->fault.field);
    put_text(out, response->fault.text);
    put_number(out, (uint64_t)response->diagnostic.line);
    put_number(out, (uint64_t)response->diagnostic.column);
    put_text(out, response->diagnostic.key);
    put_text(out, response->diagnostic.text);
    put_number(out, (uint64_t)response->summary.groups);
    put_number(out, (uint64_t)response->summary.nodes);
    put_number(out, (uint64_t)response->summary.edges);
    put_text(out, response->summary.digest);
    put_number(out, (uint64_t)response->width);
    put_number(out, (uint64_t)response->height);
    put_number(out, (uint64_t)response->cpu_us);
    put_number(out, response->declared);
    put_bytes(out, response->content, response->content_bytes);
    put_bytes(out, response->places, response->places_bytes);
    end_frame(out, start);
}

/* ---- reading ---- */

/* The first thing that does not fit sticks; reads after it give 0 and "". */
struct reader {
    const unsigned char *at, *end;
    bool failed;
};

size_t message_body_bytes(const unsigned char head[MESSAGE_HEAD_BYTES])
{
    size_t size = 0;
    for (int i = 0; i < MESSAGE_HEAD_BYTES; i++)
        size |= (size_t)head[i] << 8 * i;
    return size <= MESSAGE_MAX_BYTES ? size : 0;
}

static uint64_t get_number(struct reader *r)
{
    if (r->end - r->at < 8) {
        r->failed = true;
        r->at = r->end;
        return 0;
    }
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number |= (uint64_t)r->at[i] << 8 * i;
    r->at += 8;
    return number;
}

/* A number of at most @most; what is larger fails the message. */
static int get_small(struct reader *r, int most)
{
    uint64_t number = get_number(r);
    if (number <= (uint64_t)most)
        return (int)number;
    r->failed = true;
    return 0;
}

static const char *get_bytes(struct reader *r, size_t *size)
{
    uint64_t length = get_number(r);
    *size = 0;
    if (length > (uint64_t)(r->end - r->at)) {
        r->failed = true;
        return "";
    }
    const char *bytes = (const char *)r->at;
    r->at += length;
    *size = (size_t)length;
    return bytes;
}

static const char *get_text(struct reader *r)
{
    size_t size;
    const char *text = get_bytes(r, &size);
    if (size > 0 && text[size - 1] == '\0')
        return text;
    r->failed = true;
    return "";
}

static void get_item(struct reader *r, struct scene_builder *b)
{
    struct scene_item_spec spec = {0};
    bool is_group = get_small(r, 1);
    spec.id = get_text(r);
    spec.parent = get_text(r);
    spec.title = get_text(r);
    spec.detail = get_text(r);
    spec.kind = get_text(r);
    spec.link = get_text(r);
    spec.plot = get_text(r);
    uint64_t color = get_number(r);
    spec.has_color = color <= 0xffffff;
    spec.color = (uint32_t)color & 0xffffff;
    spec.health = (enum scene_health)get_small(r, SCENE_HEALTH_DOWN);
    spec.drift = (enum scene_drift)get_small(r, SCENE_DRIFT_UNDECLARED);
    spec.icon = (enum scene_icon)get_small(r, SCENE_ICON_COUNT - 1);
    spec.key = get_text(r);
    spec.live = get_text(r);
    if (r->failed)
        return;
    if (is_group)
        scene_builder_group(b, &spec);
    else
        scene_builder_node(b, &spec);
}

static void get_edge(struct reader *r, struct scene_builder *b)
{
    struct scene_edge_spec spec = {0};
    spec.from = get_text(r);
    spec.to = get_text(r);
    spec.label = get_text(r);
    spec.detail = get_text(r);
    spec.line = (enum scene_line)get_small(r, SCENE_LINE_DASHED);
    spec.health = (enum scene_health)get_small(r, SCENE_HEALTH_DOWN);
    spec.drift = (enum scene_drift)get_small(r, SCENE_DRIFT_UNDECLARED);
    if (!r->failed)
        scene_builder_edge(b, &spec);
}

static int get_scene(struct reader *r, struct scene **out, struct fault *fault)
{
    enum scene_arrangement arrangement = (enum scene_arrangement)get_small(r, SCENE_SEQUENCE);
    struct scene_builder *b = scene_builder_new(get_text(r));
    scene_builder_arrange(b, arrangement);
    const char *subtitle = get_text(r);
    scene_builder_describe(b, subtitle, get_text(r));
    scene_builder_cover(b, get_text(r));
    int items = get_small(r, SCENE_MAX_ITEMS);
    for (int i = 0; i < items && !r->failed; i++)
        get_item(r, b);
    int edges = get_small(r, SCENE_MAX_EDGES);
    for (int i = 0; i < edges && !r->failed; i++)
        get_edge(r, b);
    if (!r->failed)
        return scene_builder_finish(b, out, fault);
    scene_builder_free(b);
    return fault_set(fault, MRPC_INTERNAL, "a scene between server and renderer is damaged");
}

int message_get_scene(const void *bytes, size_t size, struct scene **out, struct fault *fault)
{
    struct reader r = {bytes, (const unsigned char *)bytes + size, false};
    int code = get_scene(&r, out, fault);
    if (code || r.at == r.end)
        return code;
    scene_unref(*out);
    *out = NULL;
    return fault_set(fault, MRPC_INTERNAL, "a scene between server and renderer is damaged");
}

int message_get_request(const void *body, size_t size, struct message_request *out, struct scene **scene,
                        struct fault *fault)
{
    struct reader r = {body, (const unsigned char *)body + size, false};
    *out = (struct message_request){0};
    *scene = NULL;
    out->operation = (enum message_operation)get_small(&r, MESSAGE_VALIDATE);
    out->join = get_small(&r, 1);
    out->options.format = (enum render_format)get_small(&r, RENDER_D2);
    out->options.theme = (enum render_theme)get_small(&r, RENDER_AUTO);
    out->options.dpi = get_small(&r, RENDER_MAX_DPI);
    uint64_t scale = get_number(&r);
    memcpy(&out->options.scale, &scale, sizeof scale);
    if (get_small(&r, 1)) {
        int code = get_scene(&r, scene, fault);
        if (code)
            return code;
        out->scene = *scene;
        out->before = get_bytes(&r, &out->before_bytes);
        r.failed |=
            out->before_bytes && out->before_bytes != (size_t)(*scene)->item_count * sizeof(struct layout_place);
    } else {
        out->spec = get_bytes(&r, &out->spec_bytes);
        out->live_views = get_text(&r);
    }
    if (!r.failed && r.at == r.end)
        return 0;
    scene_unref(*scene);
    *scene = NULL;
    return fault_set(fault, MRPC_INTERNAL, "the request to the renderer is damaged");
}

int message_get_response(const void *body, size_t size, struct message_response *out)
{
    struct reader r = {body, (const unsigned char *)body + size, false};
    *out = (struct message_response){0};
    out->fault.code = get_small(&r, MRPC_UNAUTHENTICATED);
    snprintf(out->fault.field, sizeof out->fault.field, "%s", get_text(&r));
    snprintf(out->fault.text, sizeof out->fault.text, "%s", get_text(&r));
    out->diagnostic.line = get_small(&r, INT32_MAX);
    out->diagnostic.column = get_small(&r, INT32_MAX);
    snprintf(out->diagnostic.key, sizeof out->diagnostic.key, "%s", get_text(&r));
    snprintf(out->diagnostic.text, sizeof out->diagnostic.text, "%s", get_text(&r));
    out->summary.groups = get_small(&r, SCENE_MAX_ITEMS);
    out->summary.nodes = get_small(&r, SCENE_MAX_ITEMS);
    out->summary.edges = get_small(&r, SCENE_MAX_EDGES);
    snprintf(out->summary.digest, sizeof out->summary.digest, "%s", get_text(&r));
    out->width = get_small(&r, INT32_MAX);
    out->height = get_small(&r, INT32_MAX);
    out->cpu_us = (int64_t)get_number(&r);
    out->declared = get_small(&r, 1);
    out->content = get_bytes(&r, &out->content_bytes);
    out->places = get_bytes(&r, &out->places_bytes);
    return r.failed || r.at != r.end ? -1 : 0;
}
