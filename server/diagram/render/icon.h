/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_DIAGRAM_ICON_H
#define MLT_DIAGRAM_ICON_H

#include "scene/scene.h"

/* The signs on cards: lines in a square of ICON_SIZE, drawn in the colour of quiet text. */

enum { ICON_SIZE = 16, ICON_RIGHT = 12 /* between its square and the card's right border */ };

/** As SVG path data of M, L, C and Z with whole numbers; "" for SCENE_ICON_NONE. */
const char *icon_path(enum scene_icon icon);

/** What an icon is made of, told to @pen in order: a command and its numbers (M, L: 2, C: 6, Z: 0). */
void icon_trace(enum scene_icon icon, void (*pen)(void *arg, char command, const int numbers[6]), void *arg);

#endif
