/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_TEXT_PLAIN_H
#define MLT_TEXT_PLAIN_H

#include <stddef.h>

#include <mrpc/attributes.h>

struct fault;

/* What a YAML file of ours is made of. libfyaml 0.7 never comes back from a directive that is not UTF-8, so it gets to
 * see nothing else. */

/** Are they whole characters of UTF-8, and none a control character but tab, line feed and carriage return? Errors:
 *  INVALID_ARGUMENT, "SOURCE:LINE: not UTF-8 text". */
int text_check_plain(const char *bytes, size_t size, const char *source, struct fault *fault) MRPC_MUST_USE;

#endif
