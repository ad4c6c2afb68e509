/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTCTL_NEAREST_H
#define MLTCTL_NEAREST_H

/* The word that was probably meant: of those that are offered, the one that takes the fewest edits (a letter put in,
 * left out, replaced, or two neighbours swapped), the first of equals. */

struct nearest {
    const char *text;      /* what was written */
    const char *word;      /* the best so far, NULL: none is near */
    unsigned edits;        /* of @word */
};

/** Offer one word. More than a third of @text's letters and one are too many edits. */
void nearest_offer(struct nearest *nearest, const char *word);

#endif
