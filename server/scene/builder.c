/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault/fault.h"
#include "scene/scene_internal.h"
#include "scene/text_check.h"

/* While a scene grows, its text lies in one buffer that may move, so items hold offsets; finish turns them into
 * pointers. Offset 0 is the empty string. */

struct growing {
    char *bytes;
    size_t count, capacity; /* in elements */
};

struct draft_item {
    bool is_group;
    int parent, depth; /* depth of a group: 1 at the top */
    size_t id, title, detail, kind, link, plot, key, live;
    uint32_t color;
    enum scene_health health;
    enum scene_drift drift;
    enum scene_icon icon;
};

struct draft_edge {
    size_t from, to, label, detail;
    enum scene_line line;
    enum scene_health health;
    enum scene_drift drift;
};

struct scene_builder {
    struct growing text, items, edges;
    int *slots;
    size_t slot_count;
    size_t title, subtitle, description, covers;
    int group_count;
    enum scene_arrangement arrangement;
    struct fault fault;
};

static int out_of_memory(struct scene_builder *b)
{
    return fault_set(&b->fault, MRPC_RESOURCE_EXHAUSTED, "out of memory for the scene");
}

/* Room for @more elements behind the last; NULL when memory is out. */
static void *grow(struct growing *array, size_t more, size_t element_bytes)
{
    if (array->capacity - array->count < more) {
        size_t capacity = array->capacity ? array->capacity * 2 : 64;
        while (capacity - array->count < more)
            capacity *= 2;
        char *bytes = realloc(array->bytes, capacity * element_bytes);
        if (!bytes)
            return NULL;
        array->bytes = bytes;
        array->capacity = capacity;
    }
    return array->bytes + array->count * element_bytes;
}

static struct draft_item *item_at(const struct scene_builder *b, int index)
{
    return (struct draft_item *)b->items.bytes + index;
}

static const char *text_at(const struct scene_builder *b, size_t offset)
{
    return b->text.bytes + offset;
}

/* Keeps a copy of @text; its offset goes to @out. @field names it in the fault. */
static int keep_text(struct scene_builder *b, const char *field, const char *text, size_t *out)
{
    *out = 0;
    if (!text || !*text)
        return 0;
    const char *wrong = scene_text_fault(text, SCENE_MAX_LABEL_BYTES);
    if (wrong)
        return fault_field(&b->fault, field, "%s (UTF-8 without control characters, at most %d bytes)", wrong,
                           SCENE_MAX_LABEL_BYTES);
    size_t size = strlen(text) + 1;
    char *copy = grow(&b->text, size, 1);
    if (!copy)
        return out_of_memory(b);
    memcpy(copy, text, size);
    *out = b->text.count;
    b->text.count += size;
    return 0;
}

struct scene_builder *scene_builder_new(const char *title)
{
    struct scene_builder *b = calloc(1, sizeof *b);
    if (!b || !grow(&b->text, 1, 1)) {
        scene_builder_free(b);
        return NULL;
    }
    b->text.bytes[b->text.count++] = '\0';
    keep_text(b, "title", title, &b->title);
    return b;
}

void scene_builder_free(struct scene_builder *b)
{
    if (!b)
        return;
    free(b->text.bytes);
    free(b->items.bytes);
    free(b->edges.bytes);
    free(b->slots);
    free(b);
}

void scene_builder_describe(struct scene_builder *b, const char *subtitle, const char *description)
{
    if (!b || b->fault.code)
        return;
    if (keep_text(b, "subtitle", subtitle, &b->subtitle) == 0)
        keep_text(b, "description", description, &b->description);
}

void scene_builder_arrange(struct scene_builder *b, enum scene_arrangement arrangement)
{
    if (b)
        b->arrangement = arrangement;
}

void scene_builder_cover(struct scene_builder *b, const char *views)
{
    if (b && !b->fault.code)
        keep_text(b, "covers", views, &b->covers);
}

/* The slot of @id: its item, or the free one where it belongs. */
static int *find_slot(const struct scene_builder *b, const char *id)
{
    size_t slot = scene_id_hash(id) % b->slot_count;
    while (b->slots[slot] >= 0 && strcmp(text_at(b, item_at(b, b->slots[slot])->id), id) != 0)
        slot = (slot + 1) % b->slot_count;
    return &b->slots[slot];
}

static int find_item(const struct scene_builder *b, const char *id)
{
    return b->slot_count ? *find_slot(b, id) : -1;
}

bool scene_builder_has(const struct scene_builder *b, const char *id)
{
    return b && find_item(b, id) >= 0;
}

