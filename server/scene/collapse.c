/* SPDX-License-Identifier: Apache-2.0 */
#include "scene/collapse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault/fault.h"
#include "utf8/utf8.h"

/* Every item has one that stands for it: itself, or the outermost folded group around it, or MORE. */

#define MORE_ID "collapsed.more"
enum { MORE = -1, DETAIL_BYTES = SCENE_MAX_LABEL_BYTES };

struct place {
    int depth;
    int visible;   /* nodes that are drawn in it: 1 for a node and for a folded group */
    int nodes;     /* nodes that it holds in truth */
    int healthy, watched;
    int stands;    /* who stands for it */
    bool folded;
};

struct link {
    int from, to;  /* those who stand for the ends */
    int index;     /* of the edge */
    int count;     /* edges that it stands for; 0: another does */
    bool mixed;    /* their labels differ */
};

struct folding {
    const struct scene *scene;
    struct place *places;
    int *order;    /* groups, in the order of folding */
    struct link *links;
    int visible, limit, folded_count, more_count;
};

/* Parents have smaller indexes, so a walk from the end sums up. */
static void count(struct folding *f)
{
    const struct scene *scene = f->scene;
    for (int i = 0; i < scene->item_count; i++) {
        const struct scene_item *item = &scene->items[i];
        struct place *place = &f->places[i];
        place->stands = i;
        place->depth = item->parent < 0 ? 0 : f->places[item->parent].depth + 1;
        place->visible = place->nodes = !item->is_group;
        place->watched = !item->is_group && item->health != SCENE_HEALTH_NONE;
        place->healthy = place->watched && item->health == SCENE_HEALTH_HEALTHY;
    }
    for (int i = scene->item_count - 1; i >= 0; i--) {
        struct place *parent = scene->items[i].parent < 0 ? NULL : &f->places[scene->items[i].parent];
        if (!parent) {
            f->visible += f->places[i].visible;
            continue;
        }
        parent->visible += f->places[i].visible;
        parent->nodes += f->places[i].nodes;
        parent->watched += f->places[i].watched;
        parent->healthy += f->places[i].healthy;
    }
}

static int by_depth_and_size(const void *a, const void *b, void *places_arg)
{
    const struct place *places = places_arg;
    int left = *(const int *)a, right = *(const int *)b;
    if (places[left].depth != places[right].depth)
        return places[right].depth - places[left].depth;
    if (places[left].nodes != places[right].nodes)
        return places[right].nodes - places[left].nodes;
    return left - right;
}

static void fold_groups(struct folding *f)
{
    int groups = 0;
    for (int i = 0; i < f->scene->item_count; i++)
        if (f->scene->items[i].is_group)
            f->order[groups++] = i;
    qsort_r(f->order, (size_t)groups, sizeof *f->order, by_depth_and_size, f->places);
    for (int k = 0; k < groups && f->visible > f->limit; k++) {
        struct place *group = &f->places[f->order[k]];
        int less = group->visible - 1;
        if (less <= 0)
            continue;
        group->folded = true;
        f->folded_count++;
        f->visible -= less;
        for (int i = f->order[k]; i >= 0; i = f->scene->items[i].parent)
            f->places[i].visible -= less;
    }
}

/* The outermost folded group stands for all in it; and what is too much at the top is counted together. */
static void place_all(struct folding *f)
{
    int room = f->visible > f->limit ? f->limit - 1 : f->limit;
    for (int i = 0; i < f->scene->item_count; i++) {
        int parent = f->scene->items[i].parent;
        struct place *place = &f->places[i];
        if (parent >= 0 && (f->places[parent].folded || f->places[parent].stands != parent)) {
            place->stands = f->places[parent].stands;
        } else if (f->scene->items[i].is_group && !place->folded) {
            continue;
        } else if (room-- <= 0) {
            place->stands = MORE;
            f->more_count += place->nodes;
        }
    }
}

static int by_ends(const void *a, const void *b)
{
    const struct link *left = a, *right = b;
    if (left->from != right->from)
        return left->from < right->from ? -1 : 1;
    if (left->to != right->to)
        return left->to < right->to ? -1 : 1;
    return left->index < right->index ? -1 : left->index > right->index;
}

static int by_index(const void *a, const void *b)
{
    return ((const struct link *)a)->index - ((const struct link *)b)->index;
}

