/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_SCENE_TEXT_CHECK_H
#define MLT_SCENE_TEXT_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/* What text may enter a scene: everything behind relies on it (SVG is XML 1.0, whose Char production excludes control
 * characters, surrogates, U+FFFE and U+FFFF; a reference like &#0; cannot bring them back). */

/** [A-Za-z0-9._-]{1,128}. */
bool scene_id_valid(const char *id);
/** NULL when @text is UTF-8 of at most @max_bytes that XML 1.0 can hold, else what is wrong with it. */
const char *scene_text_fault(const char *text, size_t max_bytes);
/** http:, https: or a relative reference that stays on its host. */
bool scene_link_valid(const char *link);

#endif