/* Keeps the table at most half full. */
static int grow_slots(struct scene_builder *b)
{
    if (b->slot_count > b->items.count * 2)
        return 0;
    size_t count = b->slot_count ? b->slot_count * 2 : 64;
    int *slots = malloc(count * sizeof *slots);
    if (!slots)
        return out_of_memory(b);
    free(b->slots);
    b->slots = slots;
    b->slot_count = count;
    for (size_t i = 0; i < count; i++)
        slots[i] = -1;
    for (int i = 0; i < (int)b->items.count; i++)
        *find_slot(b, text_at(b, item_at(b, i)->id)) = i;
    return 0;
}

static int check_item(struct scene_builder *b, const struct scene_item_spec *spec, bool is_group, int *parent)
{
    *parent = -1;
    if (!spec->id || !scene_id_valid(spec->id))
        return fault_field(&b->fault, "id", "\"%.64s\" does not match [A-Za-z0-9._-]{1,128}", spec->id ? spec->id : "");
    if (find_item(b, spec->id) >= 0)
        return fault_field(&b->fault, "id", "\"%s\" is used twice", spec->id);
    if (is_group && b->arrangement == SCENE_SEQUENCE)
        return fault_field(&b->fault, "groups", "a sequence has nodes and edges alone");
    if (b->items.count >= SCENE_MAX_ITEMS)
        return fault_field(&b->fault, "items", "more than %d items", SCENE_MAX_ITEMS);
    if (spec->link && !scene_link_valid(spec->link))
        return fault_field(&b->fault, "link", "\"%.64s\" is neither http(s) nor relative", spec->link);
    if (spec->plot && *spec->plot && b->arrangement == SCENE_SEQUENCE)
        return fault_field(&b->fault, "plot", "nodes of a sequence have none");
    if (spec->plot && *spec->plot && scene_plot_read(spec->plot, (double[SCENE_MAX_PLOT]){0}) == 0)
        return fault_field(&b->fault, "plot", "2 to %d numbers with blanks between are expected", SCENE_MAX_PLOT);
    if (!spec->parent || !*spec->parent)
        return 0;
    *parent = find_item(b, spec->parent);
    if (*parent < 0 || !item_at(b, *parent)->is_group)
        return fault_field(&b->fault, "parent", "\"%.64s\" is not a group added before", spec->parent);
    if (is_group && item_at(b, *parent)->depth >= SCENE_MAX_DEPTH)
        return fault_field(&b->fault, "parent", "groups are nested more than %d deep", SCENE_MAX_DEPTH);
    return 0;
}

static int add_item(struct scene_builder *b, const struct scene_item_spec *spec, bool is_group)
{
    if (!b)
        return MRPC_RESOURCE_EXHAUSTED;
    int parent;
    if (b->fault.code || grow_slots(b) || check_item(b, spec, is_group, &parent))
        return b->fault.code;
    struct draft_item item = {.is_group = is_group, .parent = parent, .health = spec->health, .drift = spec->drift,
                              .icon = spec->icon};
    item.depth = (parent < 0 ? 0 : item_at(b, parent)->depth) + 1;
    item.color = spec->has_color ? spec->color & 0xffffff : SCENE_COLOR_AUTO;
    if (keep_text(b, "id", spec->id, &item.id) || keep_text(b, "title", spec->title, &item.title) ||
        keep_text(b, "detail", spec->detail, &item.detail) || keep_text(b, "kind", spec->kind, &item.kind) ||
        keep_text(b, "link", spec->link, &item.link) || keep_text(b, "plot", spec->plot, &item.plot) ||
        keep_text(b, "key", spec->key, &item.key) || keep_text(b, "live", spec->live, &item.live))
        return b->fault.code;
    if (!item.title)
        item.title = item.id;
    struct draft_item *place = grow(&b->items, 1, sizeof item);
    if (!place)
        return out_of_memory(b);
    *place = item;
    *find_slot(b, spec->id) = (int)b->items.count++;
    b->group_count += is_group;
    return 0;
}

int scene_builder_group(struct scene_builder *b, const struct scene_item_spec *spec)
{
    return add_item(b, spec, true);
}

int scene_builder_node(struct scene_builder *b, const struct scene_item_spec *spec)
{
    return add_item(b, spec, false);
}

