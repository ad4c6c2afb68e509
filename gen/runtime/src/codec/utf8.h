/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CODEC_UTF8_H
#define MRPC_CODEC_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Well-formed UTF-8 as Unicode's table 3-7 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */

/** The length of the longest well-formed prefix; @size when all of it is. A NUL is a character like any other. */
size_t mrpc_utf8_valid_prefix(const void *text, size_t size);

/** The length of the character at @text, 1 to 4, or 0 when there is no well-formed one. */
unsigned mrpc_utf8_character(const uint8_t *text, size_t size);

/** The length of the longest prefix that is well-formed and has no NUL. */
size_t mrpc_utf8_text_prefix(const void *text, size_t size);

#endif
