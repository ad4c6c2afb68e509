/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_VIEWS_H
#define MLT_VIEWS_H

#include "container/component.h"

/** Everything that the diagram service can draw, as struct scene_sources: declared views from spec files, and each
 *  module's own source. Part of the composition root: it alone knows them all. Needs "container",
 *  "registry" and "execution". */
extern const struct component views_component;

#endif