int scene_builder_edge(struct scene_builder *b, const struct scene_edge_spec *spec)
{
    if (!b)
        return MRPC_RESOURCE_EXHAUSTED;
    if (b->fault.code)
        return b->fault.code;
    if (b->edges.count >= SCENE_MAX_EDGES)
        return fault_field(&b->fault, "edges", "more than %d edges", SCENE_MAX_EDGES);
    struct draft_edge edge = {.line = spec->line, .health = spec->health, .drift = spec->drift};
    if (!spec->from || !scene_id_valid(spec->from))
        return fault_field(&b->fault, "from", "does not match [A-Za-z0-9._-]{1,128}");
    if (!spec->to || !scene_id_valid(spec->to))
        return fault_field(&b->fault, "to", "does not match [A-Za-z0-9._-]{1,128}");
    if (keep_text(b, "from", spec->from, &edge.from) || keep_text(b, "to", spec->to, &edge.to) ||
        keep_text(b, "label", spec->label, &edge.label) || keep_text(b, "detail", spec->detail, &edge.detail))
        return b->fault.code;
    struct draft_edge *place = grow(&b->edges, 1, sizeof edge);
    if (!place)
        return out_of_memory(b);
    *place = edge;
    b->edges.count++;
    return 0;
}

static int resolve_end(struct scene_builder *b, size_t edge, const char *end, size_t id, int *out)
{
    *out = find_item(b, text_at(b, id));
    if (*out >= 0)
        return 0;
    char field[64];
    snprintf(field, sizeof field, "edges[%zu].%s", edge, end);
    return fault_field(&b->fault, field, "there is no item \"%s\"", text_at(b, id));
}

static int resolve_edges(struct scene_builder *b, struct scene_edge *edges)
{
    for (size_t i = 0; i < b->edges.count; i++) {
        const struct draft_edge *draft = (struct draft_edge *)b->edges.bytes + i;
        edges[i] = (struct scene_edge){
            .label = text_at(b, draft->label), .detail = text_at(b, draft->detail), .line = draft->line,
            .health = draft->health, .drift = draft->drift};
        if (resolve_end(b, i, "from", draft->from, &edges[i].from) || resolve_end(b, i, "to", draft->to, &edges[i].to))
            return b->fault.code;
    }
    return 0;
}

static void resolve_items(const struct scene_builder *b, struct scene_item *items)
{
    for (int i = 0; i < (int)b->items.count; i++) {
        const struct draft_item *draft = item_at(b, i);
        items[i] = (struct scene_item){
            .is_group = draft->is_group,
            .parent = draft->parent,
            .id = text_at(b, draft->id),
            .title = text_at(b, draft->title),
            .detail = text_at(b, draft->detail),
            .kind = text_at(b, draft->kind),
            .link = text_at(b, draft->link),
            .plot = text_at(b, draft->plot),
            .color = draft->color,
            .health = draft->health,
            .drift = draft->drift,
            .icon = draft->icon,
            .key = text_at(b, draft->key),
            .live = text_at(b, draft->live),
        };
    }
}

/* Hands the builder's text and slots over to @block. */
static void move_out(struct scene_builder *b, struct scene_block *block)
{
    block->references = 1;
    block->slots = b->slots;
    block->slot_count = b->slot_count;
    block->text = b->text.bytes;
    block->scene.arrangement = b->arrangement;
    block->scene.title = text_at(b, b->title);
    block->scene.subtitle = text_at(b, b->subtitle);
    block->scene.description = text_at(b, b->description);
    block->scene.covers = text_at(b, b->covers);
    block->scene.items = block->items;
    block->scene.item_count = (int)b->items.count;
    block->scene.edges = block->edges;
    block->scene.edge_count = (int)b->edges.count;
    block->scene.group_count = b->group_count;
    b->slots = NULL;
    b->text.bytes = NULL;
}

static int freeze(struct scene_builder *b, struct scene **out)
{
    struct scene_block *block = calloc(1, sizeof *block);
    if (!block)
        return out_of_memory(b);
    block->references = 1;
    block->items = calloc(b->items.count + 1, sizeof *block->items);
    block->edges = calloc(b->edges.count + 1, sizeof *block->edges);
    if (!block->items || !block->edges)
        out_of_memory(b);
    else if (resolve_edges(b, block->edges) == 0) {
        resolve_items(b, block->items);
        move_out(b, block);
        if (scene_digest(&block->scene))
            out_of_memory(b);
    }
    if (b->fault.code)
        scene_unref(&block->scene);
    else
        *out = &block->scene;
    return b->fault.code;
}

int scene_builder_finish(struct scene_builder *b, struct scene **out, struct fault *fault)
{
    if (!b)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory for the scene");
    int code = b->fault.code ? b->fault.code : freeze(b, out);
    if (code && fault)
        *fault = b->fault;
    scene_builder_free(b);
    return code;
}
