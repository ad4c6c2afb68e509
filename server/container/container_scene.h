/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_CONTAINER_SCENE_H
#define MLT_CONTAINER_SCENE_H

#include "container/container.h"
#include "scene/scene_source.h"

/** The view "container": the components of this server and what each needs. Needs the value "container", which it may
 *  be asked of once that has started. */
extern const struct component container_scene_component;

#endif
