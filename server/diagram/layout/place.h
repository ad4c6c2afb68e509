/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_DIAGRAM_LAYOUT_PLACE_H
#define MLT_DIAGRAM_LAYOUT_PLACE_H

struct scene;

/** Where an item was in the picture before: the middle of its box and its top, px. Both -1 when it was not there. */
struct layout_place {
    int x, y;
};

/** Places of @scene's items by their ids, from those of @before in @places; an item that is in another group now counts
 *  as new. @out has room for each of @scene's items. Thread: any. */
void layout_places_carry(const struct scene *before, const struct layout_place *places, const struct scene *scene,
                         struct layout_place *out);

#endif
