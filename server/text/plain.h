/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_TEXT_PLAIN_H
#define MLT_TEXT_PLAIN_H

#include <stddef.h>

#include <mrpc/attributes.h>

struct fault;

/* What a YAML file of ours is made of. libfyaml 0.7 never comes back from a directive that is not UTF-8, so it gets to
 * see nothing else. */

/** How many of the first bytes are whole characters in UTF-8 (RFC 3629 section 4), and none of them a control character
 *  but tab, line feed and carriage return. */
size_t text_plain_prefix(const char *bytes, size_t size);

/** All of them? Errors: INVALID_ARGUMENT, "SOURCE:LINE: not UTF-8 text". */
int text_check_plain(const char *bytes, size_t size, const char *source, struct fault *fault) MRPC_MUST_USE;

#endif
