/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_SCENE_SCENE_H
#define MLT_SCENE_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A scene says what there is, not where it is drawn: items (groups hold items, nodes hold none), edges between any two
 * items, and how each fares. Registry, execution and container make scenes; only the diagram service reads them.
 *
 *     struct scene_builder *b = scene_builder_new("Service registry");
 *     scene_builder_group(b, &(struct scene_item_spec){.id = "payments", .title = "payments"});
 *     scene_builder_node(b, &(struct scene_item_spec){.id = "payments.1", .parent = "payments", .title =
 *     "10.0.0.7:443",
 *                                                     .detail = "weight 100", .health = SCENE_HEALTH_HEALTHY});
 *     scene_builder_edge(b, &(struct scene_edge_spec){.from = "gateway", .to = "payments", .label = "gRPC"});
 *     int code = scene_builder_finish(b, &scene, &fault);
 *
 * A finished scene is immutable and counted: any thread may read it while it holds a reference.
 */

struct fault;

enum scene_limit {
    SCENE_MAX_ITEMS = 5000,
    SCENE_MAX_EDGES = 10000,
    SCENE_MAX_DEPTH = 64,
    SCENE_MAX_LABEL_BYTES = 4096,
    SCENE_MAX_ID_BYTES = 128,
    SCENE_MAX_PLOT = 256,
};

/** The kind of an item of a live view that the server itself has put there: where that view is covered, it need not be
 *  declared. */
#define SCENE_KIND_OWN "this server"

/** No health, no dot; the rest as in diagram.proto. */
enum scene_health {
    SCENE_HEALTH_NONE,
    SCENE_HEALTH_UNKNOWN,
    SCENE_HEALTH_HEALTHY,
    SCENE_HEALTH_DEGRADED,
    SCENE_HEALTH_DOWN,
};

/** How a declared item or edge and what runs differ (scene/overlay.h). */
enum scene_drift {
    SCENE_DRIFT_NONE,
    SCENE_DRIFT_ABSENT,     /* declared, but not there */
    SCENE_DRIFT_UNDECLARED, /* there, but not declared */
};

enum scene_line { SCENE_LINE_SOLID, SCENE_LINE_DASHED };

/** How a scene is laid out. */
enum scene_arrangement {
    SCENE_GRAPH,    /* in layers, from what needs to what is needed */
    SCENE_SEQUENCE, /* nodes stand side by side, edges between them follow each other downwards; no groups */
};

/** The sign on a card that says what sort of thing it is (render/icon.c draws it). */
enum scene_icon {
    SCENE_ICON_NONE,
    SCENE_ICON_SERVICE,
    SCENE_ICON_DATABASE,
    SCENE_ICON_QUEUE,
    SCENE_ICON_WORKER,
    SCENE_ICON_USER,
    SCENE_ICON_EXTERNAL,
    SCENE_ICON_MODEL,
    SCENE_ICON_FILE,
    SCENE_ICON_CLOCK,
    SCENE_ICON_PAGE,
    SCENE_ICON_LOCK,
    SCENE_ICON_COUNT,
};

/** 0xRRGGBB, or this: the renderer takes the next colour of its palette. */
#define SCENE_COLOR_AUTO UINT32_C(0xffffffff)

struct scene_item {
    bool is_group;
    int parent;            /* index of the group that holds it, always smaller than its own; -1 at the top */
    const char *id;        /* unique, [A-Za-z0-9._-]{1,128} */
    const char *title;     /* never empty */
    const char *detail;    /* second line, "3/3 instances"; "" for none */
    const char *kind;      /* "presentation", drawn at the right of a group's title; "" for none */
    const char *link;      /* http:, https: or a relative reference; "" for none */
    /* of a node: numbers to draw as a line below its texts, "1 1.25 0.9" (scene_plot_read); "" for none */
    const char *plot;
    uint32_t color;        /* of a group's frame and accent */
    enum scene_health health;
    enum scene_drift drift;
    enum scene_icon icon;  /* of a node; a group shows none */
    const char *key;       /* of a live scene: what a declared view calls it, "default/payments"; "" means its id */
    const char *live;      /* of a declared one: what it stands for, "registry/default/payments"; "" for nothing */
};

struct scene_edge {
    int from, to;          /* indexes of items; may be equal (self loop) */
    const char *label;     /* "HTTPS"; "" for none */
    const char *detail;    /* of a sequence: when it was, "1.25 ms"; "" for none. Not drawn in a graph */
    enum scene_line line;
    enum scene_health health;
    enum scene_drift drift;
};

