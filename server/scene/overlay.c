/* SPDX-License-Identifier: Apache-2.0 */
#include "scene/overlay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault/fault.h"

/* How an item of a live view relates to what was declared. */
enum { STANDS = 1, WITHIN = 2, HOLDS = 4 }; /* an item stands for it, for one around it, for one in it */

/* A live view with what was found in it. */
struct laid {
    const struct overlay_view *view;
    int *declared;        /* for each of its items: who stands for it, -1 nobody */
    unsigned char *state; /* … STANDS, WITHIN, HOLDS */
    int *by_name;         /* its items, ordered by name */
    uint64_t *edges;      /* its edges, ordered */
};

struct join {
    const struct scene *scene;
    struct scene_builder *builder;
    struct laid *laid;
    size_t laid_count;
    struct laid **found_in; /* for each declared item: the view that it stands for something of, NULL for none */
    int *found;             /* … and what; -1: it is absent */
    uint64_t *edges;        /* declared edges, ordered */
    int absent, undeclared, undeclared_drawn;
    char group[SCENE_MAX_ID_BYTES + 1];
};

static const char *name_of(const struct scene_item *item)
{
    return *item->key ? item->key : item->id;
}

/* ---- looking up ---- */

static int compare_names(const void *a, const void *b, void *arg)
{
    const struct scene_item *items = arg;
    int order = strcmp(name_of(&items[*(const int *)a]), name_of(&items[*(const int *)b]));
    return order ? order : *(const int *)a - *(const int *)b;
}

