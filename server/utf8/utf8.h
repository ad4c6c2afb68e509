/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_UTF8_H
#define MLT_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* UTF-8 (RFC 3629 section 4): no overlong forms, no surrogates, nothing above U+10FFFF. A NUL is a character. */

/** Bytes of the character at @at, of which there are @left, at least one; 0 when there is none. Nothing is read behind
 *  a byte that does not continue it, such as the NUL of a text. */
size_t utf8_character(const char *at, size_t left);
/** How many of the first bytes are whole characters. */
size_t utf8_prefix(const char *text, size_t bytes);
bool utf8_valid(const char *text, size_t bytes);
/** Put '?' for each byte of a text that is of no character, such as those that are left of one that was cut. */
void utf8_mend(char *text);

#endif
