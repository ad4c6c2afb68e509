/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_SCENE_H
#define REGISTRY_SCENE_H

#include "registry/registry.h"
#include "scene/scene_source.h"

/** The view "registry": every service with its instances and their health. Needs "registry". */
extern const struct component registry_scene_component;

/** The scene of one state of the registry. Up to 200 instances each has a card in its service's group; beyond that a
 *  service is a card in its namespace's group, and what does not fit on a picture is counted. Thread: any.
 *  Errors: RESOURCE_EXHAUSTED. */
int registry_scene(const struct registry_view *view, struct scene **out, struct fault *fault);

#endif
