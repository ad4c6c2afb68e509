/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_CONTAINER_SCENE_H
#define MLT_CONTAINER_SCENE_H

#include "container/container.h"
#include "scene/scene_source.h"

/** The view "container": the components of this server and what each needs. @container is borrowed by the source, which
 *  may be asked once the container has started. */
struct scene_source container_scene_source(struct container *container);

#endif