struct scene {
    enum scene_arrangement arrangement;
    const char *title;     /* "" for none */
    const char *subtitle;  /* "" asks for "Declared view of N components, M services, K connections" */
    const char *description;
    const char *covers;    /* of a declared scene: views of which everything should be declared, "registry container" */
    const struct scene_item *items; /* in order of declaration, parents first */
    int item_count;
    const struct scene_edge *edges;
    int edge_count;
    int group_count;
    char digest[65];       /* SHA-256 in hex of everything */
    char shape_digest[65]; /* … of everything but health and detail lines: equal means that the layout stays */
};

/** Thread: any. free on the last unref; NULL is ignored. */
struct scene *scene_ref(struct scene *scene);
void scene_unref(struct scene *scene);

/** Index of the item with @id, -1 if there is none. Thread: any. */
int scene_find(const struct scene *scene, const char *id);

/** The numbers of a plot into @values (room for SCENE_MAX_PLOT); gives how many, 0 for "" and for what is not 2 to
 *  SCENE_MAX_PLOT finite numbers with blanks between. Thread: any. */
int scene_plot_read(const char *text, double *values);

/** HEALTHY when all of @total_count are, DOWN when none is, DEGRADED between; UNKNOWN when there are none. */
enum scene_health scene_health_of(int healthy_count, int total_count);
/** Has it a dot or a ring before its title? */
bool scene_item_has_mark(const struct scene_item *item);
const char *scene_health_name(enum scene_health health); /* "healthy" */
const char *scene_icon_name(enum scene_icon icon);       /* "database"; "none" */
/** The icon of that name; NONE for one that there is not. */
enum scene_icon scene_icon_named(const char *name);

/** What to add; all text is copied. NULL text counts as "". @title NULL or "" means the id. Without has_color the
 *  renderer takes the next colour of its palette. */
struct scene_item_spec {
    const char *id;
    const char *parent; /* id of a group that was added before; NULL or "" at the top */
    const char *title, *detail, *kind, *link, *plot;
    bool has_color;
    uint32_t color;
    enum scene_health health;
    enum scene_drift drift;
    enum scene_icon icon;
    const char *key, *live;
};

struct scene_edge_spec {
    const char *from, *to; /* ids of items, added before or after */
    const char *label, *detail;
    enum scene_line line;
    enum scene_health health;
    enum scene_drift drift;
};

/** Builds one scene. The first fault sticks: later calls do nothing and scene_builder_finish() reports it, so callers
 *  need not check each call. Thread: one at a time. NULL (out of memory) may be passed on: finish reports it. */
struct scene_builder;

struct scene_builder *scene_builder_new(const char *title);
void scene_builder_free(struct scene_builder *builder);
void scene_builder_describe(struct scene_builder *builder, const char *subtitle, const char *description);
/** SCENE_GRAPH unless this says otherwise. */
void scene_builder_arrange(struct scene_builder *builder, enum scene_arrangement arrangement);
/** Names of views with a blank between: struct scene.covers. */
void scene_builder_cover(struct scene_builder *builder, const char *views);

/** Returns 0 or a gRPC code, the one that finish will return.
 *  Errors: INVALID_ARGUMENT for an id outside its grammar or used twice, a parent that is not a group, text that is not
 *  UTF-8, holds control characters or is longer than SCENE_MAX_LABEL_BYTES, a link of another scheme, too many items,
 *  too deep a nesting, a group in a sequence; RESOURCE_EXHAUSTED when memory is out. */
int scene_builder_group(struct scene_builder *builder, const struct scene_item_spec *spec);
int scene_builder_node(struct scene_builder *builder, const struct scene_item_spec *spec);
int scene_builder_edge(struct scene_builder *builder, const struct scene_edge_spec *spec);
/** Was an item with @id added? */
bool scene_builder_has(const struct scene_builder *builder, const char *id);

/** Resolve the edges, freeze, and free the builder in any case. @out is owned (scene_unref). An edge whose end does
 *  not exist is INVALID_ARGUMENT; its index in order of scene_builder_edge() is in the fault's field, "edges[3].to". */
int scene_builder_finish(struct scene_builder *builder, struct scene **out, struct fault *fault);

/** What a patch has to carry: the indexes of items whose health or detail line differs go to @changed, which has room
 *  for a->item_count. Returns their number, or -1 when the shapes differ. Thread: any. */
int scene_compare(const struct scene *a, const struct scene *b, int *changed);

#endif
