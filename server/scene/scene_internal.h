/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_SCENE_SCENE_INTERNAL_H
#define MLT_SCENE_SCENE_INTERNAL_H

#include <stdatomic.h>

#include "scene/scene.h"

/* A scene with what it owns: three blocks, whose pointers the public part holds. */
struct scene_block {
    struct scene scene; /* first: a scene is cast back to its block */
    _Atomic int references;
    char *text;
    struct scene_item *items;
    struct scene_edge *edges;
    int *slots; /* open addressing: index of an item, -1 when free */
    size_t slot_count;
};

/** FNV-1a: ids are short, and nothing depends on the order of slots. */
size_t scene_id_hash(const char *id);
/** Fill digest and shape_digest. Errors: RESOURCE_EXHAUSTED when OpenSSL cannot allocate. */
int scene_digest(struct scene *scene);

#endif
