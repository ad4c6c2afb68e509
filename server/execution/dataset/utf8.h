/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_DATASET_UTF8_H
#define MLT_EXECUTION_DATASET_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/** Is it well-formed UTF-8 (no surrogates, nothing over-long, at most U+10FFFF)? Source: RFC 3629, section 4. */
bool utf8_valid(const char *text, size_t bytes);

#endif
