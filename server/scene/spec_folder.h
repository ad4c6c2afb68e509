/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_SCENE_SPEC_FOLDER_H
#define MLT_SCENE_SPEC_FOLDER_H

#include "scene/scene_source.h"

/** Declared views: every NAME.yaml of the folder @path is read, once, and added to @sources as the view NAME; the list
 *  keeps them. What a spec may name as live are the views added before. A folder that is not there has no views.
 *  Errors: INVALID_ARGUMENT for a spec or a file name that is wrong, ALREADY_EXISTS. */
int spec_folder_add(const char *path, struct scene_sources *sources, struct fault *fault);

#endif