static void join_edges(struct folding *f)
{
    const struct scene *scene = f->scene;
    for (int i = 0; i < scene->edge_count; i++) {
        const struct scene_edge *edge = &scene->edges[i];
        f->links[i] = (struct link){f->places[edge->from].stands, f->places[edge->to].stands, i, 1, false};
    }
    qsort(f->links, (size_t)scene->edge_count, sizeof *f->links, by_ends);
    struct link *first = NULL;
    for (int i = 0; i < scene->edge_count; i++) {
        struct link *link = &f->links[i];
        const struct scene_edge *edge = &scene->edges[link->index];
        bool moved = link->from != edge->from || link->to != edge->to;
        if (moved && link->from == link->to && edge->from != edge->to) {
            link->count = 0; /* within what was folded */
        } else if (moved && first && first->from == link->from && first->to == link->to) {
            first->count++;
            first->mixed |= strcmp(scene->edges[first->index].label, edge->label) != 0;
            link->count = 0;
        } else {
            first = link;
        }
    }
    qsort(f->links, (size_t)scene->edge_count, sizeof *f->links, by_index);
}

static const char *id_of(const struct folding *f, int stands)
{
    return stands == MORE ? MORE_ID : f->scene->items[stands].id;
}

static void build_item(const struct folding *f, int i, struct scene_builder *b)
{
    const struct scene_item *item = &f->scene->items[i];
    const struct place *place = &f->places[i];
    char detail[DETAIL_BYTES];
    struct scene_item_spec spec = {.id = item->id,
                                   .parent = item->parent < 0 ? "" : f->scene->items[item->parent].id,
                                   .title = item->title,
                                   .detail = item->detail,
                                   .kind = item->kind,
                                   .link = item->link,
                                   .plot = item->plot,
                                   .has_color = item->color != SCENE_COLOR_AUTO,
                                   .color = item->color,
                                   .health = item->health,
                                   .drift = item->drift,
                                   .icon = item->icon,
                                   .key = item->key,
                                   .live = item->live};
    if (!place->folded) {
        if (item->is_group)
            scene_builder_group(b, &spec);
        else
            scene_builder_node(b, &spec);
        return;
    }
    snprintf(detail, sizeof detail, "%.2000s%s%d nodes", item->detail, *item->detail ? ", " : "", place->nodes);
    utf8_mend(detail);
    spec.detail = detail;
    if (item->health == SCENE_HEALTH_NONE && place->watched)
        spec.health = scene_health_of(place->healthy, place->watched);
    scene_builder_node(b, &spec);
}

static int build(const struct folding *f, struct scene **out, struct fault *fault)
{
    const struct scene *scene = f->scene;
    char text[DETAIL_BYTES];
    struct scene_builder *b = scene_builder_new(scene->title);
    snprintf(text, sizeof text, "%.2000s%s%d nodes; %d groups are folded", scene->subtitle,
             *scene->subtitle ? " · " : "", scene->item_count - scene->group_count, f->folded_count);
    utf8_mend(text);
    scene_builder_describe(b, text, scene->description);
    scene_builder_arrange(b, scene->arrangement);
    scene_builder_cover(b, scene->covers);
    for (int i = 0; i < scene->item_count; i++)
        if (f->places[i].stands == i)
            build_item(f, i, b);
    if (f->more_count) {
        snprintf(text, sizeof text, "%d more", f->more_count);
        scene_builder_node(b, &(struct scene_item_spec){.id = MORE_ID, .title = text});
    }
    for (int i = 0; i < scene->edge_count; i++) {
        const struct link *link = &f->links[i];
        const struct scene_edge *edge = &scene->edges[i];
        if (!link->count)
            continue;
        snprintf(text, sizeof text, "%d edges", link->count);
        scene_builder_edge(b, &(struct scene_edge_spec){.from = id_of(f, link->from), .to = id_of(f, link->to),
                                                        .label = link->mixed ? text : edge->label,
                                                        .detail = edge->detail, .line = edge->line,
                                                        .health = edge->health, .drift = edge->drift});
    }
    return scene_builder_finish(b, out, fault);
}

int scene_collapse(struct scene *scene, int node_limit, struct scene **out, struct fault *fault)
{
    struct folding f = {.scene = scene, .limit = node_limit};
    if (scene->item_count - scene->group_count <= node_limit) {
        *out = scene_ref(scene);
        return 0;
    }
    f.places = calloc((size_t)scene->item_count, sizeof *f.places);
    f.order = calloc((size_t)scene->item_count, sizeof *f.order);
    f.links = calloc((size_t)scene->edge_count + 1, sizeof *f.links);
    int code = 0;
    if (!f.places || !f.order || !f.links) {
        code = fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory for the scene");
    } else {
        count(&f);
        fold_groups(&f);
        place_all(&f);
        join_edges(&f);
        code = build(&f, out, fault);
    }
    free(f.places);
    free(f.order);
    free(f.links);
    return code;
}