static int find_name(const struct laid *laid, const char *name)
{
    const struct scene *scene = laid->view->scene;
    for (int low = 0, high = scene->item_count; low < high;) {
        int middle = (low + high) / 2, order = strcmp(name, name_of(&scene->items[laid->by_name[middle]]));
        if (order == 0)
            return laid->by_name[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

static uint64_t edge_code(int from, int to)
{
    return (uint64_t)from << 32 | (uint32_t)to;
}

static int compare_codes(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static uint64_t *ordered_edges(const struct scene *scene)
{
    uint64_t *codes = malloc(((size_t)scene->edge_count + 1) * sizeof *codes);
    for (int i = 0; codes && i < scene->edge_count; i++)
        codes[i] = edge_code(scene->edges[i].from, scene->edges[i].to);
    if (codes)
        qsort(codes, (size_t)scene->edge_count, sizeof *codes, compare_codes);
    return codes;
}

static bool has_edge(const uint64_t *codes, const struct scene *scene, int from, int to)
{
    uint64_t code = edge_code(from, to);
    return bsearch(&code, codes, (size_t)scene->edge_count, sizeof code, compare_codes) != NULL;
}

/* ---- who stands for what ---- */

static int prepare_view(struct laid *laid, const struct overlay_view *view)
{
    size_t count = (size_t)view->scene->item_count;
    laid->view = view;
    laid->declared = malloc((count + 1) * sizeof *laid->declared);
    laid->state = calloc(count + 1, 1);
    laid->by_name = malloc((count + 1) * sizeof *laid->by_name);
    laid->edges = ordered_edges(view->scene);
    if (!laid->declared || !laid->state || !laid->by_name || !laid->edges)
        return -1;
    for (int i = 0; i < (int)count; i++) {
        laid->declared[i] = -1;
        laid->by_name[i] = i;
    }
    qsort_r(laid->by_name, count, sizeof *laid->by_name, compare_names, (void *)(uintptr_t)view->scene->items);
    return 0;
}

static struct laid *find_view(const struct join *join, const char *name, size_t length)
{
    for (size_t i = 0; i < join->laid_count; i++)
        if (strncmp(join->laid[i].view->name, name, length) == 0 && join->laid[i].view->name[length] == '\0')
            return &join->laid[i];
    return NULL;
}

static int find_declared(struct join *join, int i, struct fault *fault)
{
    const struct scene_item *item = &join->scene->items[i];
    join->found[i] = -1;
    if (*item->live) {
        size_t length = strcspn(item->live, "/");
        join->found_in[i] = find_view(join, item->live, length);
        if (!join->found_in[i])
            return fault_set(fault, MRPC_INVALID_ARGUMENT, "item \"%s\": there is no live view \"%.*s\"", item->id,
                             (int)length, item->live);
        join->found[i] = find_name(join->found_in[i], item->live + length + (item->live[length] == '/'));
        return 0;
    }
    for (size_t k = 0; k < join->laid_count && join->found[i] < 0; k++) {
        if (!join->laid[k].view->by_id)
            continue;
        join->found[i] = scene_find(join->laid[k].view->scene, item->id);
        if (join->found[i] >= 0 || !item->is_group) /* a group may be there for order alone */
            join->found_in[i] = &join->laid[k];
    }
    return 0;
}

static void mark(struct laid *laid, int item, int declared)
{
    const struct scene_item *items = laid->view->scene->items;
    if (laid->declared[item] < 0)
        laid->declared[item] = declared;
    laid->state[item] |= STANDS;
    for (int up = items[item].parent; up >= 0 && !(laid->state[up] & HOLDS); up = items[up].parent)
        laid->state[up] |= HOLDS;
}

static void mark_within(struct laid *laid)
{
    const struct scene *scene = laid->view->scene;
    for (int i = 0; i < scene->item_count; i++) { /* parents first */
        int parent = scene->items[i].parent;
        if (parent >= 0 && laid->state[parent] & (STANDS | WITHIN))
            laid->state[i] |= WITHIN;
    }
}

static int resolve(struct join *join, struct fault *fault)
{
    for (int i = 0; i < join->scene->item_count; i++) {
        int code = find_declared(join, i, fault);
        if (code)
            return code;
        if (join->found[i] >= 0)
            mark(join->found_in[i], join->found[i], i);
    }
    for (size_t k = 0; k < join->laid_count; k++)
        mark_within(&join->laid[k]);
    return 0;
}

/* ---- the joined scene ---- */

static void add_declared_item(struct join *join, int i)
{
    const struct scene *scene = join->scene;
    const struct scene_item *item = &scene->items[i];
    struct scene_item_spec spec = {.id = item->id, .title = item->title, .kind = item->kind, .link = item->link,
                                   .plot = item->plot, .icon = item->icon};
    spec.parent = item->parent < 0 ? NULL : scene->items[item->parent].id;
    spec.has_color = item->color != SCENE_COLOR_AUTO;
    spec.color = item->color;
    spec.detail = item->detail;
    spec.health = item->health;
    if (join->found[i] >= 0) {
        const struct scene_item *live = &join->found_in[i]->view->scene->items[join->found[i]];
        spec.health = live->health;
        spec.detail = *live->detail ? live->detail : item->detail;
    } else if (join->found_in[i]) {
        spec.drift = SCENE_DRIFT_ABSENT;
        spec.health = SCENE_HEALTH_NONE;
        spec.detail = "absent";
        join->absent++;
    }
    if (item->is_group)
        scene_builder_group(join->builder, &spec);
    else
        scene_builder_node(join->builder, &spec);
}

static void add_declared_edge(struct join *join, int i)
{
    const struct scene_edge *edge = &join->scene->edges[i];
    const struct laid *laid = join->found_in[edge->from];
    struct scene_edge_spec spec = {
        .label = edge->label, .detail = edge->detail, .line = edge->line, .health = edge->health};
    spec.from = join->scene->items[edge->from].id;
    spec.to = join->scene->items[edge->to].id;
    if (laid && laid->view->covered && laid == join->found_in[edge->to] && join->found[edge->from] >= 0 &&
        /* without edges it says nothing about them */
        join->found[edge->to] >= 0 && laid->view->scene->edge_count > 0 &&
        !has_edge(laid->edges, laid->view->scene, join->found[edge->from], join->found[edge->to])) {
        spec.drift = SCENE_DRIFT_ABSENT;
        join->absent++;
    }
    scene_builder_edge(join->builder, &spec);
}

/* "registry.web-0123456789abcdef"; the end of a long name stays, which tells it apart. */
static void unused_id(const struct scene_builder *b, const char *prefix, const char *name,
                      char out[SCENE_MAX_ID_BYTES + 1])
{
    enum { PREFIX = 27, NAME = 90 };
    size_t length = strlen(name);
    const char *end = length > NAME ? name + length - NAME : name;
    snprintf(out, SCENE_MAX_ID_BYTES + 1, "%.*s.%s", PREFIX, prefix, end);
    for (int n = 2; scene_builder_has(b, out); n++)
        snprintf(out, SCENE_MAX_ID_BYTES + 1, "%.*s.%s-%d", PREFIX, prefix, end, n);
}

static void open_group(struct join *join)
{
    if (*join->group || join->scene->arrangement == SCENE_SEQUENCE) /* which has no groups */
        return;
    unused_id(join->builder, "live", "undeclared", join->group);
    scene_builder_group(join->builder, &(struct scene_item_spec){.id = join->group,
                                                                 .title = "Undeclared",
                                                                 .kind = "there, but not declared",
                                                                 .has_color = true,
                                                                 .color = 0x94a3b8});
}

static void add_undeclared_item(struct join *join, const struct laid *laid, const struct scene_item *item)
{
    char id[SCENE_MAX_ID_BYTES + 1];
    int room = SCENE_MAX_ITEMS - join->scene->item_count - 2;
    join->undeclared++;
    if (join->undeclared_drawn >= OVERLAY_MAX_UNDECLARED || join->undeclared_drawn >= room)
        return;
    open_group(join);
    unused_id(join->builder, laid->view->name, item->id, id);
    join->undeclared_drawn++;
    scene_builder_node(join->builder, &(struct scene_item_spec){.id = id,
                                                                .parent = join->group,
                                                                .title = item->title,
                                                                .detail = item->detail,
                                                                .link = item->link,
                                                                .plot = item->plot,
                                                                .icon = item->icon,
                                                                .health = item->health,
                                                                .drift = SCENE_DRIFT_UNDECLARED});
}

static void add_undeclared_items(struct join *join, const struct laid *laid)
{
    const struct scene *scene = laid->view->scene;
    for (int i = 0; i < scene->item_count; i++) {
        int parent = scene->items[i].parent;
        bool is_own = strcmp(scene->items[i].kind, SCENE_KIND_OWN) == 0;
        if (laid->state[i] == 0 && !is_own && (parent < 0 || laid->state[parent] & HOLDS))
            add_undeclared_item(join, laid, &scene->items[i]);
    }
}

static void add_rest(struct join *join)
{
    char id[SCENE_MAX_ID_BYTES + 1], text[64];
    int rest = join->undeclared - join->undeclared_drawn;
    if (rest == 0 || join->scene->item_count + join->undeclared_drawn + 2 > SCENE_MAX_ITEMS)
        return;
    open_group(join);
    unused_id(join->builder, "live", "more", id);
    snprintf(text, sizeof text, "and %d more", rest);
    scene_builder_node(
        join->builder,
        &(struct scene_item_spec){.id = id, .parent = join->group, .title = text, .drift = SCENE_DRIFT_UNDECLARED});
}

static void add_undeclared_edges(struct join *join, const struct laid *laid)
{
    const struct scene *scene = laid->view->scene;
    int room = SCENE_MAX_EDGES - join->scene->edge_count;
    for (int i = 0; i < scene->edge_count && room > 0; i++) {
        const struct scene_edge *edge = &scene->edges[i];
        int from = laid->declared[edge->from], to = laid->declared[edge->to];
        if (from < 0 || to < 0 || from == to || has_edge(join->edges, join->scene, from, to))
            continue;
        join->undeclared++;
        join->undeclared_drawn++;
        room--;
        scene_builder_edge(join->builder, &(struct scene_edge_spec){.from = join->scene->items[from].id,
                                                                    .to = join->scene->items[to].id,
                                                                    .label = edge->label,
                                                                    .health = edge->health,
                                                                    .drift = SCENE_DRIFT_UNDECLARED});
    }
}

static void describe(struct join *join)
{
    const struct scene *scene = join->scene;
    char text[200];
    int nodes = scene->item_count - scene->group_count;
    int used = snprintf(text, sizeof text, "Live view of %d component%s, %d service%s, %d connection%s",
                        scene->group_count, scene->group_count == 1 ? "" : "s", nodes, nodes == 1 ? "" : "s",
                        scene->edge_count, scene->edge_count == 1 ? "" : "s");
    if (join->absent)
        used += snprintf(text + used, sizeof text - (size_t)used, "; %d absent", join->absent);
    if (join->undeclared)
        snprintf(text + used, sizeof text - (size_t)used, "%s %d undeclared", join->absent ? "," : ";",
                 join->undeclared);
    scene_builder_describe(join->builder, *scene->subtitle ? scene->subtitle : text, scene->description);
}

static int build(struct join *join, struct scene **out, struct fault *fault)
{
    join->builder = scene_builder_new(join->scene->title);
    scene_builder_arrange(join->builder, join->scene->arrangement);
    for (int i = 0; i < join->scene->item_count; i++)
        add_declared_item(join, i);
    for (int i = 0; i < join->scene->edge_count; i++)
        add_declared_edge(join, i);
    for (size_t k = 0; k < join->laid_count; k++)
        if (join->laid[k].view->covered)
            add_undeclared_items(join, &join->laid[k]);
    add_rest(join);
    for (size_t k = 0; k < join->laid_count; k++)
        if (join->laid[k].view->covered)
            add_undeclared_edges(join, &join->laid[k]);
    describe(join);
    return scene_builder_finish(join->builder, out, fault);
}

static int prepare(struct join *join, const struct overlay_view *views, size_t view_count)
{
    size_t items = (size_t)join->scene->item_count + 1;
    join->laid = calloc(view_count + 1, sizeof *join->laid);
    join->found_in = calloc(items, sizeof *join->found_in);
    join->found = malloc(items * sizeof *join->found);
    join->edges = ordered_edges(join->scene);
    if (!join->laid || !join->found_in || !join->found || !join->edges)
        return -1;
    join->laid_count = view_count;
    for (size_t i = 0; i < view_count; i++)
        if (prepare_view(&join->laid[i], &views[i]))
            return -1;
    return 0;
}

static void join_fini(struct join *join)
{
    for (size_t i = 0; i < join->laid_count; i++) {
        free(join->laid[i].declared);
        free(join->laid[i].state);
        free(join->laid[i].by_name);
        free(join->laid[i].edges);
    }
    free(join->laid);
    free(join->found_in);
    free(join->found);
    free(join->edges);
}

int overlay_join(const struct scene *declared, const struct overlay_view *views, size_t view_count, struct scene **out,
                 struct fault *fault)
{
    struct join join = {.scene = declared};
    int code = prepare(&join, views, view_count)
                   ? fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory for the overlay")
                   : resolve(&join, fault);
    if (code == 0)
        code = build(&join, out, fault);
    join_fini(&join);
    return code;
}
